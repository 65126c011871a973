/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * The server's part of the handshake without any I/O: reads the client's request (RFC
 * 6455 section 4.2.1) and answers it (section 4.2.2).
 */
final class WebSocketRequest {

	private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

	private static final Pattern REQUEST_LINE = Pattern.compile("([^ ]+) ([^ ]+) HTTP/([0-9])\\.([0-9])");

	/** RFC 3986 section 3.2, without user information. */
	static final Pattern HOST = Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(:[0-9]{0,5})?");

	private static final Pattern ABSOLUTE = Pattern.compile("(?i)(?:https?|wss?)://([^/?]*)(.*)");

	/** An encoded 16-byte value. */
	private static final int KEY_LENGTH = 24;

	private static final int KEY_BYTES = 16;

	private final WebSocketHandshake handshake;

	private final String accept;

	private WebSocketRequest(WebSocketHandshake handshake, String accept) {
		this.handshake = handshake;
		this.accept = accept;
	}

	/**
	 * Read a request.
	 * @param head its head
	 * @param options what the server accepts
	 * @return the request that is accepted
	 * @throws WebSocketFault when it is refused
	 */
	static WebSocketRequest read(HttpHead head, WebSocketOptions options) throws WebSocketFault {
		Matcher line = requestLine(head);
		String host = head.one("Host");
		if (host == null || !HOST.matcher(host).matches()) {
			throw WebSocketFault.malformed((host == null) ? "no Host" : "a malformed Host");
		}
		String target = line.group(2);
		Matcher absolute = ABSOLUTE.matcher(target);
		if (absolute.matches()) {
			// What the Host says then does not count (RFC 9112 section 3.2.2).
			host = absolute.group(1);
			target = absolute.group(2).startsWith("/") ? absolute.group(2) : "/" + absolute.group(2);
		}
		if (!target.startsWith("/") || target.indexOf('#') >= 0 || !isVisible(target)
				|| !HOST.matcher(host).matches()) {
			throw WebSocketFault.malformed("a malformed request target");
		}
		requireNoBody(head);
		WebSocketHandshake handshake = new WebSocketHandshake(target, host, head.one("Origin"),
				chosen(head.list("Sec-WebSocket-Protocol"), options.subprotocols()), head.headers());
		if (options.path() != null && !handshake.path().equals(options.path())) {
			throw new WebSocketFault(404, "no WebSocket at this path").about(handshake.path());
		}
		requireUpgrade(head);
		if (!options.allows(handshake.origin())) {
			throw new WebSocketFault(403, "the origin is not allowed").about(handshake.origin());
		}
		return new WebSocketRequest(handshake, accept(key(head)));
	}

	private static Matcher requestLine(HttpHead head) throws WebSocketFault {
		Matcher line = REQUEST_LINE.matcher(head.startLine());
		if (!line.matches() || !HttpHead.isToken(line.group(1))) {
			throw WebSocketFault.malformed("a malformed request line");
		}
		if (!line.group(3).equals("1") || line.group(4).equals("0")) {
			throw new WebSocketFault(505, "a WebSocket needs HTTP/1.1");
		}
		if (!line.group(1).equals("GET")) {
			throw new WebSocketFault(405, "a WebSocket begins with GET", "Allow: GET").about(line.group(1));
		}
		return line;
	}

	private static boolean isVisible(String text) {
		return text.chars().allMatch((c) -> c > ' ' && c < 0x7f);
	}

	/** Its bytes would be taken for frames. */
	private static void requireNoBody(HttpHead head) throws WebSocketFault {
		String length = head.one("Content-Length");
		if (head.has("Transfer-Encoding") || (length != null && !length.matches("0+"))) {
			throw WebSocketFault.malformed("a request with a body");
		}
	}

	private static @Nullable String chosen(List<String> offered, List<String> spoken) throws WebSocketFault {
		for (String each : offered) {
			if (!HttpHead.isToken(each)) {
				throw WebSocketFault.malformed("a malformed Sec-WebSocket-Protocol");
			}
		}
		return spoken.stream().filter(offered::contains).findFirst().orElse(null);
	}

	private static void requireUpgrade(HttpHead head) throws WebSocketFault {
		if (!head.lists("Upgrade", "websocket") || !head.lists("Connection", "upgrade")) {
			throw WebSocketFault.upgradeRequired("this is a WebSocket, and the request does not upgrade to it");
		}
		if (!head.all("Sec-WebSocket-Version").equals(List.of("13"))) {
			throw WebSocketFault.upgradeRequired("the WebSocket's version must be 13");
		}
	}

	private static String key(HttpHead head) throws WebSocketFault {
		String key = head.one("Sec-WebSocket-Key");
		if (key == null) {
			throw WebSocketFault.malformed("no Sec-WebSocket-Key");
		}
		try {
			if (key.length() == KEY_LENGTH && Base64.getDecoder().decode(key).length == KEY_BYTES) {
				return key;
			}
		}
		catch (IllegalArgumentException ex) {
			// Told below.
		}
		throw WebSocketFault.malformed("a Sec-WebSocket-Key that is not 16 bytes in base64");
	}

	/**
	 * What a server answers to a key.
	 * @param key the client's
	 * @return value of Sec-WebSocket-Accept
	 */
	static String accept(String key) {
		try {
			MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
			return Base64.getEncoder().encodeToString(sha1.digest((key + GUID).getBytes(StandardCharsets.US_ASCII)));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException("every JVM has SHA-1", ex);
		}
	}

	WebSocketHandshake handshake() {
		return this.handshake;
	}

	/**
	 * The response that accepts the request. No extension is accepted.
	 * @return its bytes
	 */
	byte[] response() {
		StringBuilder text = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n");
		text.append("Connection: Upgrade\r\nSec-WebSocket-Accept: ").append(this.accept).append("\r\n");
		if (this.handshake.subprotocol() != null) {
			text.append("Sec-WebSocket-Protocol: ").append(this.handshake.subprotocol()).append("\r\n");
		}
		return text.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
	}

}
