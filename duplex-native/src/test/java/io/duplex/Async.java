/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Tasks that block, each on a thread of its own: the common pool may have a single one.
 */
final class Async {

	private static final Executor THREADS = (task) -> {
		Thread thread = new Thread(task, "test-async");
		thread.setDaemon(true);
		thread.start();
	};

	private Async() {
	}

	static <T> CompletableFuture<T> supply(Supplier<T> task) {
		return CompletableFuture.supplyAsync(task, THREADS);
	}

	static CompletableFuture<Void> run(Runnable task) {
		return CompletableFuture.runAsync(task, THREADS);
	}

}
