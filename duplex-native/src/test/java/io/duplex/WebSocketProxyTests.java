/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Proxies that speak WebSocket with their clients, or with their backends.
 */
@Timeout(120)
class WebSocketProxyTests {

	@AutoClose
	private final EchoServer server = new EchoServer('a');

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	private DuplexProxy start(DuplexProxyDefinition.Builder definition) {
		DuplexProxy proxy = this.engine.createProxy(definition.build());
		proxy.start();
		return proxy;
	}

	private DuplexProxyDefinition.Builder gateway(String path) {
		return DuplexProxyDefinition.builder("gateway")
			.listen("ws://127.0.0.1:0" + path)
			.backends(this.server.address());
	}

	@Test
	void aWebSocketTalksToATcpServer() {
		DuplexProxy proxy = start(gateway("/cache"));
		assertThat(proxy.address()).hasToString("tcp://127.0.0.1:" + proxy.port());
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/cache?any=query")) {
			assertThat(peer.textOfBytes(1)).isEqualTo("a");
			peer.send("hello");
			assertThat(peer.textOfBytes(5)).isEqualTo("hello");
			JoinSnapshot join = this.engine.joins(JoinQuery.first()).joins().get(0);
			assertThat(join.messagesFromClient()).isOne();
			assertThat(join.bytesFromClient()).isEqualTo(5);
			peer.socket().sendClose(1000, "bye").join();
			assertThat(peer.closeCode()).isEqualTo(1000);
		}
		await().until(() -> proxy.statistics().active() == 0);
		assertThat(proxy.statistics().ended()).containsExactlyEntriesOf(Map.of(JoinEndReason.CLIENT_CLOSED, 1L));
		assertThat(this.engine.statistics().messageMemory()).isZero();
	}

	@Test
	void bulkGoesBothWays() {
		DuplexProxy proxy = start(gateway(""));
		long seed = System.nanoTime();
		byte[] message = new byte[3 << 20];
		new Random(seed).nextBytes(message);
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/anything")) {
			peer.bytes();
			peer.send(message);
			ByteBuffer back = ByteBuffer.allocate(message.length);
			while (back.hasRemaining()) {
				back.put(peer.bytes());
			}
			assertThat(back.array()).as("seed %d", seed).isEqualTo(message);
		}
	}

	@Test
	void aTcpClientTalksToAWebSocketServer() {
		DuplexProxy server = start(DuplexProxyDefinition.builder("server")
			.listen("ws://127.0.0.1:0/feed")
			.backends(this.server.address()));
		DuplexProxy proxy = start(DuplexProxyDefinition.builder("client")
			.listen("tcp://127.0.0.1:0")
			.backends("ws://127.0.0.1:" + server.port() + "/feed"));
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo('a');
			assertThat(client.echo("through two gateways")).isEqualTo("through two gateways");
		}
		await().until(() -> proxy.statistics().active() == 0 && server.statistics().active() == 0);
		assertThat(server.statistics().ended()).containsOnlyKeys(JoinEndReason.CLIENT_CLOSED);
	}

	@Test
	void linesOnOneSideAreMessagesOnTheOther() {
		DuplexProxy proxy = start(
				gateway("/").clientCodec(Codec.webSocketServer().asText()).backendCodec(Codec.line()));
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/")) {
			peer.send("one");
			// The server has told its name without an end of the line.
			assertThat(peer.text()).isEqualTo("aone");
			peer.send("two");
			assertThat(peer.text()).isEqualTo("two");
		}
	}

	@Test
	void codecsNeedNoWebSocket() {
		DuplexProxy proxy = start(DuplexProxyDefinition.builder("lines")
			.listen("tcp://127.0.0.1:0")
			.clientCodec(Codec.length(1))
			.backends(this.server.address())
			.backendCodec(Codec.line()));
		try (Client client = new Client(proxy)) {
			assertThat(client.echo("\3one")).isEqualTo("\4aon");
			assertThat(client.read()).isEqualTo('e');
		}
	}

	@Test
	void whatIsNoProperRequestIsToldSo() throws Exception {
		DuplexProxy proxy = start(
				gateway("/cache").webSocket(WebSocketOptions.DEFAULTS.withOrigins("https://example.org")));
		assertThat(status(proxy, "/cache")).isEqualTo(426);
		assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> WebSocketPeer.connect(proxy, "/other"))
			.satisfies((ex) -> assertThat(handshakeStatus(ex)).isEqualTo(404));
		assertThatExceptionOfType(CompletionException.class)
			.isThrownBy(() -> WebSocketPeer.connect(proxy, "/cache",
					(options) -> options.header("Origin", "https://evil.example")))
			.satisfies((ex) -> assertThat(handshakeStatus(ex)).isEqualTo(403));
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/cache",
				(options) -> options.header("Origin", "https://example.org"))) {
			assertThat(peer.textOfBytes(1)).isEqualTo("a");
		}
		await().until(() -> proxy.statistics().active() == 0);
		ProxyStatistics statistics = proxy.statistics();
		assertThat(statistics.refusedByHandshake()).isEqualTo(3);
		assertThat(statistics.refused()).isEqualTo(3);
		assertThat(statistics.joined()).isOne();
	}

	private static int status(DuplexProxy proxy, String path) throws IOException, InterruptedException {
		return HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + proxy.port() + path)).build(),
					BodyHandlers.ofString())
			.statusCode();
	}

	private static int handshakeStatus(Throwable ex) {
		return ((java.net.http.WebSocketHandshakeException) ex.getCause()).getResponse().statusCode();
	}

	@Test
	void theSlowAreCutOff() {
		DuplexProxy proxy = start(gateway("/").decisionTimeout(Duration.ofMillis(200)));
		try (Client client = new Client(proxy)) {
			client.send("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
			// All of it: what is left unread would reset the connection, which is counted
			// elsewhere.
			assertThat(client.receive(1000)).startsWith("HTTP/1.1 408 ");
		}
		await().until(() -> proxy.statistics().refusedByHandshake() == 1);
	}

	@Test
	void subprotocolsAreAgreedOn() {
		DuplexProxy proxy = start(gateway("/").webSocket(WebSocketOptions.DEFAULTS.withSubprotocols("v2", "v1")));
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/", (options) -> options.subprotocols("v1", "v2"))) {
			assertThat(peer.socket().getSubprotocol()).isEqualTo("v2");
		}
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/")) {
			assertThat(peer.socket().getSubprotocol()).isEmpty();
		}
	}

	@Test
	void aRouterSeesTheHandshake() {
		AtomicReference<InboundConnection> seen = new AtomicReference<>();
		DuplexProxy proxy = start(
				DuplexProxyDefinition.builder("routed").listen("ws://127.0.0.1:0").router((connection) -> {
					seen.set(connection);
					WebSocketHandshake handshake = connection.webSocket().orElseThrow();
					return handshake.path().equals("/echo") ? DuplexAddress.of(this.server.address()) : null;
				}));
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/echo?room=7",
				(options) -> options.header("X-Token", "secret"))) {
			assertThat(peer.textOfBytes(1)).isEqualTo("a");
			WebSocketHandshake handshake = seen.get().webSocket().orElseThrow();
			assertThat(handshake.target()).isEqualTo("/echo?room=7");
			assertThat(handshake.query()).isEqualTo("room=7");
			assertThat(handshake.header("x-token")).isEqualTo("secret");
			assertThat(seen.get().clientAddress().host()).isEqualTo("127.0.0.1");
		}
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/other")) {
			assertThat(peer.closeCode()).isEqualTo(1008);
		}
		await().until(() -> proxy.statistics().refusedByRouter() == 1);
	}

	@Test
	void otherRoutersSeeNoHandshake() {
		AtomicReference<Optional<WebSocketHandshake>> seen = new AtomicReference<>();
		DuplexProxy proxy = start(
				DuplexProxyDefinition.builder("routed").listen("tcp://127.0.0.1:0").router((connection) -> {
					seen.set(connection.webSocket());
					return DuplexAddress.of(this.server.address());
				}));
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo('a');
		}
		assertThat(seen.get()).isEmpty();
	}

	@Test
	void aBackendThatIsNoWebSocketServerEndsTheConnection() {
		DuplexProxy proxy = start(DuplexProxyDefinition.builder("client")
			.listen("tcp://127.0.0.1:0")
			.backends("ws://127.0.0.1:" + this.server.port() + "/"));
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo(Client.END);
		}
		await().until(() -> proxy.statistics().refusedByFailure() == 1);
		await().until(() -> proxy.statistics().active() == 0);
	}

	@Test
	void aClientIsToldThatNoBackendAnswers() {
		DuplexProxy proxy = start(gateway("/"));
		this.server.close();
		try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/")) {
			assertThat(peer.closeCode()).isEqualTo(1013);
		}
		await().until(() -> proxy.statistics().connectFailed() == 1);
	}

	@Test
	void whoDoesNotAnswerPingsIsCutOff() throws Exception {
		DuplexProxy proxy = start(
				gateway("/").clientCodec(Codec.webSocketServer().withPingInterval(Duration.ofMillis(100))));
		try (Client client = new Client(proxy)) {
			client.socket()
				.getOutputStream()
				.write(("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
						+ "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
					.getBytes(StandardCharsets.US_ASCII));
			byte[] all = client.socket().getInputStream().readAllBytes();
			String text = new String(all, StandardCharsets.ISO_8859_1);
			assertThat(text).startsWith("HTTP/1.1 101 ").contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
			assertThat(text).contains("\u0089\0");
		}
		await().until(() -> proxy.statistics().ended().equals(Map.of(JoinEndReason.IDLE, 1L)));
	}

	@Test
	void manyHandshakesHoldNoThread() {
		DuplexProxy proxy = start(gateway("/"));
		List<Client> slow = IntStream.range(0, 500).mapToObj((i) -> new Client(proxy)).toList();
		try {
			await().until(() -> proxy.statistics().pending() == slow.size());
			CompletableFuture<String> quick = CompletableFuture.supplyAsync(() -> {
				try (WebSocketPeer peer = WebSocketPeer.connect(proxy, "/")) {
					return peer.textOfBytes(1);
				}
			});
			assertThat(quick.join()).isEqualTo("a");
		}
		finally {
			slow.forEach(Client::close);
		}
		await().until(() -> proxy.statistics().active() == 0);
	}

}
