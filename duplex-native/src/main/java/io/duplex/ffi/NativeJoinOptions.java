/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_join_options}.
 */
public final class NativeJoinOptions {

	static final int SIZEOF = 64;

	static final int FLAGS = 4;

	static final int IDLE_TIMEOUT = 8;

	static final int HALF_CLOSE_TIMEOUT = 16;

	static final int MAX_LIFETIME = 24;

	static final int MAX_BYTES = 32;

	static final int A_TO_B_RATE = 40;

	static final int B_TO_A_RATE = 48;

	static final int MAX_LAG = 56;

	private NativeJoinOptions() {
	}

	/**
	 * Write the struct. Times are milliseconds; 0 is off.
	 * @param flags {@code DX_JOIN_…}
	 * @param maxLag memory that may wait for a lossy sink
	 * @param idleTimeout idle limit
	 * @param halfCloseTimeout idle limit once one direction has ended
	 * @param maxLifetime greatest age
	 * @param maxBytes of both directions together
	 * @param aToBRate bytes a second
	 * @param bToARate bytes a second
	 * @return the struct
	 */
	public static byte[] encode(int flags, long maxLag, long idleTimeout, long halfCloseTimeout, long maxLifetime,
			long maxBytes, long aToBRate, long bToARate) {
		ByteBuffer struct = Layout.struct(SIZEOF);
		struct.putInt(FLAGS, flags);
		struct.putLong(IDLE_TIMEOUT, idleTimeout);
		struct.putLong(HALF_CLOSE_TIMEOUT, halfCloseTimeout);
		struct.putLong(MAX_LIFETIME, maxLifetime);
		struct.putLong(MAX_BYTES, maxBytes);
		struct.putLong(A_TO_B_RATE, aToBRate);
		struct.putLong(B_TO_A_RATE, bToARate);
		struct.putLong(MAX_LAG, maxLag);
		return struct.array();
	}

}
