/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.ScratchPool;

/**
 * Moves bytes between buffers of the application and a held socket, one system call at a
 * time. Direct buffers are used as they are, bytes of others pass through scratch memory.
 */
final class SocketBytes {

	private final ScratchPool scratch;

	private final long socket;

	SocketBytes(ScratchPool scratch, long socket) {
		this.scratch = scratch;
		this.socket = socket;
	}

	/**
	 * Receive what is there.
	 * @param buffer takes it; its position moves
	 * @return bytes, 0 at the end of the stream, or a negative errno
	 */
	long receive(ByteBuffer buffer) {
		return receive(buffer, (data, length) -> LibDuplex.dx_recv(this.socket, data, length));
	}

	/**
	 * Receive from what was read ahead.
	 * @param buffer takes it; its position moves
	 * @return bytes, 0 when there are none, or a negative errno
	 */
	long receiveQueued(ByteBuffer buffer) {
		return receive(buffer, (data, length) -> LibDuplex.dx_recv_queued(this.socket, data, length));
	}

	/**
	 * Give bytes back: they are received, joined or got before any other.
	 * @param bytes what was received last
	 * @return 0 or a negative errno
	 */
	long giveBack(byte[] bytes) {
		return (bytes.length > 0) ? LibDuplex.dx_unrecv(this.socket, bytes, bytes.length) : 0;
	}

	private long receive(ByteBuffer buffer, Call call) {
		if (buffer.isDirect()) {
			long count = call.apply(buffer.slice(), buffer.remaining());
			if (count > 0) {
				buffer.position(buffer.position() + (int) count);
			}
			return count;
		}
		ByteBuffer data = this.scratch.take();
		try {
			long count = call.apply(data, Math.min(data.capacity(), buffer.remaining()));
			if (count > 0) {
				buffer.put(data.limit((int) count));
			}
			return count;
		}
		finally {
			this.scratch.give(data);
		}
	}

	/**
	 * Send as much as fits now.
	 * @param buffer has the bytes; its position moves
	 * @return 0 when all is sent, {@code -EAGAIN} when more does not fit, or another
	 * negative errno
	 */
	long sendAll(ByteBuffer buffer) {
		while (buffer.hasRemaining()) {
			long count = send(buffer);
			if (count < 0) {
				return count;
			}
			if (count == 0) {
				return -Errno.EAGAIN.number();
			}
		}
		return 0;
	}

	private long send(ByteBuffer buffer) {
		if (buffer.isDirect()) {
			long count = LibDuplex.dx_send(this.socket, buffer.slice(), buffer.remaining());
			if (count > 0) {
				buffer.position(buffer.position() + (int) count);
			}
			return count;
		}
		ByteBuffer data = this.scratch.take();
		try {
			int length = Math.min(data.capacity(), buffer.remaining());
			data.put(0, buffer, buffer.position(), length);
			long count = LibDuplex.dx_send(this.socket, data, length);
			if (count > 0) {
				buffer.position(buffer.position() + (int) count);
			}
			return count;
		}
		finally {
			this.scratch.give(data);
		}
	}

	@FunctionalInterface
	private interface Call {

		long apply(ByteBuffer data, long length);

	}

}
