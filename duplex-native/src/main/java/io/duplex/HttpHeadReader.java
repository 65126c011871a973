/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Finds the end of an HTTP/1.1 head (RFC 9112 section 2) however its bytes arrive. Lines
 * end with CR LF alone; what can be no head is noticed where it stands, not when time is
 * over.
 */
final class HttpHeadReader {

	private static final int FIRST_ROOM = 512;

	private static final int TLS_HANDSHAKE = 0x16;

	private final int max;

	/** A server ignores empty lines ahead of a request (RFC 9112 section 2.2). */
	private final boolean skipsEmptyLines;

	private byte[] bytes = new byte[0];

	private int length;

	/** Where the head begins, behind empty lines. */
	private int start;

	private int lineStart;

	private boolean complete;

	HttpHeadReader(int max, boolean skipsEmptyLines) {
		this.max = max;
		this.skipsEmptyLines = skipsEmptyLines;
	}

	/**
	 * Take bytes up to the end of the head.
	 * @param more what has arrived; its position moves by what belongs to the head
	 * @return whether the head is complete
	 * @throws WebSocketFault when it is too large or no head
	 */
	boolean read(ByteBuffer more) throws WebSocketFault {
		while (!this.complete && more.hasRemaining()) {
			if (this.length == this.max) {
				throw new WebSocketFault(431, "the head is larger than " + this.max + " bytes");
			}
			take(more.get());
		}
		return this.complete;
	}

	private void take(byte next) throws WebSocketFault {
		boolean afterReturn = this.length > this.lineStart && this.bytes[this.length - 1] == '\r';
		append(next);
		if (next == '\n') {
			if (!afterReturn) {
				throw WebSocketFault.malformed("a line that ends without CR");
			}
			endLine();
		}
		else if (afterReturn) {
			throw WebSocketFault.malformed("a CR without LF");
		}
		else if (isControl(next)) {
			throw WebSocketFault.malformed((this.length == 1 && next == TLS_HANDSHAKE)
					? "this is TLS, which is not terminated here" : "a control character");
		}
	}

	private static boolean isControl(byte value) {
		return (value >= 0 && value < ' ' && value != '\t' && value != '\r') || value == 0x7f;
	}

	private void endLine() {
		boolean empty = this.length - this.lineStart == 2;
		boolean first = this.lineStart == this.start;
		this.lineStart = this.length;
		if (!empty) {
			return;
		}
		if (first && this.skipsEmptyLines) {
			this.start = this.length;
		}
		else {
			this.complete = true;
		}
	}

	private void append(byte next) {
		if (this.length == this.bytes.length) {
			int room = Math.max(FIRST_ROOM, this.bytes.length * 2);
			this.bytes = Arrays.copyOf(this.bytes, Math.min(this.max, room));
		}
		this.bytes[this.length++] = next;
	}

	/**
	 * Number of bytes that have arrived of it.
	 * @return bytes
	 */
	int length() {
		return this.length;
	}

	/**
	 * All bytes that were taken.
	 * @return a copy
	 */
	byte[] taken() {
		return Arrays.copyOf(this.bytes, this.length);
	}

	/**
	 * The head, once it is complete.
	 * @return the head
	 * @throws WebSocketFault when a line is malformed
	 */
	HttpHead head() throws WebSocketFault {
		// Without the empty line.
		return HttpHead.parse(this.bytes, this.start, this.length - 2);
	}

}
