/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;

/**
 * A {@code ws://} address of a proxy or of its backends (RFC 6455 section 3).
 *
 * @param address where it listens
 * @param path what is asked for there: a path and, of a backend, a query; empty if
 * nothing was said
 */
record WebSocketUrl(DuplexAddress address, String path) {

	private static final String SCHEME = "ws://";

	private static final String SECURE = "wss://";

	private static final String DEFAULT_PORT = ":80";

	/**
	 * Whether a text is meant as one.
	 * @param text an address
	 * @return whether it begins so
	 */
	static boolean isMeant(String text) {
		return text.startsWith(SCHEME) || text.startsWith(SECURE);
	}

	/**
	 * Read one.
	 * @param text {@code ws://host[:port][/path]}
	 * @return the address
	 * @throws IllegalArgumentException when it has another form; the message tells the
	 * text and what is wrong
	 */
	static WebSocketUrl of(String text) {
		if (text.startsWith(SECURE)) {
			throw invalid(text, "TLS is not terminated here: put ws:// behind whatever does that");
		}
		int end = text.indexOf('/', SCHEME.length());
		int query = text.indexOf('?', SCHEME.length());
		end = (query >= 0 && (end < 0 || query < end)) ? query : end;
		String authority = text.substring(SCHEME.length(), (end >= 0) ? end : text.length());
		String path = (end >= 0) ? text.substring(end) : "";
		if (authority.isEmpty() || authority.indexOf('@') >= 0) {
			throw invalid(text, "expected ws://host:port/path");
		}
		if (path.indexOf('#') >= 0) {
			throw invalid(text, "a WebSocket's address has no fragment");
		}
		try {
			URI.create(SCHEME + "host" + path);
		}
		catch (IllegalArgumentException ex) {
			throw invalid(text, "'" + path + "' is no path");
		}
		return new WebSocketUrl(address(text, authority), path);
	}

	private static DuplexAddress address(String text, String authority) {
		boolean hasPort = authority.lastIndexOf(':') > authority.lastIndexOf(']');
		try {
			return DuplexAddress.of("tcp://" + authority + (hasPort ? "" : DEFAULT_PORT));
		}
		catch (IllegalArgumentException ex) {
			throw new IllegalArgumentException("'" + text + "' is no address: " + ex.getMessage(), ex);
		}
	}

	private static IllegalArgumentException invalid(String text, String reason) {
		return new IllegalArgumentException("'" + text + "' is no address: " + reason);
	}

	/**
	 * The address as a client says it.
	 * @return a URI, with {@code /} where there is no path
	 */
	URI uri() {
		String host = this.address.host();
		return URI.create(SCHEME + ((host.indexOf(':') >= 0) ? "[" + host.replace("%", "%25") + "]" : host) + ":"
				+ this.address.port() + (this.path.startsWith("/") ? "" : "/") + this.path);
	}

}
