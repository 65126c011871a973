/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

import com.sun.net.httpserver.HttpServer;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Chunks of servers and clients of others.
 */
@Timeout(120)
class HttpChunksTests {

	private static final int LENGTH = 3_000_000;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	/** Random bytes, in pieces of random length. */
	private static void write(long seed, int length, OutputStream out) throws IOException {
		SplittableRandom random = new SplittableRandom(seed);
		SplittableRandom sizes = new SplittableRandom(~seed);
		for (int at = 0; at < length;) {
			byte[] piece = new byte[Math.min(length - at, 1 + sizes.nextInt((sizes.nextInt(4) == 0) ? 100_000 : 300))];
			random.nextBytes(piece);
			out.write(piece);
			out.flush();
			at += piece.length;
		}
	}

	/** The same bytes as one digest. */
	private static byte[] digest(long seed, int length) throws IOException {
		Digest digest = new Digest();
		write(seed, length, digest);
		return digest.value();
	}

	private void getFrom(int port, String path, long seed) throws IOException {
		DuplexSocket socket = this.engine.connect("tcp://127.0.0.1:" + port);
		// The second answer comes behind the last chunk of the first.
		String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\n\r\n";
		socket.send((request + request).getBytes(StandardCharsets.US_ASCII));
		for (int i = 0; i < 2; i++) {
			Map<String, String> head = readHead(socket);
			assertThat(head).containsEntry("", "HTTP/1.1 200").containsEntry("transfer-encoding", "chunked");
			socket.setCodec(Codec.chunked());
			Digest digest = new Digest();
			Message chunk = socket.get(SOON);
			while (!chunk.last()) {
				digest.write(chunk.bytes());
				chunk = socket.get(SOON);
			}
			assertThat(digest.length()).isEqualTo(LENGTH);
			assertThat(digest.value()).isEqualTo(digest(seed, LENGTH));
			if (head.containsKey("trailer")) {
				assertThat(StandardCharsets.US_ASCII.decode(chunk.extra()).toString())
					.isEqualToIgnoringCase("X-Seed: " + seed + "\r\n");
			}
			assertThat(socket.get()).isNull();
			socket.setCodec(null);
		}
		assertThat(socket.tryReceive(ByteBuffer.allocate(1))).isZero();
		socket.close();
	}

	/**
	 * Lines up to the empty one; the status line, without its reason, has the name "".
	 */
	private static Map<String, String> readHead(DuplexSocket socket) {
		Map<String, String> head = new java.util.HashMap<>();
		socket.setCodec(Codec.crlf());
		String line = socket.get(SOON).text();
		head.put("", line.substring(0, "HTTP/1.1 200".length()));
		for (line = socket.get(SOON).text(); !line.isEmpty(); line = socket.get(SOON).text()) {
			String[] field = line.split(":", 2);
			head.put(field[0].toLowerCase(java.util.Locale.ROOT), field[1].trim());
		}
		return head;
	}

	@Test
	void theJdksServer() throws IOException {
		long seed = seed("theJdksServer");
		HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		server.createContext("/chunks", (exchange) -> {
			exchange.sendResponseHeaders(200, 0);
			try (OutputStream out = exchange.getResponseBody()) {
				write(seed, LENGTH, out);
			}
		});
		server.start();
		try {
			getFrom(server.getAddress().getPort(), "/chunks", seed);
		}
		finally {
			server.stop(0);
		}
	}

	@Test
	void tomcatWithTrailers(@TempDir Path folder) throws Exception {
		long seed = seed("tomcatWithTrailers");
		Tomcat tomcat = new Tomcat();
		tomcat.setBaseDir(folder.toString());
		tomcat.setHostname("127.0.0.1");
		tomcat.setPort(0);
		Tomcat.addServlet(tomcat.addContext("/app", folder.toString()), "chunks", new HttpServlet() {

			private static final long serialVersionUID = 1L;

			@Override
			protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
				response.setHeader("Trailer", "X-Seed");
				response.setTrailerFields(() -> Map.of("X-Seed", Long.toString(seed)));
				write(seed, LENGTH, response.getOutputStream());
			}

		}).addMapping("/chunks");
		tomcat.getConnector();
		tomcat.start();
		try {
			getFrom(tomcat.getConnector().getLocalPort(), "/app/chunks", seed);
		}
		finally {
			tomcat.stop();
			tomcat.destroy();
		}
	}

	@Test
	void theJdksClientReadsOurChunks() throws Exception {
		long seed = seed("theJdksClientReadsOurChunks");
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0")) {
			CompletableFuture<HttpResponse<InputStream>> answer = send(listener);
			DuplexSocket client = listener.accept(SOON);
			readHead(client);
			sendHead(client);
			client.setCodec(Codec.chunked());
			CompletableFuture<Void> put = Async.run(() -> {
				try {
					write(seed, LENGTH, new OutputStream() {

						@Override
						public void write(int one) {
							throw new UnsupportedOperationException();
						}

						@Override
						public void write(byte[] bytes) {
							client.put(Message.of(bytes).withExtra(ascii((bytes.length % 3 == 0) ? "a=b;c" : "")));
						}

					});
				}
				catch (IOException ex) {
					throw new java.io.UncheckedIOException(ex);
				}
				client.put(Message.of(new byte[0]).withLast().withExtra(ascii("X-End: yes\r\n")));
			});
			assertThat(digest(soon(answer).body())).isEqualTo(digest(seed, LENGTH));
			soon(put);
			// The connection is free for another answer.
			client.setCodec(null);
			CompletableFuture<HttpResponse<InputStream>> second = send(listener);
			DuplexSocket other = listener.accept(SOON);
			readHead(other);
			sendHead(other);
			other.setCodec(Codec.chunked());
			other.put(Message.of(new byte[0]).withLast());
			assertThat(soon(second).body().readAllBytes()).isEmpty();
		}
	}

	@Test
	void aRouteMakesChunksOfAStream() throws Exception {
		long seed = seed("aRouteMakesChunksOfAStream");
		int length = 100_000_000;
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0"); Pair source = Pair.open(this.engine)) {
			CompletableFuture<HttpResponse<InputStream>> answer = send(listener);
			DuplexSocket client = listener.accept(SOON);
			readHead(client);
			sendHead(client);
			client.setCodec(Codec.chunked());
			Join route = source.socket().route(client, JoinOption.HALF_DUPLEX);
			CompletableFuture<Void> written = Async.run(() -> {
				try {
					write(seed, length, source.peer().getOutputStream());
					source.peer().shutdownOutput();
				}
				catch (IOException ex) {
					throw new java.io.UncheckedIOException(ex);
				}
			});
			assertThat(digest(soon(answer).body())).isEqualTo(digest(seed, length));
			soon(written);
			assertThat(soon(route.end()).reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
		}
	}

	private CompletableFuture<HttpResponse<InputStream>> send(DuplexListener listener) {
		HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
		HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + listener.port() + "/"))
			.timeout(Duration.ofSeconds(60))
			.build();
		return http.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
	}

	private static void sendHead(DuplexSocket client) {
		client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
			.getBytes(StandardCharsets.US_ASCII));
	}

	private static ByteBuffer ascii(String text) {
		return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
	}

	private static byte[] digest(InputStream in) throws IOException {
		Digest digest = new Digest();
		in.transferTo(digest);
		return digest.value();
	}

	private static long seed(String test) {
		long seed = System.nanoTime();
		System.out.println("HttpChunksTests." + test + ": seed " + seed);
		return seed;
	}

	/**
	 * A digest to write to.
	 */
	private static final class Digest extends OutputStream {

		private final java.security.MessageDigest digest;

		private long length;

		Digest() {
			try {
				this.digest = java.security.MessageDigest.getInstance("SHA-256");
			}
			catch (java.security.NoSuchAlgorithmException ex) {
				throw new IllegalStateException(ex);
			}
		}

		@Override
		public void write(int one) {
			write(new byte[] { (byte) one }, 0, 1);
		}

		@Override
		public void write(byte[] bytes, int offset, int count) {
			this.digest.update(bytes, offset, count);
			this.length += count;
		}

		long length() {
			return this.length;
		}

		byte[] value() {
			return this.digest.digest();
		}

	}

}
