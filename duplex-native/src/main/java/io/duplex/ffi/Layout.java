/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Structs as bytes. The offsets stand with each struct, under the names of its fields; a
 * test compares them with the header.
 */
final class Layout {

	private Layout() {
	}

	/**
	 * A zeroed struct that says how long it is.
	 * @param bytes its size
	 * @return the struct, in the processor's byte order; {@code array()} is what a
	 * function takes
	 */
	static ByteBuffer struct(int bytes) {
		return bytes(new byte[bytes]).putInt(0, bytes);
	}

	static ByteBuffer bytes(byte[] bytes) {
		return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
	}

	static int unsigned(ByteBuffer struct, int at) {
		return Short.toUnsignedInt(struct.getShort(at));
	}

}
