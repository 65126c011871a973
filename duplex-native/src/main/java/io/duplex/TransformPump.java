/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;

/**
 * One direction of a join through functions: receive, transform, send all of it, again.
 * It runs until a socket is not ready, then asks for a wake-up and leaves its thread.
 * Whoever runs it is alone: it is handed on by the executor or by a wake-up. One that
 * waits for bytes has none, and can be stopped there and then; one that waits for room
 * leaves its bytes in the engine's queue of the sink when it is undone.
 */
final class TransformPump implements Runnable {

	private static final int PIECES_A_TURN = 16;

	/** Most bytes that the engine queues at once. */
	private static final int LEFT_AT_ONCE = 16 << 20;

	private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

	private final Transforming transforming;

	private final EngineCore core;

	private final JoinSide side;

	private final long source;

	private final long sink;

	private final SocketBytes input;

	private final SocketBytes output;

	private final Transform transform;

	private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);

	/** What is to be sent. */
	private ByteBuffer piece = NOTHING;

	private boolean isAtEnd;

	private volatile long received;

	private volatile long sent;

	TransformPump(Transforming transforming, EngineCore core, JoinSide side, long source, long sink,
			Transform transform) {
		this.transforming = transforming;
		this.core = core;
		this.side = side;
		this.source = source;
		this.sink = sink;
		this.input = new SocketBytes(core.scratch(), source);
		this.output = new SocketBytes(core.scratch(), sink);
		this.transform = transform;
	}

	long received() {
		return this.received;
	}

	long sent() {
		return this.sent;
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
		int before = this.piece.remaining();
		long result = (before > 0) ? this.output.sendAll(this.piece) : 0;
		this.sent += before - this.piece.remaining();
		if (Errno.EAGAIN.is(result)) {
			if (this.transforming.isLeaving()) {
				leavePiece();
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
		this.piece = NOTHING;
		if (this.isAtEnd) {
			passEnd();
			return false;
		}
		return true;
	}

	/** Leave what there is to send to the engine, at most so much at once. */
	private void leavePiece() {
		byte[] bytes = new byte[Math.min(this.piece.remaining(), LEFT_AT_ONCE)];
		this.piece.get(this.piece.position(), bytes);
		this.core.commands()
			.submit((token) -> LibDuplex.dx_queue(this.sink, bytes, bytes.length, token))
			.thenAccept((event) -> this.transforming.execute(() -> {
				if (event.result() < 0) {
					sinkFailed(event.result());
					return;
				}
				this.piece.position(this.piece.position() + bytes.length);
				this.sent += bytes.length;
				run();
			}));
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
		this.transforming.socketFailed((this.side == JoinSide.CLIENT) ? JoinSide.BACKEND : JoinSide.CLIENT, "send to",
				result);
		done();
	}

	private void passEnd() {
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
		if (this.transforming.isStopping()) {
			done();
			return false;
		}
		ByteBuffer bytes = this.core.scratch().take();
		byte[] copy;
		try {
			long result = this.input.receive(bytes);
			if (Errno.EAGAIN.is(result)) {
				awaitBytes();
				return false;
			}
			if (result < 0) {
				sourceFailed(result);
				return false;
			}
			if (result == 0) {
				this.isAtEnd = true;
				this.transforming.streamEnded(this.side);
			}
			this.received += result;
			copy = new byte[(int) result];
			bytes.get(0, copy);
		}
		finally {
			this.core.scratch().give(bytes);
		}
		return transform(ByteBuffer.wrap(copy));
	}

	private boolean transform(ByteBuffer bytes) {
		try {
			this.piece = Objects.requireNonNull(this.isAtEnd ? this.transform.finish() : this.transform.apply(bytes),
					"the function returned null");
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
			if (this.transforming.isStopping()) {
				wake();
			}
		}
		catch (Readiness.ArmException ex) {
			sourceFailed(ex.result());
		}
	}

	private void resume(State from) {
		if (this.state.compareAndSet(from, State.RUNNING)) {
			this.transforming.execute(this);
		}
	}

	private void sourceFailed(long result) {
		this.transforming.socketFailed(this.side, "receive from", result);
		done();
	}

	/**
	 * There is a reason to end: a pump that waits for bytes need not wait any longer, nor
	 * for a peer one whose sockets are to be left.
	 */
	void wake() {
		if (this.state.compareAndSet(State.WAITING, State.DONE)) {
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
