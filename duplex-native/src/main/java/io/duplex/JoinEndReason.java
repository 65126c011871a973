/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * Why a join ended.
 */
public enum JoinEndReason {

	/**
	 * The client side ended its stream first.
	 */
	CLIENT_CLOSED,

	/**
	 * The backend side ended its stream first.
	 */
	BACKEND_CLOSED,

	/**
	 * {@link JoinEnd#side()} reset the connection, or vanished while it was written to.
	 */
	RESET,

	/**
	 * No byte moved for the idle limit or the half-close limit.
	 */
	IDLE,

	/**
	 * The join reached its greatest age.
	 */
	LIFETIME,

	/**
	 * Undone by {@link Join#unjoin()}.
	 */
	UNJOINED,

	/**
	 * Closed by the application.
	 */
	CLOSED,

	/**
	 * The engine was closed, or a drained proxy's grace period was over.
	 */
	SHUT_DOWN,

	/**
	 * A proxy found no backend that answered.
	 */
	CONNECT_FAILED,

	/**
	 * {@link JoinEnd#error()} was met at {@link JoinEnd#side()}.
	 */
	ERROR,

	/**
	 * A proxy's connection was refused by its router, or not decided in time.
	 */
	REFUSED,

	/**
	 * A lossy sink or a mirror had fallen further behind than it may.
	 */
	BEHIND,

	/**
	 * The join has moved as many bytes as it may.
	 */
	BYTES,

	/**
	 * {@link JoinEnd#side()} of a route sent what its codec refuses, or cannot be sent a
	 * message that came from the other side.
	 */
	PROTOCOL,

	/**
	 * The stream of messages of {@link JoinEnd#side()} is complete: the last chunk of a
	 * chunked body. Both sockets are the application's again.
	 */
	FINISHED

}
