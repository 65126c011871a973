/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
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
	 * Start a server on a free port.
	 * @param name what it tells its clients
	 * @return the server
	 */
	static EchoServer start(String name) {
		try {
			EchoServer server = new EchoServer(name, new ServerSocket(0, 1000, InetAddress.getLoopbackAddress()));
			server.start(server::accept);
			return server;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
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
