/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

/**
 * Bytes that were taken out of a socket for its release, which then failed. They are
 * received before any other.
 */
final class PutBack {

	private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

	private volatile ByteBuffer bytes = NOTHING;

	boolean isEmpty() {
		return !this.bytes.hasRemaining();
	}

	/**
	 * Make sure that there is nothing that only receiving can see.
	 * @param socket whose bytes they are
	 * @throws SocketBusyException when there is
	 */
	void requireEmpty(SocketHandle socket) {
		if (!isEmpty()) {
			throw new SocketBusyException("join", socket.subject(), null,
					"a release that timed out has left unread bytes: receive them first");
		}
	}

	/**
	 * Put bytes behind those that are there.
	 * @param more a buffer that nobody else uses
	 */
	synchronized void add(ByteBuffer more) {
		if (more.hasRemaining()) {
			this.bytes = isEmpty() ? more
					: ByteBuffer.allocate(this.bytes.remaining() + more.remaining()).put(this.bytes).put(more).flip();
		}
	}

	/**
	 * Take as many as fit.
	 * @param buffer takes them
	 * @return their number
	 */
	int take(ByteBuffer buffer) {
		return isEmpty() ? 0 : takeSome(buffer);
	}

	private synchronized int takeSome(ByteBuffer buffer) {
		int count = Math.min(this.bytes.remaining(), buffer.remaining());
		ByteBuffer rest = this.bytes.duplicate();
		buffer.put(rest.limit(rest.position() + count));
		this.bytes = this.bytes.position(this.bytes.position() + count).slice();
		return count;
	}

	/**
	 * Take all.
	 * @return the bytes
	 */
	synchronized ByteBuffer takeAll() {
		ByteBuffer all = this.bytes;
		this.bytes = NOTHING;
		return all;
	}

}
