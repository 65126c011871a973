/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * What a proxy speaks with its clients, or with its backends. Where one of them has a
 * codec, each connection is a route: its messages are decoded by one side's codec and
 * encoded by the other's.
 *
 * @param codec makes messages of the bytes; null: they are a stream
 * @param webSocket how a WebSocket is opened before the two are joined; null: there is no
 * handshake
 */
public record ProxySide(@Nullable Codec codec, @Nullable WebSocketOptions webSocket) {

	/**
	 * Bytes as they come.
	 */
	public static final ProxySide STREAM = new ProxySide(null, null);

	/**
	 * Whether the connection is handed to the JVM for a handshake.
	 * @return whether it is
	 */
	public boolean hasHandshake() {
		return this.webSocket != null;
	}

}
