/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * Decides for each accepted connection of a proxy where it goes.
 */
@FunctionalInterface
public interface ConnectionRouter {

	/**
	 * Decide. Called on the engine's decision executor, for many connections at once; may
	 * block for as long as the proxy's {@code decisionTimeout}.
	 * @param connection who came in where
	 * @return the address to join the connection with; null refuses it
	 * @throws Exception refuses this one connection, and is counted and logged
	 */
	@Nullable DuplexAddress route(InboundConnection connection) throws Exception;

}
