/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/**
 * A connection: one end is the engine's, the other end a plain Java socket that plays the
 * peer.
 *
 * @param socket the engine's end
 * @param peer the other end, with a time limit on its reads so that a broken test ends
 */
record Pair(DuplexSocket socket, Socket peer) implements AutoCloseable {

	private static final int LIMIT = 30_000;

	static Pair open(DuplexEngine engine) {
		try (DuplexListener listener = engine.listen("tcp://127.0.0.1:0")) {
			return open(listener);
		}
	}

	static Pair open(DuplexListener listener) {
		try {
			Socket peer = new Socket(InetAddress.getByName(listener.address().host()), listener.port());
			peer.setSoTimeout(LIMIT);
			peer.setTcpNoDelay(true);
			return new Pair(listener.accept(), peer);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	void write(String text) {
		try {
			this.peer.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Read exactly as many bytes as the text has, and say what they are. */
	String read(int length) {
		try {
			return new String(this.peer.getInputStream().readNBytes(length), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Whether the peer reads the end of the stream. */
	boolean ended() {
		try {
			return this.peer.getInputStream().read() == -1;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Whether the peer's connection was reset. */
	boolean reset() {
		try {
			while (this.peer.getInputStream().read() != -1) {
				// What was sent before the reset.
			}
			return false;
		}
		catch (SocketTimeoutException ex) {
			return false;
		}
		catch (IOException ex) {
			return true;
		}
	}

	void endOutput() {
		try {
			this.peer.shutdownOutput();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	void resetConnection() {
		try {
			this.peer.setSoLinger(true, 0);
			this.peer.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	public void close() {
		try {
			this.peer.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.socket.close();
	}

}
