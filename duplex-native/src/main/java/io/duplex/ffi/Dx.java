/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

/**
 * The constants of {@code duplex.h}, under their own names.
 */
public final class Dx {

	public static final int DX_FAMILY_NONE = 0;

	public static final int DX_FAMILY_UNIX = 1;

	public static final int DX_FAMILY_IPV4 = 4;

	public static final int DX_FAMILY_IPV6 = 6;

	public static final int DX_EVENT_DONE = 1;

	public static final int DX_EVENT_READY = 2;

	public static final int DX_EVENT_JOIN_ENDED = 3;

	public static final int DX_EVENT_CONNECTION = 4;

	public static final int DX_EVENT_STOPPED = 5;

	public static final int DX_READABLE = 1;

	public static final int DX_WRITABLE = 2;

	public static final int DX_REASON_NONE = 0;

	public static final int DX_REASON_CLIENT_CLOSED = 1;

	public static final int DX_REASON_BACKEND_CLOSED = 2;

	public static final int DX_REASON_RESET = 3;

	public static final int DX_REASON_IDLE = 4;

	public static final int DX_REASON_LIFETIME = 5;

	public static final int DX_REASON_UNJOINED = 6;

	public static final int DX_REASON_CLOSED = 7;

	public static final int DX_REASON_SHUT_DOWN = 8;

	public static final int DX_REASON_CONNECT_FAILED = 9;

	public static final int DX_REASON_ERROR = 10;

	public static final int DX_REASON_REFUSED = 11;

	public static final int DX_REASON_BEHIND = 12;

	public static final int DX_REASON_BYTES = 13;

	public static final int DX_REASONS = 14;

	public static final int DX_SIDE_NONE = 0;

	public static final int DX_SIDE_A = 1;

	public static final int DX_SIDE_B = 2;

	public static final int DX_CLOSE_RESET = 1;

	public static final int DX_OPTION_NO_DELAY = 1;

	public static final int DX_OPTION_KEEP_ALIVE = 2;

	public static final int DX_OPTION_KEEP_ALIVE_IDLE = 3;

	public static final int DX_OPTION_KEEP_ALIVE_INTERVAL = 4;

	public static final int DX_OPTION_KEEP_ALIVE_COUNT = 5;

	public static final int DX_OPTION_USER_TIMEOUT = 6;

	public static final int DX_OPTION_RECEIVE_BUFFER = 7;

	public static final int DX_OPTION_SEND_BUFFER = 8;

	public static final int DX_OPTION_LINGER = 9;

	public static final int DX_HALF_HELD = 0;

	public static final int DX_HALF_TAKING = 1;

	public static final int DX_HALF_FLOWING = 2;

	public static final int DX_HALF_DRAINING = 3;

	public static final int DX_HALF_SHUT = 4;

	public static final int DX_JOIN_HALF_DUPLEX = 1;

	public static final int DX_JOIN_NO_CLOSE = 2;

	public static final int DX_JOIN_LOSSY = 4;

	public static final int DX_JOIN_TEE = 8;

	public static final int DX_JOIN_DECIDING = 1;

	public static final int DX_JOIN_CONNECTING = 2;

	public static final int DX_JOIN_OPEN = 3;

	public static final int DX_JOIN_HALF_CLOSED = 4;

	public static final int DX_JOIN_CLOSING = 5;

	public static final int DX_JOIN_LISTENING = 6;

	public static final int DX_PATH_NONE = 0;

	public static final int DX_PATH_COPY = 1;

	public static final int DX_PATH_SPLICE = 2;

	public static final int DX_JOINS_PAGE = 500;

	public static final int DX_PROXY_DECIDED = 1;

	public static final int DX_PROXY_JOIN_EVENTS = 2;

	public static final int DX_REFUSED_BY_ROUTER = 1;

	public static final int DX_REFUSED_BY_FAILURE = 2;

	public static final int DX_PROXY_STOPPED = 0;

	public static final int DX_PROXY_STARTED = 1;

	public static final int DX_PROXY_PAUSED = 2;

	public static final int DX_PROXY_STOPPING = 3;

	public static final int DX_PROXY_DRAINING = 4;

	public static final int DX_BACKEND_UNRESOLVED = 0;

	public static final int DX_BACKEND_UP = 1;

	public static final int DX_BACKEND_FAILING = 2;

	/**
	 * The header says it in words: most addresses of one backend, connect or decision.
	 */
	public static final int MAX_ADDRESSES = 64;

	/** The header says it in words: most bytes that dx_adopt() is handed. */
	public static final int MAX_READ_AHEAD = 16 * 1024 * 1024;

	private Dx() {
	}

}
