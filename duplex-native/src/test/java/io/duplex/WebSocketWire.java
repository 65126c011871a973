/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * What a WebSocket's client and server say to each other, byte by byte.
 */
final class WebSocketWire {

	/** The key and its answer are those of RFC 6455 section 1.3. */
	static final String REQUEST = """
			GET /chat?room=7 HTTP/1.1
			Host: server.example.com
			Upgrade: websocket
			Connection: Upgrade
			Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
			Sec-WebSocket-Version: 13

			""".replace("\n", "\r\n");

	static final String ANSWER = """
			HTTP/1.1 101 Switching Protocols
			Upgrade: websocket
			Connection: Upgrade
			Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=

			""".replace("\n", "\r\n");

	/** A masked text, as a client sends it. */
	static final String HELLO = "\u0081\u0085\0\0\0\0Hello";

	private WebSocketWire() {
	}

	static void say(Pair pair, String text) throws IOException {
		pair.peer().getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
	}

	static String heard(Pair pair, int length) throws IOException {
		return new String(pair.peer().getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
	}

	static String heardAll(Pair pair) throws IOException {
		return new String(pair.peer().getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
	}

	static String with(String line) {
		return REQUEST.substring(0, REQUEST.length() - 2) + line + "\r\n\r\n";
	}

	static String without(String line) {
		return REQUEST.replaceFirst("(?m)^" + line + ".*\r\n", "");
	}

	static String refusal(String status, String headers, String reason) {
		return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Type: text/plain\r\nContent-Length: "
				+ (reason.length() + 1) + "\r\n\r\n" + reason + "\n";
	}

	static String malformed(String reason) {
		return refusal("400 Bad Request", "Connection: close\r\n", reason);
	}

	static String upgrade(String reason) {
		return refusal("426 Upgrade Required",
				"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade, close\r\n", reason);
	}

}
