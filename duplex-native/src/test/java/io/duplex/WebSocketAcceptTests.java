/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static io.duplex.WebSocketWire.ANSWER;
import static io.duplex.WebSocketWire.HELLO;
import static io.duplex.WebSocketWire.REQUEST;
import static io.duplex.WebSocketWire.heard;
import static io.duplex.WebSocketWire.heardAll;
import static io.duplex.WebSocketWire.say;
import static io.duplex.WebSocketWire.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * The server's end of the WebSocket handshake, byte by byte.
 */
@Timeout(60)
class WebSocketAcceptTests {

	private static final int FILLING = 64 << 20;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

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
	void anAnswerThatDoesNotFitWaitsAndCanBeInterrupted() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			fill(pair.socket());
			say(pair, REQUEST + HELLO);
			CompletableFuture<Thread> thread = new CompletableFuture<>();
			CompletableFuture<Void> interrupted = Async.run(() -> {
				thread.complete(Thread.currentThread());
				assertThatExceptionOfType(DuplexInterruptedException.class)
					.isThrownBy(() -> WebSockets.accept(pair.socket()))
					.satisfies((ex) -> assertThat(ex.getBytesTransferred()).isZero());
			});
			Awaitility.await().until(() -> thread.join().getState() == Thread.State.WAITING);
			thread.join().interrupt();
			Peers.soon(interrupted);
			CompletableFuture<WebSocketHandshake> again = Async.supply(() -> WebSockets.accept(pair.socket()));
			pair.peer().getInputStream().skipNBytes(FILLING);
			assertThat(Peers.soon(again).path()).isEqualTo("/chat");
			assertThat(heard(pair, ANSWER.length())).isEqualTo(ANSWER);
			assertThat(pair.socket().get().text()).isEqualTo("Hello");
		}
	}

	@Test
	void anAnswerThatThePeerDoesNotTakeInTimeFails() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			fill(pair.socket());
			say(pair, REQUEST);
			assertThatExceptionOfType(WebSocketHandshakeException.class)
				.isThrownBy(() -> WebSockets.accept(pair.socket(),
						WebSocketOptions.DEFAULTS.withTimeout(Duration.ofMillis(30))))
				.withMessageContaining("the peer did not take all of it in PT0.03S");
		}
	}

	/** More than any buffer takes, so that an answer waits behind it. */
	private static void fill(DuplexSocket socket) {
		CompletionStage<Void> sent = socket.sendAsync(ByteBuffer.allocate(FILLING));
		assertThat(sent.toCompletableFuture()).isNotDone();
	}

	@Test
	void theTimeLimitHoldsWhileSomebodyElseReceives() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			byte[] bytes = new byte[100];
			pair.socket().receiveAsync(ByteBuffer.wrap(bytes));
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
