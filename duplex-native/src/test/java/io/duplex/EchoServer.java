/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A backend that says its name, which is one character, and then echoes.
 */
final class EchoServer implements AutoCloseable {

	private static final int BACKLOG = 1000;

	private final ServerSocket server;

	private final char name;

	private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

	EchoServer(char name) {
		this(name, 0);
	}

	EchoServer(char name, int port) {
		try {
			this.server = new ServerSocket(port, BACKLOG, InetAddress.getByName("127.0.0.1"));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.name = name;
		daemon(this::accept);
	}

	int port() {
		return this.server.getLocalPort();
	}

	String address() {
		return "tcp://127.0.0.1:" + port();
	}

	private static void daemon(Runnable task) {
		Thread thread = new Thread(task, "test-echo");
		thread.setDaemon(true);
		thread.start();
	}

	private void accept() {
		try {
			while (true) {
				Socket socket = this.server.accept();
				this.sockets.add(socket);
				daemon(() -> echo(socket));
			}
		}
		catch (IOException ex) {
			// The end of the test.
		}
	}

	private void echo(Socket socket) {
		try (socket; InputStream in = socket.getInputStream()) {
			socket.getOutputStream().write(this.name);
			in.transferTo(socket.getOutputStream());
		}
		catch (IOException ex) {
			// A client that went away.
		}
		this.sockets.remove(socket);
	}

	/** End all connections with a reset. */
	void reset() {
		for (Socket socket : this.sockets) {
			try {
				socket.setSoLinger(true, 0);
				socket.close();
			}
			catch (IOException ex) {
				// It has just ended by itself.
			}
		}
	}

	@Override
	public void close() {
		try {
			this.server.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		reset();
	}

}
