/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Heads that were damaged at random: accepted or refused, the same in whatever pieces
 * they come, and nothing else.
 */
class HandshakeFuzzTests {

	private static final int ROUNDS = 5_000;

	private static final int MAX = 512;

	private static final String SPECIAL = "\r\n\t\0 :,;=/?#\"\u007f\u0080\u00ff";

	private static final WebSocketOptions OPTIONS = WebSocketOptions.DEFAULTS.withSubprotocols("v1", "v2")
		.withOrigins("https://example.org");

	private final long seed = new SplittableRandom().nextLong();

	private final SplittableRandom random = new SplittableRandom(this.seed);

	@Test
	void damagedRequests() {
		String request = "\r\nGET /chat?room=7 HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n"
				+ "Connection: keep-alive, Upgrade\r\nOrigin: https://example.org\r\n"
				+ "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
				+ "Sec-WebSocket-Protocol: v0, v2\r\n\r\nframes";
		assertThat(request(request.getBytes(StandardCharsets.ISO_8859_1), false)).startsWith("HTTP/1.1 101 ")
			.endsWith("6 bytes behind");
		int accepted = 0;
		for (int i = 0; i < ROUNDS; i++) {
			byte[] damaged = damage(request);
			String whole = request(damaged, false);
			assertThat(request(damaged, true)).as("seed %d, round %d", this.seed, i).isEqualTo(whole);
			assertThat(whole).as("seed %d, round %d", this.seed, i)
				.matches("(?s)(HTTP/1\\.1 [1-5][0-9]{2} |incomplete).*");
			accepted += whole.startsWith("HTTP/1.1 101 ") ? 1 : 0;
		}
		assertThat(accepted).as("seed %d", this.seed).isBetween(1, ROUNDS - 1);
	}

	@Test
	void damagedResponses() {
		WebSocketOffer offer = WebSocketOffer.of(URI.create("ws://example.org/"), OPTIONS);
		String key = new String(offer.request(), StandardCharsets.ISO_8859_1).replaceAll("(?s).*-Key: (.{24}).*", "$1");
		String response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
				+ "Sec-WebSocket-Accept: " + WebSocketRequest.accept(key) + "\r\nSec-WebSocket-Protocol: v2\r\n\r\n";
		assertThat(response(offer, response.getBytes(StandardCharsets.ISO_8859_1))).isEqualTo("v2");
		for (int i = 0; i < ROUNDS; i++) {
			assertThat(response(offer, damage(response))).as("seed %d, round %d", this.seed, i)
				.matches("v2|v1|null|incomplete|refused \\V*");
		}
	}

	/** What a server says to it. */
	private String request(byte[] bytes, boolean inPieces) {
		HttpHeadReader reader = new HttpHeadReader(MAX, true);
		try {
			int behind = read(reader, bytes, inPieces);
			if (behind < 0) {
				return "incomplete";
			}
			byte[] response = WebSocketRequest.read(reader.head(), OPTIONS).response();
			return new String(response, StandardCharsets.ISO_8859_1) + behind + " bytes behind";
		}
		catch (WebSocketFault ex) {
			return new String(ex.response(true), StandardCharsets.ISO_8859_1);
		}
	}

	/** What a client makes of it. */
	private String response(WebSocketOffer offer, byte[] bytes) {
		HttpHeadReader reader = new HttpHeadReader(MAX, false);
		try {
			return (read(reader, bytes, true) < 0) ? "incomplete"
					: String.valueOf(offer.judge(reader.head()).subprotocol());
		}
		catch (WebSocketFault ex) {
			return "refused " + ex.description();
		}
	}

	private int read(HttpHeadReader reader, byte[] bytes, boolean inPieces) throws WebSocketFault {
		ByteBuffer all = ByteBuffer.wrap(bytes);
		while (all.hasRemaining()) {
			int length = inPieces ? 1 + this.random.nextInt(all.remaining()) : all.remaining();
			ByteBuffer piece = all.slice(all.position(), length);
			if (reader.read(piece)) {
				return all.remaining() - piece.position();
			}
			all.position(all.position() + length);
		}
		return -1;
	}

	/** Change, insert, remove or repeat a few bytes. */
	private byte[] damage(String text) {
		StringBuilder damaged = new StringBuilder(text);
		for (int i = this.random.nextInt(4); i >= 0; i--) {
			int at = this.random.nextInt(damaged.length());
			char other = this.random.nextBoolean() ? SPECIAL.charAt(this.random.nextInt(SPECIAL.length()))
					: (char) this.random.nextInt(256);
			switch (this.random.nextInt(4)) {
				case 0 -> damaged.setCharAt(at, other);
				case 1 -> damaged.insert(at, other);
				case 2 -> damaged.deleteCharAt(at);
				default -> {
					int end = Math.min(damaged.length(), at + this.random.nextInt(40));
					damaged.insert(this.random.nextInt(damaged.length()), damaged.substring(at, end));
				}
			}
		}
		return damaged.toString().getBytes(StandardCharsets.ISO_8859_1);
	}

}
