/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * Bytes through a {@link Transform}.
 */
final class ByteFlow implements Flow {

	/** Most bytes that the engine queues at once. */
	private static final int LEFT_AT_ONCE = Dx.MAX_READ_AHEAD;

	private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

	private final EngineCore core;

	private final long sink;

	private final SocketBytes input;

	private final SocketBytes output;

	private final Transform transform;

	/** What was received; the end when nothing was. */
	private ByteBuffer piece = NOTHING;

	/** What is to be sent. */
	private ByteBuffer result = NOTHING;

	private int leaving;

	private boolean isAtEnd;

	private volatile long received;

	private volatile long sent;

	ByteFlow(EngineCore core, long source, long sink, Transform transform) {
		this.core = core;
		this.sink = sink;
		this.input = new SocketBytes(core.scratch(), source);
		this.output = new SocketBytes(core.scratch(), sink);
		this.transform = transform;
	}

	@Override
	public long receive() {
		ByteBuffer bytes = this.core.scratch().take();
		try {
			long result = this.input.receive(bytes);
			if (result >= 0) {
				byte[] copy = new byte[(int) result];
				bytes.get(0, copy);
				this.piece = ByteBuffer.wrap(copy);
				this.isAtEnd = result == 0;
				this.received += result;
			}
			return result;
		}
		finally {
			this.core.scratch().give(bytes);
		}
	}

	@Override
	public void transform() throws Exception {
		this.result = Objects.requireNonNull(this.isAtEnd ? this.transform.finish() : this.transform.apply(this.piece),
				"the function returned null");
		this.piece = NOTHING;
	}

	@Override
	public long send() {
		int before = this.result.remaining();
		long result = (before > 0) ? this.output.sendAll(this.result) : 0;
		this.sent += before - this.result.remaining();
		if (result == 0) {
			this.result = NOTHING;
		}
		return result;
	}

	@Override
	public CompletableFuture<Event> leave() {
		byte[] bytes = new byte[Math.min(this.result.remaining(), LEFT_AT_ONCE)];
		this.result.get(this.result.position(), bytes);
		this.leaving = bytes.length;
		return this.core.commands().submit((token) -> LibDuplex.dx_queue(this.sink, bytes, bytes.length, token));
	}

	@Override
	public void left() {
		this.result.position(this.result.position() + this.leaving);
		this.sent += this.leaving;
	}

	@Override
	public Ending ending() {
		return this.isAtEnd ? Ending.END_OF_STREAM : Ending.NOT_YET;
	}

	@Override
	public boolean isInside() {
		return false;
	}

	@Override
	public long millisUntilLate() {
		return -1;
	}

	@Override
	public @Nullable DuplexException refusal(long result, boolean isInput) {
		return null;
	}

	@Override
	public Counts counts() {
		return new Counts(this.received, this.sent, 0, 0);
	}

}
