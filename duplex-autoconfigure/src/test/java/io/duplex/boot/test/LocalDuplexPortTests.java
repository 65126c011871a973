/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.test;

import io.duplex.boot.autoconfigure.DuplexAutoConfiguration;
import io.duplex.boot.testing.FakeDuplexEngine;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link LocalDuplexPort @LocalDuplexPort}.
 */
@SpringBootTest(properties = { "duplex.proxies.cache.listen=tcp://127.0.0.1:0",
		"duplex.proxies.cache.backends=tcp://127.0.0.1:1", "duplex.proxies.web.listen=tcp://127.0.0.1:0",
		"duplex.proxies.web.backends=tcp://127.0.0.1:1" })
class LocalDuplexPortTests {

	private final int fromConstructor;

	@LocalDuplexPort("cache")
	private int cachePort;

	@LocalDuplexPort("web")
	private Integer webPort;

	@Value("${local.duplex.web.port}")
	private String valueOfThePlainKind;

	private int fromMethod;

	@Autowired
	LocalDuplexPortTests(@LocalDuplexPort("web") int port) {
		this.fromConstructor = port;
	}

	@Autowired
	void setPort(@LocalDuplexPort("cache") int port) {
		this.fromMethod = port;
	}

	@Test
	void portsAreInjected(@LocalDuplexPort("web") int parameter) {
		assertThat(this.cachePort).isEqualTo(40000);
		assertThat(this.webPort).isEqualTo(40001);
		assertThat(this.fromConstructor).isEqualTo(40001);
		assertThat(this.fromMethod).isEqualTo(40000);
		assertThat(this.valueOfThePlainKind).isEqualTo("40001");
		assertThat(parameter).isEqualTo(40001);
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(DuplexAutoConfiguration.class)
	static class TestConfiguration {

		@Bean
		FakeDuplexEngine engine() {
			return new FakeDuplexEngine();
		}

	}

}
