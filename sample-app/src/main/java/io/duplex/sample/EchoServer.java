/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.io.IOException;
import java.io.OutputStream;
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
 * {@code java.net}, and nothing that a proxy would need.
 */
class EchoServer {

	private static final Logger logger = LoggerFactory.getLogger(EchoServer.class);

	private final String name;

	private final ServerSocket listener;

	private final Set<Socket> clients = ConcurrentHashMap.newKeySet();

	EchoServer(String name, int port) throws IOException {
		this.name = name;
		this.listener = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
		start(this::accept);
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

	void close() throws IOException {
		this.listener.close();
		for (Socket client : this.clients) {
			client.close();
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

	private interface Task {

		void run() throws IOException;

	}

}
