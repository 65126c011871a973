/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Proxies that speak ZeroMQ with their clients, or with their backends, with JeroMQ as
 * both.
 */
@Timeout(120)
class ZmtpProxyTests {

	private static final int LIMIT = 30_000;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final EchoServer server = new EchoServer('a');

	@AutoClose
	private final ZContext context = new ZContext();

	private DuplexProxy start(DuplexProxyDefinition.Builder definition) {
		DuplexProxy proxy = this.engine.createProxy(definition.build());
		proxy.start();
		return proxy;
	}

	private ZMQ.Socket socket(SocketType type) {
		ZMQ.Socket socket = this.context.createSocket(type);
		socket.setReceiveTimeOut(LIMIT);
		socket.setSendTimeOut(LIMIT);
		return socket;
	}

	private static ZMQ.Socket connect(ZMQ.Socket socket, DuplexProxy proxy) {
		socket.connect("tcp://127.0.0.1:" + proxy.port());
		return socket;
	}

	@Test
	void aZeroMqClientTalksToAServerOfLines() {
		DuplexProxy proxy = start(DuplexProxyDefinition.builder("bridge")
			.listen("tcp://127.0.0.1:0")
			.clientZmtp(ZmtpOptions.of(ZmtpSocketType.DEALER))
			.backends(this.server.address())
			.backendCodec(Codec.line()));
		ZMQ.Socket client = talkative(SocketType.DEALER, proxy);
		client.send("again");
		assertThat(client.recvStr()).isEqualTo("again");
		assertThat(this.engine.joins(JoinQuery.first()).joins()).anySatisfy((join) -> {
			assertThat(join.messagesFromClient()).isEqualTo(2);
			assertThat(join.messagesFromBackend()).isEqualTo(2);
		});
	}

	/**
	 * A client that has said hello and was answered. JeroMQ 0.6 sometimes connects and
	 * then says nothing, to plain Java sockets as well: then another one has to.
	 */
	private ZMQ.Socket talkative(SocketType type, DuplexProxy proxy) {
		while (true) {
			ZMQ.Socket client = connect(socket(type), proxy);
			client.setReceiveTimeOut(5000);
			client.send("hello");
			String answer = client.recvStr();
			if (answer != null) {
				// The server has told its name without an end of the line.
				assertThat(answer).isEqualTo("ahello");
				return client;
			}
			client.close();
		}
	}

	@Test
	void aTcpClientTalksToAZeroMqServer() {
		ZMQ.Socket backend = socket(SocketType.ROUTER);
		int port = backend.bindToRandomPort("tcp://127.0.0.1");
		DuplexProxy proxy = start(DuplexProxyDefinition.builder("bridge")
			.listen("tcp://127.0.0.1:0")
			.clientCodec(Codec.line())
			.backends("tcp://127.0.0.1:" + port)
			.backendZmtp(ZmtpOptions.of(ZmtpSocketType.DEALER)));
		try (Client client = new Client(proxy)) {
			client.send("question\n".getBytes(StandardCharsets.US_ASCII));
			byte[] identity = backend.recv();
			assertThat(backend.recvStr()).isEqualTo("question");
			backend.sendMore(identity);
			backend.send("answer");
			assertThat(client.receive("answer\n".length())).isEqualTo("answer\n");
		}
	}

	@Test
	void whoDoesNotFitIsRefused() {
		DuplexProxy proxy = start(DuplexProxyDefinition.builder("bridge")
			.listen("tcp://127.0.0.1:0")
			.clientZmtp(ZmtpOptions.of(ZmtpSocketType.PULL))
			.backends(this.server.address()));
		byte[] greeting = new byte[64];
		ByteBuffer.wrap(greeting).put(0, (byte) 0xff).put(9, (byte) 0x7f).put(10, (byte) 3).put(12, "NULL".getBytes());
		byte[] ready = "\4\31\5READY\13Socket-Type\0\0\0\3SUB".getBytes(StandardCharsets.US_ASCII);
		try (Client client = new Client(proxy)) {
			client.send(greeting);
			client.send(ready);
			assertThat(client.receive(1000)).startsWith("\u00ff").contains("\5READY").contains("\5ERROR");
		}
		try (Client client = new Client(proxy)) {
			client.send("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
			assertThat(client.receive(1000)).startsWith("\u00ff").hasSize(64);
		}
		await().until(() -> proxy.statistics().refusedByHandshake() == 2);
		assertThat(proxy.statistics().joined()).isZero();
	}

}
