/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * What {@link DuplexEngine#joinThrough} does to the bytes of one direction. It is called
 * for one piece after the other, never by two threads at once, and sees what it did
 * before; an instance that has state serves one direction of one join.
 */
@FunctionalInterface
public interface Transform {

	/**
	 * Transform a piece. A piece is what happened to be there, at least one byte: nothing
	 * follows from where it ends.
	 * @param bytes the piece, from position to limit; the function's to change and to
	 * keep
	 * @return what is sent instead, from position to limit: any number of bytes, none for
	 * nothing, possibly the same buffer. Not to be changed any more
	 * @throws Exception ends the join
	 */
	ByteBuffer apply(ByteBuffer bytes) throws Exception;

	/**
	 * The direction's stream has ended: a last chance to send something. Not called when
	 * the join is undone or breaks.
	 * @return what is sent ahead of the end; by default nothing
	 * @throws Exception ends the join
	 */
	default ByteBuffer finish() throws Exception {
		return ByteBuffer.allocate(0);
	}

	/**
	 * Another function after this one.
	 * @param next is given what this one returns, unless that is nothing
	 * @return both in one
	 */
	default Transform andThen(Transform next) {
		return new TransformChain(this, Objects.requireNonNull(next, "next"));
	}

	/**
	 * A function that changes nothing.
	 * @return the function
	 */
	static Transform identity() {
		return (bytes) -> bytes;
	}

}
