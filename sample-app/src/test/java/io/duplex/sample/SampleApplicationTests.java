/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;

import com.jayway.jsonpath.JsonPath;
import io.duplex.DuplexAddress;
import io.duplex.boot.test.LocalDuplexPort;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link SampleApplication}: everything that it says can be tried.
 */
@ExtendWith(OutputCaptureExtension.class)
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT,
		properties = { "sample.handshake=tcp://127.0.0.1:0", "duplex.proxies.echo.listen=tcp://127.0.0.1:0",
				"duplex.proxies.byclient.listen=tcp://127.0.0.1:0",
				"duplex.proxies.gateway.listen=ws://127.0.0.1:0/echo" })
@DirtiesContext
class SampleApplicationTests {

	@LocalServerPort
	private int webPort;

	@LocalDuplexPort("echo")
	private int echoPort;

	@Autowired
	private HandshakeServer handshakeServer;

	@Test
	void proxyTalksToBothBackendsInTurn() throws Exception {
		try (Client first = new Client(this.echoPort);
				Client second = new Client(this.echoPort);
				Client third = new Client(this.echoPort)) {
			List<String> names = List.of(first.readLine(), second.readLine(), third.readLine());
			assertThat(names.subList(0, 2)).containsExactlyInAnyOrder("alpha", "beta");
			assertThat(names.get(2)).isEqualTo(names.get(0));
			assertThat(first.ask("hello")).isEqualTo("hello");
			assertThat(second.ask("hello")).isEqualTo("hello");
		}
	}

	@Test
	void routeGoesByTheClientsAddress(@LocalDuplexPort("byclient") int port) throws Exception {
		try (Client usual = new Client(port); Client other = new Client("127.0.0.2", port)) {
			assertThat(usual.readLine()).isEqualTo("alpha");
			assertThat(other.readLine()).isEqualTo("beta");
			assertThat(other.ask("hello")).isEqualTo("hello");
		}
	}

	@Test
	void handshakePicksABackendAndTheRestIsJoined(CapturedOutput output) throws Exception {
		try (Client client = new Client(handshakePort())) {
			assertThat(client.readLine()).isEqualTo("Which backend? [alpha, beta]");
			client.write("beta\nsent together with the handshake\n");
			assertThat(client.readLine()).isEqualTo("beta");
			assertThat(client.readLine()).isEqualTo("sent together with the handshake");
			assertThat(client.ask("hello")).isEqualTo("hello");
		}
		await().untilAsserted(() -> assertThat(output).contains("talked to beta: 39 bytes there, 44 bytes back"));
	}

	@Test
	void handshakeRefusesWhatIsNoBackend() throws Exception {
		try (Client client = new Client(handshakePort())) {
			client.readLine();
			assertThat(client.ask("gamma")).isEqualTo("There is no 'gamma'");
			assertThat(client.readLine()).isNull();
		}
	}

	@Test
	void actuatorShowsJoinsAndEndsOne() throws Exception {
		try (Client one = new Client(this.echoPort); Client two = new Client(this.echoPort)) {
			one.readLine();
			two.readLine();
			assertThat(JsonPath.<List<String>>read(get("/duplex"), "$.proxies.echo.backends[*].name"))
				.containsExactly("alpha", "beta");
			String client = "tcp://127.0.0.1:" + one.socket.getLocalPort();
			List<String> ids = JsonPath.read(get("/duplexjoins?proxy=echo"),
					"$.joins[?(@.client == '" + client + "')].id");
			assertThat(ids).hasSize(1);
			assertThat(delete("/duplexjoins/" + ids.get(0))).isEqualTo(204);
			assertThat(one.readLine()).isNull();
			assertThat(two.ask("alive")).isEqualTo("alive");
		}
	}

	@Test
	void healthAndMetricsAreThere() throws Exception {
		assertThat(JsonPath.<String>read(get("/health"), "$.components.duplex.status")).isEqualTo("UP");
		assertThat(JsonPath.<List<String>>read(get("/metrics/duplex.connections"),
				"$.availableTags[?(@.tag == 'proxy')].values[*]"))
			.contains("echo", "byclient");
	}

	@Test
	void startTellsWhatToTry(CapturedOutput output) {
		assertThat(output).contains("proxy echo      tcp://127.0.0.1:" + this.echoPort)
			.contains("nc 127.0.0.1 " + this.echoPort)
			.contains("curl http://localhost:" + this.webPort + "/actuator/duplexjoins");
	}

	private int handshakePort() {
		return DuplexAddress.of(this.handshakeServer.address()).port();
	}

	private String get(String path) throws IOException, InterruptedException {
		HttpResponse<String> response = send(request(path));
		assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
		return response.body();
	}

	private int delete(String path) throws IOException, InterruptedException {
		return send(request(path).DELETE()).statusCode();
	}

	private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
		return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
	}

	private HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + this.webPort + "/actuator" + path));
	}

	private static final class Client implements AutoCloseable {

		private final Socket socket;

		private final BufferedReader reader;

		Client(int port) throws IOException {
			this("127.0.0.1", port);
		}

		Client(String from, int port) throws IOException {
			this.socket = new Socket(InetAddress.getByName("127.0.0.1"), port, InetAddress.getByName(from), 0);
			this.socket.setSoTimeout(10000);
			this.reader = new BufferedReader(
					new InputStreamReader(this.socket.getInputStream(), StandardCharsets.UTF_8));
		}

		@Nullable String readLine() throws IOException {
			return this.reader.readLine();
		}

		void write(String text) throws IOException {
			this.socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
		}

		@Nullable String ask(String line) throws IOException {
			write(line + "\n");
			return readLine();
		}

		@Override
		public void close() throws IOException {
			this.socket.close();
		}

	}

}
