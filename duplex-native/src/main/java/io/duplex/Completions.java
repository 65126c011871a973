/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

/**
 * Where what the application sees is completed: an executor, never the event thread. An
 * executor that refuses, because it was shut down or is full, is replaced by a thread: a
 * future that never completes would be worse.
 */
final class Completions {

	private final Executor executor;

	Completions(Executor executor) {
		this.executor = executor;
	}

	void execute(Runnable task) {
		try {
			this.executor.execute(task);
		}
		catch (RejectedExecutionException ex) {
			Thread thread = new Thread(task, "duplex-completion");
			thread.setDaemon(true);
			thread.start();
		}
	}

	/**
	 * Turn the answer to a command into what the application asked for.
	 * @param <T> what it asked for
	 * @param answer the answer
	 * @param result makes the result, or throws what went wrong
	 * @return completes on the executor
	 */
	<E, T> CompletionStage<T> map(CompletableFuture<E> answer, Function<E, T> result) {
		CompletableFuture<T> future = new CompletableFuture<>();
		answer.thenAccept((event) -> execute(() -> {
			try {
				future.complete(result.apply(event));
			}
			catch (RuntimeException ex) {
				future.completeExceptionally(ex);
			}
		}));
		return future.minimalCompletionStage();
	}

}
