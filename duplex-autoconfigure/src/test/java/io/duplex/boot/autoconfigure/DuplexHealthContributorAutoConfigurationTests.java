/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.boot.health.DuplexHealthIndicator;
import io.duplex.boot.testing.FakeDuplexEngine;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexHealthContributorAutoConfiguration}.
 */
class DuplexHealthContributorAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(DuplexAutoConfiguration.class, DuplexHealthContributorAutoConfiguration.class))
		.withBean(FakeDuplexEngine.class);

	@Test
	void thereIsAnIndicator() {
		this.contextRunner.run((context) -> assertThat(context).hasSingleBean(DuplexHealthIndicator.class)
			.hasBean("duplexHealthContributor"));
	}

	@Test
	void indicatorCanBeDisabled() {
		this.contextRunner.withPropertyValues("management.health.duplex.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(DuplexHealthIndicator.class));
	}

	@Test
	void indicatorBacksOffToTheUsersOwn() {
		this.contextRunner
			.withBean("duplexHealthIndicator", HealthIndicator.class, () -> () -> Health.unknown().build())
			.run((context) -> assertThat(context).doesNotHaveBean(DuplexHealthIndicator.class));
	}

	@Test
	void whenEnabledPropertySetFalseThenThereIsNoIndicator() {
		this.contextRunner.withPropertyValues("duplex.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(DuplexHealthIndicator.class));
	}

	@Test
	void whenHealthIsNotThereThenTheRestIs() {
		this.contextRunner.withClassLoader(new FilteredClassLoader(HealthContributor.class))
			.run((context) -> assertThat(context).hasNotFailed()
				.hasSingleBean(DuplexAutoConfiguration.class)
				.doesNotHaveBean(DuplexHealthContributorAutoConfiguration.class));
	}

}
