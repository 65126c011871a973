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
	 * The join now: state, byte counts, data path of each direction. Parks until a worker
	 * has answered. When the join is over, the last counts in state
	 * {@link JoinState#ENDED}.
	 * @return what it is doing
	 * @throws DuplexClosedException when the engine was closed before the join's end was
	 * known
	 */
	JoinSnapshot snapshot();

	/**
	 * Where the join is in its life: {@link #snapshot()} for its state alone.
	 * @return the state
	 */
	default JoinState state() {
		return snapshot().state();
	}

	/**
	 * Change the limits while the join runs. What has passed counts: an age or a number
	 * of bytes over the new limit ends it at once. Parks until a worker has answered.
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
	 * Mirror one direction, with a lag of 1 MiB:
	 * {@link #tee(DuplexSocket, JoinSide, long)}.
	 * @param mirror who gets the bytes, too
	 * @param side whose bytes
	 * @return the tee
	 */
	default Join tee(DuplexSocket mirror, JoinSide side) {
		return tee(mirror, side, 0);
	}

	/**
	 * Mirror one direction: what the socket on this side sends goes to the mirror, too.
	 * For both directions call it twice. A slow or dead mirror never disturbs what it
	 * mirrors: it is dropped ({@link JoinEndReason#BEHIND}). The tee is a join of its
	 * own: {@link #unjoin()} stops mirroring, {@link #end()} tells why it ended. It ends
	 * with this join; then, as whenever it ends, the mirror is the application's again.
	 * Parks until a worker has answered.
	 * @param mirror who gets the bytes, too; its input stays the application's
	 * @param side {@link JoinSide#CLIENT} or {@link JoinSide#BACKEND}: whose bytes
	 * @param maxLag memory in bytes that may wait for the mirror; 0: 1 MiB
	 * @return the tee
	 * @throws DuplexClosedException when this join has ended
	 * @throws IllegalArgumentException when the mirror is part of this join, or of
	 * another engine
	 */
	Join tee(DuplexSocket mirror, JoinSide side, long maxLag);

	/**
	 * {@link #tee(DuplexSocket, JoinSide, long)} without waiting.
	 * @param mirror who gets the bytes, too
	 * @param side whose bytes
	 * @param maxLag memory in bytes that may wait for the mirror; 0: 1 MiB
	 * @return completes on the engine's executor
	 */
	CompletionStage<Join> teeAsync(DuplexSocket mirror, JoinSide side, long maxLag);

	/**
	 * Undo the join: not a byte is lost, repeated or reordered. Both sockets are the
	 * application's, to use or to join anew, when this returns. Parks until then.
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
	 * End the join and close both sockets in order. Returns at once; {@link #end()} tells
	 * when it is over. Closing a join that has ended does nothing.
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
