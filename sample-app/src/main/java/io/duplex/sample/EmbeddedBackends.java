/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;

/**
 * Runs two backends in this application, so that the sample needs nothing else, and says
 * in the properties {@code sample.backends.*} where they listen. They are closed with the
 * application context, when all proxies have stopped.
 */
class EmbeddedBackends implements ApplicationContextInitializer<GenericApplicationContext> {

	@Override
	public void initialize(GenericApplicationContext context) {
		Map<String, Object> addresses = new LinkedHashMap<>();
		for (EchoServer server : List.of(EchoServer.start("alpha", 9101), EchoServer.start("beta", 9102))) {
			context.registerBean(server.name(), EchoServer.class, () -> server);
			addresses.put("sample.backends." + server.name(), server.address());
		}
		context.getEnvironment().getPropertySources().addLast(new MapPropertySource("embeddedBackends", addresses));
	}

}
