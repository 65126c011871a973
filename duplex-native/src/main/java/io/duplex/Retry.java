/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

import io.duplex.ffi.Errno;

/**
 * An attempt that is repeated with every wake-up until it has a result or is to stop,
 * without keeping a thread. Running it is trying once, by whoever has a reason to: one at
 * a time, and not at all when it is over.
 *
 * @param <T> type of the result
 */
final class Retry<T> implements Runnable {

	private static final int AGAIN = -Errno.EAGAIN.number();

	private final EngineCore core;

	private final LongSupplier attempt;

	private final WakeUp wakeUp;

	private final LongFunction<T> result;

	private final BooleanSupplier giveUp;

	private final Runnable leave;

	private final CompletableFuture<T> future = new CompletableFuture<>();

	private final ReentrantLock lock = new ReentrantLock();

	private volatile boolean stopping;

	private boolean over;

	/**
	 * Describe an attempt.
	 * @param core the engine
	 * @param attempt returns what C functions return; after {@code -EAGAIN} it is
	 * repeated
	 * @param wakeUp asks for a wake-up
	 * @param result makes the result of what the last attempt returned ({@code -EAGAIN}
	 * when it was to stop), or throws what went wrong
	 * @param giveUp ends it before the first attempt, and says whether it did
	 * @param leave called behind the last attempt
	 */
	Retry(EngineCore core, LongSupplier attempt, WakeUp wakeUp, LongFunction<T> result, BooleanSupplier giveUp,
			Runnable leave) {
		this.core = core;
		this.attempt = attempt;
		this.wakeUp = wakeUp;
		this.result = result;
		this.giveUp = giveUp;
		this.leave = leave;
	}

	CompletableFuture<T> future() {
		return this.future;
	}

	@Override
	public void run() {
		long value;
		this.lock.lock();
		try {
			if (this.over) {
				return;
			}
			value = this.attempt.getAsLong();
			if (value == AGAIN && !this.stopping) {
				this.wakeUp.ask().thenRun(() -> this.core.completions().execute(this));
				return;
			}
			this.over = true;
		}
		catch (Readiness.ArmException ex) {
			this.over = true;
			value = ex.result();
		}
		catch (RuntimeException | Error ex) {
			this.over = true;
			this.leave.run();
			this.future.completeExceptionally(ex);
			return;
		}
		finally {
			this.lock.unlock();
		}
		this.leave.run();
		complete(value);
	}

	private void complete(long value) {
		try {
			this.future.complete(this.result.apply(value));
		}
		catch (RuntimeException ex) {
			this.future.completeExceptionally(ex);
		}
	}

	/**
	 * Stop when time is over.
	 * @param deadline how long
	 */
	void stopAt(Deadline deadline) {
		if (!deadline.limited() || this.future.isDone()) {
			return;
		}
		Future<?> timer = this.core.threads().after(Duration.ofNanos(deadline.remainingNanos()), this::stop);
		this.future.whenComplete((value, ex) -> timer.cancel(false));
	}

	/**
	 * Stop when somebody wants it to.
	 * @param wanted completes then
	 */
	void stopWhen(CompletableFuture<?> wanted) {
		wanted.thenRun(this::stop);
	}

	private void stop() {
		this.stopping = true;
		this.core.completions().execute(this::end);
	}

	private void end() {
		if (this.giveUp.getAsBoolean()) {
			complete(AGAIN);
		}
		else {
			run();
		}
	}

	/**
	 * Asks for a wake-up.
	 */
	interface WakeUp {

		/**
		 * Ask.
		 * @return completes when it is time to try again; never fails
		 * @throws Readiness.ArmException when that will never be
		 */
		CompletableFuture<?> ask() throws Readiness.ArmException;

	}

}
