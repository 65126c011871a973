/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a join through functions: receive, transform, send all of it, again.
 * It runs until a socket is not ready, then asks for a wake-up and leaves its thread.
 * Whoever runs it is alone: it is handed on by the executor or by a wake-up. One that
 * waits for bytes has none, and can be stopped there and then, unless a message has begun
 * to arrive; one that waits for room leaves its bytes in the engine's queue of the sink
 * when it is undone, if they are bytes.
 */
final class TransformPump implements Runnable {

	private static final int PIECES_A_TURN = 16;

	private final Transforming transforming;

	private final EngineCore core;

	private final JoinSide side;

	private final long source;

	private final long sink;

	private final Flow flow;

	private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);

	private final FrameAlarm alarm;

	TransformPump(Transforming transforming, EngineCore core, JoinSide side, long source, long sink, Flow flow) {
		this.transforming = transforming;
		this.core = core;
		this.side = side;
		this.source = source;
		this.sink = sink;
		this.flow = flow;
		this.alarm = new FrameAlarm(core.threads(), () -> {
			resume(State.WAITING);
			return false;
		});
	}

	Flow.Counts counts() {
		return this.flow.counts();
	}

	@Override
	public void run() {
		try {
			int pieces = 0;
			while (send() && receive()) {
				if (++pieces == PIECES_A_TURN) {
					this.transforming.execute(this);
					return;
				}
			}
		}
		catch (RuntimeException | Error ex) {
			this.transforming.functionFailed(this.side, ex);
			done();
		}
	}

	/** Send what there is; false when the pump waits or is done. */
	private boolean send() {
		long result = this.flow.send();
		if (Errno.EAGAIN.is(result)) {
			CompletableFuture<Event> left = this.transforming.isLeaving() ? this.flow.leave() : null;
			if (left != null) {
				left.thenAccept((event) -> this.transforming.execute(() -> left(event.result())));
			}
			else {
				awaitRoom();
			}
			return false;
		}
		if (result < 0) {
			sinkFailed(result);
			return false;
		}
		return passEnd();
	}

	private void left(int result) {
		if (result < 0) {
			sinkFailed(result);
			return;
		}
		this.flow.left();
		run();
	}

	/** Whether there is none, and the pump goes on. */
	private boolean passEnd() {
		switch (this.flow.ending()) {
			case NOT_YET -> {
				return true;
			}
			case END_OF_STREAM -> shutDownSink();
			case END_OF_MESSAGES -> {
				this.transforming.messagesEnded();
				done();
			}
			case CLOSED -> {
				this.transforming.closedByMessage();
				done();
			}
			case FINISHED -> {
				this.transforming.finished(this.side);
				done();
			}
		}
		return false;
	}

	private void awaitRoom() {
		try {
			CompletableFuture<Void> ready = this.core.readiness().arm(this.sink, Dx.DX_WRITABLE);
			this.state.set(State.WAITING_FOR_ROOM);
			ready.thenRun(() -> resume(State.WAITING_FOR_ROOM));
			if (this.transforming.isLeaving()) {
				wake();
			}
		}
		catch (Readiness.ArmException ex) {
			sinkFailed(ex.result());
		}
	}

	private void sinkFailed(long result) {
		JoinSide sinkSide = (this.side == JoinSide.CLIENT) ? JoinSide.BACKEND : JoinSide.CLIENT;
		failed(sinkSide, "send to", result, this.flow.refusal(result, false));
	}

	private void failed(JoinSide where, String operation, long result, @Nullable DuplexException refusal) {
		if (refusal != null) {
			this.transforming.refused(where, refusal);
		}
		else {
			this.transforming.socketFailed(where, operation, result);
		}
		done();
	}

	private void shutDownSink() {
		CompletableFuture<Event> answer = this.core.commands()
			.submit((token) -> LibDuplex.dx_shutdown(this.sink, token));
		this.state.set(State.PASSING_END);
		answer.thenAccept((event) -> {
			if (this.state.compareAndSet(State.PASSING_END, State.RUNNING)) {
				this.transforming.execute(() -> endPassed(event.result()));
			}
		});
		if (this.transforming.isLeaving()) {
			wake();
		}
	}

	private void endPassed(int result) {
		if (result < 0) {
			sinkFailed(result);
		}
		else {
			done();
		}
	}

	/** Receive a piece and transform it; false when the pump waits or is done. */
	private boolean receive() {
		if (this.transforming.isStopping() && !mustGoOn()) {
			done();
			return false;
		}
		long result = this.flow.receive();
		if (Errno.EAGAIN.is(result)) {
			awaitBytes();
			return false;
		}
		if (result < 0) {
			failed(this.side, "receive from", result, this.flow.refusal(result, true));
			return false;
		}
		if (this.flow.ending() != Flow.Ending.NOT_YET) {
			this.transforming.streamEnded(this.side);
		}
		return transform();
	}

	/** A piece that has begun is finished before sockets are left. */
	private boolean mustGoOn() {
		return this.transforming.isLeaving() && this.flow.isInside();
	}

	private boolean transform() {
		try {
			this.flow.transform();
			return true;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			functionFailed(ex);
			return false;
		}
		catch (Exception | Error ex) {
			functionFailed(ex);
			return false;
		}
	}

	private void functionFailed(Throwable cause) {
		this.transforming.functionFailed(this.side, cause);
		done();
	}

	private void awaitBytes() {
		try {
			CompletableFuture<Void> ready = this.core.readiness().arm(this.source, Dx.DX_READABLE);
			this.state.set(State.WAITING);
			ready.thenRun(() -> resume(State.WAITING));
			this.alarm.set(this.flow.millisUntilLate());
			if (this.transforming.isStopping()) {
				wake();
			}
		}
		catch (Readiness.ArmException ex) {
			failed(this.side, "receive from", ex.result(), null);
		}
	}

	private void resume(State from) {
		if (this.state.compareAndSet(from, State.RUNNING)) {
			this.transforming.execute(this);
		}
	}

	/**
	 * There is a reason to end: a pump that waits for bytes need not wait any longer, nor
	 * for a peer one whose sockets are to be left.
	 */
	void wake() {
		if (!mustGoOn() && this.state.compareAndSet(State.WAITING, State.DONE)) {
			this.transforming.pumpDone();
		}
		else if (this.transforming.isLeaving()) {
			resume(State.WAITING_FOR_ROOM);
			// The end goes out behind what is queued.
			if (this.state.compareAndSet(State.PASSING_END, State.DONE)) {
				this.transforming.pumpDone();
			}
		}
	}

	private void done() {
		if (this.state.getAndSet(State.DONE) != State.DONE) {
			this.transforming.pumpDone();
		}
	}

	private enum State {

		/** In a thread, or on its way to one. */
		RUNNING,

		/** In the sink. */
		WAITING_FOR_ROOM,

		/** Which goes out behind what is queued in the sink. */
		PASSING_END,

		/** For bytes from the source. */
		WAITING,

		DONE

	}

}
