/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

import org.jspecify.annotations.Nullable;

/**
 * {@code struct dx_event}: something has happened.
 *
 * @param type {@code DX_EVENT_…}
 * @param object what it is about
 * @param token of the command that it answers
 * @param result 0, a count or a negative errno
 * @param reason {@code DX_REASON_…}
 * @param side {@code DX_SIDE_…}
 * @param value as the type or the command says
 * @param aToB bytes delivered to b
 * @param bToA bytes delivered to a
 * @param aToBPending bytes read from a and not delivered
 * @param bToAPending bytes read from b and not delivered
 * @param durationNanos age of the join when it ended
 * @param peer of a connection alone: the client, without its path if it is a unix socket
 * @param a the join's first socket
 * @param b the second, or 0
 * @param aToBMessages of a route: delivered to b
 * @param bToAMessages of a route: delivered to a
 * @param failure of a route that was refused something: enum dx_codec_error
 * @param failureOffset bytes that were decoded before the offending one
 */
public record Event(int type, long object, long token, int result, int reason, int side, long value, long aToB,
		long bToA, long aToBPending, long bToAPending, long durationNanos, @Nullable NativeAddress peer, long a, long b,
		long aToBMessages, long bToAMessages, int failure, long failureOffset) {

	static final int SIZEOF = 152;

	static final int TYPE = 4;

	static final int OBJECT = 8;

	static final int TOKEN = 16;

	static final int RESULT = 24;

	static final int REASON = 28;

	static final int SIDE = 30;

	static final int VALUE = 32;

	static final int A_TO_B = 40;

	static final int B_TO_A = 48;

	static final int A_TO_B_PENDING = 56;

	static final int B_TO_A_PENDING = 64;

	static final int DURATION_NS = 72;

	static final int PEER_FAMILY = 80;

	static final int PEER_PORT = 82;

	static final int PEER_SCOPE = 84;

	static final int PEER_IP = 88;

	static final int A = 104;

	static final int B = 112;

	static final int A_TO_B_MESSAGES = 120;

	static final int B_TO_A_MESSAGES = 128;

	static final int FAILURE_OFFSET = 136;

	static final int FAILURE = 144;

	private static final byte[] NO_PATH = {};

	/**
	 * The answer to a command that the engine will never give.
	 * @param token of the command
	 * @param result a negative errno
	 * @return the answer
	 */
	public static Event failed(long token, int result) {
		return new Event(Dx.DX_EVENT_DONE, 0, token, result, 0, 0, 0, 0, 0, 0, 0, 0, null, 0, 0, 0, 0, 0, 0);
	}

	static Event read(ByteBuffer struct, int at) {
		int type = struct.getInt(at + TYPE);
		return new Event(type, struct.getLong(at + OBJECT), struct.getLong(at + TOKEN), struct.getInt(at + RESULT),
				Layout.unsigned(struct, at + REASON), Layout.unsigned(struct, at + SIDE), struct.getLong(at + VALUE),
				struct.getLong(at + A_TO_B), struct.getLong(at + B_TO_A), struct.getLong(at + A_TO_B_PENDING),
				struct.getLong(at + B_TO_A_PENDING), struct.getLong(at + DURATION_NS),
				(type == Dx.DX_EVENT_CONNECTION) ? peer(struct, at) : null, struct.getLong(at + A),
				struct.getLong(at + B), struct.getLong(at + A_TO_B_MESSAGES), struct.getLong(at + B_TO_A_MESSAGES),
				struct.getInt(at + FAILURE), struct.getLong(at + FAILURE_OFFSET));
	}

	private static NativeAddress peer(ByteBuffer struct, int at) {
		int family = Layout.unsigned(struct, at + PEER_FAMILY);
		return new NativeAddress(family, Layout.unsigned(struct, at + PEER_PORT), struct.getInt(at + PEER_SCOPE),
				NativeAddress.ip(struct, at + PEER_IP, family), NO_PATH);
	}

}
