/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

/**
 * One function after the other.
 *
 * @param first is given the bytes
 * @param second is given what the first makes of them
 */
record TransformChain(Transform first, Transform second) implements Transform {

	@Override
	public ByteBuffer apply(ByteBuffer bytes) throws Exception {
		ByteBuffer between = this.first.apply(bytes);
		return between.hasRemaining() ? this.second.apply(between) : between;
	}

	@Override
	public ByteBuffer finish() throws Exception {
		ByteBuffer rest = apply(this.first.finish(), this.second);
		ByteBuffer last = this.second.finish();
		return ByteBuffer.allocate(rest.remaining() + last.remaining()).put(rest).put(last).flip();
	}

	private static ByteBuffer apply(ByteBuffer bytes, Transform transform) throws Exception {
		return bytes.hasRemaining() ? transform.apply(bytes) : bytes;
	}

}
