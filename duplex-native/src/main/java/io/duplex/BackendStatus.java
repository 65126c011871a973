/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * A proxy's backend at one moment.
 *
 * @param name what it is called
 * @param address as it was defined
 * @param state what the proxy thinks of it
 * @param error of the last connect, for example
 * {@code "ECONNREFUSED: Connection refused"}, or null
 * @param active connections that use it now, connecting ones included
 * @param total connections that were joined to it
 * @param failed connects that failed
 * @param bytesFromClient bytes delivered to it
 * @param bytesFromBackend bytes delivered to its clients
 */
public record BackendStatus(String name, DuplexAddress address, BackendState state, @Nullable String error, long active,
		long total, long failed, long bytesFromClient, long bytesFromBackend) {

}
