/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

import io.duplex.boot.autoconfigure.DuplexProperties.Backend;
import io.duplex.boot.autoconfigure.DuplexProperties.Proxy;
import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexProperties}.
 */
class DuplexPropertiesTests {

	@Test
	void defaults() {
		DuplexProperties properties = new DuplexProperties();
		assertThat(properties.isEnabled()).isTrue();
		assertThat(properties.getEngine().getWorkers()).isNull();
		assertThat(properties.getEngine().getPipeSize()).isEqualTo(DataSize.ofKilobytes(256));
		assertThat(properties.getShutdown().getGracePeriod()).isEqualTo(Duration.ofSeconds(10));
		assertThat(properties.getProxies()).isEmpty();
	}

	@Test
	void bindsEveryProperty() {
		DuplexProperties properties = bindYaml("""
				duplex:
				  engine: { workers: 2, pipe-size: 128KB, message-budget: 64MB }
				  shutdown: { grace-period: 7s }
				  proxies:
				    cache:
				      listen: tcp://0.0.0.0:6380
				      backends: [ "tcp://10.0.0.5:6379", "tcp://10.0.0.6:6379" ]
				      client-codec: line
				      backend-codec: { type: length, prefix: 4 }
				      websocket: { text: true }
				      auto-startup: false
				      connect-timeout: 2s
				      connect-attempts: 4
				      idle-timeout: 2h
				      half-close-timeout: 3m
				      max-lifetime: 0
				      max-connections: 5000
				      resolve-interval: 20s
				      max-pending-decisions: 9
				      decision-timeout: 8s
				""");
		assertThat(properties.getEngine().getWorkers()).isEqualTo(2);
		assertThat(properties.getEngine().getPipeSize()).isEqualTo(DataSize.ofKilobytes(128));
		assertThat(properties.getEngine().getMessageBudget()).isEqualTo(DataSize.ofMegabytes(64));
		assertThat(properties.getShutdown().getGracePeriod()).isEqualTo(Duration.ofSeconds(7));
		assertThat(properties.getProxies()).containsOnlyKeys("cache");
		Proxy proxy = properties.getProxies().get("cache");
		assertThat(proxy).hasNoNullFieldsOrProperties();
		assertThat(proxy.getListen()).isEqualTo("tcp://0.0.0.0:6380");
		assertThat(proxy.getBackends()).containsExactly(Backend.of("tcp://10.0.0.5:6379"),
				Backend.of("tcp://10.0.0.6:6379"));
		assertThat(proxy.getAutoStartup()).isFalse();
		assertThat(proxy.getConnectTimeout()).isEqualTo(Duration.ofSeconds(2));
		assertThat(proxy.getConnectAttempts()).isEqualTo(4);
		assertThat(proxy.getIdleTimeout()).isEqualTo(Duration.ofHours(2));
		assertThat(proxy.getHalfCloseTimeout()).isEqualTo(Duration.ofMinutes(3));
		assertThat(proxy.getMaxLifetime()).isZero();
		assertThat(proxy.getMaxConnections()).isEqualTo(5000);
		assertThat(proxy.getResolveInterval()).isEqualTo(Duration.ofSeconds(20));
		assertThat(proxy.getMaxPendingDecisions()).isEqualTo(9);
		assertThat(proxy.getDecisionTimeout()).isEqualTo(Duration.ofSeconds(8));
	}

	@Test
	void backendsAreStringsOrObjects() {
		DuplexProperties properties = bindYaml("""
				duplex:
				  proxies:
				    cache:
				      backends:
				      - tcp://10.0.0.5:6379
				      - name: b
				        address: tcp://10.0.0.6:6379
				      - address: unix:///run/redis.sock
				""");
		assertThat(properties.getProxies().get("cache").getBackends()).containsExactly(
				new Backend(null, "tcp://10.0.0.5:6379"), new Backend("b", "tcp://10.0.0.6:6379"),
				new Backend(null, "unix:///run/redis.sock"));
	}

	@Test
	void backendsAreACommaSeparatedText() {
		DuplexProperties properties = bind(
				Map.of("duplex.proxies.cache.backends", "tcp://10.0.0.5:6379,tcp://10.0.0.6:6379"));
		assertThat(properties.getProxies().get("cache").getBackends())
			.containsExactly(Backend.of("tcp://10.0.0.5:6379"), Backend.of("tcp://10.0.0.6:6379"));
	}

	@Test
	void proxiesKeepTheirOrder() {
		DuplexProperties properties = bindYaml("""
				duplex.proxies:
				  zebra: { listen: "tcp://127.0.0.1:1" }
				  ant: { listen: "tcp://127.0.0.1:2" }
				  mouse: { listen: "tcp://127.0.0.1:3" }
				""");
		assertThat(properties.getProxies().keySet()).containsExactly("zebra", "ant", "mouse");
	}

	@Test
	void environmentVariablesOverrideAProxyWithoutMakingAnother() {
		StandardEnvironment environment = new StandardEnvironment();
		MutablePropertySources sources = environment.getPropertySources();
		sources.addFirst(yaml("""
				duplex:
				  proxies:
				    cache:
				      listen: tcp://127.0.0.1:1
				      connect-timeout: 1s
				"""));
		sources.addFirst(new SystemEnvironmentPropertySource(
				"test-" + StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
				Map.of("DUPLEX_PROXIES_CACHE_CONNECTTIMEOUT", "9s", "DUPLEX_PROXIES_CACHE_BACKENDS_0",
						"tcp://127.0.0.1:2")));
		DuplexProperties properties = Binder.get(environment).bind("duplex", DuplexProperties.class).get();
		assertThat(properties.getProxies()).containsOnlyKeys("cache");
		Proxy proxy = properties.getProxies().get("cache");
		assertThat(proxy.getListen()).isEqualTo("tcp://127.0.0.1:1");
		assertThat(proxy.getConnectTimeout()).isEqualTo(Duration.ofSeconds(9));
		assertThat(proxy.getBackends()).containsExactly(Backend.of("tcp://127.0.0.1:2"));
	}

	private DuplexProperties bindYaml(String yaml) {
		return new Binder(ConfigurationPropertySources.from(yaml(yaml))).bind("duplex", DuplexProperties.class).get();
	}

	private DuplexProperties bind(Map<String, String> properties) {
		return new Binder(new MapConfigurationPropertySource(properties)).bind("duplex", DuplexProperties.class).get();
	}

	private PropertySource<?> yaml(String yaml) {
		try {
			return new YamlPropertySourceLoader()
				.load("test", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
				.get(0);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
