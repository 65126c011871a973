/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.actuate.endpoint;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;

import com.jayway.jsonpath.JsonPath;
import io.duplex.boot.test.LocalDuplexPort;
import io.duplex.boot.testing.EchoServer;
import io.duplex.boot.testing.TestClient;
import org.junit.jupiter.api.Test;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexEndpoint} and {@link DuplexJoinsEndpoint} where nobody gave more
 * access, and where the application writes JSON in a way of its own.
 */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT,
		properties = { "management.endpoints.web.exposure.include=*",
				"management.endpoints.jackson.isolated-json-mapper=false",
				"spring.jackson.datatype.datetime.write-dates-as-timestamps=true",
				"spring.jackson.datatype.datetime.write-durations-as-timestamps=true",
				"duplex.proxies.cache.listen=tcp://127.0.0.1:0" })
@DirtiesContext
class DuplexEndpointsDefaultAccessTests {

	private static final EchoServer BACKEND = new EchoServer("one");

	private final HttpClient http = HttpClient.newHttpClient();

	@LocalServerPort
	private int serverPort;

	@DynamicPropertySource
	static void backends(DynamicPropertyRegistry registry) {
		registry.add("duplex.proxies.cache.backends", BACKEND::address);
	}

	@Test
	void joinsCanBeReadButNotDeleted(@LocalDuplexPort("cache") int port) throws Exception {
		try (TestClient client = new TestClient(port)) {
			assertThat(client.readLine()).isEqualTo("one");
			String id = JsonPath.read(send(request("/duplexjoins")).body(), "$.joins[0].id");
			assertThat(send(request("/duplexjoins/" + id)).statusCode()).isEqualTo(200);
			assertThat(send(request("/duplexjoins/" + id).DELETE()).statusCode()).isEqualTo(405);
			assertThat(client.writeLine("alive").readLine()).isEqualTo("alive");
		}
	}

	@Test
	void timesAreInIsoFormWhateverTheApplicationPrefers(@LocalDuplexPort("cache") int port) throws Exception {
		try (TestClient client = new TestClient(port)) {
			assertThat(client.readLine()).isEqualTo("one");
			assertThat(Duration.parse(JsonPath.read(send(request("/duplex")).body(), "$.engine.uptime"))).isPositive();
			String joins = send(request("/duplexjoins")).body();
			assertThat(Instant.parse(JsonPath.read(joins, "$.joins[0].since"))).isBefore(Instant.now());
			assertThat(Duration.parse(JsonPath.read(joins, "$.joins[0].idle"))).isLessThan(Duration.ofMinutes(1));
		}
	}

	private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
		return this.http.send(request.build(), BodyHandlers.ofString());
	}

	private HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(URI.create("http://localhost:" + this.serverPort + "/actuator" + path));
	}

	@SpringBootConfiguration
	@EnableAutoConfiguration
	static class TestApplication {

	}

}
