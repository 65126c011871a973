/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.DuplexEngine;
import io.duplex.boot.actuate.endpoint.DuplexEndpoint;
import io.duplex.boot.actuate.endpoint.DuplexJoinsEndpoint;
import io.duplex.boot.actuate.endpoint.DuplexJoinsEndpointWebExtension;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.endpoint.expose.EndpointExposure;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for {@link DuplexEndpoint} and
 * {@link DuplexJoinsEndpoint}.
 */
@AutoConfiguration(after = DuplexAutoConfiguration.class)
@ConditionalOnClass({ Endpoint.class, ConditionalOnAvailableEndpoint.class })
@ConditionalOnBooleanProperty(name = "duplex.enabled", matchIfMissing = true)
@ConditionalOnBean(DuplexEngine.class)
public final class DuplexEndpointAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	@ConditionalOnAvailableEndpoint
	DuplexEndpoint duplexEndpoint(DuplexEngine engine) {
		return new DuplexEndpoint(engine);
	}

	@Bean
	@ConditionalOnMissingBean
	@ConditionalOnAvailableEndpoint
	DuplexJoinsEndpoint duplexJoinsEndpoint(DuplexEngine engine) {
		return new DuplexJoinsEndpoint(engine);
	}

	@Bean
	@ConditionalOnMissingBean
	@ConditionalOnBean(DuplexJoinsEndpoint.class)
	@ConditionalOnAvailableEndpoint(exposure = EndpointExposure.WEB)
	DuplexJoinsEndpointWebExtension duplexJoinsEndpointWebExtension(DuplexJoinsEndpoint endpoint) {
		return new DuplexJoinsEndpointWebExtension(endpoint);
	}

}
