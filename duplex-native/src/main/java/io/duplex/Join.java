/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletionStage;

/**
 * Two sockets that flow into each other, without any work in the JVM. Safe for use by any
 * number of threads.
 */
public interface Join extends AutoCloseable {

	/**
	 * The join's number: positive and never used twice in an engine.
	 * @return the id
	 */
	long id();

	/**
	 * The id as decimal digits.
	 * @return the text, as {@link DuplexEngine#findJoin(String)} takes it
	 */
	default String idText() {
		return Long.toString(id());
	}

	/**
	 * Address of the first socket's peer when they were joined; of a listener, where it
	 * listens.
	 * @return the address
	 */
	DuplexAddress clientAddress();

	/**
	 * Address of the second socket's peer when they were joined; of a listener, where it
	 * listens.
	 * @return the address
	 */
	DuplexAddress backendAddress();

	/**
	 * The join now: state, byte counts, data path of each direction. Parks until a worker
	 * has answered. When the join is over, the last counts in state
	 * {@link JoinState#ENDED}.
	 * @return what it is doing
	 * @throws DuplexClosedException when the engine was closed before the join's end was
	 * known
	 */
	JoinSnapshot snapshot();

	/**
	 * {@link #snapshot()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<JoinSnapshot> snapshotAsync();

	/**
	 * Where the join is in its life: {@link #snapshot()} for its state alone.
	 * @return the state
	 */
	default JoinState state() {
		return snapshot().state();
	}

	/**
	 * Change the limits while the join runs. What has passed counts: an age, an idle time
	 * or a number of bytes over the new limit ends it at once. Parks until a worker has
	 * answered.
	 * @param limits the new limits, all of them
	 * @throws DuplexClosedException when the join has ended
	 */
	void limit(JoinLimits limits);

	/**
	 * {@link #limit(JoinLimits)} without waiting.
	 * @param limits the new limits, all of them
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> limitAsync(JoinLimits limits);

	/**
	 * Mirror what the join carries to another socket, which may be up to 1 MiB behind.
	 * {@link #tee(DuplexSocket, TeeDirection, long)} tells more.
	 * @param mirror gets a copy
	 * @param direction which bytes
	 * @return the tee
	 */
	default Tee tee(DuplexSocket mirror, TeeDirection direction) {
		return tee(mirror, direction, 0);
	}

	/**
	 * Mirror what the join carries to another socket, from now on. The mirror never
	 * disturbs the join: one that is too slow, or gone, is dropped. It takes only the
	 * mirror's output. The tee ends with the join, and the mirror is the application's
	 * again. While it runs, the mirrored direction is copied and not spliced. Parks until
	 * a worker has begun.
	 * @param mirror gets a copy; it may mirror several joins
	 * @param direction which bytes
	 * @param maxLag bytes of memory that may wait for the mirror, in each direction; 0:
	 * 1048576
	 * @return the tee
	 * @throws IllegalArgumentException when the mirror is part of the join or belongs to
	 * another engine, or {@code maxLag} is negative
	 * @throws SocketBusyException when the mirror gets these bytes already or is being
	 * released
	 * @throws DuplexClosedException when the join has ended, or the mirror is closed or
	 * its output was shut down
	 * @throws DuplexException when the join has no such direction (any more)
	 */
	Tee tee(DuplexSocket mirror, TeeDirection direction, long maxLag);

	/**
	 * {@link #tee(DuplexSocket, TeeDirection, long)} without waiting.
	 * @param mirror gets a copy
	 * @param direction which bytes
	 * @param maxLag bytes of memory that may wait for the mirror; 0: 1048576
	 * @return completes on the engine's executor; a socket of another engine and a
	 * negative number are refused at once
	 */
	CompletionStage<Tee> teeAsync(DuplexSocket mirror, TeeDirection direction, long maxLag);

	/**
	 * Undo the join: not a byte is lost, repeated or reordered. Both sockets are the
	 * application's, to use or to join anew, when this returns. Parks until then. Undoing
	 * the join of a listener ends the accepting; the connections that it has accepted
	 * keep their own joins.
	 * @return what the join had moved
	 * @throws DuplexClosedException when the join had already ended
	 */
	UnjoinResult unjoin();

	/**
	 * {@link #unjoin()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<UnjoinResult> unjoinAsync();

	/**
	 * End the join and close both sockets in order; one that is part of other joins stays
	 * open. Returns at once; {@link #end()} tells when it is over. Closing a join that
	 * has ended does nothing.
	 */
	@Override
	void close();

	/**
	 * Completes once, when the join is over, with the reason and the final counts. Also
	 * when the engine is closed.
	 * @return completes on the engine's executor
	 */
	CompletionStage<JoinEnd> end();

}
