/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

/**
 * What a WebSocket's opening handshake has agreed on. Immutable.
 *
 * @param target path and query of the request, as they were sent: {@code /chat?room=7}
 * @param host the server's name as the client wrote it, with the port if it did
 * @param origin where the script comes from that a browser has connected for, or null
 * @param subprotocol the subprotocol to speak, or null
 * @param headers what the peer sent: the request's headers at a server, the response's at
 * a client. Values by name, a value a line; names in whatever case
 */
public record WebSocketHandshake(String target, String host, @Nullable String origin, @Nullable String subprotocol,
		Map<String, List<String>> headers) {

	/**
	 * Create a handshake.
	 */
	public WebSocketHandshake {
		Map<String, List<String>> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
		headers.forEach((name, values) -> copy.computeIfAbsent(name, (key) -> new ArrayList<>()).addAll(values));
		copy.replaceAll((name, values) -> List.copyOf(values));
		headers = Collections.unmodifiableMap(copy);
	}

	/**
	 * The target without its query.
	 * @return for example {@code /chat}
	 */
	public String path() {
		int query = this.target.indexOf('?');
		return (query < 0) ? this.target : this.target.substring(0, query);
	}

	/**
	 * The query of the target.
	 * @return what stands behind the question mark, {@code room=7}, or null
	 */
	public @Nullable String query() {
		int query = this.target.indexOf('?');
		return (query < 0) ? null : this.target.substring(query + 1);
	}

	/**
	 * The value of a header.
	 * @param name its name, in whatever case
	 * @return its first value, or null
	 */
	public @Nullable String header(String name) {
		List<String> values = this.headers.getOrDefault(name, List.of());
		return values.isEmpty() ? null : values.get(0);
	}

}
