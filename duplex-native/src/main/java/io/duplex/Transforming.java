/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * The state of a join through functions: two {@link TransformPump}s, and why they end.
 * The first reason stays. It is over when both pumps are: only then are the sockets given
 * back, closed or reset, so that no function ever runs behind the end.
 */
final class Transforming {

	/** Time that a peer has to answer a Close; the engine's default. */
	private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

	private final EngineCore core;

	/** Functions may block: not where futures complete. */
	private final Completions executor;

	private final long client;

	private final long backend;

	private final TransformPump forth;

	private final TransformPump back;

	private final long began = System.nanoTime();

	private final AtomicReference<@Nullable Outcome> outcome = new AtomicReference<>();

	private final AtomicReference<JoinSide> firstEnded = new AtomicReference<>(JoinSide.NONE);

	private final AtomicInteger running = new AtomicInteger(2);

	private final CompletableFuture<TransformEnd> end = new CompletableFuture<>();

	Transforming(EngineCore core, long client, long backend, Flow forth, Flow back) {
		this.core = core;
		this.executor = new Completions(core.threads().decisions());
		this.client = client;
		this.backend = backend;
		this.forth = new TransformPump(this, core, JoinSide.CLIENT, client, backend, forth);
		this.back = new TransformPump(this, core, JoinSide.BACKEND, backend, client, back);
	}

	void start() {
		execute(this.forth);
		execute(this.back);
	}

	void execute(Runnable task) {
		this.executor.execute(task);
	}

	CompletableFuture<TransformEnd> end() {
		return this.end;
	}

	TransformCounts counts() {
		Flow.Counts there = this.forth.counts();
		Flow.Counts here = this.back.counts();
		return new TransformCounts(there.received(), there.sent(), here.received(), here.sent(),
				there.messagesReceived(), there.messagesSent(), here.messagesReceived(), here.messagesSent());
	}

	/**
	 * Stop after what was received; what a peer does not take is left to the engine.
	 * @return the end
	 */
	CompletableFuture<TransformEnd> stop() {
		give(new Outcome(JoinEndReason.UNJOINED, JoinSide.NONE, null, Fate.KEEP));
		return this.end;
	}

	void close() {
		if (this.end.isDone()) {
			return;
		}
		// Ahead of a stop that waits for a function.
		Outcome closed = new Outcome(JoinEndReason.CLOSED, JoinSide.NONE, null, Fate.CLOSE);
		Outcome former = this.outcome.getAndUpdate((now) -> (now == null || now.fate == Fate.KEEP) ? closed : now);
		if (former == null || former.fate == Fate.KEEP) {
			closeSockets(0);
			wakeBoth();
		}
	}

	/**
	 * Whether pumps are to receive no more.
	 * @return true from the first reason to end on
	 */
	boolean isStopping() {
		return this.outcome.get() != null;
	}

	/**
	 * Whether the sockets are to be somebody else's: pumps wait for no peer any more, and
	 * leave what they still have to send to the engine.
	 * @return true from then on, unless it is closed
	 */
	boolean isLeaving() {
		Outcome why = this.outcome.get();
		return why != null && why.fate == Fate.KEEP;
	}

	/**
	 * A function has failed.
	 * @param side whose bytes it was given
	 * @param cause what it threw
	 */
	void functionFailed(JoinSide side, Throwable cause) {
		fail(new Outcome(JoinEndReason.ERROR, side, cause, Fate.CLOSE));
	}

	/**
	 * A codec has refused what a peer sent, or a message that it was to be sent.
	 * @param side whose codec
	 * @param cause what it refused; a WebSocket that ends without a Close is as good as
	 * reset
	 */
	void refused(JoinSide side, DuplexException cause) {
		boolean isReset = cause instanceof CodecException codec && codec.getCode() == Dx.DX_CODEC_WS_NO_CLOSE;
		fail(new Outcome(isReset ? JoinEndReason.RESET : JoinEndReason.PROTOCOL, side, cause, Fate.CLOSE));
	}

	/**
	 * A socket has failed.
	 * @param side which
	 * @param operation what was tried
	 * @param result a negative errno
	 */
	void socketFailed(JoinSide side, String operation, long result) {
		DuplexException cause = this.core.failures()
			.object(operation, (side == JoinSide.CLIENT) ? "the client" : "the backend", result);
		if (this.core.isClosed() || Errno.ESHUTDOWN.is(result)) {
			fail(new Outcome(JoinEndReason.SHUT_DOWN, JoinSide.NONE, null, Fate.KEEP));
		}
		else if (cause instanceof DuplexClosedException) {
			fail(new Outcome(JoinEndReason.CLOSED, side, null, Fate.CLOSE));
		}
		else if (cause instanceof SocketBusyException) {
			// Whoever has joined it meanwhile has it.
			fail(new Outcome(JoinEndReason.ERROR, side, cause, Fate.KEEP));
		}
		else if (Errno.ECONNRESET.is(result) || Errno.EPIPE.is(result)) {
			fail(new Outcome(JoinEndReason.RESET, side, cause, Fate.PASS_RESET));
		}
		else {
			fail(new Outcome(JoinEndReason.ERROR, side, cause, Fate.PASS_RESET));
		}
	}

	private void fail(Outcome why) {
		if (give(why) && why.fate == Fate.CLOSE) {
			// Wakes the other pump, should it wait for its sink.
			closeSockets(0);
		}
	}

	private boolean give(Outcome why) {
		boolean isFirst = this.outcome.compareAndSet(null, why);
		wakeBoth();
		return isFirst;
	}

	private void wakeBoth() {
		this.forth.wake();
		this.back.wake();
	}

	/**
	 * The stream of one side has ended.
	 * @param side which
	 */
	void streamEnded(JoinSide side) {
		this.firstEnded.compareAndSet(JoinSide.NONE, side);
	}

	/**
	 * A sink was told by a message that no more come: its peer has some time to answer.
	 */
	void messagesEnded() {
		this.core.threads().after(CLOSE_LIMIT, this::closedByMessage);
	}

	/**
	 * A message has ended both directions.
	 */
	void closedByMessage() {
		if (!this.end.isDone()) {
			fail(streamsEnded());
		}
	}

	/**
	 * The messages of one side are complete; what follows them is the application's.
	 * @param side which
	 */
	void finished(JoinSide side) {
		give(new Outcome(JoinEndReason.FINISHED, side, null, Fate.KEEP));
	}

	private Outcome streamsEnded() {
		JoinSide first = Objects.requireNonNull(this.firstEnded.get());
		return new Outcome((first == JoinSide.CLIENT) ? JoinEndReason.CLIENT_CLOSED : JoinEndReason.BACKEND_CLOSED,
				first, null, Fate.CLOSE);
	}

	/**
	 * A pump does nothing any more.
	 */
	void pumpDone() {
		if (this.running.decrementAndGet() > 0) {
			return;
		}
		Outcome streams = streamsEnded();
		Outcome why = this.outcome.compareAndExchange(null, streams);
		Outcome last = (why != null) ? why : streams;
		this.core.transformed().leave(this.client, this.backend);
		switch (last.fate) {
			case CLOSE -> closeSockets(0);
			case PASS_RESET -> passReset();
			case KEEP -> {
				// The application's.
			}
		}
		TransformEnd result = new TransformEnd(last.reason, last.side, last.cause, counts(),
				Duration.ofNanos(System.nanoTime() - this.began));
		this.core.completions().execute(() -> this.end.complete(result));
	}

	/**
	 * A plain join knows how to pass a reset on: when all that was sent has arrived. All
	 * that there was to receive has been received.
	 */
	private void passReset() {
		this.core.commands()
			.submit((token) -> LibDuplex.dx_join(this.client, this.backend, null, token, new long[1]))
			.thenAccept((event) -> {
				if (event.result() < 0) {
					closeSockets(Dx.DX_CLOSE_RESET);
				}
			});
	}

	private void closeSockets(int flags) {
		this.core.commands().submit((token) -> LibDuplex.dx_close(this.client, flags, 0, token));
		this.core.commands().submit((token) -> LibDuplex.dx_close(this.backend, flags, 0, token));
	}

	/**
	 * What becomes of the sockets.
	 */
	private enum Fate {

		KEEP, CLOSE, PASS_RESET

	}

	/**
	 * Why it is over.
	 */
	private record Outcome(JoinEndReason reason, JoinSide side, @Nullable Throwable cause, Fate fate) {

	}

}
