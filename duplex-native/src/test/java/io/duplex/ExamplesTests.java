/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

/**
 * The examples, run as a user runs them.
 */
@Timeout(120)
class ExamplesTests {

	private static final Path EXAMPLES = Path.of("src/examples");

	private static final String ANY = "tcp://127.0.0.1:0";

	private static final Pattern PORT = Pattern.compile("(?:127\\.0\\.0\\.1:|port )(\\d+)");

	private final List<Program> programs = new ArrayList<>();

	@AfterEach
	void end() {
		this.programs.forEach((program) -> program.process.destroyForcibly());
	}

	@Test
	void pairs() throws IOException {
		Program pairs = java("Pairs", ANY, ANY);
		try (Socket left = pairs.connect(0); Socket right = pairs.connect(1)) {
			exchange(left, right);
			exchange(right, left);
		}
	}

	@Test
	void proxy() throws IOException {
		try (ServerSocket backend = server()) {
			carries(java("Proxy", ANY, address(backend)), backend);
		}
	}

	@Test
	void connector() throws IOException {
		Program connector = java("Connector", ANY);
		try (Socket one = connector.connect(0)) {
			connector.await("1 connected");
			try (Socket two = connector.connect(0)) {
				connector.await("2 connected");
				exchange(one, two);
				exchange(two, one);
				try (Socket three = connector.connect(0)) {
					connector.await("3 connected");
					byte[] said = bytes(10_000);
					three.getOutputStream().write(said);
					assertThat(one.getInputStream().readNBytes(said.length)).isEqualTo(said);
					assertThat(two.getInputStream().readNBytes(said.length)).isEqualTo(said);
				}
				exchange(one, two);
			}
		}
	}

	@Test
	void portForward() throws IOException {
		Program outer = java("PortForward", "public", ANY, ANY);
		try (ServerSocket service = server()) {
			java("PortForward", "inner", "tcp://127.0.0.1:" + outer.ports.get(1), address(service)).await("wait");
			for (int i = 0; i < 10; i++) {
				carries(outer, service);
			}
		}
	}

	@Test
	void aHalfThatComesBackAndAServiceThatIsDownHarmNobodyElse() throws Exception {
		Program outer = java("PortForward", "public", ANY, ANY);
		String pool = "tcp://127.0.0.1:" + outer.ports.get(1);
		try (ServerSocket service = server()) {
			Program inner = java("PortForward", "inner", pool, address(service));
			inner.await("wait");
			carries(outer, service);
			inner.process.destroyForcibly().waitFor();
			java("PortForward", "inner", pool, address(service)).await("wait");
			for (int i = 0; i < 3; i++) {
				carries(outer, service);
			}
			int port = service.getLocalPort();
			service.close();
			for (int i = 0; i < 6; i++) {
				try (Socket client = outer.connect(0)) {
					assertThat(ended(client)).isTrue();
				}
			}
			try (ServerSocket again = new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1"))) {
				again.setSoTimeout(60_000);
				carries(outer, again);
			}
		}
	}

	private static boolean ended(Socket client) throws IOException {
		try {
			return client.getInputStream().read() == -1;
		}
		catch (SocketException ex) {
			// Reset.
			return true;
		}
	}

	@Test
	void proxyInC() throws IOException {
		Path program = Path.of("target/native/example_proxy").toAbsolutePath();
		try (ServerSocket backend = server()) {
			carries(start(List.of(program.toString(), ANY, address(backend))).listening(), backend);
		}
	}

	@Test
	void connectionsPassedToCAreServedThere(@TempDir Path folder) throws Exception {
		Path program = Path.of("target/native/example_take").toAbsolutePath();
		Program taker;
		try (ServerSocket backend = server(); DuplexEngine engine = DuplexEngine.create()) {
			DuplexSocket meeting = engine.socket();
			String carriers = meeting.bind("unix://" + folder.resolve("carrier")).toString();
			DuplexListener listener = engine.listen(ANY);
			taker = start(List.of(program.toString(), carriers, address(backend)));
			DuplexSocket carrier = meeting.accept(Peers.SOON);
			for (int i = 0; i < 3; i++) {
				try (Socket client = new Socket("127.0.0.1", listener.port())) {
					client.setSoTimeout(60_000);
					client.getOutputStream().write("ahead".getBytes(StandardCharsets.US_ASCII));
					DuplexSocket accepted = listener.accept(Peers.SOON);
					byte[] first = new byte[1];
					assertThat(accepted.receive(first, Peers.SOON)).isOne();
					accepted.passTo(carrier, Peers.SOON);
					try (Socket served = backend.accept()) {
						served.setSoTimeout(60_000);
						assertThat(served.getInputStream().readNBytes(4)).asString().isEqualTo("head");
						exchange(served, client);
						exchange(client, served);
					}
				}
			}
		}
		taker.await("the other process has gone");
		assertThat(taker.process.waitFor()).isZero();
	}

	@Test
	void proxyInPython() throws IOException {
		assumeThat(Files.isExecutable(Path.of("/usr/bin/python3")) || onPath("python3")).as("python3 is installed")
			.isTrue();
		try (ServerSocket backend = server()) {
			carries(start(List.of("python3", EXAMPLES.resolve("python/proxy.py").toString(), "0", "127.0.0.1",
					Integer.toString(backend.getLocalPort())))
				.listening(), backend);
		}
	}

	@Test
	void aBackendThatIsDownDoesNotEndAProxyInPython() throws IOException {
		assumeThat(onPath("python3")).as("python3 is installed").isTrue();
		ServerSocket backend = server();
		int port = backend.getLocalPort();
		backend.close();
		Program proxy = start(List.of("python3", EXAMPLES.resolve("python/proxy.py").toString(), "0", "127.0.0.1",
				Integer.toString(port)))
			.listening();
		try (Socket client = proxy.connect(0)) {
			assertThat(ended(client)).isTrue();
		}
		try (ServerSocket again = new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1"))) {
			again.setSoTimeout(60_000);
			carries(proxy, again);
		}
	}

	@Test
	void mistakesAreAnsweredWithOneLine() throws Exception {
		try (ServerSocket taken = server()) {
			Program program = start(command("Proxy", address(taken), ANY));
			assertThat(program.process.waitFor()).isEqualTo(1);
			assertThat(program.rest()).singleElement().asString().contains("Address already in use");
		}
		Program program = start(command("Pairs"));
		assertThat(program.process.waitFor()).isEqualTo(2);
		assertThat(program.rest()).singleElement().asString().startsWith("usage: Pairs");
	}

	private static boolean onPath(String program) {
		return List.of(System.getenv("PATH").split(":"))
			.stream()
			.anyMatch((folder) -> Files.isExecutable(Path.of(folder, program)));
	}

	private static void carries(Program program, ServerSocket backend) throws IOException {
		try (Socket client = program.connect(0)) {
			client.getOutputStream().write(1);
			try (Socket served = backend.accept()) {
				served.setSoTimeout(60_000);
				assertThat(served.getInputStream().read()).isEqualTo(1);
				exchange(client, served);
				exchange(served, client);
			}
		}
	}

	private static void exchange(Socket from, Socket to) {
		byte[] sent = bytes(300_000);
		CompletableFuture<Void> writing = Async.run(() -> {
			try {
				from.getOutputStream().write(sent);
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		});
		try {
			assertThat(to.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		writing.join();
	}

	private static byte[] bytes(int length) {
		byte[] bytes = new byte[length];
		new SplittableRandom().nextBytes(bytes);
		return bytes;
	}

	private static ServerSocket server() throws IOException {
		ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
		server.setSoTimeout(60_000);
		return server;
	}

	private static String address(ServerSocket server) {
		return "tcp://127.0.0.1:" + server.getLocalPort();
	}

	private static List<String> command(String example, String... arguments) {
		List<String> command = new ArrayList<>(List.of(
				Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				System.getProperty("java.class.path"), EXAMPLES.resolve("java/" + example + ".java").toString()));
		command.addAll(List.of(arguments));
		return command;
	}

	private Program java(String example, String... arguments) throws IOException {
		Program program = start(command(example, arguments));
		return arguments[0].equals("inner") ? program : program.listening();
	}

	private Program start(List<String> command) throws IOException {
		Program program = new Program(new ProcessBuilder(command).redirectErrorStream(true).start());
		this.programs.add(program);
		return program;
	}

	private static final class Program {

		private final Process process;

		private final BufferedReader output;

		private final List<Integer> ports = new ArrayList<>();

		Program(Process process) {
			this.process = process;
			this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
		}

		Program listening() throws IOException {
			Matcher matcher = PORT.matcher(await("listening on"));
			while (matcher.find()) {
				this.ports.add(Integer.parseInt(matcher.group(1)));
			}
			return this;
		}

		String await(String text) throws IOException {
			StringBuilder seen = new StringBuilder();
			for (String line = this.output.readLine(); line != null; line = this.output.readLine()) {
				if (line.contains(text)) {
					return line;
				}
				seen.append(line).append('\n');
			}
			throw new AssertionError("ended without saying '" + text + "':\n" + seen);
		}

		List<String> rest() {
			// What the JVM itself says of native access does not count.
			return this.output.lines().filter((line) -> !line.startsWith("WARNING:") && !line.isBlank()).toList();
		}

		Socket connect(int index) throws IOException {
			Socket socket = new Socket("127.0.0.1", this.ports.get(index));
			socket.setSoTimeout(60_000);
			return socket;
		}

	}

}
