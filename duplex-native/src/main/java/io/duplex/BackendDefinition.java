/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * One of the servers that a proxy joins its clients with.
 *
 * @param name what it is called in status and metrics; null or empty:
 * {@link DuplexAddress#label()} of the address, for example {@code 10.0.0.5:6379}
 * @param address where it listens; the host may be a name
 */
public record BackendDefinition(String name, DuplexAddress address) {

	/**
	 * Create a backend.
	 */
	public BackendDefinition(@Nullable String name, DuplexAddress address) {
		this.name = (name == null || name.isEmpty()) ? address.label() : name;
		this.address = address;
	}

	/**
	 * A backend that is named after its address.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @return the backend
	 * @throws IllegalArgumentException when it is no address
	 */
	public static BackendDefinition of(String address) {
		return new BackendDefinition(null, DuplexAddress.of(address));
	}

}
