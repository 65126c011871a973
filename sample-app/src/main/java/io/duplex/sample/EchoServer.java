/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A backend to play with: tells its name to whoever connects, and then echoes. Plain
 * {@code java.net}: it does not know that there is a proxy.
 */
final class EchoServer implements AutoCloseable {

	private static final Logger logger = LoggerFactory.getLogger(EchoServer.class);

	private final String name;

	private final ServerSocket listener;

	private final Set<Socket> clients = ConcurrentHashMap.newKeySet();

	private EchoServer(String name, ServerSocket listener) {
		this.name = name;
		this.listener = listener;
	}

	/**
	 * Start a server.
	 * @param name what it tells its clients
	 * @param port where it listens, unless somebody else does: then on a free port
	 * @return the server
	 */
	static EchoServer start(String name, int port) {
		try {
			EchoServer server = new EchoServer(name, listen(port));
			server.start(server::accept);
			return server;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static ServerSocket listen(int port) throws IOException {
		try {
			return new ServerSocket(port, 1000, InetAddress.getLoopbackAddress());
		}
		catch (BindException ex) {
			logger.debug("Port {} is taken", port, ex);
			return new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
		}
	}

	String name() {
		return this.name;
	}

	String address() {
		return "tcp://127.0.0.1:" + this.listener.getLocalPort();
	}

	private void accept() throws IOException {
		while (true) {
			Socket client = this.listener.accept();
			this.clients.add(client);
			start(() -> echo(client));
		}
	}

	private void echo(Socket client) throws IOException {
		try (client) {
			OutputStream out = client.getOutputStream();
			out.write((this.name + "\n").getBytes(StandardCharsets.UTF_8));
			client.getInputStream().transferTo(out);
		}
		finally {
			this.clients.remove(client);
		}
	}

	private void start(Task task) {
		Thread thread = new Thread(() -> {
			try {
				task.run();
			}
			catch (IOException ex) {
				logger.debug("Backend {}: {}", this.name, ex.getMessage());
			}
		}, "backend-" + this.name);
		thread.setDaemon(true);
		thread.start();
	}

	@Override
	public void close() throws IOException {
		this.listener.close();
		for (Socket client : this.clients) {
			client.close();
		}
	}

	private interface Task {

		void run() throws IOException;

	}

}
