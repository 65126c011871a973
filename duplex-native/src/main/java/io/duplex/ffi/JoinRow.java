/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_join_info}: a join at one moment.
 *
 * @param state {@code DX_JOIN_…}
 * @param flags {@code DX_JOIN_…}
 * @param id the join
 * @param proxy its proxy, or 0
 * @param backend index of the proxy's backend, or -1
 * @param aToBPath {@code DX_PATH_…}
 * @param bToAPath {@code DX_PATH_…}
 * @param sinceNanos when it was made, since the epoch
 * @param idleNanos since the last byte
 * @param aToB bytes delivered to b
 * @param bToA bytes delivered to a
 * @param aToBPending bytes in flight to b
 * @param bToAPending bytes in flight to a
 * @param aPeer the client
 * @param bPeer the backend
 * @param idleTimeout milliseconds or 0, as the other limits
 * @param halfCloseTimeout idle limit once one direction has ended
 * @param maxLifetime greatest age
 * @param maxBytes of both directions together, or 0
 * @param aToBRate bytes a second, or 0
 * @param bToARate bytes a second, or 0
 * @param maxLag memory that may wait for a lossy sink, 0 without one
 * @param aToBMessages of a route: delivered to b
 * @param bToAMessages of a route: delivered to a
 */
public record JoinRow(int state, int flags, long id, long proxy, int backend, int aToBPath, int bToAPath,
		long sinceNanos, long idleNanos, long aToB, long bToA, long aToBPending, long bToAPending, NativeAddress aPeer,
		NativeAddress bPeer, long idleTimeout, long halfCloseTimeout, long maxLifetime, long maxBytes, long aToBRate,
		long bToARate, long maxLag, long aToBMessages, long bToAMessages) {

	static final int SIZEOF = 440;

	static final int STATE = 4;

	static final int FLAGS = 6;

	static final int ID = 8;

	static final int PROXY = 16;

	static final int BACKEND = 40;

	static final int A_TO_B_PATH = 44;

	static final int B_TO_A_PATH = 46;

	static final int SINCE_NS = 48;

	static final int IDLE_NS = 56;

	static final int A_TO_B = 64;

	static final int B_TO_A = 72;

	static final int A_TO_B_PENDING = 80;

	static final int B_TO_A_PENDING = 88;

	static final int A_PEER = 96;

	static final int B_PEER = 232;

	static final int IDLE_TIMEOUT = 368;

	static final int HALF_CLOSE_TIMEOUT = 376;

	static final int MAX_LIFETIME = 384;

	static final int MAX_BYTES = 392;

	static final int A_TO_B_RATE = 400;

	static final int B_TO_A_RATE = 408;

	static final int MAX_LAG = 416;

	static final int A_TO_B_MESSAGES = 424;

	static final int B_TO_A_MESSAGES = 432;

	static JoinRow read(ByteBuffer struct, int at) {
		return new JoinRow(Layout.unsigned(struct, at + STATE), Layout.unsigned(struct, at + FLAGS),
				struct.getLong(at + ID), struct.getLong(at + PROXY), struct.getInt(at + BACKEND),
				Layout.unsigned(struct, at + A_TO_B_PATH), Layout.unsigned(struct, at + B_TO_A_PATH),
				struct.getLong(at + SINCE_NS), struct.getLong(at + IDLE_NS), struct.getLong(at + A_TO_B),
				struct.getLong(at + B_TO_A), struct.getLong(at + A_TO_B_PENDING), struct.getLong(at + B_TO_A_PENDING),
				NativeAddress.read(struct, at + A_PEER), NativeAddress.read(struct, at + B_PEER),
				struct.getLong(at + IDLE_TIMEOUT), struct.getLong(at + HALF_CLOSE_TIMEOUT),
				struct.getLong(at + MAX_LIFETIME), struct.getLong(at + MAX_BYTES), struct.getLong(at + A_TO_B_RATE),
				struct.getLong(at + B_TO_A_RATE), struct.getLong(at + MAX_LAG), struct.getLong(at + A_TO_B_MESSAGES),
				struct.getLong(at + B_TO_A_MESSAGES));
	}

}
