/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A server that accepts WebSockets and sends every message back.
 */
final class WebSocketEcho implements AutoCloseable {

	private final DuplexSocket server;

	private final WebSocketOptions options;

	private final int port;

	/** Handshakes, failures and closes, as they come. */
	private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();

	WebSocketEcho(DuplexEngine engine, WebSocketOptions options) {
		this.server = engine.socket();
		this.options = options;
		this.port = this.server.bind("tcp://127.0.0.1:0").port();
		Async.run(this::acceptAll);
	}

	private void acceptAll() {
		while (true) {
			DuplexSocket client = this.server.accept();
			Async.run(() -> serve(client));
		}
	}

	private void serve(DuplexSocket client) {
		try (client) {
			this.seen.add(WebSockets.accept(client, this.options));
			for (Message message = client.get(); message != null; message = client.get()) {
				if (message.last()) {
					this.seen.add(message);
				}
				else {
					client.put(message);
				}
			}
		}
		catch (DuplexException ex) {
			this.seen.add(ex);
		}
	}

	URI uri(String path) {
		return URI.create("ws://127.0.0.1:" + this.port + path);
	}

	int port() {
		return this.port;
	}

	/** What has happened next. */
	<T> T next(Class<T> type) throws InterruptedException {
		Object next = this.seen.poll(Peers.SOON.toSeconds(), TimeUnit.SECONDS);
		assertThat(next).isInstanceOf(type);
		return type.cast(next);
	}

	/** The code and the reason of a Close. */
	static String closing(Message close) {
		byte[] bytes = close.bytes();
		int code = ((bytes[0] & 0xff) << 8) | (bytes[1] & 0xff);
		return code + " " + new String(bytes, 2, bytes.length - 2, java.nio.charset.StandardCharsets.UTF_8);
	}

	@Override
	public void close() {
		this.server.close();
	}

}
