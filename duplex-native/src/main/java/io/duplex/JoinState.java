/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * Where a join is in its life.
 */
public enum JoinState {

	/**
	 * A connection of a proxy for which a {@link ConnectionRouter} is being asked.
	 */
	DECIDING,

	/**
	 * A connection of a proxy whose backend is being connected to.
	 */
	CONNECTING,

	/**
	 * Bytes move both ways.
	 */
	OPEN,

	/**
	 * One direction has ended.
	 */
	HALF_CLOSED,

	/**
	 * Both directions have ended; what is unsent is being delivered.
	 */
	CLOSING,

	/**
	 * The join of a listener, which its connections inherit.
	 */
	LISTENING,

	/**
	 * Over: see {@link Join#end()}.
	 */
	ENDED

}
