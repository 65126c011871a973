/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * What makes a join different from a plain one.
 */
public enum JoinOption {

	/**
	 * Bytes flow from the first socket to the second alone. The first socket's output and
	 * the second's input stay the application's.
	 */
	HALF_DUPLEX,

	/**
	 * The end of one side is not passed on to the other. When the join is over, the
	 * sockets are the application's again.
	 */
	NO_CLOSE,

	/**
	 * The second socket never holds the first one back: when more waits for it than
	 * {@link JoinOptions#maxLag()}, the join ends with {@link JoinEndReason#BEHIND}. For
	 * one of several sinks that is dropped rather than waited for.
	 */
	LOSSY,

	/**
	 * Messages are moved instead of bytes: decoded by the codec of the socket that they
	 * come from, encoded by the other's ({@link DuplexSocket#setCodec}).
	 * {@link DuplexSocket#route} sets it.
	 */
	ROUTE

}
