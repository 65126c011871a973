/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.stream.Stream;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static io.duplex.WebSocketWire.REQUEST;
import static io.duplex.WebSocketWire.heardAll;
import static io.duplex.WebSocketWire.malformed;
import static io.duplex.WebSocketWire.refusal;
import static io.duplex.WebSocketWire.say;
import static io.duplex.WebSocketWire.upgrade;
import static io.duplex.WebSocketWire.with;
import static io.duplex.WebSocketWire.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/**
 * What a server refuses, and how it says so, byte by byte.
 */
@Timeout(60)
class WebSocketRefusalTests {

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	static Stream<Arguments> refusedRequests() {
		String folded = "a folded header line";
		String line = "a malformed header line";
		String target = "a malformed request target";
		String key = "a Sec-WebSocket-Key that is not 16 bytes in base64";
		String upgrade = "this is a WebSocket, and the request does not upgrade to it";
		String version = "the WebSocket's version must be 13";
		String control = "a control character";
		return Stream.of(
				arguments(REQUEST.replace("GET", "POST"),
						refusal("405 Method Not Allowed", "Allow: GET\r\nConnection: close\r\n",
								"a WebSocket begins with GET")),
				arguments(REQUEST.replace("GET", "get"),
						refusal("405 Method Not Allowed", "Allow: GET\r\nConnection: close\r\n",
								"a WebSocket begins with GET")),
				arguments(REQUEST.replace("HTTP/1.1", "HTTP/1.0"),
						refusal("505 HTTP Version Not Supported", "Connection: close\r\n",
								"a WebSocket needs HTTP/1.1")),
				arguments("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
						refusal("505 HTTP Version Not Supported", "Connection: close\r\n",
								"a WebSocket needs HTTP/1.1")),
				arguments(REQUEST.replace(" HTTP/1.1", ""), malformed("a malformed request line")),
				arguments(REQUEST.replace("GET /", "GET  /"), malformed("a malformed request line")),
				arguments(REQUEST.replace("GET /", "G(T /"), malformed("a malformed request line")),
				arguments(REQUEST.replace("HTTP/1.1", "HTTP/1.1 "), malformed("a malformed request line")),
				arguments(REQUEST.replace("HTTP/1.1", "HTTP/11.1"), malformed("a malformed request line")),
				arguments(REQUEST.replace("/chat", "*"), malformed(target)),
				arguments(REQUEST.replace("/chat", "chat"), malformed(target)),
				arguments(REQUEST.replace("/chat", "/ch#at"), malformed(target)),
				arguments(REQUEST.replace("/chat", "/ch\u00e4t"), malformed(target)),
				arguments(REQUEST.replace("/chat", "ftp://server.example.com/chat"), malformed(target)),
				arguments(REQUEST.replace("/chat", "http:///chat"), malformed(target)),
				arguments(REQUEST.replace("/chat", "http://user@host/chat"), malformed(target)),
				arguments(without("Host"), malformed("no Host")),
				arguments(with("Host: server.example.com"), malformed("more than one Host")),
				arguments(REQUEST.replace("server.example.com", "a b"), malformed("a malformed Host")),
				arguments(REQUEST.replace("server.example.com", ""), malformed("a malformed Host")),
				arguments(with("Content-Length: 1"), malformed("a request with a body")),
				arguments(with("Content-Length: 0, 0"), malformed("a request with a body")),
				arguments(with("Transfer-Encoding: chunked"), malformed("a request with a body")),
				arguments(without("Upgrade"), upgrade(upgrade)), arguments(without("Connection"), upgrade(upgrade)),
				arguments(REQUEST.replace("websocket", "websockets"), upgrade(upgrade)),
				arguments(REQUEST.replace("Connection: Upgrade", "Connection: keep-alive"), upgrade(upgrade)),
				arguments(without("Sec-WebSocket-Version"), upgrade(version)),
				arguments(REQUEST.replace("Version: 13", "Version: 8"), upgrade(version)),
				arguments(with("Sec-WebSocket-Version: 13"), upgrade(version)),
				arguments(without("Sec-WebSocket-Key"), malformed("no Sec-WebSocket-Key")),
				arguments(with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
						malformed("more than one Sec-WebSocket-Key")),
				arguments(REQUEST.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"), malformed(key)),
				arguments(REQUEST.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZXh4"), malformed(key)),
				arguments(REQUEST.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhl*HNhbXBsZSBub25jZQ=="), malformed(key)),
				arguments(with("Sec-WebSocket-Protocol: a b"), malformed("a malformed Sec-WebSocket-Protocol")),
				arguments(with("Origin: http://a.example\r\nOrigin: http://b.example"),
						malformed("more than one Origin")),
				arguments(with("X-Folded: a\r\n b"), malformed(folded)),
				arguments(REQUEST.replace("Host:", " Host:"), malformed(folded)),
				arguments(REQUEST.replace("Host:", "Host :"), malformed(line)),
				arguments(REQUEST.replace("Host:", "Host"), malformed(line)), arguments(with(": x"), malformed(line)),
				arguments(with("X y: z"), malformed(line)), arguments(with("X\u00e4: z"), malformed(line)),
				arguments(REQUEST.replace("\r\nHost", "\nHost"), malformed("a line that ends without CR")),
				arguments("\n" + REQUEST, malformed("a line that ends without CR")),
				arguments(with("X: a\rb"), malformed("a CR without LF")),
				arguments(with("X: a\0b"), malformed(control)), arguments(with("X: a\u007fb"), malformed(control)),
				arguments("\u0016\u0003\u0001", malformed("this is TLS, which is not terminated here")));
	}

	@ParameterizedTest
	@MethodSource("refusedRequests")
	void whatIsNoProperRequestIsRefused(String request, String refusal) throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, request);
			int status = Integer.parseInt(refusal.substring(9, 12));
			String reason = refusal.substring(refusal.indexOf("\r\n\r\n") + 4).trim();
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket()))
				.withMessageContaining("cannot accept a WebSocket from tcp://127.0.0.1:")
				.withMessageContaining("refused with " + status + ", " + reason)
				.satisfies((ex) -> assertThat(ex.status()).isEqualTo(status));
			assertThat(heardAll(pair)).isEqualTo(refusal);
			assertThat(pair.socket().isClosed()).isTrue();
		}
	}

	@Test
	void aResponseToHeadHasNoBody() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST.replace("GET", "HEAD"));
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket()));
			assertThat(heardAll(pair)).startsWith("HTTP/1.1 405 ").endsWith("Content-Length: 28\r\n\r\n");
		}
	}

	@Test
	void aRefusalArrivesThoughThePeerSendsOn() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST.replace("GET", "PUT") + "x".repeat(200_000));
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket()));
			assertThat(heardAll(pair)).startsWith("HTTP/1.1 405 ");
		}
	}

	@Test
	void aHeadHasALimit() throws Exception {
		WebSocketOptions options = WebSocketOptions.DEFAULTS.withMaxHeaderSize(300);
		String fits = with("X: " + "x".repeat(300 - REQUEST.length() - 5));
		assertThat(fits).hasSize(300);
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, fits);
			WebSockets.accept(pair.socket(), options);
		}
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, "x" + fits);
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket(), options))
				.satisfies((ex) -> assertThat(ex.status()).isEqualTo(431));
			assertThat(heardAll(pair)).isEqualTo(refusal("431 Request Header Fields Too Large", "Connection: close\r\n",
					"the head is larger than 300 bytes"));
		}
	}

	@Test
	void aRequestThatDoesNotComeInTimeIsRefused() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST.substring(0, 50));
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket(),
						WebSocketOptions.DEFAULTS.withTimeout(Duration.ofMillis(30))))
				.satisfies((ex) -> assertThat(ex.status()).isEqualTo(408));
			assertThat(heardAll(pair))
				.isEqualTo(refusal("408 Request Timeout", "Connection: close\r\n", "the request did not come in time"));
		}
	}

	@Test
	void aPathCanBeAskedFor() throws Exception {
		WebSocketOptions options = WebSocketOptions.DEFAULTS.withPath("/chat");
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST);
			assertThat(WebSockets.accept(pair.socket(), options).path()).isEqualTo("/chat");
		}
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST.replace("/chat", "/chat/"));
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket(), options))
				.withMessageContaining("refused with 404, no WebSocket at this path: '/chat/'");
			assertThat(heardAll(pair))
				.isEqualTo(refusal("404 Not Found", "Connection: close\r\n", "no WebSocket at this path"));
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "http://example.org", "https://example.org:444", "https://example.org.evil.example",
			"https://evil.example", "null", "", "https://example.org/", "https://example.org https://evil.example" })
	void otherOriginsAreRefused(String origin) throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, with("Origin: " + origin));
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket(),
						WebSocketOptions.DEFAULTS.withOrigins("https://example.org")))
				.withMessageContaining("the origin is not allowed: '" + origin + "'");
			assertThat(heardAll(pair))
				.isEqualTo(refusal("403 Forbidden", "Connection: close\r\n", "the origin is not allowed"));
		}
	}

}
