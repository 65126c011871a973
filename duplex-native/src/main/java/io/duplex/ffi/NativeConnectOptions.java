/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

import org.jspecify.annotations.Nullable;

/**
 * {@code struct dx_connect_options}.
 */
public final class NativeConnectOptions {

	static final int SIZEOF = 152;

	static final int TIMEOUT = 4;

	static final int ATTEMPT_DELAY = 8;

	static final int FLAGS = 12;

	static final int SOURCE = 16;

	/** {@code DX_CONNECT_IN_TURN}: no head start, but one after the other. */
	private static final int UINT32_MAX = -1;

	private NativeConnectOptions() {
	}

	/**
	 * Write the struct. Times are milliseconds.
	 * @param timeout for all attempts together; 0: the kernel's
	 * @param attemptDelay until the next address is tried beside; 0: only when the one
	 * before has failed
	 * @param source local address as {@link NativeAddress#encode} writes it, or none
	 * @return the struct
	 */
	public static byte[] encode(int timeout, int attemptDelay, byte @Nullable [] source) {
		ByteBuffer struct = Layout.struct(SIZEOF);
		struct.putInt(TIMEOUT, timeout);
		struct.putInt(ATTEMPT_DELAY, (attemptDelay > 0) ? attemptDelay : UINT32_MAX);
		if (source != null) {
			struct.put(SOURCE, source);
		}
		return struct.array();
	}

}
