/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of an engine besides its event thread, and the executors that the
 * application gave it. All are daemons, and made when there is work for them.
 */
final class EngineThreads {

	private static final Logger logger = LoggerFactory.getLogger(EngineThreads.class);

	private static final int DECISIONS_PER_PROCESSOR = 4;

	private static final int LOOKUPS = 4;

	private static final int IDLE_SECONDS = 10;

	private final ExecutorService ownCompletions;

	private final ExecutorService ownDecisions;

	private final Executor completions;

	private final Executor decisions;

	private final ExecutorService lookups;

	private final ExecutorService passing;

	private final ThreadFactory late = factory("duplex-late");

	private final ScheduledThreadPoolExecutor timer;

	EngineThreads(@Nullable Executor completions, @Nullable Executor decisions) {
		int processors = Runtime.getRuntime().availableProcessors();
		this.ownCompletions = pool("duplex-completion", Math.max(2, processors));
		this.ownDecisions = pool("duplex-decision", DECISIONS_PER_PROCESSOR * Math.max(2, processors));
		this.completions = (completions != null) ? completions : this.ownCompletions;
		this.decisions = (decisions != null) ? decisions : this.ownDecisions;
		this.lookups = pool("duplex-lookup", LOOKUPS);
		this.passing = new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS,
				new SynchronousQueue<>(), factory("duplex-pass"));
		this.timer = new ScheduledThreadPoolExecutor(1, factory("duplex-timer"));
		this.timer.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
		this.timer.allowCoreThreadTimeOut(true);
		this.timer.setRemoveOnCancelPolicy(true);
		this.timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
	}

	/**
	 * Completes futures.
	 * @return the executor
	 */
	Executor completions() {
		return this.completions;
	}

	/**
	 * Asks routers.
	 * @return the executor
	 */
	Executor decisions() {
		return this.decisions;
	}

	/**
	 * Asks the name service.
	 * @return the executor
	 */
	Executor lookups() {
		return this.lookups;
	}

	/**
	 * Do something that parks and is rare, for a caller who does not wait. There is
	 * always a thread for it, also when the engine is closed: it is told so by what it
	 * does.
	 * @param task may park
	 */
	void park(Runnable task) {
		try {
			this.passing.execute(task);
		}
		catch (RejectedExecutionException ex) {
			this.late.newThread(task).start();
		}
	}

	/**
	 * Run something later, unless the engine is closed by then.
	 * @param delay how much later
	 * @param task is quick
	 * @return cancels it, and lets go of what it holds
	 */
	Future<?> after(Duration delay, Runnable task) {
		try {
			return this.timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.trace("The engine is closed", ex);
			return CompletableFuture.completedFuture(null);
		}
	}

	/**
	 * End the threads when what was handed to them is done.
	 */
	void shutdown() {
		this.timer.shutdown();
		this.lookups.shutdown();
		this.passing.shutdown();
		this.ownDecisions.shutdown();
		this.ownCompletions.shutdown();
	}

	private static ExecutorService pool(String name, int threads) {
		ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, IDLE_SECONDS, TimeUnit.SECONDS,
				new LinkedBlockingQueue<>(), factory(name));
		pool.allowCoreThreadTimeOut(true);
		return pool;
	}

	private static ThreadFactory factory(String name) {
		AtomicInteger count = new AtomicInteger();
		return (task) -> {
			Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
			thread.setDaemon(true);
			return thread;
		};
	}

}
