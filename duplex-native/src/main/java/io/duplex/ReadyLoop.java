/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

import io.duplex.ffi.Errno;
import org.jspecify.annotations.Nullable;

/**
 * Tries something on half a held socket until it is ready for it: the one loop behind
 * receiving, sending and accepting, parking or not. Callers take turns; an attempt that
 * says {@code EAGAIN} waits for the engine's wake-up and is repeated.
 */
final class ReadyLoop {

	private static final int AGAIN = -Errno.EAGAIN.number();

	private static final int CANCELED = -Errno.ECANCELED.number();

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
	 * Try, without keeping a thread.
	 * @param <T> type of the result
	 * @param attempt returns what C functions return
	 * @param result makes the result of what the last attempt returned, or throws what
	 * went wrong
	 * @return completes on the engine's executor, or is complete
	 */
	<T> CompletableFuture<T> run(LongSupplier attempt, LongFunction<T> result) {
		return run(attempt, result, null);
	}

	/**
	 * Try, without keeping a thread, until somebody wants it to stop.
	 * @param <T> type of the result
	 * @param attempt returns what C functions return; made once more, with the turn, when
	 * it is to stop
	 * @param result makes the result of what the last attempt returned, or throws what
	 * went wrong; {@code -ECANCELED} when it stopped first
	 * @param stop when this completes there is no more waiting; null: never
	 * @return completes on the engine's executor, or is complete
	 */
	<T> CompletableFuture<T> run(LongSupplier attempt, LongFunction<T> result, @Nullable CompletableFuture<?> stop) {
		CompletableFuture<T> future = new CompletableFuture<>();
		CompletableFuture<Void> turn = this.turns.enter();
		Task<T> task = new Task<>(turn, attempt, result, stop, future);
		if (turn.isDone()) {
			task.run();
		}
		else {
			task.runAfter(turn);
		}
		return future;
	}

	/**
	 * Whoever has the turn, until it has a result.
	 */
	private final class Task<T> implements Runnable {

		private final CompletableFuture<Void> turn;

		private final LongSupplier attempt;

		private final LongFunction<T> result;

		private final @Nullable CompletableFuture<?> stop;

		private final CompletableFuture<T> future;

		Task(CompletableFuture<Void> turn, LongSupplier attempt, LongFunction<T> result,
				@Nullable CompletableFuture<?> stop, CompletableFuture<T> future) {
			this.turn = turn;
			this.attempt = attempt;
			this.result = result;
			this.stop = stop;
			this.future = future;
		}

		void runAfter(CompletableFuture<Void> wait) {
			CompletableFuture<?> first = (this.stop != null) ? CompletableFuture.anyOf(wait, this.stop) : wait;
			first.thenRun(() -> ReadyLoop.this.core.completions().execute(this));
		}

		@Override
		public void run() {
			try {
				boolean stopping = this.stop != null && this.stop.isDone();
				if (stopping && !this.turn.isDone()) {
					finish(CANCELED);
					return;
				}
				long value = this.attempt.getAsLong();
				if (value == AGAIN && !stopping) {
					ReadyLoop loop = ReadyLoop.this;
					runAfter(loop.core.readiness().arm(loop.socket, loop.readiness));
					return;
				}
				finish((value == AGAIN) ? CANCELED : value);
			}
			catch (Readiness.ArmException ex) {
				finish(ex.result());
			}
			catch (RuntimeException | Error ex) {
				ReadyLoop.this.turns.leave(this.turn);
				this.future.completeExceptionally(ex);
			}
		}

		private void finish(long value) {
			ReadyLoop.this.turns.leave(this.turn);
			try {
				this.future.complete(this.result.apply(value));
			}
			catch (RuntimeException ex) {
				this.future.completeExceptionally(ex);
			}
		}

	}

}
