/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletionStage;

/**
 * A mirror of what a join carries, without any work in the JVM. It is lossy: the mirror
 * never disturbs the join, but is dropped when it has fallen too far behind, or is gone.
 * What it gets has no gaps up to then. Safe for use by any number of threads.
 *
 * @see Join#tee(DuplexSocket, TeeDirection)
 */
public interface Tee extends AutoCloseable {

	/**
	 * Where the bytes go. Its input stays the application's; its output is the
	 * application's again, and not ended, when the tee has ended.
	 * @return the mirror
	 */
	DuplexSocket mirror();

	/**
	 * Which bytes are mirrored.
	 * @return the direction
	 */
	TeeDirection direction();

	/**
	 * What was mirrored up to now, or up to the end. Parks until a worker has answered.
	 * @return the counts
	 * @throws DuplexClosedException when the engine was closed before the tee's end was
	 * known
	 */
	TeeCounts counts();

	/**
	 * {@link #counts()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<TeeCounts> countsAsync();

	/**
	 * Stop mirroring; the join goes on. Parks until the mirror is the application's
	 * again: bytes that wait for it are queued ahead of whatever is sent to it next.
	 * Closing a tee that has ended does nothing.
	 */
	@Override
	void close();

	/**
	 * {@link #close()} without waiting.
	 * @return {@link #end()}
	 */
	CompletionStage<TeeEnd> closeAsync();

	/**
	 * Completes once, when nothing is mirrored any more, with the reason and the final
	 * counts. A tee of both directions ends as a whole: when the mirror is dropped, or
	 * when both directions have ended.
	 * @return completes on the engine's executor
	 */
	CompletionStage<TeeEnd> end();

}
