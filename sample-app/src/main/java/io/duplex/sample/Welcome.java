/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.util.stream.Collectors;

import io.duplex.DuplexAddress;
import io.duplex.boot.DuplexProxyRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Tells at start where things listen, and what to try.
 */
@Component
class Welcome {

	private static final Logger logger = LoggerFactory.getLogger(Welcome.class);

	private final DuplexProxyRegistry registry;

	private final HandshakeServer handshakeServer;

	Welcome(DuplexProxyRegistry registry, HandshakeServer handshakeServer) {
		this.registry = registry;
		this.handshakeServer = handshakeServer;
	}

	@EventListener
	void onReady(ApplicationReadyEvent event) {
		if (event.getApplicationContext() instanceof WebServerApplicationContext context
				&& context.getWebServer() != null) {
			logger.info(text(context.getWebServer().getPort()));
		}
	}

	private String text(int webPort) {
		DuplexAddress echo = this.registry.findProxy("echo").orElseThrow().address();
		String addresses = this.registry.getProxies()
			.stream()
			.map((proxy) -> "proxy %-8s  %s".formatted(proxy.name(), proxy.address()))
			.collect(Collectors.joining("\n  "));
		return """


				  %s
				  handshake       %s
				  actuator        http://localhost:%d/actuator

				Try in another terminal, the first one twice, and leave it open for the others:

				  nc %s %d
				  curl http://localhost:%d/actuator/duplex
				  curl http://localhost:%d/actuator/duplexjoins
				""".formatted(addresses, this.handshakeServer.address(), webPort, echo.host(), echo.port(), webPort,
				webPort);
	}

}
