/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.boot.actuate.endpoint.DuplexEndpoint;
import io.duplex.boot.actuate.endpoint.DuplexJoinsEndpoint;
import io.duplex.boot.actuate.endpoint.DuplexJoinsEndpointWebExtension;
import io.duplex.boot.testing.FakeDuplexEngine;
import org.junit.jupiter.api.Test;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexEndpointAutoConfiguration}.
 */
class DuplexEndpointAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DuplexAutoConfiguration.class, DuplexEndpointAutoConfiguration.class))
		.withBean(FakeDuplexEngine.class);

	@Test
	void endpointsAreThereWhenExposed() {
		this.contextRunner.withPropertyValues("management.endpoints.web.exposure.include=duplex,duplexjoins")
			.run((context) -> assertThat(context).hasSingleBean(DuplexEndpoint.class)
				.hasSingleBean(DuplexJoinsEndpoint.class)
				.hasSingleBean(DuplexJoinsEndpointWebExtension.class));
	}

	@Test
	void endpointsAreNotThereWhenNotExposed() {
		this.contextRunner.run((context) -> assertThat(context).doesNotHaveBean(DuplexEndpoint.class)
			.doesNotHaveBean(DuplexJoinsEndpoint.class)
			.doesNotHaveBean(DuplexJoinsEndpointWebExtension.class));
	}

	@Test
	void webExtensionIsNotThereWhenExposedOverJmxAlone() {
		this.contextRunner
			.withPropertyValues("spring.jmx.enabled=true", "management.endpoints.jmx.exposure.include=duplexjoins")
			.run((context) -> assertThat(context).hasSingleBean(DuplexJoinsEndpoint.class)
				.doesNotHaveBean(DuplexJoinsEndpointWebExtension.class));
	}

	@Test
	void endpointsAreNotThereWithoutAccess() {
		this.contextRunner
			.withPropertyValues("management.endpoints.web.exposure.include=*", "management.endpoint.duplex.access=NONE",
					"management.endpoint.duplexjoins.access=NONE")
			.run((context) -> assertThat(context).doesNotHaveBean(DuplexEndpoint.class)
				.doesNotHaveBean(DuplexJoinsEndpoint.class));
	}

	@Test
	void whenEnabledPropertySetFalseThenThereAreNoEndpoints() {
		this.contextRunner.withPropertyValues("management.endpoints.web.exposure.include=*", "duplex.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(DuplexEndpoint.class)
				.doesNotHaveBean(DuplexJoinsEndpoint.class));
	}

	@Test
	void whenActuatorIsNotThereThenTheRestIs() {
		this.contextRunner
			.withClassLoader(new FilteredClassLoader(Endpoint.class, ConditionalOnAvailableEndpoint.class))
			.withPropertyValues("management.endpoints.web.exposure.include=*")
			.run((context) -> assertThat(context).hasNotFailed()
				.hasSingleBean(DuplexAutoConfiguration.class)
				.doesNotHaveBean(DuplexEndpointAutoConfiguration.class));
	}

}
