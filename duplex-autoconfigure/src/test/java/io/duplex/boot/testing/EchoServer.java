/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A server that greets each client with a line and then echoes what it receives.
 */
public final class EchoServer implements AutoCloseable {

	private final ServerSocket listener;

	private final String name;

	private final Set<Socket> clients = ConcurrentHashMap.newKeySet();

	public EchoServer(String name) {
		try {
			this.name = name;
			this.listener = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		start("accept", this::accept);
	}

	public String address() {
		return "tcp://127.0.0.1:" + this.listener.getLocalPort();
	}

	private void accept() throws IOException {
		while (true) {
			Socket client = this.listener.accept();
			this.clients.add(client);
			start("echo", () -> echo(client));
		}
	}

	private void echo(Socket client) throws IOException {
		try (client) {
			OutputStream out = client.getOutputStream();
			out.write((this.name + "\n").getBytes(StandardCharsets.UTF_8));
			InputStream in = client.getInputStream();
			byte[] buffer = new byte[65536];
			for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
				out.write(buffer, 0, length);
			}
		}
		finally {
			this.clients.remove(client);
		}
	}

	private void start(String task, Task body) {
		Thread thread = new Thread(() -> {
			try {
				body.run();
			}
			catch (SocketException ex) {
				// The test closed one end
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}, this.name + "-" + task);
		thread.setDaemon(true);
		thread.start();
	}

	@Override
	public void close() {
		try {
			this.listener.close();
			for (Socket client : this.clients) {
				client.close();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private interface Task {

		void run() throws IOException;

	}

}
