/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.DuplexEngine;
import io.duplex.boot.DuplexProxyRegistry;
import io.duplex.boot.metrics.DuplexMetrics;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for {@link DuplexMetrics}.
 */
@AutoConfiguration(after = DuplexAutoConfiguration.class,
		afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBooleanProperty(name = "duplex.enabled", matchIfMissing = true)
@ConditionalOnBean({ DuplexEngine.class, MeterRegistry.class })
public final class DuplexMetricsAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	DuplexMetrics duplexMetrics(DuplexEngine engine) {
		return new DuplexMetrics(engine);
	}

}
