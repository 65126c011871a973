/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

import io.duplex.ffi.Errno;

/**
 * Tries something on half a held socket until it is ready for it: the one loop behind
 * receiving, sending and accepting, parking or not. Callers take turns; an attempt that
 * says {@code EAGAIN} waits for the engine's wake-up and is repeated.
 */
final class ReadyLoop {

	private static final int AGAIN = -Errno.EAGAIN.number();

	private final EngineCore core;

	private final long socket;

	private final int readiness;

	private final TurnQueue turns = new TurnQueue();

	/**
	 * Create a loop.
	 * @param core the engine
	 * @param socket the socket or listener
	 * @param readiness what to wait for
	 */
	ReadyLoop(EngineCore core, long socket, int readiness) {
		this.core = core;
		this.socket = socket;
		this.readiness = readiness;
	}

	/**
	 * Try, parking as long as needed.
	 * @param attempt returns what C functions return
	 * @param deadline how long
	 * @return what the last attempt returned: {@code -EAGAIN} when time is over
	 * @throws InterruptedException when the thread is interrupted while it waits
	 */
	long await(LongSupplier attempt, Deadline deadline) throws InterruptedException {
		CompletableFuture<Void> turn = this.turns.enter();
		try {
			if (!Parking.await(turn, deadline)) {
				return AGAIN;
			}
			while (true) {
				long result = attempt.getAsLong();
				if (result != AGAIN || deadline.isOver()) {
					return result;
				}
				if (!Parking.await(this.core.readiness().arm(this.socket, this.readiness), deadline)) {
					return attempt.getAsLong();
				}
			}
		}
		catch (Readiness.ArmException ex) {
			return ex.result();
		}
		finally {
			this.turns.leave(turn);
		}
	}

	/**
	 * Try once, and not at all when somebody else has the turn.
	 * @param attempt returns what C functions return
	 * @return what it returned, or {@code -EAGAIN}
	 */
	long attempt(LongSupplier attempt) {
		try {
			return await(attempt, Deadline.after(Duration.ZERO));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return AGAIN;
		}
	}

	/**
	 * Try, without keeping a thread.
	 * @param <T> type of the result
	 * @param attempt returns what C functions return
	 * @param result makes the result of what the last attempt returned, or throws what
	 * went wrong
	 * @return completes on the engine's executor, or is complete
	 */
	<T> CompletableFuture<T> run(LongSupplier attempt, LongFunction<T> result) {
		return run(attempt, result, Deadline.NEVER);
	}

	/**
	 * Try, without keeping a thread, for some time.
	 * @param <T> type of the result
	 * @param attempt returns what C functions return
	 * @param result makes the result of what the last attempt returned ({@code -EAGAIN}
	 * when time is over), or throws what went wrong
	 * @param deadline how long
	 * @return completes on the engine's executor, or is complete
	 */
	<T> CompletableFuture<T> run(LongSupplier attempt, LongFunction<T> result, Deadline deadline) {
		Retry<T> retry = begin(attempt, result);
		retry.stopAt(deadline);
		return retry.future();
	}

	/**
	 * Try, without keeping a thread, until somebody wants it to stop.
	 * @param <T> type of the result
	 * @param attempt returns what C functions return; made once more, with the turn, when
	 * it is to stop
	 * @param result makes the result of what the last attempt returned ({@code -EAGAIN}
	 * when it stopped first), or throws what went wrong
	 * @param stop when this completes there is no more waiting
	 * @return completes on the engine's executor, or is complete
	 */
	<T> CompletableFuture<T> run(LongSupplier attempt, LongFunction<T> result, CompletableFuture<?> stop) {
		Retry<T> retry = begin(attempt, result);
		retry.stopWhen(stop);
		return retry.future();
	}

	private <T> Retry<T> begin(LongSupplier attempt, LongFunction<T> result) {
		CompletableFuture<Void> turn = this.turns.enter();
		Retry<T> retry = new Retry<>(this.core, attempt, () -> this.core.readiness().arm(this.socket, this.readiness),
				result, () -> this.turns.giveUp(turn), () -> this.turns.leave(turn));
		if (turn.isDone()) {
			retry.run();
		}
		else {
			turn.thenRun(() -> this.core.completions().execute(retry));
		}
		return retry;
	}

}
