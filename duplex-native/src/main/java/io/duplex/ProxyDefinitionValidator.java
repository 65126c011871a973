/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * The checks of a {@link DuplexProxyDefinition}, each of which names what it found.
 *
 * @param proxy what the proxy is called
 */
record ProxyDefinitionValidator(String proxy) {

	private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*");

	private static final int MAX_BACKENDS = 4096;

	private static final Duration MAX_SHORT_TIMEOUT = Duration.ofMillis(Integer.MAX_VALUE);

	private static final Duration MAX_LONG_TIMEOUT = Duration.ofDays(36500);

	void name() {
		that(NAME.matcher(this.proxy).matches(), "name", this.proxy,
				"must be a lower case letter, followed by lower case letters and digits");
	}

	void backends(List<BackendDefinition> backends, @Nullable ConnectionRouter router) {
		that(router == null || backends.isEmpty(), "backends",
				backends.stream().map(BackendDefinition::address).toList(),
				"cannot be combined with a router: one or the other decides");
		that(router != null || !backends.isEmpty(), "backends", null, "must not be empty without a router");
		that(backends.size() <= MAX_BACKENDS, "backends", backends.size(), "must not exceed " + MAX_BACKENDS);
		Set<String> names = new HashSet<>();
		for (BackendDefinition backend : backends) {
			that(backend.address().isConnectable(), "backends", backend.address(),
					"is no address that can be connected to" + (backend.address().isTcp() ? ": its port is 0" : ""));
			if (!names.add(backend.name())) {
				throw sameName(backend);
			}
		}
	}

	void sides(ProxySide client, ProxySide backend, List<BackendDefinition> backends) {
		side("clientCodec", client, "listen");
		side("backendCodec", backend, "backends");
		Codec clientCodec = client.codec();
		Codec backendCodec = backend.codec();
		that(clientCodec == null || !clientCodec.isWebSocketClient(), "clientCodec", clientCodec,
				"is that of a WebSocket's client, and the proxy is the server of its clients");
		that(backendCodec == null || !backendCodec.isWebSocket() || backendCodec.isWebSocketClient(), "backendCodec",
				backendCodec, "is that of a WebSocket's server, and the proxy is a client of its backends");
		WebSocketOptions webSocket = client.webSocket();
		that(webSocket == null || backend.webSocket() == null || webSocket.subprotocols().size() < 2,
				"websocket.subprotocols", (webSocket != null) ? webSocket.subprotocols() : null,
				"are too many between two WebSockets: client and backend may agree on different ones");
		for (BackendDefinition one : backends) {
			that((one.webSocket() != null) == (backend.webSocket() != null), "backends", one.address(),
					"cannot be mixed with ws:// addresses: what is spoken with backends holds for all of them");
		}
	}

	private void side(String attribute, ProxySide side, String addresses) {
		Codec codec = side.codec();
		boolean isWebSocket = codec != null && codec.isWebSocket();
		boolean isZmtp = codec != null && codec.isZmtp();
		that(codec == null || !codec.isInJava(), attribute, codec,
				"is written in Java, which no worker can run: accept and route such connections in the application");
		that(isZmtp == (side.zmtp() != null), attribute, codec,
				"is ZeroMQ's, which needs a handshake: say what type of socket this end is");
		that(isWebSocket == (side.webSocket() != null), attribute, codec,
				(side.webSocket() != null)
						? "is not that of a WebSocket, as ws:// needs it: leave it out, or set the other side's"
						: "is that of a WebSocket, which needs a handshake: write ws:// in '" + addresses + "'");
	}

	private InvalidProxyDefinitionException sameName(BackendDefinition backend) {
		String name = backend.name();
		if (name.equals(backend.address().label())) {
			return new InvalidProxyDefinitionException(this.proxy, "backends", backend.address(),
					"has the default name '" + name
							+ "', which another backend has too: give one of them another name");
		}
		return new InvalidProxyDefinitionException(this.proxy, "backends", name, "is the name of two backends");
	}

	void positive(String attribute, int value) {
		that(value > 0, attribute, value, "must be positive");
	}

	void positive(String attribute, Duration value) {
		that(value.compareTo(Duration.ofMillis(1)) >= 0, attribute, value, "must be at least a millisecond");
		that(value.compareTo(MAX_SHORT_TIMEOUT) <= 0, attribute, value, "must not exceed " + MAX_SHORT_TIMEOUT);
	}

	void notNegative(String attribute, Duration value) {
		that(!value.isNegative(), attribute, value, "must not be negative");
		that(value.compareTo(MAX_LONG_TIMEOUT) <= 0, attribute, value, "must not exceed " + MAX_LONG_TIMEOUT);
	}

	void that(boolean condition, String attribute, @Nullable Object value, String reason) {
		if (!condition) {
			throw new InvalidProxyDefinitionException(this.proxy, attribute, value, reason);
		}
	}

}
