/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

import io.duplex.ffi.Dx;
import io.duplex.ffi.EngineInfo;
import io.duplex.ffi.EngineOptions;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.ScratchPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is behind an engine: its id, its event thread and those who wait for events. What
 * the application holds points here, and nothing here points back.
 */
final class EngineCore {

	private static final Logger logger = LoggerFactory.getLogger(EngineCore.class);

	private static final Duration STOP_LIMIT = Duration.ofSeconds(15);

	private final long id;

	private final EngineThreads threads;

	private final Completions completions;

	private final NameResolver resolver;

	private final Commands commands = new Commands();

	private final Readiness readiness = new Readiness();

	private final JoinEnds joinEnds = new JoinEnds();

	private final Attendants attendants = new Attendants();

	private final TransformedSockets transformed = new TransformedSockets();

	private final ScratchPool scratch = new ScratchPool();

	private final Failures failures = new Failures(this::isClosed);

	private final AtomicBoolean closed = new AtomicBoolean();

	private final CompletableFuture<Void> loopEnded = new CompletableFuture<>();

	private final CompletableFuture<Void> freed = new CompletableFuture<>();

	private EngineCore(long id, DuplexEngineOptions options) {
		this.id = id;
		this.threads = new EngineThreads(options.completionExecutor(), options.decisionExecutor());
		this.completions = new Completions(this.threads.completions());
		this.resolver = new NameResolver(this.threads.lookups());
	}

	/**
	 * Open an engine and start its event thread.
	 * @param options how it is made
	 * @return the engine
	 */
	static EngineCore open(DuplexEngineOptions options) {
		long[] id = new long[1];
		int result = LibDuplex.dx_engine_open(EngineOptions.encode(options.workers(), options.pipeSize(),
				options.maxDescriptors(), options.reservedDescriptors(), options.messageBudget()), id);
		if (result < 0) {
			throw Failures.open(result);
		}
		EngineCore core = new EngineCore(id[0], options);
		daemon("duplex-events", new EventLoop(core.id, core::handle, core::endOfEvents));
		core.warnOfClampedLimit(options.maxDescriptors());
		return core;
	}

	private void warnOfClampedLimit(int wanted) {
		EngineInfo info = new EngineInfo();
		if (info.read(this.id) == 0 && info.descriptorsMax() < wanted) {
			logger.warn("The engine may own {} descriptors, not {}: the process cannot open more (ulimit -n)",
					info.descriptorsMax(), wanted);
		}
	}

	private static void daemon(String name, Runnable task) {
		Thread thread = new Thread(task, name);
		thread.setDaemon(true);
		thread.start();
	}

	private void handle(Event event) {
		switch (event.type()) {
			case Dx.DX_EVENT_DONE -> this.commands.done(event);
			case Dx.DX_EVENT_READY -> this.readiness.ready(event);
			case Dx.DX_EVENT_JOIN_ENDED -> this.joinEnds.ended(event);
			case Dx.DX_EVENT_CONNECTION, Dx.DX_EVENT_CONNECTED -> this.attendants.attend(event);
			default -> {
				// An event that a later engine sends and nobody here has asked for, or
				// the last one.
			}
		}
	}

	private void endOfEvents() {
		this.commands.failAll();
		this.readiness.wakeAll();
		this.joinEnds.failAll();
		this.loopEnded.complete(null);
	}

	/**
	 * Stop and free the engine, and wait for it.
	 */
	void close() {
		Parking.awaitUninterruptibly(freeing(), Deadline.NEVER);
	}

	/**
	 * {@link #close()} without waiting.
	 * @return completes on the executor
	 */
	CompletionStage<Void> closeAsync() {
		return this.completions.map(freeing(), (done) -> null);
	}

	private CompletableFuture<Void> freeing() {
		closeWithoutWaiting();
		return this.freed;
	}

	/**
	 * Stop and free the engine, in a thread of its own, because freeing waits inside
	 * native code.
	 */
	void closeWithoutWaiting() {
		if (this.closed.compareAndSet(false, true)) {
			daemon("duplex-close", this::stopAndFree);
		}
	}

	private void stopAndFree() {
		try {
			LibDuplex.dx_engine_stop(this.id);
			if (!Parking.awaitUninterruptibly(this.loopEnded, Deadline.after(STOP_LIMIT))) {
				logger.warn("The engine did not stop within {}: it is closed without telling how its joins ended",
						STOP_LIMIT);
			}
			LibDuplex.dx_engine_close(this.id);
			Parking.awaitUninterruptibly(this.loopEnded, Deadline.after(STOP_LIMIT));
			this.threads.shutdown();
		}
		finally {
			this.freed.complete(null);
		}
	}

	/**
	 * Whether the engine is of no more use: it was closed, or its events have ended.
	 * @return true from then on
	 */
	boolean isClosed() {
		return this.closed.get() || this.loopEnded.isDone();
	}

	/**
	 * Do something that parks and is rare, for a caller who does not wait.
	 * @param <T> type of the result
	 * @param task returns the result, or throws what went wrong
	 * @return completes on the executor
	 */
	<T> CompletionStage<T> later(Supplier<T> task) {
		CompletableFuture<T> future = new CompletableFuture<>();
		this.threads.park(() -> {
			Runnable outcome;
			try {
				T value = task.get();
				outcome = () -> future.complete(value);
			}
			catch (RuntimeException | Error ex) {
				outcome = () -> future.completeExceptionally(ex);
			}
			this.completions.execute(outcome);
		});
		return future.minimalCompletionStage();
	}

	/**
	 * {@link #later(Supplier)} without a result.
	 * @param task throws what went wrong
	 * @return completes on the executor
	 */
	CompletionStage<Void> later(Runnable task) {
		return later(() -> {
			task.run();
			return null;
		});
	}

	long id() {
		return this.id;
	}

	EngineThreads threads() {
		return this.threads;
	}

	Completions completions() {
		return this.completions;
	}

	NameResolver resolver() {
		return this.resolver;
	}

	Commands commands() {
		return this.commands;
	}

	Readiness readiness() {
		return this.readiness;
	}

	JoinEnds joinEnds() {
		return this.joinEnds;
	}

	Attendants attendants() {
		return this.attendants;
	}

	TransformedSockets transformed() {
		return this.transformed;
	}

	ScratchPool scratch() {
		return this.scratch;
	}

	Failures failures() {
		return this.failures;
	}

}
