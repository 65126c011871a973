/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.tomcat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.duplex.DuplexEngine;
import io.duplex.DuplexSocket;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.coyote.AbstractProtocol;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A servlet upgrades the connection and hands it over.
 */
@Timeout(120)
class TomcatHandOverTests {

	private static final int TIMES = 1000;

	@TempDir
	private Path folder;

	@Test
	void connectionsAreHandedOverWithTheBytesThatTomcatHadRead() throws Exception {
		BlockingQueue<DuplexSocket> taken = new LinkedBlockingQueue<>();
		Tomcat tomcat = new Tomcat();
		try (DuplexEngine engine = DuplexEngine.create()) {
			tomcat.setBaseDir(this.folder.toString());
			tomcat.setPort(0);
			tomcat.getConnector().setProperty("address", InetAddress.getLoopbackAddress().getHostAddress());
			Context context = tomcat.addContext("", this.folder.toString());
			Tomcat.addServlet(context, "upgrade", new HttpServlet() {
				@Override
				protected void doGet(HttpServletRequest request, HttpServletResponse response)
						throws IOException, ServletException {
					response.setHeader("Upgrade", "tunnel");
					response.setHeader("Connection", "Upgrade");
					request.upgrade(TomcatHandOver.class).to(engine, taken::add);
				}
			});
			context.addServletMappingDecoded("/", "upgrade");
			tomcat.start();
			int port = tomcat.getConnector().getLocalPort();
			long seed = new SplittableRandom().nextLong();
			for (int i = 0; i < TIMES; i++) {
				handOver(port, taken, new SplittableRandom(seed + i), "seed " + seed + ", connection " + i);
			}
			AbstractProtocol<?> protocol = (AbstractProtocol<?>) tomcat.getConnector().getProtocolHandler();
			await().untilAsserted(() -> assertThat(protocol.getConnectionCount()).isLessThanOrEqualTo(1));
		}
		finally {
			tomcat.stop();
			tomcat.destroy();
		}
	}

	private static void handOver(int port, BlockingQueue<DuplexSocket> taken, SplittableRandom random,
			String description) throws Exception {
		byte[] there = new byte[1 + random.nextInt(20_000)];
		byte[] back = new byte[1 + random.nextInt(20_000)];
		random.nextBytes(there);
		random.nextBytes(back);
		int pipelined = random.nextInt(there.length + 1);
		try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
			client.setSoTimeout(30_000);
			byte[] request = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: tunnel\r\nConnection: Upgrade\r\n\r\n"
				.getBytes(StandardCharsets.US_ASCII);
			byte[] first = Arrays.copyOf(request, request.length + pipelined);
			System.arraycopy(there, 0, first, request.length, pipelined);
			client.getOutputStream().write(first);
			readHead(client);
			client.getOutputStream().write(there, pipelined, there.length - pipelined);
			DuplexSocket socket = taken.poll(30, TimeUnit.SECONDS);
			assertThat(socket).as(description).isNotNull();
			ByteBuffer received = ByteBuffer.allocate(there.length);
			while (received.hasRemaining()) {
				assertThat(socket.receive(received, Duration.ofSeconds(30))).as(description).isPositive();
			}
			assertThat(received.array()).as(description).isEqualTo(there);
			socket.send(back);
			assertThat(client.getInputStream().readNBytes(back.length)).as(description).isEqualTo(back);
			socket.close();
		}
	}

	private static void readHead(Socket client) throws IOException {
		StringBuilder head = new StringBuilder();
		while (head.indexOf("\r\n\r\n") < 0) {
			int next = client.getInputStream().read();
			assertThat(next).isNotNegative();
			head.append((char) next);
		}
		assertThat(head).startsWith("HTTP/1.1 101");
	}

}
