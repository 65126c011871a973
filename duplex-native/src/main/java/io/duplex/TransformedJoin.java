/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * Two sockets that flow into each other through Java functions. Safe for use by any
 * number of threads.
 */
public interface TransformedJoin extends AutoCloseable {

	/**
	 * Bytes received from the first socket.
	 * @return the number so far
	 */
	long bytesFromClient();

	/**
	 * Bytes received from the second socket.
	 * @return the number so far
	 */
	long bytesFromBackend();

	/**
	 * Stop after the chunks at hand: what was received is transformed and sent, and both
	 * sockets are the application's again.
	 * @return completes on the engine's executor when both directions have stopped
	 */
	CompletionStage<End> stop();

	/**
	 * Completes once, when both directions are over.
	 * @return completes on the engine's executor
	 */
	CompletionStage<End> end();

	/**
	 * Close both sockets in order; the loops end by that.
	 */
	@Override
	void close();

	/**
	 * How it ended.
	 *
	 * @param reason {@link JoinEndReason#CLIENT_CLOSED} or
	 * {@link JoinEndReason#BACKEND_CLOSED} by who ended first,
	 * {@link JoinEndReason#UNJOINED} when stopped, {@link JoinEndReason#CLOSED},
	 * {@link JoinEndReason#RESET}, or {@link JoinEndReason#ERROR} when a function threw
	 * @param failure what was thrown, or null
	 * @param bytesFromClient bytes received from the first socket
	 * @param bytesFromBackend bytes received from the second socket
	 */
	record End(JoinEndReason reason, @Nullable Throwable failure, long bytesFromClient, long bytesFromBackend) {

	}

}
