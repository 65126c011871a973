/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;

/**
 * Takes a socket back from the engine: its descriptor, and the bytes that were read ahead
 * of the application. When it fails these are received again.
 */
final class Release {

	private final SocketHandle socket;

	private final SocketBytes bytes;

	private final PutBack putBack;

	/**
	 * Create what releases.
	 * @param socket the socket
	 * @param bytes makes the system calls
	 * @param putBack takes what was unread until the socket is released
	 */
	Release(SocketHandle socket, SocketBytes bytes, PutBack putBack) {
		this.socket = socket;
		this.bytes = bytes;
		this.putBack = putBack;
	}

	ReleasedChannel toSocketChannel() {
		DuplexAddress peer = this.socket.peerAddress();
		ReleasedSocket released = release(0);
		return new ReleasedChannel(Channels.open(released.descriptor(), peer), released.unread());
	}

	/**
	 * Release it, parking until its peer has what is queued.
	 * @param millis the time limit; 0: none
	 * @return the descriptor and the unread bytes
	 */
	ReleasedSocket release(int millis) {
		// Not to be interrupted: nobody would own the descriptor.
		Event event;
		do {
			this.putBack.add(readAhead());
			CompletableFuture<Event> answer = this.socket.core()
				.commands()
				.submit((token) -> LibDuplex.dx_release(this.socket.id(), millis, token));
			event = Parking.get(answer);
		}
		while (Errno.ENOTEMPTY.is(event.result()));
		String operation = "release the connection to";
		if (Errno.ETIMEDOUT.is(event.result())) {
			throw new DuplexTimeoutException(operation, this.socket.subject(),
					"the peer did not take what was queued for it in time", 0);
		}
		if (event.result() < 0) {
			throw this.socket.failure(operation, event.result());
		}
		this.socket.letGo();
		return new ReleasedSocket((int) event.value(), this.putBack.takeAll().asReadOnlyBuffer());
	}

	private ByteBuffer readAhead() {
		long length = this.socket.info("release").inputQueued();
		ByteBuffer queued = ByteBuffer.allocate(Math.toIntExact(length));
		long count = 1;
		while (queued.hasRemaining() && count > 0) {
			count = this.bytes.receiveQueued(queued);
		}
		return queued.flip();
	}

}
