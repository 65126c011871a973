/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.DuplexEngine;
import io.duplex.boot.health.DuplexHealthIndicator;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.context.annotation.Bean;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for {@link DuplexHealthIndicator}.
 */
@AutoConfiguration(after = DuplexAutoConfiguration.class)
@ConditionalOnClass({ HealthContributor.class, ConditionalOnEnabledHealthIndicator.class })
@ConditionalOnBooleanProperty(name = "duplex.enabled", matchIfMissing = true)
@ConditionalOnBean(DuplexEngine.class)
@ConditionalOnEnabledHealthIndicator("duplex")
public final class DuplexHealthContributorAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(name = { "duplexHealthIndicator", "duplexHealthContributor" })
	DuplexHealthIndicator duplexHealthContributor(DuplexEngine engine) {
		return new DuplexHealthIndicator(engine);
	}

}
