/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.boot.DuplexProxyRegistry;
import io.duplex.boot.metrics.DuplexMetrics;
import io.duplex.boot.testing.FakeDuplexEngine;
import io.duplex.DuplexProxyDefinition;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexMetricsAutoConfiguration}.
 */
class DuplexMetricsAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(MetricsAutoConfiguration.class, DuplexAutoConfiguration.class,
				DuplexMetricsAutoConfiguration.class))
		.withBean(FakeDuplexEngine.class)
		.withPropertyValues("duplex.proxies.cache.listen=tcp://127.0.0.1:0",
				"duplex.proxies.cache.backends=tcp://127.0.0.1:1");

	@Test
	void proxiesAreMeasured() {
		this.contextRunner.withBean(SimpleMeterRegistry.class).run((context) -> {
			assertThat(context).hasSingleBean(DuplexMetrics.class);
			assertThat(context.getBean(MeterRegistry.class).find("duplex.connections").tag("proxy", "cache").meters())
				.hasSize(1);
		});
	}

	@Test
	void proxiesThatAreAddedLaterAreMeasuredFromTheirFirstStartOn() {
		this.contextRunner.withBean(SimpleMeterRegistry.class).run((context) -> {
			DuplexProxyRegistry registry = context.getBean(DuplexProxyRegistry.class);
			registry.register(DuplexProxyDefinition.builder("late")
				.listen("tcp://127.0.0.1:0")
				.backends("tcp://127.0.0.1:1")
				.build());
			registry.stop("late");
			registry.start("late");
			assertThat(context.getBean(MeterRegistry.class).find("duplex.connections").tag("proxy", "late").meters())
				.hasSize(1);
		});
	}

	@Test
	void whenThereIsNoMeterRegistryThenThereAreNoMetrics() {
		this.contextRunner.run((context) -> assertThat(context).doesNotHaveBean(DuplexMetrics.class));
	}

	@Test
	void whenEnabledPropertySetFalseThenThereAreNoMetrics() {
		this.contextRunner.withBean(SimpleMeterRegistry.class)
			.withPropertyValues("duplex.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(DuplexMetrics.class));
	}

	@Test
	void metricsBackOffToTheUsersOwn() {
		this.contextRunner.withBean(SimpleMeterRegistry.class)
			.withBean("own", DuplexMetrics.class, () -> new DuplexMetrics(new FakeDuplexEngine()))
			.run((context) -> assertThat(context).hasSingleBean(DuplexMetrics.class).hasBean("own"));
	}

	@Test
	void whenMicrometerIsNotThereThenTheRestIs() {
		new ApplicationContextRunner()
			.withConfiguration(
					AutoConfigurations.of(DuplexAutoConfiguration.class, DuplexMetricsAutoConfiguration.class))
			.withBean(FakeDuplexEngine.class)
			.withClassLoader(new FilteredClassLoader("io.micrometer"))
			.run((context) -> assertThat(context).hasNotFailed()
				.hasSingleBean(DuplexAutoConfiguration.class)
				.doesNotHaveBean(DuplexMetricsAutoConfiguration.class));
	}

}
