/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/**
 * The server's end of the WebSocket handshake, byte by byte.
 */
@Timeout(60)
class WebSocketAcceptTests {

	/** The key and its answer are those of RFC 6455 section 1.3. */
	private static final String REQUEST = """
			GET /chat?room=7 HTTP/1.1
			Host: server.example.com
			Upgrade: websocket
			Connection: Upgrade
			Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
			Sec-WebSocket-Version: 13

			""".replace("\n", "\r\n");

	private static final String ANSWER = """
			HTTP/1.1 101 Switching Protocols
			Upgrade: websocket
			Connection: Upgrade
			Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=

			""".replace("\n", "\r\n");

	/** A masked text, as a client sends it. */
	private static final String HELLO = "\u0081\u0085\0\0\0\0Hello";

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	private static void say(Pair pair, String text) throws IOException {
		pair.peer().getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
	}

	private static String heard(Pair pair, int length) throws IOException {
		return new String(pair.peer().getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
	}

	private static String heardAll(Pair pair) throws IOException {
		return new String(pair.peer().getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
	}

	private static String with(String line) {
		return REQUEST.substring(0, REQUEST.length() - 2) + line + "\r\n\r\n";
	}

	private static String without(String line) {
		return REQUEST.replaceFirst("(?m)^" + line + ".*\r\n", "");
	}

	private static String refusal(String status, String headers, String reason) {
		return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Type: text/plain\r\nContent-Length: "
				+ (reason.length() + 1) + "\r\n\r\n" + reason + "\n";
	}

	private static String malformed(String reason) {
		return refusal("400 Bad Request", "Connection: close\r\n", reason);
	}

	private static String upgrade(String reason) {
		return refusal("426 Upgrade Required",
				"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade, close\r\n", reason);
	}

	@Test
	void aRequestIsAcceptedAndMessagesMove() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST);
			WebSocketHandshake handshake = WebSockets.accept(pair.socket());
			assertThat(handshake.target()).isEqualTo("/chat?room=7");
			assertThat(handshake.path()).isEqualTo("/chat");
			assertThat(handshake.host()).isEqualTo("server.example.com");
			assertThat(handshake.origin()).isNull();
			assertThat(handshake.subprotocol()).isNull();
			assertThat(handshake.headers().get("SEC-WEBSOCKET-VERSION")).containsExactly("13");
			assertThat(handshake.header("upgrade")).isEqualTo("websocket");
			assertThat(handshake.header("cookie")).isNull();
			assertThat(heard(pair, ANSWER.length())).isEqualTo(ANSWER);
			say(pair, HELLO);
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
			pair.socket().put(Message.text("World"));
			assertThat(heard(pair, 7)).isEqualTo("\u0081\u0005World");
		}
	}

	@Test
	void framesRightBehindTheRequestAreGotFirst() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST + HELLO + HELLO.substring(0, 8));
			WebSockets.accept(pair.socket());
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
			say(pair, HELLO.substring(8));
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
		}
	}

	@Test
	void aLargeMessageMayComeRightBehindTheRequest() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			String payload = "x".repeat(60_000);
			say(pair, REQUEST + "\u0082\u00fe\u00ea\u0060\0\0\0\0" + payload);
			WebSockets.accept(pair.socket());
			assertThat(pair.socket().get().text()).isEqualTo(payload);
		}
	}

	@Test
	void theRequestMayBeSplitAnywhere() throws Exception {
		String all = "\r\n" + REQUEST + HELLO;
		for (int i = 1; i < all.length(); i++) {
			try (Pair pair = Pair.open(this.engine)) {
				say(pair, all.substring(0, i));
				CompletableFuture<WebSocketHandshake> handshake = WebSockets
					.acceptAsync(pair.socket(), WebSocketOptions.DEFAULTS)
					.toCompletableFuture();
				say(pair, all.substring(i));
				assertThat(Peers.soon(handshake).target()).isEqualTo("/chat?room=7");
				assertThat(pair.socket().get().text()).isEqualTo("Hello");
			}
		}
	}

	@Test
	void theRequestMayComeByteByByte() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<WebSocketHandshake> handshake = WebSockets
				.acceptAsync(pair.socket(), WebSocketOptions.DEFAULTS)
				.toCompletableFuture();
			for (char c : (REQUEST + HELLO).toCharArray()) {
				say(pair, Character.toString(c));
			}
			assertThat(Peers.soon(handshake).target()).isEqualTo("/chat?room=7");
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
		}
	}

	static Stream<String> unusualRequests() {
		return Stream.of("\r\n\r\n" + REQUEST, with("permessage-deflate: x"),
				with("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
				REQUEST.replace("Connection: Upgrade", "connection: keep-alive, UPGRADE"),
				REQUEST.replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection:upgrade\t"),
				REQUEST.replace("Upgrade: websocket", "Upgrade: h2c ,, WebSocket"), with("Content-Length: 0"),
				REQUEST.replace("/chat", "http://server.example.com/chat"), with("X-Latin: gr\u00fc\u00df"),
				with("X-Empty:"), REQUEST.replace("server.example.com", "[::1]:8080"),
				REQUEST.replace("HTTP/1.1", "HTTP/1.2"), with("Sec-WebSocket-Protocol: soap, wamp"));
	}

	@ParameterizedTest
	@MethodSource("unusualRequests")
	void unusualRequestsAreAccepted(String request) throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, request);
			assertThat(WebSockets.accept(pair.socket()).target()).isEqualTo("/chat?room=7");
			assertThat(heard(pair, ANSWER.length())).isEqualTo(ANSWER);
		}
	}

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
	void theEndOfTheStreamIsNamed() throws Exception {
		for (int i : new int[] { 0, 50 }) {
			try (Pair pair = Pair.open(this.engine)) {
				say(pair, REQUEST.substring(0, i));
				pair.endOutput();
				assertThatExceptionOfType(WebSocketHandshakeException.class)
					.isThrownBy(() -> WebSockets.accept(pair.socket()))
					.withMessageContaining("the stream ended after " + i + " bytes, before the request was complete")
					.satisfies((ex) -> assertThat(ex.status()).isZero());
				assertThat(heardAll(pair)).isEmpty();
			}
		}
	}

	@Test
	void aResetIsToldAsAReset() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<WebSocketHandshake> handshake = WebSockets
				.acceptAsync(pair.socket(), WebSocketOptions.DEFAULTS)
				.toCompletableFuture();
			pair.resetConnection();
			assertThat(handshake).failsWithin(Peers.SOON)
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(ConnectionResetException.class);
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
	@ValueSource(strings = { "", "Origin: https://example.org\r\n", "Origin: HTTPS://Example.org\r\n",
			"Origin: https://example.org:443\r\n", "Origin: http://localhost:8080\r\n" })
	void allowedOriginsAndWhoHasNoneAreAccepted(String header) throws Exception {
		WebSocketOptions options = WebSocketOptions.DEFAULTS.withOrigins("https://Example.org:443",
				"http://localhost:8080");
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST.replace("Upgrade: websocket\r\n", "Upgrade: websocket\r\n" + header));
			assertThat(WebSockets.accept(pair.socket(), options).path()).isEqualTo("/chat");
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

	@Test
	void theServersPreferenceChoosesTheSubprotocol() throws Exception {
		WebSocketOptions options = WebSocketOptions.DEFAULTS.withSubprotocols("v2", "v1");
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, with("Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Protocol: v0 , v2"));
			assertThat(WebSockets.accept(pair.socket(), options).subprotocol()).isEqualTo("v2");
			assertThat(heard(pair, ANSWER.length() + 28))
				.isEqualTo(ANSWER.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: v2\r\n\r\n"));
		}
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, with("Sec-WebSocket-Protocol: V2, v3"));
			assertThat(WebSockets.accept(pair.socket(), options).subprotocol()).isNull();
			assertThat(heard(pair, ANSWER.length())).isEqualTo(ANSWER);
		}
	}

	@Test
	void thousandSlowHandshakesHoldNoThread() throws Exception {
		int count = 1000;
		try (Peers peers = new Peers(this.engine)) {
			List<Pair> pairs = peers.open(count);
			long threads = ProcessState.engineThreads();
			List<CompletableFuture<WebSocketHandshake>> handshakes = new ArrayList<>();
			for (Pair pair : pairs) {
				say(pair, REQUEST.substring(0, 30));
				handshakes.add(WebSockets
					.acceptAsync(pair.socket(), WebSocketOptions.DEFAULTS.withTimeout(Duration.ofMinutes(2)))
					.toCompletableFuture());
			}
			assertThat(handshakes).noneMatch(CompletableFuture::isDone);
			// The timer, and those who complete.
			assertThat(ProcessState.engineThreads())
				.isLessThanOrEqualTo(threads + 1 + Math.max(2, Runtime.getRuntime().availableProcessors()));
			for (Pair pair : pairs) {
				say(pair, REQUEST.substring(30));
			}
			for (CompletableFuture<WebSocketHandshake> handshake : handshakes) {
				assertThat(Peers.soon(handshake).path()).isEqualTo("/chat");
			}
		}
	}

	@Test
	void anInterruptLeavesTheSocketAsItWas() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST.substring(0, 50));
			CompletableFuture<Thread> thread = new CompletableFuture<>();
			CompletableFuture<Boolean> interrupted = Async.supply(() -> {
				thread.complete(Thread.currentThread());
				assertThatExceptionOfType(DuplexInterruptedException.class)
					.isThrownBy(() -> WebSockets.accept(pair.socket()));
				return Thread.currentThread().isInterrupted();
			});
			Awaitility.await().until(() -> thread.join().getState() == Thread.State.WAITING);
			thread.join().interrupt();
			assertThat(interrupted).succeedsWithin(Peers.SOON).isEqualTo(true);
			say(pair, REQUEST.substring(50) + HELLO);
			assertThat(WebSockets.accept(pair.socket()).path()).isEqualTo("/chat");
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
		}
	}

	@Test
	void theTimeLimitHoldsWhileSomebodyElseReceives() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			byte[] bytes = new byte[100];
			pair.socket().receiveAsync(java.nio.ByteBuffer.wrap(bytes));
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket(),
						WebSocketOptions.DEFAULTS.withTimeout(Duration.ofMillis(30))))
				.satisfies((ex) -> assertThat(ex.status()).isEqualTo(408));
		}
	}

	@Test
	void aJoinedSocketIsLeftAlone() throws Exception {
		try (Pair pair = Pair.open(this.engine); Pair other = Pair.open(this.engine)) {
			pair.socket().join(other.socket());
			assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> WebSockets.accept(pair.socket()));
			say(pair, "goes on");
			assertThat(heard(other, 7)).isEqualTo("goes on");
		}
	}

	@Test
	void theCodecCanBeAnotherOfTheSameEnd() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			say(pair, REQUEST + "\u0001\u0083\0\0\0\0Hel");
			WebSockets.accept(pair.socket(), WebSocketOptions.DEFAULTS.withCodec(Codec.webSocketServer().frames()));
			Message frame = pair.socket().get();
			assertThat(frame.text()).isEqualTo("Hel");
			assertThat(frame.more()).isTrue();
			assertThatIllegalArgumentException()
				.isThrownBy(() -> WebSockets.accept(pair.socket(),
						WebSocketOptions.DEFAULTS.withCodec(Codec.webSocketClient())))
				.withMessageContaining("the codec is that of a WebSocket's client");
		}
	}

	@Test
	void closingTheEngineEndsAHandshake() {
		DuplexEngine other = DuplexEngine.create();
		try (Pair pair = Pair.open(other)) {
			CompletableFuture<WebSocketHandshake> handshake = WebSockets
				.acceptAsync(pair.socket(), WebSocketOptions.DEFAULTS)
				.toCompletableFuture();
			other.close();
			assertThat(handshake).failsWithin(Peers.SOON)
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(DuplexClosedException.class);
		}
	}

}
