/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * One of the two sockets of a join.
 */
public enum JoinSide {

	/**
	 * Neither.
	 */
	NONE,

	/**
	 * The first socket of {@link DuplexEngine#join}; the client of a proxy.
	 */
	CLIENT,

	/**
	 * The second socket; the backend.
	 */
	BACKEND

}
