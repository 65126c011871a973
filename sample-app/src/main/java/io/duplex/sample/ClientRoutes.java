/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import io.duplex.InboundConnection;
import io.duplex.boot.DuplexRoute;
import org.jspecify.annotations.Nullable;

import org.springframework.stereotype.Component;

/**
 * A proxy whose connections are routed by code: by the client's address.
 */
@Component
class ClientRoutes {

	private final SampleProperties properties;

	ClientRoutes(SampleProperties properties) {
		this.properties = properties;
	}

	@DuplexRoute(name = "byclient", listen = "tcp://127.0.0.1:9002")
	@Nullable String route(InboundConnection connection) {
		boolean usual = connection.clientAddress().host().equals("127.0.0.1");
		return this.properties.backends().get(usual ? "alpha" : "beta");
	}

}
