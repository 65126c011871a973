/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

/**
 * How an engine is made. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param workers threads that move bytes, at most 64; 0: one a processor
 * @param pipeSize bytes of a pipe, 65536 to 1048576, rounded up to a power of two; 0:
 * 262144
 * @param maxDescriptors descriptors that the engine may own, clamped to what the process
 * can open less {@code reservedDescriptors}; 0: that number.
 * {@link EngineStatistics#descriptorsMax()} tells the outcome
 * @param reservedDescriptors descriptors that are left to the JVM; 0: 512
 * @param messageBudget bytes in which messages may be put together, for all sockets; 0:
 * 268435456
 * @param completionExecutor completes futures; must not run tasks in the thread that
 * hands them over. Null: a few threads of the engine's own, which are not to be blocked
 * @param decisionExecutor asks {@link ConnectionRouter}s and runs {@link Transform}s,
 * which may block; must not run tasks in the thread that hands them over. Null: some
 * threads of the engine's own
 */
public record DuplexEngineOptions(int workers, int pipeSize, int maxDescriptors, int reservedDescriptors,
		long messageBudget, @Nullable Executor completionExecutor, @Nullable Executor decisionExecutor) {

	/**
	 * What an engine has unless it is told otherwise.
	 */
	public static final DuplexEngineOptions DEFAULTS = new DuplexEngineOptions(0, 0, 0, 0, 0, null, null);

	private static final int MAX_WORKERS = 64;

	private static final int MIN_PIPE_SIZE = 65536;

	private static final int MAX_PIPE_SIZE = 1048576;

	/**
	 * Create options.
	 * @throws IllegalArgumentException when a number is out of its range
	 */
	public DuplexEngineOptions {
		if (workers < 0 || workers > MAX_WORKERS) {
			throw new IllegalArgumentException("workers must be between 0 and " + MAX_WORKERS + ": " + workers);
		}
		if (pipeSize != 0 && (pipeSize < MIN_PIPE_SIZE || pipeSize > MAX_PIPE_SIZE)) {
			throw new IllegalArgumentException(
					"pipeSize must be 0 or between " + MIN_PIPE_SIZE + " and " + MAX_PIPE_SIZE + " bytes: " + pipeSize);
		}
		if (maxDescriptors < 0) {
			throw new IllegalArgumentException("maxDescriptors must not be negative: " + maxDescriptors);
		}
		if (reservedDescriptors < 0) {
			throw new IllegalArgumentException("reservedDescriptors must not be negative: " + reservedDescriptors);
		}
		if (messageBudget < 0) {
			throw new IllegalArgumentException("messageBudget must not be negative: " + messageBudget);
		}
	}

	/**
	 * These options with another number of workers.
	 * @param count threads, at most 64; 0: one a processor
	 * @return the new options
	 */
	public DuplexEngineOptions withWorkers(int count) {
		return new DuplexEngineOptions(count, this.pipeSize, this.maxDescriptors, this.reservedDescriptors,
				this.messageBudget, this.completionExecutor, this.decisionExecutor);
	}

	/**
	 * These options with another size of pipes.
	 * @param bytes the size; 0: the default
	 * @return the new options
	 */
	public DuplexEngineOptions withPipeSize(int bytes) {
		return new DuplexEngineOptions(this.workers, bytes, this.maxDescriptors, this.reservedDescriptors,
				this.messageBudget, this.completionExecutor, this.decisionExecutor);
	}

	/**
	 * These options with another limit of descriptors.
	 * @param count the limit; 0: as many as can be had
	 * @return the new options
	 */
	public DuplexEngineOptions withMaxDescriptors(int count) {
		return new DuplexEngineOptions(this.workers, this.pipeSize, count, this.reservedDescriptors, this.messageBudget,
				this.completionExecutor, this.decisionExecutor);
	}

	/**
	 * These options with another number of descriptors that are left to the JVM.
	 * @param count the number; 0: the default
	 * @return the new options
	 */
	public DuplexEngineOptions withReservedDescriptors(int count) {
		return new DuplexEngineOptions(this.workers, this.pipeSize, this.maxDescriptors, count, this.messageBudget,
				this.completionExecutor, this.decisionExecutor);
	}

	/**
	 * These options with another limit of the memory in which messages are put together.
	 * @param bytes the limit; 0: the default
	 * @return the new options
	 */
	public DuplexEngineOptions withMessageBudget(long bytes) {
		return new DuplexEngineOptions(this.workers, this.pipeSize, this.maxDescriptors, this.reservedDescriptors,
				bytes, this.completionExecutor, this.decisionExecutor);
	}

	/**
	 * These options with another executor for futures.
	 * @param executor the executor; null: the engine's own threads
	 * @return the new options
	 */
	public DuplexEngineOptions withCompletionExecutor(@Nullable Executor executor) {
		return new DuplexEngineOptions(this.workers, this.pipeSize, this.maxDescriptors, this.reservedDescriptors,
				this.messageBudget, executor, this.decisionExecutor);
	}

	/**
	 * These options with another executor for routers.
	 * @param executor the executor; null: the engine's own threads
	 * @return the new options
	 */
	public DuplexEngineOptions withDecisionExecutor(@Nullable Executor executor) {
		return new DuplexEngineOptions(this.workers, this.pipeSize, this.maxDescriptors, this.reservedDescriptors,
				this.messageBudget, this.completionExecutor, executor);
	}

}
