/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * The npm package {@code ws} at the other end, in both roles.
 */
@Timeout(180)
class WebSocketNodeTests {

	private static final Path SOURCE = Path.of("src/test/node").toAbsolutePath();

	private static final Path INSTALLED = Path.of("target/node").toAbsolutePath();

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	private final List<Process> processes = new ArrayList<>();

	@BeforeAll
	static void install() throws Exception {
		assumeTrue(works("node", "--version"), "skipped: node is not installed (apt-get install nodejs npm)");
		assumeTrue(works("npm", "--version"), "skipped: npm is not installed (apt-get install nodejs npm)");
		Files.createDirectories(INSTALLED);
		for (String file : List.of("package.json", "package-lock.json")) {
			Files.copy(SOURCE.resolve(file), INSTALLED.resolve(file), StandardCopyOption.REPLACE_EXISTING);
		}
		assumeTrue(works("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),
				"skipped: the npm package ws cannot be had, see target/node/output.txt");
	}

	private static boolean works(String... command) throws IOException, InterruptedException {
		Files.createDirectories(INSTALLED);
		try {
			Process process = new ProcessBuilder(command).directory(INSTALLED.toFile())
				.redirectErrorStream(true)
				.redirectOutput(INSTALLED.resolve("output.txt").toFile())
				.start();
			boolean over = process.waitFor(90, TimeUnit.SECONDS);
			process.destroyForcibly();
			return over && process.exitValue() == 0;
		}
		catch (IOException ex) {
			return false;
		}
	}

	@AfterEach
	void endProcesses() {
		this.processes.forEach(Process::destroyForcibly);
	}

	private BufferedReader peer(String... arguments) throws IOException {
		List<String> command = new ArrayList<>(List.of("node", SOURCE.resolve("peer.js").toString()));
		command.addAll(List.of(arguments));
		Process process = new ProcessBuilder(command).directory(INSTALLED.toFile()).redirectErrorStream(true).start();
		this.processes.add(process);
		return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
	}

	@Test
	void itsClientIsAccepted() throws Exception {
		try (WebSocketEcho echo = new WebSocketEcho(this.engine,
				WebSocketOptions.DEFAULTS.withPath("/echo")
					.withOrigins("https://example.org")
					.withSubprotocols("v2", "v1"))) {
			BufferedReader client = peer("client", echo.uri("/echo?a=b").toString());
			// It offers permessage-deflate, which is not accepted.
			assertThat(client.readLine()).isEqualTo("open extensions= protocol=v2");
			assertThat(client.readLine()).isEqualTo("text gr\u00fc\u00df dich");
			assertThat(client.readLine()).isEqualTo("binary 000102ff");
			assertThat(client.readLine()).isEqualTo("pong between fragments");
			assertThat(client.readLine()).isEqualTo("text one, two, three");
			assertThat(client.readLine()).isEqualTo("binary large");
			assertThat(client.readLine()).isEqualTo("text ");
			assertThat(client.readLine()).isEqualTo("closed 4000 enough");
			WebSocketHandshake handshake = echo.next(WebSocketHandshake.class);
			assertThat(handshake.target()).isEqualTo("/echo?a=b");
			assertThat(handshake.origin()).isEqualTo("https://example.org");
			assertThat(handshake.header("sec-websocket-extensions")).startsWith("permessage-deflate");
			assertThat(WebSocketEcho.closing(echo.next(Message.class))).isEqualTo("4000 enough");
		}
	}

	@Test
	void itsClientReadsARefusal() throws Exception {
		try (WebSocketEcho echo = new WebSocketEcho(this.engine, WebSocketOptions.DEFAULTS.withPath("/echo"))) {
			BufferedReader client = peer("client", echo.uri("/other").toString());
			assertThat(client.readLine()).isEqualTo("refused 404 no WebSocket at this path");
			assertThat(echo.next(WebSocketHandshakeException.class).status()).isEqualTo(404);
		}
	}

	@Test
	void itsServerIsConnectedTo() throws Exception {
		BufferedReader server = peer("server");
		int port = Integer.parseInt(server.readLine().substring("port ".length()));
		try (DuplexSocket socket = this.engine.connect("tcp://127.0.0.1:" + port)) {
			WebSocketHandshake handshake = WebSockets.connect(socket,
					URI.create("ws://localhost:" + port + "/echo?a=b"),
					WebSocketOptions.DEFAULTS.withSubprotocols("v1", "v2").withOrigin("https://example.org"));
			assertThat(handshake.subprotocol()).isEqualTo("v2");
			assertThat(server.readLine())
				.isEqualTo("connected /echo?a=b extensions= protocol=v2 origin=https://example.org");
			socket.put(Message.text("gr\u00fc\u00df dich"));
			Message text = socket.get();
			assertThat(text.text()).isEqualTo("gr\u00fc\u00df dich");
			assertThat(text.kind()).isEqualTo(1);
			assertThat(server.readLine()).isEqualTo("pong right behind the handshake");
			byte[] large = new byte[1 << 20];
			socket.put(Message.of(large));
			Message binary = socket.get();
			assertThat(binary.bytes()).isEqualTo(large);
			assertThat(binary.kind()).isEqualTo(2);
			socket.put(Message.text("goodbye"));
			assertThat(WebSocketEcho.closing(socket.get())).isEqualTo("4001 as you like");
			assertThat(socket.get()).isNull();
			socket.close();
			assertThat(server.readLine()).isEqualTo("closed 4001 as you like");
		}
	}

	@Test
	void itsServersRefusalIsTold() throws Exception {
		BufferedReader server = peer("server");
		int port = Integer.parseInt(server.readLine().substring("port ".length()));
		DuplexSocket socket = this.engine.connect("tcp://127.0.0.1:" + port);
		assertThatExceptionOfType(WebSocketHandshakeException.class)
			.isThrownBy(() -> WebSockets.connect(socket, URI.create("ws://localhost:" + port + "/private")))
			.withMessageContaining("the server answered 401 Unauthorized: who are you?");
	}

}
