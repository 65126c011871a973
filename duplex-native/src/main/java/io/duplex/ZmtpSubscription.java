/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

import io.duplex.ffi.Dx;

/**
 * What a subscriber tells its publisher.
 *
 * @param isSubscribed true to subscribe, false to take it back
 * @param prefix what the first part of a message has to begin with; nothing for all
 */
public record ZmtpSubscription(boolean isSubscribed, ByteBuffer prefix) {

	private static final String SUBSCRIBE = "SUBSCRIBE";

	private static final String CANCEL = "CANCEL";

	/**
	 * Read a message of a SUB or XSUB socket: a command of ZMTP 3.1 (RFC 37), or a
	 * message of 3.0 (RFC 23) whose first byte is 1 or 0.
	 * @param message the message
	 * @return the subscription, or empty when it is none
	 */
	public static Optional<ZmtpSubscription> of(Message message) {
		ByteBuffer payload = message.payload();
		if (message.kind() == Dx.DX_ZMTP_COMMAND) {
			return command(payload, SUBSCRIBE).map((prefix) -> new ZmtpSubscription(true, prefix))
				.or(() -> command(payload, CANCEL).map((prefix) -> new ZmtpSubscription(false, prefix)));
		}
		byte first = payload.hasRemaining() ? payload.get(payload.position()) : -1;
		return (first == 0 || first == 1) ? Optional.of(new ZmtpSubscription(first == 1, behind(payload, 1)))
				: Optional.empty();
	}

	private static Optional<ByteBuffer> command(ByteBuffer payload, String name) {
		byte[] head = ZmtpReady.name(name);
		return (payload.remaining() >= head.length
				&& payload.slice(payload.position(), head.length).equals(ByteBuffer.wrap(head)))
						? Optional.of(behind(payload, head.length)) : Optional.empty();
	}

	private static ByteBuffer behind(ByteBuffer payload, int count) {
		return payload.slice(payload.position() + count, payload.remaining() - count);
	}

	/**
	 * Whether it is about a message.
	 * @param firstPart the message, or its first part
	 * @return true when it begins with the prefix
	 */
	public boolean matches(Message firstPart) {
		ByteBuffer payload = firstPart.payload();
		int length = this.prefix.remaining();
		return payload.remaining() >= length && payload.slice(payload.position(), length).equals(this.prefix);
	}

	Message message(int minorVersion) {
		if (minorVersion > 0) {
			return Zmtp.command(this.isSubscribed ? SUBSCRIBE : CANCEL, this.prefix);
		}
		ByteBuffer payload = ByteBuffer.allocate(1 + this.prefix.remaining());
		payload.put((byte) (this.isSubscribed ? 1 : 0)).put(this.prefix.duplicate());
		return Message.of(payload.flip());
	}

	/**
	 * The prefix as text.
	 * @return UTF-8 decoded
	 */
	public String text() {
		return StandardCharsets.UTF_8.decode(this.prefix.duplicate()).toString();
	}

}
