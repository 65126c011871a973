/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

import io.duplex.ffi.LibDuplex;

/**
 * What a held socket has received, looked at and left where it is: bytes that were
 * passed, which can be taken, then bytes that are left.
 */
final class Window {

	private final long socket;

	/** Direct; all that was seen, from 0 to {@link #known}. */
	private ByteBuffer data;

	private int known;

	private int passed;

	private ByteBuffer view;

	/**
	 * Create a window.
	 * @param socket the socket
	 * @param data direct memory to begin with; more is allocated when it is needed
	 */
	Window(long socket, ByteBuffer data) {
		this.socket = socket;
		this.data = data;
		this.view = data.slice(0, 0);
	}

	/**
	 * Look at more.
	 * @return bytes, 0 when the stream has ended, {@code -EAGAIN} when there are no more
	 * yet, or another negative errno
	 */
	long more() {
		if (this.known == this.data.capacity()) {
			this.data = ByteBuffer.allocateDirect(2 * this.known).put(0, this.data, 0, this.known);
		}
		int room = this.data.capacity() - this.known;
		long count = LibDuplex.dx_peek(this.socket, this.known, this.data.slice(this.known, room), room);
		this.known += (int) Math.max(0, count);
		return count;
	}

	/**
	 * What is left.
	 * @return a read-only view whose position is 0
	 */
	ByteBuffer view() {
		this.view = this.data.slice(this.passed, left()).asReadOnlyBuffer();
		return this.view;
	}

	/**
	 * How far whoever was shown what is left has read.
	 * @return bytes of the last view
	 */
	int read() {
		return this.view.position();
	}

	ByteBuffer data() {
		return this.data;
	}

	int left() {
		return this.known - this.passed;
	}

	int passed() {
		return this.passed;
	}

	/** Pass over bytes that are left. */
	void pass(int count) {
		this.passed += count;
	}

	/**
	 * Take what was passed out of the socket.
	 * @return 0, or a negative errno when the socket has them no more
	 */
	long take() {
		// One call: nobody comes between. It writes what is there already.
		return (this.passed == 0) ? 0
				: Math.min(0, LibDuplex.dx_recv_queued(this.socket, this.data.slice(0, this.passed), this.passed));
	}

}
