/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A client of a proxy in front of {@link EchoServer}s, with a time limit on its reads so
 * that a broken test ends.
 */
final class Client implements AutoCloseable {

	/** What is read at the end. */
	static final char END = 0;

	private static final int LIMIT = 30_000;

	private final Socket socket;

	Client(int port) {
		try {
			this.socket = new Socket(InetAddress.getByName("127.0.0.1"), port);
			this.socket.setSoTimeout(LIMIT);
			this.socket.setTcpNoDelay(true);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	Client(DuplexProxy proxy) {
		this(proxy.port());
	}

	Socket socket() {
		return this.socket;
	}

	/**
	 * Read one character, for example the backend's name.
	 * @return the character; {@link #END} when the connection has ended or was reset
	 */
	char read() {
		try {
			int c = this.socket.getInputStream().read();
			return (c >= 0) ? (char) c : END;
		}
		catch (IOException ex) {
			return END;
		}
	}

	void send(byte[] bytes) {
		try {
			this.socket.getOutputStream().write(bytes);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Read so many bytes, a character each; fewer at the end. */
	String receive(int length) {
		try {
			return new String(this.socket.getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Send a text and read as much. */
	String echo(String text) {
		byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
		send(bytes);
		return new String(receive(bytes.length).getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
	}

	@Override
	public void close() {
		try {
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
