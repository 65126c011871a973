/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.List;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeCodecFailure;
import io.duplex.ffi.NativeMessages;
import io.duplex.ffi.ScratchPool;

/**
 * Moves messages between the application and a held socket with a codec, one attempt at a
 * time.
 */
final class SocketMessages implements MessageStream {

	private final ScratchPool scratch;

	private final long socket;

	SocketMessages(ScratchPool scratch, long socket) {
		this.scratch = scratch;
		this.socket = socket;
	}

	@Override
	public long get(List<Message> into, int max) {
		NativeMessages messages = new NativeMessages(max);
		ByteBuffer data = this.scratch.take();
		long count;
		try {
			count = get(into, max, messages, data);
		}
		finally {
			this.scratch.give(data);
		}
		if (!Errno.ENOSPC.is(count)) {
			return count;
		}
		// The first needs more, and stays until there is room for it.
		long needed = messages.length(0) + messages.extraLength(0);
		return get(into, 1, messages, ByteBuffer.allocateDirect(Math.toIntExact(needed)));
	}

	private long get(List<Message> into, int max, NativeMessages messages, ByteBuffer data) {
		long count = LibDuplex.dx_get(this.socket, data, data.capacity(), messages.array(), max);
		for (int i = 0; i < count; i++) {
			int offset = messages.offset(i);
			int length = (int) messages.length(i);
			into.add(Message.of(copy(data, offset, length), messages.kind(i), messages.flags(i),
					copy(data, offset + length, (int) messages.extraLength(i))));
		}
		return count;
	}

	private static ByteBuffer copy(ByteBuffer data, int offset, int length) {
		byte[] bytes = new byte[length];
		data.get(offset, bytes);
		return ByteBuffer.wrap(bytes);
	}

	@Override
	public long millisUntilLate() {
		return LibDuplex.dx_get_deadline(this.socket);
	}

	@Override
	public boolean isInside() {
		return millisUntilLate() >= 0;
	}

	@Override
	public long put(List<Message> messages) {
		int size = 0;
		for (Message message : messages) {
			size = Math.addExact(size, message.payload().remaining());
			size = Math.addExact(size, message.extra().remaining());
		}
		ByteBuffer scratch = this.scratch.take();
		try {
			ByteBuffer data = (size <= scratch.capacity()) ? scratch : ByteBuffer.allocateDirect(size);
			NativeMessages structs = new NativeMessages(messages.size());
			int offset = 0;
			for (int i = 0; i < messages.size(); i++) {
				Message message = messages.get(i);
				structs.set(i, message.kind(), message.flags(), offset, message.payload().remaining(),
						message.extra().remaining());
				offset = append(data, offset, message.payload());
				offset = append(data, offset, message.extra());
			}
			return LibDuplex.dx_put(this.socket, data, size, structs.array(), messages.size());
		}
		finally {
			this.scratch.give(scratch);
		}
	}

	private static int append(ByteBuffer data, int offset, ByteBuffer bytes) {
		data.put(offset, bytes, bytes.position(), bytes.remaining());
		return offset + bytes.remaining();
	}

	@Override
	public CodecException failure(String operation, String subject, boolean isInput) {
		NativeCodecFailure failure = new NativeCodecFailure();
		int result = failure.read(this.socket);
		int code = (result < 0) ? Dx.DX_CODEC_OK : isInput ? failure.input() : failure.output();
		return new CodecException(operation, subject, code, isInput ? failure.inputOffset() : -1,
				LibDuplex.dx_codec_error_text(code));
	}

	/** A socket that is gone has none. */
	@Override
	public int type() {
		NativeCodecFailure failure = new NativeCodecFailure();
		return (failure.read(this.socket) < 0) ? Dx.DX_CODEC_STREAM : failure.type();
	}

}
