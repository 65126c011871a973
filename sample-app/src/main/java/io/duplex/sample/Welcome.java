/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import io.duplex.DuplexAddress;
import io.duplex.boot.DuplexProxyRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Tells at start where things listen, and what to try.
 */
@Component
class Welcome {

	private static final Logger logger = LoggerFactory.getLogger(Welcome.class);

	private final DuplexProxyRegistry registry;

	private final HandshakeServer handshakeServer;

	private final SampleProperties properties;

	private final Environment environment;

	Welcome(DuplexProxyRegistry registry, HandshakeServer handshakeServer, SampleProperties properties,
			Environment environment) {
		this.registry = registry;
		this.handshakeServer = handshakeServer;
		this.properties = properties;
		this.environment = environment;
	}

	@EventListener(ApplicationReadyEvent.class)
	void sayWhatToTry() {
		DuplexAddress echo = this.registry.findProxy("echo").orElseThrow().address();
		String actuator = page() + "/actuator";
		logger.info("""


				{}
				Try this twice, in two other terminals, and type something:

				  nc {} {}

				and see in a third one what is joined with what:

				  curl {}/duplex
				  curl {}/duplexjoins

				A page that talks to a backend through a WebSocket is at {}
				""", places(actuator), echo.host(), echo.port(), actuator, actuator, page());
	}

	private String page() {
		return "http://localhost:" + this.environment.getProperty("local.server.port");
	}

	private String places(String actuator) {
		StringBuilder places = new StringBuilder();
		this.registry.getProxies()
			.forEach((proxy) -> place(places, "proxy " + proxy.name(), proxy.definition().listenText(proxy.address())));
		place(places, "handshake", this.handshakeServer.address());
		this.properties.backends().forEach((name, address) -> place(places, "backend " + name, address));
		place(places, "actuator", actuator);
		return places.toString();
	}

	private static void place(StringBuilder places, String what, Object where) {
		places.append("  %-16s%s%n".formatted(what, where));
	}

}
