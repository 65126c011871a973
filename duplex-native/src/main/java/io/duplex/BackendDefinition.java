/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;

import org.jspecify.annotations.Nullable;

/**
 * One of the servers that a proxy joins its clients with.
 *
 * @param name what it is called in status and metrics; null or empty:
 * {@link DuplexAddress#label()} of the address, for example {@code 10.0.0.5:6379}
 * @param address where it listens; the host may be a name
 * @param webSocket what is asked for there, of a WebSocket server; null for others
 */
public record BackendDefinition(String name, DuplexAddress address, @Nullable URI webSocket) {

	/**
	 * Create a backend.
	 */
	public BackendDefinition(@Nullable String name, DuplexAddress address, @Nullable URI webSocket) {
		this.name = (name == null || name.isEmpty()) ? address.label() : name;
		this.address = address;
		this.webSocket = webSocket;
	}

	/**
	 * Create a backend that is no WebSocket server.
	 * @param name as above
	 * @param address as above
	 */
	public BackendDefinition(@Nullable String name, DuplexAddress address) {
		this(name, address, null);
	}

	/**
	 * A backend that is named after its address.
	 * @param address as {@link DuplexAddress#of} reads it, or
	 * {@code ws://host:port/path?query}
	 * @return the backend
	 * @throws IllegalArgumentException when it is no address
	 */
	public static BackendDefinition of(String address) {
		return of(null, address);
	}

	/**
	 * A backend.
	 * @param name what it is called; null or empty: after its address
	 * @param address as above
	 * @return the backend
	 * @throws IllegalArgumentException when it is no address
	 */
	public static BackendDefinition of(@Nullable String name, String address) {
		if (WebSocketUrl.isMeant(address)) {
			WebSocketUrl url = WebSocketUrl.of(address);
			return new BackendDefinition(name, url.address(), url.uri());
		}
		return new BackendDefinition(name, DuplexAddress.of(address));
	}

}
