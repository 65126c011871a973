/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * The JDK's WebSocket client, which waits for what it is told for half a minute.
 */
final class WebSocketPeer implements WebSocket.Listener, AutoCloseable {

	private static final Duration LIMIT = Duration.ofSeconds(30);

	private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();

	private final CompletableFuture<Integer> closed = new CompletableFuture<>();

	private final StringBuilder text = new StringBuilder();

	private final ByteArrayOutputStream binary = new ByteArrayOutputStream();

	private final WebSocket socket;

	private WebSocketPeer(URI uri, UnaryOperator<WebSocket.Builder> options) {
		WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder().connectTimeout(LIMIT);
		this.socket = options.apply(builder).buildAsync(uri, this).join();
	}

	static WebSocketPeer connect(DuplexProxy proxy, String path) {
		return connect(proxy, path, (options) -> options);
	}

	static WebSocketPeer connect(DuplexProxy proxy, String path, UnaryOperator<WebSocket.Builder> options) {
		return new WebSocketPeer(URI.create("ws://127.0.0.1:" + proxy.port() + path), options);
	}

	WebSocket socket() {
		return this.socket;
	}

	void send(String message) {
		this.socket.sendText(message, true).join();
	}

	void send(byte[] message) {
		this.socket.sendBinary(ByteBuffer.wrap(message), true).join();
	}

	/** The next message: a String, or bytes. */
	private Object next() {
		try {
			Object message = this.received.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
			if (message == null) {
				throw new AssertionError("no message came");
			}
			return message;
		}
		catch (InterruptedException ex) {
			throw new AssertionError(ex);
		}
	}

	String text() {
		return (String) next();
	}

	byte[] bytes() {
		return (byte[]) next();
	}

	/** Binary messages, as the text that they are, until there is this much of it. */
	String textOfBytes(int length) {
		StringBuilder all = new StringBuilder();
		while (all.length() < length) {
			all.append(new String(bytes(), StandardCharsets.UTF_8));
		}
		return all.toString();
	}

	/**
	 * Wait for the end.
	 * @return the code of the Close; 1006 for an end without one
	 */
	int closeCode() {
		return this.closed.orTimeout(LIMIT.toMillis(), TimeUnit.MILLISECONDS).join();
	}

	@Override
	public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
		this.text.append(data);
		if (last) {
			this.received.add(this.text.toString());
			this.text.setLength(0);
		}
		webSocket.request(1);
		return null;
	}

	@Override
	public CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer data, boolean last) {
		byte[] bytes = new byte[data.remaining()];
		data.get(bytes);
		this.binary.writeBytes(bytes);
		if (last) {
			this.received.add(this.binary.toByteArray());
			this.binary.reset();
		}
		webSocket.request(1);
		return null;
	}

	@Override
	public CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
		this.closed.complete(code);
		return null;
	}

	@Override
	public void onError(WebSocket webSocket, Throwable error) {
		this.closed.complete(1006);
	}

	@Override
	public void close() {
		this.socket.abort();
	}

}
