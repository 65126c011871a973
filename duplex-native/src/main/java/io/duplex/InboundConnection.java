/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Instant;
import java.util.Optional;

/**
 * A connection that a proxy has accepted and a {@link ConnectionRouter} decides on. Of a
 * WebSocket the opening handshake is done; of others no byte has been read.
 */
public interface InboundConnection {

	/**
	 * The connection's number, later that of its join.
	 * @return the id
	 */
	long id();

	/**
	 * Name of the proxy that accepted it.
	 * @return the name
	 */
	String proxy();

	/**
	 * The client's address.
	 * @return the address; clients of unix sockets rarely have one, see
	 * {@link DuplexAddress#isUnnamed()}
	 */
	DuplexAddress clientAddress();

	/**
	 * Where the proxy listens.
	 * @return the address with the bound port
	 */
	DuplexAddress localAddress();

	/**
	 * What a WebSocket's client has asked for, of a proxy that listens on {@code ws://}.
	 * @return the handshake, empty for other proxies
	 */
	default Optional<WebSocketHandshake> webSocket() {
		return Optional.empty();
	}

	/**
	 * When the connection was handed to the JVM.
	 * @return the instant
	 */
	Instant since();

}
