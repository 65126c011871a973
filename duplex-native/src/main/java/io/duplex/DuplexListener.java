/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * A listening socket whose connections the application accepts, one by one; the kernel's
 * backlog is the queue. Safe for use by any number of threads.
 */
public interface DuplexListener extends AutoCloseable {

	/**
	 * The listener's number.
	 * @return the id
	 */
	long id();

	/**
	 * Where it listens, with the port that was bound.
	 * @return the address
	 */
	DuplexAddress address();

	/**
	 * The bound port.
	 * @return the port, or 0 for a unix socket
	 */
	default int port() {
		return address().port();
	}

	/**
	 * Wait for a connection. TCP connections have {@code TCP_NODELAY} and keep-alive.
	 * @return the connection
	 * @throws ResourceExhaustedException when there is no descriptor for it; it goes on
	 * waiting
	 * @throws DuplexClosedException when the listener or the engine is closed
	 */
	DuplexSocket accept();

	/**
	 * {@link #accept()} with a time limit.
	 * @param timeout the limit; zero only looks
	 * @return the connection
	 * @throws DuplexTimeoutException when none came in time
	 */
	DuplexSocket accept(Duration timeout);

	/**
	 * {@link #accept()} without waiting.
	 * @return completes on the engine's executor, or is complete already
	 */
	CompletionStage<DuplexSocket> acceptAsync();

	/**
	 * {@link #accept(Duration)} without waiting.
	 * @param timeout the limit; zero only looks
	 * @return completes on the engine's executor, or is complete already
	 */
	CompletionStage<DuplexSocket> acceptAsync(Duration timeout);

	/**
	 * Stop listening: new peers are refused when this returns. Accepted connections live
	 * on. Closing again does nothing.
	 */
	@Override
	void close();

	/**
	 * {@link #close()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> closeAsync();

}
