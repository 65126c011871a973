/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.ScratchPool;
import org.jspecify.annotations.Nullable;

/**
 * Moves messages through a {@link MessageCodec}. The engine's socket has no codec then,
 * and keeps what was received: it is looked at, and taken when it is known to be a
 * message, so that there is no moment at which a join could miss a byte. Attempts to get
 * are made in turn, attempts to put too.
 */
final class JavaMessages implements MessageStream {

	/** Bytes that buy a message another frame timeout, as in the engine. */
	private static final int PROGRESS = 65536;

	private final ScratchPool scratch;

	private final long socket;

	private final MessageCodec codec;

	private final int maxMessage;

	private final long frameTimeoutNanos;

	/** Of bytes. */
	private final MessageStream output;

	/** Bytes that were decoded. */
	private long decoded;

	private boolean isEnded;

	private volatile boolean hasBegun;

	/** When the message that has begun did, or made progress. */
	private volatile long begun;

	/** Bytes that had come then. */
	private long mark;

	private @Nullable ByteBuffer large;

	private volatile @Nullable Refusal inputRefusal;

	private volatile @Nullable Refusal outputRefusal;

	private @Nullable Message encodedMessage;

	private ByteBuffer encoded = ByteBuffer.allocate(0);

	JavaMessages(ScratchPool scratch, long socket, MessageCodec codec, int maxMessage, Duration frameTimeout) {
		this.scratch = scratch;
		this.socket = socket;
		this.codec = codec;
		this.maxMessage = maxMessage;
		this.frameTimeoutNanos = frameTimeout.toNanos();
		this.output = new SocketMessages(scratch, socket);
	}

	// ---- getting ----

	@Override
	public long get(List<Message> into, int max) {
		if (this.inputRefusal != null) {
			return -Errno.EPROTO.number();
		}
		if (this.isEnded) {
			return 0;
		}
		int before = into.size();
		ByteBuffer scratch = this.scratch.take();
		Window window = new Window(this.socket, (this.large != null) ? this.large : scratch);
		try {
			long result = decode(window, into, before + max);
			int count = into.size() - before;
			// What is large and not whole will be looked at again.
			this.large = (Errno.EAGAIN.is(result) && window.data() != scratch) ? window.data() : null;
			return (count == 0) ? result : taken(window, into, before);
		}
		finally {
			this.scratch.give(scratch);
		}
	}

	/** Decode until there is something; what is behind a message is not waited for. */
	private long decode(Window window, List<Message> into, int until) {
		int before = into.size();
		while (into.size() == before) {
			long result = window.more();
			if (Errno.EAGAIN.is(result)) {
				return isLate(window.left()) ? refuse(Dx.DX_CODEC_TOO_SLOW, window, 0) : result;
			}
			if (Errno.ERANGE.is(result)) {
				// Somebody has taken bytes meanwhile.
				return -Errno.EAGAIN.number();
			}
			if (result < 0) {
				return Errno.EMSGSIZE.is(result) ? refuse(Dx.DX_CODEC_TOO_LONG, window, window.left()) : result;
			}
			try {
				if (result == 0) {
					return end(window, into);
				}
				while (into.size() < until && window.left() > 0 && !this.isEnded && decodeOne(window, into)) {
					// Another one.
				}
			}
			catch (Exception ex) {
				return refuse(ex, window);
			}
			if (into.size() == before && window.left() >= this.maxMessage) {
				return refuse(Dx.DX_CODEC_TOO_LONG, window, this.maxMessage);
			}
		}
		return 0;
	}

	private boolean decodeOne(Window window, List<Message> into) throws Exception {
		ByteBuffer bytes = window.view();
		Message message = this.codec.decode(bytes);
		if (message == null) {
			return false;
		}
		if (bytes.position() == 0) {
			throw new IllegalStateException("the codec made a message of no bytes");
		}
		window.pass(bytes.position());
		this.isEnded = message.last();
		into.add(message);
		return true;
	}

	private long end(Window window, List<Message> into) throws Exception {
		Message last = this.codec.finish(window.view());
		window.pass(window.left());
		this.isEnded = true;
		if (last != null) {
			into.add(last);
			return 1;
		}
		return window.take();
	}

	/** Take what was decoded out of the socket. */
	private long taken(Window window, List<Message> into, int before) {
		long result = window.take();
		if (result < 0) {
			// A join was faster: it has all of them.
			into.subList(before, into.size()).clear();
			return result;
		}
		this.decoded += window.passed();
		this.hasBegun = false;
		return into.size() - before;
	}

	private boolean isLate(int left) {
		if (left == 0) {
			this.hasBegun = false;
			return false;
		}
		long now = System.nanoTime();
		long come = this.decoded + left;
		if (!this.hasBegun || come - this.mark >= PROGRESS) {
			this.begun = now;
			this.mark = come;
			this.hasBegun = true;
			return false;
		}
		return now - this.begun >= this.frameTimeoutNanos;
	}

	@Override
	public long millisUntilLate() {
		if (!this.hasBegun) {
			return -1;
		}
		long left = this.frameTimeoutNanos - (System.nanoTime() - this.begun);
		return Math.max(0, (left + 999_999) / 1_000_000);
	}

	/** Nothing is taken before it is whole. */
	@Override
	public boolean isInside() {
		return false;
	}

	private long refuse(int code, Window window, int offset) {
		this.inputRefusal = new Refusal(code, this.decoded + window.passed() + offset,
				LibDuplex.dx_codec_error_text(code), null);
		return -Errno.EPROTO.number();
	}

	private long refuse(Exception cause, Window window) {
		this.inputRefusal = new Refusal(Dx.DX_CODEC_PLUGIN_ERROR, this.decoded + window.passed() + window.read(),
				reason(cause), cause);
		return -Errno.EPROTO.number();
	}

	private static String reason(Exception cause) {
		return (cause.getMessage() != null) ? cause.getMessage() : cause.toString();
	}

	// ---- putting ----

	@Override
	public long put(List<Message> messages) {
		Message message = messages.get(0);
		// Encoded once, however often there is no room.
		if (message != this.encodedMessage) {
			this.encodedMessage = null;
			try {
				this.encoded = this.codec.encode(message);
			}
			catch (Exception ex) {
				this.outputRefusal = new Refusal(Dx.DX_CODEC_MESSAGE, -1, reason(ex), ex);
				return -Errno.EPROTO.number();
			}
			this.encodedMessage = message;
		}
		long result = this.output.put(List.of(Message.of(this.encoded)));
		if (!Errno.EAGAIN.is(result)) {
			this.encodedMessage = null;
		}
		return result;
	}

	@Override
	public CodecException failure(String operation, String subject, boolean isInput) {
		Refusal refusal = isInput ? this.inputRefusal : this.outputRefusal;
		if (refusal == null) {
			refusal = new Refusal(Dx.DX_CODEC_OK, -1, "something was refused", null);
		}
		return new CodecException(operation, subject, refusal.code, refusal.offset, refusal.reason, refusal.cause);
	}

	@Override
	public int type() {
		return Dx.DX_CODEC_PLUGIN;
	}

	/**
	 * What was refused.
	 */
	private record Refusal(int code, long offset, String reason, @Nullable Exception cause) {

	}

}
