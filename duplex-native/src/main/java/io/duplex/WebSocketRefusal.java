/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * A response of a server that does not want to speak WebSocket: its status, and the
 * beginning of what it says beside it.
 */
final class WebSocketRefusal {

	private static final int MOST_BODY = 512;

	private static final int MOST_SHOWN = 200;

	private final int status;

	private final String phrase;

	private final HttpHead head;

	private final ByteBuffer body;

	WebSocketRefusal(int status, String phrase, HttpHead head) {
		this.status = status;
		this.phrase = phrase;
		this.head = head;
		this.body = ByteBuffer.allocate(isText() ? bodyLength() : 0);
	}

	private boolean isText() {
		String type = first("Content-Type").toLowerCase(Locale.ROOT);
		return type.isEmpty() || type.startsWith("text/") || type.contains("json") || type.contains("xml");
	}

	private int bodyLength() {
		String length = first("Content-Length");
		// What is longer than three digits is longer than what is shown.
		return length.matches("[0-9]{1,3}") ? Math.min(MOST_BODY, Integer.parseInt(length)) : MOST_BODY;
	}

	private String first(String name) {
		List<String> values = this.head.all(name);
		return values.isEmpty() ? "" : values.get(0);
	}

	/**
	 * Receive the beginning of the body.
	 * @param bytes where from
	 * @return 0 when it is here, or a negative errno
	 */
	long receiveBody(SocketBytes bytes) {
		while (this.body.hasRemaining()) {
			long count = bytes.receive(this.body);
			if (count <= 0) {
				return count;
			}
		}
		return 0;
	}

	/**
	 * What the server has said.
	 * @return one line
	 */
	String description() {
		StringBuilder text = new StringBuilder("the server answered ").append(this.status);
		if (!this.phrase.isEmpty()) {
			text.append(' ').append(shown(this.phrase));
		}
		String location = first("Location");
		if (this.status / 100 == 3 && !location.isEmpty()) {
			text.append(", to ").append(shown(location)).append(", which is not followed");
		}
		String challenge = first("WWW-Authenticate");
		if (this.status == 401 && !challenge.isEmpty()) {
			text.append(", it wants ").append(shown(challenge));
		}
		String said = shown(bodyText());
		return said.isEmpty() ? text.toString() : text.append(": ").append(said).toString();
	}

	private String bodyText() {
		String text = new String(this.body.array(), 0, this.body.position(), StandardCharsets.UTF_8);
		if (this.head.lists("Transfer-Encoding", "chunked")) {
			// The first chunk will do.
			int size = text.indexOf("\r\n");
			int end = text.indexOf("\r\n", size + 2);
			return (size < 0) ? "" : text.substring(size + 2, (end < 0) ? text.length() : end);
		}
		return text;
	}

	/** One line of what may be anything. */
	private static String shown(String text) {
		String line = text.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}\\s]+", " ").trim();
		return (line.length() <= MOST_SHOWN) ? line : line.substring(0, MOST_SHOWN) + "…";
	}

}
