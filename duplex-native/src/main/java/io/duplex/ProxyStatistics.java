/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.Map;

/**
 * A proxy's counters. Each is exact; they are not read at one instant.
 *
 * @param accepted connections accepted since the proxy was created
 * @param active connections now, in any state
 * @param pending those of them that await a decision
 * @param joined connections that were joined to a backend
 * @param connectFailed connections that found no backend which answered
 * @param refusedByRouter connections that the router refused
 * @param refusedByFailure connections for which the router failed
 * @param refusedByHandshake connections whose client did not open its WebSocket (or
 * another handshake) as it should
 * @param refusedByTimeout connections that were not decided in time
 * @param refusedExhausted connections for which there was no memory, descriptor or port
 * @param clientGone connections whose client ended before they were joined
 * @param bytesFromClient bytes delivered to backends
 * @param bytesFromBackend bytes delivered to clients
 * @param ended connections that ended, by reason, refused ones included; without the
 * reasons that have not occurred
 */
public record ProxyStatistics(long accepted, long active, long pending, long joined, long connectFailed,
		long refusedByRouter, long refusedByFailure, long refusedByHandshake, long refusedByTimeout,
		long refusedExhausted, long clientGone, long bytesFromClient, long bytesFromBackend,
		Map<JoinEndReason, Long> ended) {

	/**
	 * Create a new record.
	 */
	public ProxyStatistics {
		ended = Map.copyOf(ended);
	}

	/**
	 * Connections that were refused, whatever for.
	 * @return the sum of the refusals
	 */
	public long refused() {
		return this.refusedByRouter + this.refusedByFailure + this.refusedByHandshake + this.refusedByTimeout
				+ this.refusedExhausted;
	}

}
