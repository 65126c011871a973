/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Errno;

/**
 * Receives bytes from a socket: for a thread that waits, for somebody who does not, and
 * for one who only looks.
 */
final class ByteInput {

	private static final String RECEIVE = "receive from";

	private final SocketHandle socket;

	private final ReadyLoop loop;

	private final SocketBytes bytes;

	private final PutBack putBack;

	/**
	 * Create what receives.
	 * @param socket the socket
	 * @param loop its input half
	 * @param bytes makes the system calls
	 * @param putBack what is received first
	 */
	ByteInput(SocketHandle socket, ReadyLoop loop, SocketBytes bytes, PutBack putBack) {
		this.socket = socket;
		this.loop = loop;
		this.bytes = bytes;
		this.putBack = putBack;
	}

	int receive(ByteBuffer buffer, Deadline deadline) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return 0;
		}
		try {
			return received(this.loop.await(() -> tryToReceive(buffer), deadline));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(RECEIVE, this.socket.subject(), 0);
		}
	}

	int tryReceive(ByteBuffer buffer) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return 0;
		}
		long result = this.loop.attempt(() -> tryToReceive(buffer));
		return Errno.EAGAIN.is(result) ? 0 : received(result);
	}

	CompletionStage<Integer> receiveAsync(ByteBuffer buffer, Deadline deadline) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return CompletableFuture.completedStage(0);
		}
		return this.loop.run(() -> tryToReceive(buffer), this::received, deadline).minimalCompletionStage();
	}

	private static void requireWritable(ByteBuffer buffer) {
		if (buffer.isReadOnly()) {
			throw new IllegalArgumentException("cannot receive into a read-only buffer");
		}
	}

	private long tryToReceive(ByteBuffer buffer) {
		int count = this.putBack.take(buffer);
		return (count > 0) ? count : this.bytes.receive(buffer);
	}

	private int received(long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(RECEIVE, this.socket.subject(), "no byte came in time", 0);
		}
		if (result < 0) {
			throw this.socket.failure(RECEIVE, result);
		}
		return (result == 0) ? -1 : (int) result;
	}

}
