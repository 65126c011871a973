/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import io.duplex.DuplexClosedException;
import io.duplex.DuplexEngine;
import io.duplex.DuplexException;
import io.duplex.DuplexListener;
import io.duplex.DuplexSocket;
import io.duplex.Join;
import io.duplex.boot.DuplexProxyRegistry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * The primitive that everything else is made of: accept a socket, do with it whatever the
 * protocol wants, here a handshake of one line, and join it with another one. From then
 * on no Java code sees the bytes.
 */
@Component
class HandshakeServer implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(HandshakeServer.class);

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final DuplexEngine engine;

	private final SampleProperties properties;

	private final ExecutorService executor = Executors.newCachedThreadPool((task) -> {
		Thread thread = new Thread(task, "handshake");
		thread.setDaemon(true);
		return thread;
	});

	private volatile @Nullable DuplexListener listener;

	HandshakeServer(DuplexEngine engine, SampleProperties properties) {
		this.engine = engine;
		this.properties = properties;
	}

	private void acceptAll(DuplexListener listener) {
		try {
			while (true) {
				DuplexSocket client = listener.accept();
				this.executor.execute(() -> handshake(client));
			}
		}
		catch (DuplexClosedException ex) {
			logger.debug("No longer accepting", ex);
		}
	}

	private void handshake(DuplexSocket client) {
		try {
			client.send(bytes("Which backend? " + this.properties.backends().keySet() + "\n"));
			String name = readLine(client);
			String address = this.properties.backends().get(name);
			if (address == null) {
				client.send(bytes("There is no '" + name + "'\n"));
				client.close();
				return;
			}
			DuplexSocket backend = this.engine.connect(address, PATIENCE);
			Join join = this.engine.join(client, backend);
			join.end()
				.thenAccept((end) -> logger.info("{} talked to {}: {} bytes there, {} bytes back, {}",
						join.clientAddress(), name, end.bytesFromClient(), end.bytesFromBackend(), end.reason()));
		}
		catch (DuplexException ex) {
			logger.warn("No handshake: {}", ex.getMessage());
			client.close();
		}
	}

	/**
	 * Reads byte by byte, so that what follows the line stays in the socket: the join
	 * delivers it to the backend.
	 */
	private static String readLine(DuplexSocket socket) {
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		byte[] next = new byte[1];
		while (socket.receive(next, PATIENCE) > 0 && next[0] != '\n' && line.size() < 100) {
			line.write(next[0]);
		}
		return line.toString(StandardCharsets.UTF_8).strip();
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Where the server listens.
	 * @return the address with the port that was bound
	 */
	String address() {
		DuplexListener listener = this.listener;
		return (listener != null) ? listener.address().toString() : "nowhere";
	}

	@Override
	public void start() {
		DuplexListener listener = this.engine.listen(this.properties.handshake());
		this.listener = listener;
		this.executor.execute(() -> acceptAll(listener));
	}

	@Override
	public void stop() {
		DuplexListener listener = this.listener;
		if (listener != null) {
			listener.close();
		}
		this.listener = null;
	}

	@Override
	public boolean isRunning() {
		return this.listener != null;
	}

	/**
	 * After the proxies when starting, before them when stopping.
	 */
	@Override
	public int getPhase() {
		return DuplexProxyRegistry.LIFECYCLE_PHASE + 1;
	}

}
