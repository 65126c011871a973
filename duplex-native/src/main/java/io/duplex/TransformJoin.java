/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletionStage;

/**
 * Two sockets that flow into each other through functions of the application. Safe for
 * use by any number of threads.
 *
 * @see DuplexEngine#joinThrough
 * @see DuplexEngine#routeThrough
 */
public interface TransformJoin extends AutoCloseable {

	/**
	 * Address of the first socket's peer when they were joined.
	 * @return the address
	 */
	DuplexAddress clientAddress();

	/**
	 * Address of the second socket's peer when they were joined.
	 * @return the address
	 */
	DuplexAddress backendAddress();

	/**
	 * What was moved up to now.
	 * @return the counts, each exact but not of one instant
	 */
	TransformCounts counts();

	/**
	 * Stop: what was received is transformed and sent, nothing more is received, and both
	 * sockets are the application's when this returns. What a peer does not take now is
	 * left to the engine, which delivers it ahead of whatever is sent next; it counts as
	 * sent. Parks as long as a function that is running takes; {@link #close()} does not
	 * wait for that. Of messages it stops between two: one that has begun to arrive is
	 * finished, and what was got has to be taken by the peer.
	 * @return what was moved
	 * @throws DuplexClosedException when the join had already ended
	 */
	TransformCounts unjoin();

	/**
	 * {@link #unjoin()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<TransformCounts> unjoinAsync();

	/**
	 * End the join and close both sockets in order. Returns at once; {@link #end()} tells
	 * when it is over. Closing a join that has ended does nothing.
	 */
	@Override
	void close();

	/**
	 * Completes once, when the join is over and no function runs any more.
	 * @return completes on the engine's executor
	 */
	CompletionStage<TransformEnd> end();

}
