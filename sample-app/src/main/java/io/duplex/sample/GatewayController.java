/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.util.Map;

import io.duplex.DuplexProxy;
import io.duplex.boot.DuplexProxyRegistry;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Tells the page where its WebSocket is: the port may be any.
 */
@RestController
class GatewayController {

	private final DuplexProxyRegistry registry;

	GatewayController(DuplexProxyRegistry registry) {
		this.registry = registry;
	}

	@GetMapping("/gateway")
	Map<String, String> gateway() {
		DuplexProxy gateway = this.registry.findProxy("gateway").orElseThrow();
		return Map.of("url", gateway.definition().listenText(gateway.address()));
	}

}
