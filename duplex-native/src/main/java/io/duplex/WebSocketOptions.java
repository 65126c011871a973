/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * How {@link WebSockets} shake hands. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param path server: the only path that is accepted, compared as it is written, without
 * the query; null: any
 * @param subprotocols server: those that it speaks, the preferred one first; client:
 * those that it offers. When no offer suits the server, the handshake goes on without one
 * (RFC 6455 section 4.2.2); a client refuses what it has not offered
 * @param origins server: where scripts in browsers may come from, for example
 * {@code https://example.org}, as RFC 6454 section 6 writes them; empty: from anywhere.
 * Who sends no origin is no browser, and accepted
 * @param origin client: the origin that it sends, or null for none
 * @param headers client: further headers of the request
 * @param maxHeaderSize greatest head of a request or response, in bytes; 8 KiB by default
 * @param timeout for all of the handshake, 10 seconds by default; zero: none
 * @param codec the codec that the socket gets; null: {@link Codec#webSocketServer()} or
 * {@link Codec#webSocketClient()}
 */
public record WebSocketOptions(@Nullable String path, List<String> subprotocols, Set<String> origins,
		@Nullable String origin, Map<String, String> headers, int maxHeaderSize, Duration timeout,
		@Nullable Codec codec) {

	/**
	 * Any path, no subprotocol, any origin, heads of 8 KiB, 10 seconds.
	 */
	public static final WebSocketOptions DEFAULTS = new WebSocketOptions(null, List.of(), Set.of(), null, Map.of(),
			8 * 1024, Duration.ofSeconds(10), null);

	private static final int SMALLEST_HEAD = 256;

	private static final int LARGEST_HEAD = 1 << 20;

	private static final Pattern PATH = Pattern.compile("/[!-~&&[^?#]]*");

	private static final Pattern ORIGIN = Pattern
		.compile("null|[a-z][a-z0-9+.-]*://([a-z0-9._~%-]+|\\[[0-9a-f:.]+])(:[0-9]{1,5})?");

	private static final Pattern VALUE = Pattern
		.compile("[!-~\\u0080-\\u00ff]([\\t -~\\u0080-\\u00ff]*[!-~\\u0080-\\u00ff])?");

	/** What the handshake itself says. */
	private static final Set<String> OWN_HEADERS = Set.of("host", "upgrade", "connection", "origin", "content-length",
			"transfer-encoding");

	/**
	 * Create options.
	 * @throws IllegalArgumentException when one of them cannot be sent, or makes no sense
	 */
	public WebSocketOptions {
		if (path != null && !PATH.matcher(path).matches()) {
			throw new IllegalArgumentException("path must begin with / and have no query: '" + path + "'");
		}
		subprotocols = List.copyOf(subprotocols);
		requireTokens(subprotocols);
		Set<String> normal = new LinkedHashSet<>();
		origins.forEach((each) -> normal.add(normalOrigin("origins", each)));
		origins = Collections.unmodifiableSet(normal);
		origin = (origin != null) ? normalOrigin("origin", origin) : null;
		headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
		requireHeaders(headers);
		if (maxHeaderSize < SMALLEST_HEAD || maxHeaderSize > LARGEST_HEAD) {
			throw new IllegalArgumentException("maxHeaderSize must be between " + SMALLEST_HEAD + " and " + LARGEST_HEAD
					+ " bytes: " + maxHeaderSize);
		}
		if (timeout.isNegative()) {
			throw new IllegalArgumentException("timeout must not be negative: " + timeout);
		}
		if (codec != null && !codec.isWebSocket()) {
			throw new IllegalArgumentException("the codec of a WebSocket cannot be '" + codec + "'");
		}
	}

	private static void requireTokens(List<String> subprotocols) {
		Set<String> seen = new HashSet<>();
		for (String subprotocol : subprotocols) {
			if (!HttpHead.isToken(subprotocol)) {
				throw new IllegalArgumentException(
						"a subprotocol is a token, without spaces and commas: '" + subprotocol + "'");
			}
			if (!seen.add(subprotocol)) {
				throw new IllegalArgumentException("the subprotocol '" + subprotocol + "' is there twice");
			}
		}
	}

	/** As browsers send it: in lower case, without the scheme's own port. */
	private static String normalOrigin(String name, String origin) {
		String lower = origin.toLowerCase(Locale.ROOT);
		if (!ORIGIN.matcher(lower).matches()) {
			throw new IllegalArgumentException(name + " must be like https://example.org, host in ASCII and no path: '"
					+ origin + "' (with none at all, every page may connect)");
		}
		return withoutDefaultPort(lower);
	}

	private static String withoutDefaultPort(String origin) {
		String port = origin.startsWith("https:") ? ":443" : origin.startsWith("http:") ? ":80" : "/";
		return origin.endsWith(port) ? origin.substring(0, origin.length() - port.length()) : origin;
	}

	/**
	 * Whether a server accepts an origin.
	 * @param origin what a request says
	 * @return whether it does
	 */
	boolean allows(@Nullable String origin) {
		return origin == null || this.origins.isEmpty()
				|| this.origins.contains(withoutDefaultPort(origin.toLowerCase(Locale.ROOT)));
	}

	private static void requireHeaders(Map<String, String> headers) {
		Map<String, String> seen = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
		headers.forEach((name, value) -> {
			if (!HttpHead.isToken(name)) {
				throw new IllegalArgumentException("a header's name is a token: '" + name + "'");
			}
			String lower = name.toLowerCase(Locale.ROOT);
			if (OWN_HEADERS.contains(lower) || lower.startsWith("sec-websocket-")) {
				throw new IllegalArgumentException("the header " + name + " is the handshake's own");
			}
			if (!value.isEmpty() && !VALUE.matcher(value).matches()) {
				throw new IllegalArgumentException("the value of the header " + name
						+ " has a control character, a space at an end, or is not Latin-1");
			}
			if (seen.put(name, value) != null) {
				throw new IllegalArgumentException("the header " + name + " is there twice");
			}
		});
	}

	/**
	 * The codec at one end.
	 * @param client whether it is the client's
	 * @return the codec that was set, or the end's default
	 * @throws IllegalArgumentException when it is the other end's
	 */
	Codec codec(boolean client) {
		if (this.codec == null) {
			return client ? Codec.webSocketClient() : Codec.webSocketServer();
		}
		if (this.codec.isWebSocketClient() != client) {
			throw new IllegalArgumentException("the codec is that of a WebSocket's " + (client ? "server" : "client"));
		}
		return this.codec;
	}

	/**
	 * These options with another path.
	 * @param path the only one that a server accepts; null: any
	 * @return the new options
	 */
	public WebSocketOptions withPath(@Nullable String path) {
		return new WebSocketOptions(path, this.subprotocols, this.origins, this.origin, this.headers,
				this.maxHeaderSize, this.timeout, this.codec);
	}

	/**
	 * These options with other subprotocols.
	 * @param subprotocols the preferred one first
	 * @return the new options
	 */
	public WebSocketOptions withSubprotocols(String... subprotocols) {
		return new WebSocketOptions(this.path, List.of(subprotocols), this.origins, this.origin, this.headers,
				this.maxHeaderSize, this.timeout, this.codec);
	}

	/**
	 * These options with other allowed origins.
	 * @param origins those that a server allows; none: all
	 * @return the new options
	 */
	public WebSocketOptions withOrigins(String... origins) {
		return new WebSocketOptions(this.path, this.subprotocols, new LinkedHashSet<>(List.of(origins)), this.origin,
				this.headers, this.maxHeaderSize, this.timeout, this.codec);
	}

	/**
	 * These options with another origin.
	 * @param origin what a client sends, or null
	 * @return the new options
	 */
	public WebSocketOptions withOrigin(@Nullable String origin) {
		return new WebSocketOptions(this.path, this.subprotocols, this.origins, origin, this.headers,
				this.maxHeaderSize, this.timeout, this.codec);
	}

	/**
	 * These options with one more header.
	 * @param name its name
	 * @param value its value
	 * @return the new options
	 */
	public WebSocketOptions withHeader(String name, String value) {
		Map<String, String> more = new LinkedHashMap<>(this.headers);
		more.put(name, value);
		return withHeaders(more);
	}

	/**
	 * These options with other headers.
	 * @param headers further headers of a client's request
	 * @return the new options
	 */
	public WebSocketOptions withHeaders(Map<String, String> headers) {
		return new WebSocketOptions(this.path, this.subprotocols, this.origins, this.origin, headers,
				this.maxHeaderSize, this.timeout, this.codec);
	}

	/**
	 * These options with another greatest head.
	 * @param bytes 256 bytes to 1 MiB
	 * @return the new options
	 */
	public WebSocketOptions withMaxHeaderSize(int bytes) {
		return new WebSocketOptions(this.path, this.subprotocols, this.origins, this.origin, this.headers, bytes,
				this.timeout, this.codec);
	}

	/**
	 * These options with another time limit.
	 * @param timeout for all of the handshake; zero: none
	 * @return the new options
	 */
	public WebSocketOptions withTimeout(Duration timeout) {
		return new WebSocketOptions(this.path, this.subprotocols, this.origins, this.origin, this.headers,
				this.maxHeaderSize, timeout, this.codec);
	}

	/**
	 * These options with another codec.
	 * @param codec that of the right end, for example with {@link Codec#frames()} or
	 * {@link Codec#asText()}
	 * @return the new options
	 */
	public WebSocketOptions withCodec(Codec codec) {
		return new WebSocketOptions(this.path, this.subprotocols, this.origins, this.origin, this.headers,
				this.maxHeaderSize, this.timeout, codec);
	}

}
