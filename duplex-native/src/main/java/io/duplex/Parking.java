/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.duplex.ffi.Errno;

/**
 * How threads, virtual ones too, wait: for a future that the event thread completes,
 * never inside native code and never with a monitor held.
 */
final class Parking {

	private Parking() {
	}

	/**
	 * Wait for a future that never fails.
	 * @param future what to wait for
	 * @param deadline how long
	 * @return false when it was not complete in time
	 * @throws InterruptedException when the thread is interrupted
	 */
	static boolean await(CompletableFuture<?> future, Deadline deadline) throws InterruptedException {
		try {
			if (!deadline.limited()) {
				future.get();
				return true;
			}
			if (!future.isDone()) {
				long nanos = deadline.remainingNanos();
				if (nanos == 0) {
					return false;
				}
				future.get(nanos, TimeUnit.NANOSECONDS);
			}
			return true;
		}
		catch (TimeoutException ex) {
			return false;
		}
		catch (ExecutionException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Wait for a future that never fails, whatever happens. An interrupt is kept for
	 * later.
	 * @param future what to wait for
	 * @param deadline how long
	 * @return false when it was not complete in time
	 */
	static boolean awaitUninterruptibly(CompletableFuture<?> future, Deadline deadline) {
		boolean interrupted = false;
		try {
			while (true) {
				try {
					return await(future, deadline);
				}
				catch (InterruptedException ex) {
					interrupted = true;
				}
			}
		}
		finally {
			if (interrupted) {
				Thread.currentThread().interrupt();
			}
		}
	}

	/**
	 * Wait for an answer that is a matter of moments. An interrupt is kept for later:
	 * nobody would own what the command has made.
	 * @param <T> type of the answer
	 * @param answer a future that never fails
	 * @return the answer
	 */
	static <T> T get(CompletableFuture<T> answer) {
		awaitUninterruptibly(answer, Deadline.NEVER);
		return answer.join();
	}

	/**
	 * Wait in a thread of the engine's own.
	 * @param wait returns what C functions return
	 * @return what it returned; {@code -ECANCELED} when the thread was interrupted, by
	 * nobody whom it concerns
	 */
	static long orCancelled(Wait wait) {
		try {
			return wait.await();
		}
		catch (InterruptedException ex) {
			// Nobody knows the thread.
			return -Errno.ECANCELED.number();
		}
	}

	static DuplexInterruptedException interrupted(String operation, String subject, long bytesTransferred) {
		Thread.currentThread().interrupt();
		return new DuplexInterruptedException(operation, subject, "the thread was interrupted", bytesTransferred);
	}

	/**
	 * Parks.
	 */
	interface Wait {

		long await() throws InterruptedException;

	}

}
