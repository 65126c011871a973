/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Direct buffers for bytes on their way between the heap and a function, which must not
 * see an array that the garbage collector moves. A thread has one only while it is inside
 * a call, so few are ever made, however many threads wait.
 */
public final class ScratchPool {

	private static final int SIZE = 64 * 1024;

	private static final int MOST_KEPT = 64;

	private final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

	private final AtomicInteger kept = new AtomicInteger();

	/**
	 * Take a buffer; {@link #give} it back.
	 * @return a buffer that nobody else has, cleared
	 */
	public ByteBuffer take() {
		ByteBuffer buffer = this.free.poll();
		if (buffer == null) {
			return ByteBuffer.allocateDirect(SIZE);
		}
		this.kept.decrementAndGet();
		return buffer.clear();
	}

	/**
	 * Give a buffer back.
	 * @param buffer the buffer, which the caller does not touch any more
	 */
	public void give(ByteBuffer buffer) {
		if (this.kept.incrementAndGet() <= MOST_KEPT) {
			this.free.add(buffer);
		}
		else {
			this.kept.decrementAndGet();
		}
	}

}
