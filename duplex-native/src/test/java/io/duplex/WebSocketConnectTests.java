/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/**
 * The client's end of the WebSocket handshake, byte by byte, and both ends together.
 */
@Timeout(60)
class WebSocketConnectTests {

	private static final URI CHAT = URI.create("ws://server.example.com/chat?room=7");

	private static final Pattern KEY = Pattern.compile("Sec-WebSocket-Key: (.*)\r\n");

	private static final String ANSWER = """
			HTTP/1.1 101 Switching Protocols
			Upgrade: websocket
			Connection: Upgrade
			Sec-WebSocket-Accept: ACCEPT

			""".replace("\n", "\r\n");

	/** A text that is not masked, as a server sends it. */
	private static final String HELLO = "\u0081\5Hello";

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	private static void say(Pair pair, String text) throws IOException {
		pair.peer().getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
	}

	private static String request(Pair pair) throws IOException {
		StringBuilder request = new StringBuilder();
		while (request.indexOf("\r\n\r\n") < 0) {
			int next = pair.peer().getInputStream().read();
			assertThat(next).isNotNegative();
			request.append((char) next);
		}
		return request.toString();
	}

	private static String key(String request) {
		Matcher matcher = KEY.matcher(request);
		assertThat(matcher.find()).isTrue();
		return matcher.group(1);
	}

	private static CompletableFuture<WebSocketHandshake> connect(Pair pair, WebSocketOptions options) {
		return WebSockets.connectAsync(pair.socket(), CHAT, options).toCompletableFuture();
	}

	/** Answer the request that has come. */
	private static void answer(Pair pair, String response) throws IOException {
		say(pair, response.replace("ACCEPT", WebSocketRequest.accept(key(request(pair)))));
	}

	private static String with(String line) {
		return ANSWER.substring(0, ANSWER.length() - 2) + line + "\r\n\r\n";
	}

	@Test
	void aServerIsAskedAndMessagesMove() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<WebSocketHandshake> connecting = Async
				.supply(() -> WebSockets.connect(pair.socket(), CHAT));
			String request = request(pair);
			assertThat(request).isEqualTo("""
					GET /chat?room=7 HTTP/1.1
					Host: server.example.com
					Upgrade: websocket
					Connection: Upgrade
					Sec-WebSocket-Key: %s
					Sec-WebSocket-Version: 13

					""".formatted(key(request)).replace("\n", "\r\n"));
			assertThat(Base64.getDecoder().decode(key(request))).hasSize(16);
			say(pair, ANSWER.replace("ACCEPT", WebSocketRequest.accept(key(request))) + HELLO + "\u0081\5Wor");
			WebSocketHandshake handshake = Peers.soon(connecting);
			assertThat(handshake.target()).isEqualTo("/chat?room=7");
			assertThat(handshake.host()).isEqualTo("server.example.com");
			assertThat(handshake.subprotocol()).isNull();
			assertThat(handshake.header("upgrade")).isEqualTo("websocket");
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
			say(pair, "ld");
			assertThat(pair.socket().get().text()).isEqualTo("World");
			pair.socket().put(Message.text("Hi"));
			byte[] frame = pair.peer().getInputStream().readNBytes(8);
			assertThat(frame[0]).isEqualTo((byte) 0x81);
			assertThat(frame[1]).isEqualTo((byte) 0x82);
			assertThat((char) (frame[6] ^ frame[2])).isEqualTo('H');
		}
	}

	@Test
	void bothEndsUnderstandEachOther() throws Exception {
		DuplexSocket server = this.engine.socket();
		int port = server.bind("tcp://127.0.0.1:0").port();
		CompletableFuture<WebSocketHandshake> accepted = Async.supply(() -> {
			DuplexSocket client = server.accept();
			WebSocketHandshake handshake = WebSockets.accept(client,
					WebSocketOptions.DEFAULTS.withPath("/echo").withSubprotocols("v2", "v1"));
			for (Message message = client.get(); message != null && !message.last(); message = client.get()) {
				client.put(message);
			}
			return handshake;
		});
		DuplexSocket socket = this.engine.socket();
		socket.connect("tcp://127.0.0.1:" + port);
		WebSocketHandshake connected = WebSockets.connect(socket, URI.create("ws://localhost:" + port + "/echo?a=b"),
				WebSocketOptions.DEFAULTS.withSubprotocols("v1", "v2")
					.withOrigin("http://Localhost")
					.withHeader("Cookie", "id=7"));
		assertThat(connected.subprotocol()).isEqualTo("v2");
		socket.put(Message.text("hello"));
		assertThat(socket.get().text()).isEqualTo("hello");
		socket.put(Message.close(1000, "done"));
		assertThat(socket.get().last()).isTrue();
		WebSocketHandshake handshake = Peers.soon(accepted);
		assertThat(handshake.target()).isEqualTo("/echo?a=b");
		assertThat(handshake.host()).isEqualTo("localhost:" + port);
		assertThat(handshake.origin()).isEqualTo("http://localhost");
		assertThat(handshake.header("COOKIE")).isEqualTo("id=7");
		assertThat(handshake.subprotocol()).isEqualTo("v2");
	}

	/** As in README.md. */
	@Test
	void aGatewayBetweenTwoWebSockets() throws Exception {
		try (WebSocketEcho echo = new WebSocketEcho(this.engine, WebSocketOptions.DEFAULTS);
				Pair browser = Pair.open(this.engine)) {
			DuplexSocket client = browser.socket();
			DuplexSocket backend = this.engine.connect("tcp://127.0.0.1:" + echo.port());
			say(browser, """
					GET /chat HTTP/1.1
					Host: gateway
					Origin: https://example.org
					Upgrade: websocket
					Connection: Upgrade
					Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
					Sec-WebSocket-Version: 13

					""".replace("\n", "\r\n") + "\u0081\u0083\0\0\0\0one\u0081\u0083\0\0\0\0two");
			WebSocketOptions options = WebSocketOptions.DEFAULTS.withPath("/chat").withOrigins("https://example.org");
			WebSocketHandshake handshake = WebSockets.accept(client, options);
			client.put(Message.text("you asked for " + handshake.target()));
			Message first = client.get();

			WebSockets.connect(backend, URI.create("ws://backend/chat"));
			backend.put(first);
			Join route = client.route(backend);
			String heard = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
					+ "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
					+ "\u0081\u0013you asked for /chat\u0081\3one\u0081\3two";
			byte[] bytes = browser.peer().getInputStream().readNBytes(heard.length());
			assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).isEqualTo(heard);
			route.unjoin();
		}
	}

	@Test
	void everyKeyIsAnother() throws Exception {
		Set<String> keys = new HashSet<>();
		for (int i = 0; i < 20; i++) {
			try (Pair pair = Pair.open(this.engine)) {
				connect(pair, WebSocketOptions.DEFAULTS);
				keys.add(key(request(pair)));
			}
		}
		assertThat(keys).hasSize(20);
	}

	static Stream<Arguments> uris() {
		return Stream.of(arguments("ws://host", "/", "host"), arguments("WS://host:80/", "/", "host"),
				arguments("ws://host:8080?q", "/?q", "host:8080"), arguments("ws://[::1]:81/a", "/a", "[::1]:81"),
				arguments("ws://my_service:/a%20b", "/a%20b", "my_service"),
				arguments("ws://host/gr\u00fc\u00df?\u00e4", "/gr%C3%BC%C3%9F?%C3%A4", "host"));
	}

	@ParameterizedTest
	@MethodSource("uris")
	void theUriBecomesTargetAndHost(String uri, String target, String host) throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			WebSockets.connectAsync(pair.socket(), URI.create(uri), WebSocketOptions.DEFAULTS);
			assertThat(request(pair)).startsWith("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n");
		}
	}

	static Stream<Arguments> wrongUris() {
		return Stream.of(arguments("wss://host/", "TLS is not terminated here"),
				arguments("http://host/", "begins with ws"), arguments("//host/", "begins with ws"),
				arguments("ws:/path", "has a host"), arguments("ws://user@host/", "has a host, and no user"),
				arguments("ws://host/#here", "has no fragment"));
	}

	@ParameterizedTest
	@MethodSource("wrongUris")
	void whatIsNoUriOfAWebSocketIsRefused(String uri, String reason) {
		try (Pair pair = Pair.open(this.engine)) {
			assertThatIllegalArgumentException().isThrownBy(() -> WebSockets.connect(pair.socket(), URI.create(uri)))
				.withMessageContaining(reason)
				.withMessageContaining(uri);
			assertThat(pair.socket().isClosed()).isFalse();
		}
	}

	@Test
	void theResponseMayBeSplitAnywhere() throws Exception {
		String all = "HTTP/1.1 100 Continue\r\n\r\n" + ANSWER + HELLO;
		int length = all.length() - "ACCEPT".length() + 28;
		for (int i = 1; i < length; i++) {
			try (Pair pair = Pair.open(this.engine)) {
				CompletableFuture<WebSocketHandshake> connecting = connect(pair, WebSocketOptions.DEFAULTS);
				String response = all.replace("ACCEPT", WebSocketRequest.accept(key(request(pair))));
				say(pair, response.substring(0, i));
				say(pair, response.substring(i));
				Peers.soon(connecting);
				assertThat(pair.socket().get().text()).isEqualTo("Hello");
			}
		}
	}

	static Stream<String> unusualResponses() {
		return Stream.of(ANSWER.replace("Upgrade: websocket", "upgrade: WebSocket"),
				ANSWER.replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: UPGRADE"),
				ANSWER.replace(" Switching Protocols", ""), ANSWER.replace(" Switching Protocols", " "),
				"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ANSWER, with("Sec-WebSocket-Extensions: ,"),
				with("Sec-WebSocket-Protocol: v1"));
	}

	@ParameterizedTest
	@MethodSource("unusualResponses")
	void unusualResponsesAreAccepted(String response) throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<WebSocketHandshake> connecting = connect(pair,
					WebSocketOptions.DEFAULTS.withSubprotocols("v0", "v1"));
			answer(pair, response + HELLO);
			Peers.soon(connecting);
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
		}
	}

	static Stream<Arguments> refusals() {
		String upgrade = "it does not upgrade to a WebSocket";
		return Stream.of(arguments(101, ANSWER.replace("websocket", "h2c"), upgrade),
				arguments(101, ANSWER.replace("Connection: Upgrade\r\n", ""), upgrade),
				arguments(101, ANSWER.replace("ACCEPT", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
						"does not answer the key: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='"),
				arguments(101, ANSWER.replace("-Accept", "-Acept"), "does not answer the key: nothing"),
				arguments(101, with("Sec-WebSocket-Accept: ACCEPT"), "more than one Sec-WebSocket-Accept"),
				arguments(101, with("Sec-WebSocket-Extensions: permessage-deflate"),
						"an extension that was not offered: 'permessage-deflate'"),
				arguments(101, with("Sec-WebSocket-Protocol: v3"), "a subprotocol that was not offered: 'v3'"),
				arguments(101, with("Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Protocol: v1"),
						"more than one Sec-WebSocket-Protocol"),
				arguments(0, "SSH-2.0-OpenSSH_9.2\r\n\r\n", "no status line of HTTP/1.1: 'SSH-2.0-OpenSSH_9.2'"),
				arguments(0, "HTTP/1.1 1010 No\r\n\r\n", "no status line"),
				arguments(0, "HTTP/1.1 101 Yes\r\nX : y\r\n\r\n", "a malformed header line"),
				arguments(0, "HTTP/1.1 101 Yes\nUpgrade: websocket\n\n", "a line that ends without CR"),
				arguments(0, "\r\n" + ANSWER, "no status line"),
				arguments(0, "HTTP/1.1 101 Yes\r\nX: " + "x".repeat(10_000), "larger than 8192 bytes"),
				arguments(100, "HTTP/1.1 100 Continue\r\n\r\n".repeat(40), "more than 10 interim ones"),
				arguments(200, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello\r\nworld",
						"the server answered 200 OK: hello world"),
				arguments(404, "HTTP/1.1 404 Not Found\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\n???",
						"answered 404 Not Found"),
				arguments(403,
						"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nnot me\r\n4\r\n it \r\n0\r\n\r\n",
						"answered 403 Forbidden: not me"),
				arguments(302, "HTTP/1.1 302 Found\r\nLocation: ws://other/\r\nContent-Length: 0\r\n\r\n",
						"answered 302 Found, to ws://other/, which is not followed"),
				arguments(401,
						"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
								+ "Content-Length: 0\r\n\r\n",
						"answered 401 Unauthorized, it wants Basic realm=\"x\""),
				arguments(404,
						"HTTP/1.1 404 Not\u0085there\r\nContent-Length: 13\r\n\r\na\u00e2\u0080\u00a8b\u00e2\u0080\u00aec d\0\n",
						"answered 404 Not there: a b c d"),
				arguments(503, "HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", "answered 503"),
				arguments(426, "HTTP/1.1 426 Upgrade Required\r\n\r\n" + "x".repeat(1000), "x".repeat(200) + "\u2026"));
	}

	@ParameterizedTest
	@MethodSource("refusals")
	void whatIsNoProperResponseIsRefused(int status, String response, String reason) throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<WebSocketHandshake> connecting = connect(pair,
					WebSocketOptions.DEFAULTS.withSubprotocols("v1"));
			answer(pair, response);
			assertThat(connecting).failsWithin(Peers.SOON)
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(WebSocketHandshakeException.class)
				.withMessageContaining("cannot open a WebSocket to tcp://127.0.0.1:")
				.withMessageContaining(reason)
				.matches((ex) -> ((WebSocketHandshakeException) ex).status() == status);
			assertThat(pair.ended() || pair.reset()).isTrue();
		}
	}

	@Test
	void aBodyThatStaysAwayIsNotWaitedFor() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<WebSocketHandshake> connecting = connect(pair,
					WebSocketOptions.DEFAULTS.withTimeout(Duration.ofHours(1)));
			answer(pair, "HTTP/1.1 500 Oh no\r\nContent-Length: 100\r\n\r\nIt is");
			assertThat(connecting).failsWithin(Peers.SOON)
				.withThrowableThat()
				.withMessageContaining("answered 500 Oh no: It is");
		}
	}

	@Test
	void aResponseThatDoesNotComeInTimeFails() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.connect(pair.socket(), CHAT,
						WebSocketOptions.DEFAULTS.withTimeout(Duration.ofMillis(30))))
				.withMessageContaining("no response came in PT0.03S")
				.satisfies((ex) -> assertThat(ex.status()).isZero());
			request(pair);
			assertThat(pair.ended()).isTrue();
		}
	}

	@Test
	void theEndOfTheStreamIsNamed() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<WebSocketHandshake> connecting = connect(pair, WebSocketOptions.DEFAULTS);
			answer(pair, ANSWER.substring(0, 20));
			pair.endOutput();
			assertThat(connecting).failsWithin(Peers.SOON)
				.withThrowableThat()
				.withMessageContaining("the stream ended after 20 bytes, before the response was complete");
		}
	}

	@Test
	void anInterruptGivesBackWhatHasCome() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			CompletableFuture<Thread> thread = new CompletableFuture<>();
			CompletableFuture<Void> interrupted = Async.run(() -> {
				thread.complete(Thread.currentThread());
				assertThatExceptionOfType(DuplexInterruptedException.class)
					.isThrownBy(() -> WebSockets.connect(pair.socket(), CHAT));
			});
			request(pair);
			say(pair, "HTTP/1.1");
			Awaitility.await().until(() -> thread.join().getState() == Thread.State.WAITING);
			thread.join().interrupt();
			Peers.soon(interrupted);
			say(pair, " 101");
			byte[] all = new byte[12];
			for (int length = 0; length < all.length;) {
				length += pair.socket().receive(java.nio.ByteBuffer.wrap(all, length, all.length - length));
			}
			assertThat(new String(all, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 101");
		}
	}

	@Test
	void aFreshSocketIsToldToConnect() {
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> WebSockets.connect(this.engine.socket(), CHAT))
			.withMessageContaining("it is not connected: call connect() first");
	}

	@Test
	void aServersCodecIsRefused() {
		try (Pair pair = Pair.open(this.engine)) {
			assertThatIllegalArgumentException()
				.isThrownBy(() -> WebSockets.connect(pair.socket(), CHAT,
						WebSocketOptions.DEFAULTS.withCodec(Codec.webSocketServer())))
				.withMessageContaining("the codec is that of a WebSocket's server");
		}
	}

}
