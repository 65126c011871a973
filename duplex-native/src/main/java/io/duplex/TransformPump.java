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
import io.duplex.ffi.LibDuplex;

/**
 * One direction of a join through functions: receive, transform, send all of it, again.
 * It runs until a socket is not ready, then asks for a wake-up and leaves its thread.
 * Whoever runs it is alone: it is handed on by the executor or by a wake-up. One that
 * waits for bytes has none, and can be stopped there and then.
 */
final class TransformPump implements Runnable {

	private static final int PIECES_A_TURN = 16;

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
			awaitRoom();
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

	private void awaitRoom() {
		try {
			this.core.readiness().arm(this.sink, Dx.DX_WRITABLE).thenRun(() -> this.transforming.execute(this));
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
		this.core.commands()
			.submit((token) -> LibDuplex.dx_shutdown(this.sink, token))
			.thenAccept((event) -> this.transforming.execute(() -> {
				if (event.result() < 0) {
					sinkFailed(event.result());
				}
				else {
					done();
				}
			}));
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
			ready.thenRun(() -> {
				if (this.state.compareAndSet(State.WAITING, State.RUNNING)) {
					this.transforming.execute(this);
				}
			});
			if (this.transforming.isStopping()) {
				wake();
			}
		}
		catch (Readiness.ArmException ex) {
			sourceFailed(ex.result());
		}
	}

	private void sourceFailed(long result) {
		this.transforming.socketFailed(this.side, "receive from", result);
		done();
	}

	/**
	 * There is a reason to end: a pump that waits for bytes need not wait any longer.
	 */
	void wake() {
		if (this.state.compareAndSet(State.WAITING, State.DONE)) {
			this.transforming.pumpDone();
		}
	}

	private void done() {
		if (this.state.getAndSet(State.DONE) != State.DONE) {
			this.transforming.pumpDone();
		}
	}

	private enum State {

		/** In a thread, or on its way to one, or waiting for room in the sink. */
		RUNNING,

		/** For bytes from the source. */
		WAITING,

		DONE

	}

}
