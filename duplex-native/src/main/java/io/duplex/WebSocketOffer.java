/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * The client's part of the handshake without any I/O: makes the request (RFC 6455 section
 * 4.1) and judges the response.
 */
final class WebSocketOffer {

	private static final int KEY_BYTES = 16;

	private static final int DEFAULT_PORT = 80;

	private final String target;

	private final String host;

	private final WebSocketOptions options;

	private final String key;

	private WebSocketOffer(String target, String host, WebSocketOptions options, String key) {
		this.target = target;
		this.host = host;
		this.options = options;
		this.key = key;
	}

	/**
	 * An offer with a fresh key.
	 * @param uri where to
	 * @param options what to offer
	 * @return the offer
	 * @throws IllegalArgumentException when the URI is none of a WebSocket
	 */
	static WebSocketOffer of(URI uri, WebSocketOptions options) {
		String scheme = (uri.getScheme() != null) ? uri.getScheme().toLowerCase(Locale.ROOT) : "";
		if (scheme.equals("wss")) {
			throw new IllegalArgumentException("TLS is not terminated here: " + uri);
		}
		if (!scheme.equals("ws")) {
			throw new IllegalArgumentException("the URI of a WebSocket begins with ws: " + uri);
		}
		// Not getHost(), which knows no host with an underscore.
		String authority = uri.getRawAuthority();
		if (authority == null || !WebSocketRequest.HOST.matcher(authority).matches()) {
			throw new IllegalArgumentException("the URI of a WebSocket has a host, and no user: " + uri);
		}
		if (uri.getRawFragment() != null) {
			throw new IllegalArgumentException("the URI of a WebSocket has no fragment: " + uri);
		}
		URI ascii = URI.create(uri.toASCIIString());
		String path = ascii.getRawPath().isEmpty() ? "/" : ascii.getRawPath();
		String target = (ascii.getRawQuery() != null) ? path + "?" + ascii.getRawQuery() : path;
		byte[] key = new byte[KEY_BYTES];
		new SecureRandom().nextBytes(key);
		return new WebSocketOffer(target, withoutDefaultPort(authority), options,
				Base64.getEncoder().encodeToString(key));
	}

	private static String withoutDefaultPort(String authority) {
		for (String port : List.of(":" + DEFAULT_PORT, ":")) {
			if (authority.endsWith(port)) {
				return authority.substring(0, authority.length() - port.length());
			}
		}
		return authority;
	}

	/**
	 * The request. No extension is offered.
	 * @return its bytes
	 */
	byte[] request() {
		StringBuilder text = new StringBuilder("GET ").append(this.target).append(" HTTP/1.1\r\n");
		append(text, "Host", this.host);
		append(text, "Upgrade", "websocket");
		append(text, "Connection", "Upgrade");
		append(text, "Sec-WebSocket-Key", this.key);
		append(text, "Sec-WebSocket-Version", "13");
		if (this.options.origin() != null) {
			append(text, "Origin", this.options.origin());
		}
		if (!this.options.subprotocols().isEmpty()) {
			append(text, "Sec-WebSocket-Protocol", String.join(", ", this.options.subprotocols()));
		}
		this.options.headers().forEach((name, value) -> append(text, name, value));
		return text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
	}

	private static void append(StringBuilder text, String name, String value) {
		text.append(name).append(": ").append(value).append("\r\n");
	}

	/**
	 * Judge a response that switches protocols.
	 * @param response its head
	 * @return what was agreed on
	 * @throws WebSocketFault when it is none to this request
	 */
	WebSocketHandshake judge(HttpHead response) throws WebSocketFault {
		if (!response.lists("Upgrade", "websocket") || !response.lists("Connection", "upgrade")) {
			throw WebSocketFault.malformed("it does not upgrade to a WebSocket");
		}
		String accept = response.one("Sec-WebSocket-Accept");
		if (!WebSocketRequest.accept(this.key).equals(accept)) {
			throw WebSocketFault.malformed("its Sec-WebSocket-Accept does not answer the key").about(accept);
		}
		if (!response.list("Sec-WebSocket-Extensions").isEmpty()) {
			throw WebSocketFault.malformed("it uses an extension that was not offered")
				.about(response.all("Sec-WebSocket-Extensions").get(0));
		}
		return new WebSocketHandshake(this.target, this.host, this.options.origin(), subprotocol(response),
				response.headers());
	}

	private @Nullable String subprotocol(HttpHead response) throws WebSocketFault {
		String subprotocol = response.one("Sec-WebSocket-Protocol");
		if (subprotocol != null && !this.options.subprotocols().contains(subprotocol)) {
			throw WebSocketFault.malformed("it chooses a subprotocol that was not offered").about(subprotocol);
		}
		return subprotocol;
	}

}
