/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import io.duplex.ffi.Dx;

/**
 * A message of a socket with a {@link Codec}: a payload, and what the codec tells beside
 * it.
 *
 * @param payload the bytes, from position to limit; neither is moved by putting it
 * @param kind WebSocket: the opcode, 1 for text and 2 for binary; ZeroMQ: 4 for a
 * command; 0: the codec's default
 * @param more further parts belong to it: ZeroMQ's multipart messages, WebSocket frames
 * without FIN
 * @param control a control frame or command
 * @param last the stream of messages is over with it: a WebSocket's Close, the last chunk
 * @param extra what came along: chunk extensions, or the trailers with the last chunk
 */
public record Message(ByteBuffer payload, int kind, boolean more, boolean control, boolean last, ByteBuffer extra) {

	private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

	/**
	 * A message of the codec's default kind.
	 * @param payload the bytes
	 * @return the message
	 */
	public static Message of(ByteBuffer payload) {
		return new Message(payload, 0, false, false, false, NOTHING);
	}

	/**
	 * A message of the codec's default kind.
	 * @param payload the bytes, not copied
	 * @return the message
	 */
	public static Message of(byte[] payload) {
		return of(ByteBuffer.wrap(payload));
	}

	/**
	 * A message of the codec's default kind.
	 * @param payload text, which becomes UTF-8
	 * @return the message
	 */
	public static Message of(String payload) {
		return of(payload.getBytes(StandardCharsets.UTF_8));
	}

	/**
	 * A WebSocket text.
	 * @param payload the text
	 * @return the message
	 */
	public static Message text(String payload) {
		return of(payload).withKind(Dx.DX_WEBSOCKET_OPCODE_TEXT);
	}

	/**
	 * A WebSocket ping.
	 * @param payload at most 125 bytes
	 * @return the message
	 */
	public static Message ping(byte[] payload) {
		return new Message(ByteBuffer.wrap(payload), Dx.DX_WEBSOCKET_PING, false, true, false, NOTHING);
	}

	/**
	 * A WebSocket Close.
	 * @param code 1000 for an ordinary end; RFC 6455 section 7.4
	 * @param reason at most 123 bytes in UTF-8
	 * @return the message
	 */
	public static Message close(int code, String reason) {
		byte[] text = reason.getBytes(StandardCharsets.UTF_8);
		ByteBuffer payload = ByteBuffer.allocate(2 + text.length).putShort((short) code).put(text).flip();
		return new Message(payload, Dx.DX_WEBSOCKET_CLOSE, false, true, true, NOTHING);
	}

	/**
	 * The same message of another kind.
	 * @param kind the kind
	 * @return the message
	 */
	public Message withKind(int kind) {
		return new Message(this.payload, kind, this.more, this.control, this.last, this.extra);
	}

	/**
	 * The same message, with further parts to follow or not.
	 * @param more whether they do
	 * @return the message
	 */
	public Message withMore(boolean more) {
		return new Message(this.payload, this.kind, more, this.control, this.last, this.extra);
	}

	/**
	 * The same message as the last of its stream: with chunks, the one that ends the
	 * body.
	 * @return the message
	 */
	public Message withLast() {
		return new Message(this.payload, this.kind, this.more, this.control, true, this.extra);
	}

	/**
	 * The same message with something extra: extensions of a chunk, or trailers of the
	 * last one.
	 * @param extra the bytes
	 * @return the message
	 */
	public Message withExtra(ByteBuffer extra) {
		return new Message(this.payload, this.kind, this.more, this.control, this.last, extra);
	}

	/**
	 * A copy of the payload.
	 * @return the bytes
	 */
	public byte[] bytes() {
		byte[] bytes = new byte[this.payload.remaining()];
		this.payload.get(this.payload.position(), bytes);
		return bytes;
	}

	/**
	 * The payload as text.
	 * @return UTF-8 decoded
	 */
	public String text() {
		return new String(bytes(), StandardCharsets.UTF_8);
	}

	int flags() {
		return (this.more ? Dx.DX_MESSAGE_MORE : 0) | (this.control ? Dx.DX_MESSAGE_CONTROL : 0)
				| (this.last ? Dx.DX_MESSAGE_LAST : 0);
	}

	static Message of(ByteBuffer payload, int kind, int flags, ByteBuffer extra) {
		return new Message(payload, kind, (flags & Dx.DX_MESSAGE_MORE) != 0, (flags & Dx.DX_MESSAGE_CONTROL) != 0,
				(flags & Dx.DX_MESSAGE_LAST) != 0, extra);
	}

}
