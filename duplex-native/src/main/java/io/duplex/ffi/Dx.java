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

	public static final int DX_EVENT_CONNECTED = 6;

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

	public static final int DX_REASON_PROTOCOL = 14;

	public static final int DX_REASON_FINISHED = 15;

	public static final int DX_REASONS = 16;

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

	public static final int DX_JOIN_ROUTE = 16;

	public static final int DX_JOIN_DECIDING = 1;

	public static final int DX_JOIN_CONNECTING = 2;

	public static final int DX_JOIN_OPEN = 3;

	public static final int DX_JOIN_HALF_CLOSED = 4;

	public static final int DX_JOIN_CLOSING = 5;

	public static final int DX_JOIN_LISTENING = 6;

	public static final int DX_JOIN_HANDSHAKING = 7;

	public static final int DX_PATH_NONE = 0;

	public static final int DX_PATH_COPY = 1;

	public static final int DX_PATH_SPLICE = 2;

	public static final int DX_JOINS_PAGE = 500;

	public static final int DX_PROXY_DECIDED = 1;

	public static final int DX_PROXY_JOIN_EVENTS = 2;

	public static final int DX_PROXY_HANDSHAKE = 4;

	public static final int DX_PROXY_HANDSHAKE_BACKEND = 8;

	public static final int DX_REFUSED_BY_ROUTER = 1;

	public static final int DX_REFUSED_BY_FAILURE = 2;

	public static final int DX_REFUSED_BY_HANDSHAKE = 3;

	public static final int DX_PROXY_STOPPED = 0;

	public static final int DX_PROXY_STARTED = 1;

	public static final int DX_PROXY_PAUSED = 2;

	public static final int DX_PROXY_STOPPING = 3;

	public static final int DX_PROXY_DRAINING = 4;

	public static final int DX_BACKEND_UNRESOLVED = 0;

	public static final int DX_BACKEND_UP = 1;

	public static final int DX_BACKEND_FAILING = 2;

	public static final int DX_CODEC_STREAM = 0;

	public static final int DX_CODEC_LINE = 1;

	public static final int DX_CODEC_DELIMITER = 2;

	public static final int DX_CODEC_LENGTH = 3;

	public static final int DX_CODEC_VARINT = 4;

	public static final int DX_CODEC_CHUNKED = 5;

	public static final int DX_CODEC_WEBSOCKET = 6;

	public static final int DX_CODEC_ZMTP = 7;

	public static final int DX_CODEC_PLUGIN = 8;

	public static final int DX_CODEC_OK = 0;

	public static final int DX_CODEC_TOO_LONG = 1;

	public static final int DX_CODEC_TRUNCATED = 2;

	public static final int DX_CODEC_TOO_SLOW = 3;

	public static final int DX_CODEC_NO_MEMORY = 4;

	public static final int DX_CODEC_LENGTH_NEGATIVE = 5;

	public static final int DX_CODEC_VARINT_OVERFLOW = 6;

	public static final int DX_CODEC_CHUNK_SIZE = 7;

	public static final int DX_CODEC_CHUNK_LINE = 8;

	public static final int DX_CODEC_CHUNK_END = 9;

	public static final int DX_CODEC_CHUNK_EXTENSION = 10;

	public static final int DX_CODEC_TRAILER = 11;

	public static final int DX_CODEC_WS_RESERVED_BITS = 12;

	public static final int DX_CODEC_WS_OPCODE = 13;

	public static final int DX_CODEC_WS_UNMASKED = 14;

	public static final int DX_CODEC_WS_MASKED = 15;

	public static final int DX_CODEC_WS_CONTROL_FRAGMENTED = 16;

	public static final int DX_CODEC_WS_CONTROL_LENGTH = 17;

	public static final int DX_CODEC_WS_LENGTH = 18;

	public static final int DX_CODEC_WS_CONTINUATION = 19;

	public static final int DX_CODEC_WS_INTERLEAVED = 20;

	public static final int DX_CODEC_WS_CLOSE_CODE = 21;

	public static final int DX_CODEC_WS_UTF8 = 22;

	public static final int DX_CODEC_WS_NO_CLOSE = 23;

	public static final int DX_CODEC_ZMTP_FLAGS = 24;

	public static final int DX_CODEC_ZMTP_LENGTH = 25;

	public static final int DX_CODEC_ZMTP_COMMAND = 26;

	public static final int DX_CODEC_MESSAGE = 27;

	public static final int DX_CODEC_CLOSED = 28;

	public static final int DX_CODEC_UNAVAILABLE = 29;

	public static final int DX_CODEC_REFUSED = 30;

	public static final int DX_CODEC_PLUGIN_ERROR = 1000;

	public static final int DX_WEBSOCKET_CONTINUATION = 256;

	public static final int DX_WEBSOCKET_OPCODE_TEXT = 1;

	public static final int DX_WEBSOCKET_OPCODE_BINARY = 2;

	public static final int DX_WEBSOCKET_CLOSE = 8;

	public static final int DX_WEBSOCKET_PING = 9;

	public static final int DX_WEBSOCKET_PONG = 10;

	public static final int DX_ZMTP_COMMAND = 4;

	public static final int DX_LINE_LF = 1;

	public static final int DX_LINE_CRLF = 2;

	public static final int DX_CODEC_KEEP = 4;

	public static final int DX_LENGTH_LITTLE = 1;

	public static final int DX_LENGTH_INCLUSIVE = 2;

	public static final int DX_LENGTH_KEEP = 4;

	public static final int DX_WEBSOCKET_CLIENT = 1;

	public static final int DX_WEBSOCKET_FRAMES = 2;

	public static final int DX_WEBSOCKET_TEXT = 4;

	public static final int DX_ZMTP_FRAMES = 1;

	public static final int DX_MESSAGE_MORE = 1;

	public static final int DX_MESSAGE_CONTROL = 2;

	public static final int DX_MESSAGE_LAST = 4;

	public static final int DX_PIECE_BEGIN = 16;

	public static final int DX_PIECE_END = 32;

	public static final int DX_PIECE_REPLY = 64;

	public static final int DX_PIECE_IGNORE = 128;

	public static final int DX_DECODE_MORE = 0;

	public static final int DX_DECODE_PIECE = 1;

	/**
	 * The header says it in words: most addresses of one backend, connect or decision.
	 */
	public static final int MAX_ADDRESSES = 64;

	/** The header says it in words: most bytes that dx_adopt() is handed. */
	public static final int MAX_READ_AHEAD = 16 * 1024 * 1024;

	private Dx() {
	}

}
