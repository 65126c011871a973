/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a handshake, and how a server says so. The reason is a text of this
 * library: nothing that the peer has sent is sent back to it.
 */
final class WebSocketFault extends Exception {

	private static final long serialVersionUID = 1L;

	private static final int MOST_SHOWN = 100;

	private final int status;

	private final String reason;

	private final String detail;

	private final transient List<String> headers;

	/**
	 * Create a fault.
	 * @param status the HTTP status that refuses it
	 * @param reason what is wrong, one line
	 * @param headers further lines of the refusal's head
	 */
	WebSocketFault(int status, String reason, String... headers) {
		this(status, reason, "", List.of(headers));
	}

	private WebSocketFault(int status, String reason, String detail, List<String> headers) {
		super(reason, null, false, false);
		this.status = status;
		this.reason = reason;
		this.detail = detail;
		this.headers = headers;
	}

	/**
	 * The same fault, for the application to see what is at fault.
	 * @param value what the peer has sent
	 * @return the fault
	 */
	WebSocketFault about(@Nullable String value) {
		return new WebSocketFault(this.status, this.reason, ": " + shown(value), this.headers);
	}

	/** One line, in which C1 controls, a line's end (NEL) for one, move no cursor. */
	private static String shown(@Nullable String value) {
		if (value == null) {
			return "nothing";
		}
		boolean cut = value.length() > MOST_SHOWN;
		String text = (cut ? value.substring(0, MOST_SHOWN) : value).replaceAll("[^ -~\\u00a0-\\u00ff]", "?");
		return "'" + text + (cut ? "…'" : "'");
	}

	static WebSocketFault malformed(String reason) {
		return new WebSocketFault(400, reason);
	}

	/**
	 * The request is plain HTTP, or of another version of the protocol.
	 * @param reason what is wrong
	 * @return the fault, which says what would do (RFC 9110 section 15.5.22)
	 */
	static WebSocketFault upgradeRequired(String reason) {
		return new WebSocketFault(426, reason, "Upgrade: websocket", "Sec-WebSocket-Version: 13");
	}

	int status() {
		return this.status;
	}

	/**
	 * What is wrong, and with what.
	 * @return one line
	 */
	String description() {
		return this.reason + this.detail;
	}

	/**
	 * The response that refuses the request.
	 * @param withBody false for HEAD, whose response has none
	 * @return its bytes
	 */
	byte[] response(boolean withBody) {
		StringBuilder text = new StringBuilder("HTTP/1.1 ").append(this.status)
			.append(' ')
			.append(phrase(this.status))
			.append("\r\n");
		this.headers.forEach((header) -> text.append(header).append("\r\n"));
		// Whoever sends Upgrade lists it (RFC 9110 section 7.8).
		text.append((this.status == 426) ? "Connection: Upgrade, close\r\n" : "Connection: close\r\n");
		text.append("Content-Type: text/plain\r\nContent-Length: ").append(this.reason.length() + 1);
		text.append("\r\n\r\n");
		if (withBody) {
			text.append(this.reason).append('\n');
		}
		return text.toString().getBytes(StandardCharsets.US_ASCII);
	}

	/** RFC 9110 section 15, RFC 6585. */
	private static String phrase(int status) {
		return switch (status) {
			case 403 -> "Forbidden";
			case 404 -> "Not Found";
			case 405 -> "Method Not Allowed";
			case 408 -> "Request Timeout";
			case 426 -> "Upgrade Required";
			case 431 -> "Request Header Fields Too Large";
			case 505 -> "HTTP Version Not Supported";
			default -> "Bad Request";
		};
	}

}
