/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.duplex.DuplexProxy;
import io.duplex.boot.DuplexProxyStartedEvent;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;

/**
 * Puts the port that a proxy was bound to into the environment, as
 * {@code local.duplex.<proxy>.port}, also into that of parent contexts. Proxies on unix
 * sockets have none.
 */
class DuplexPortPropertyListener implements ApplicationListener<DuplexProxyStartedEvent>, ApplicationContextAware {

	private static final String PROPERTY_SOURCE_NAME = "duplex.ports";

	private @Nullable ApplicationContext applicationContext;

	@Override
	public void setApplicationContext(ApplicationContext applicationContext) {
		this.applicationContext = applicationContext;
	}

	@Override
	public void onApplicationEvent(DuplexProxyStartedEvent event) {
		DuplexProxy proxy = event.getProxy();
		if (!proxy.address().isTcp()) {
			return;
		}
		ApplicationContext context = this.applicationContext;
		while (context != null) {
			if (context.getEnvironment() instanceof ConfigurableEnvironment environment) {
				getPorts(environment).put("local.duplex." + proxy.name() + ".port", proxy.port());
			}
			context = context.getParent();
		}
	}

	@SuppressWarnings("unchecked")
	private Map<String, Object> getPorts(ConfigurableEnvironment environment) {
		MutablePropertySources sources = environment.getPropertySources();
		PropertySource<?> source = sources.get(PROPERTY_SOURCE_NAME);
		if (source == null) {
			source = new MapPropertySource(PROPERTY_SOURCE_NAME, new ConcurrentHashMap<>());
			sources.addFirst(source);
		}
		return (Map<String, Object>) source.getSource();
	}

}
