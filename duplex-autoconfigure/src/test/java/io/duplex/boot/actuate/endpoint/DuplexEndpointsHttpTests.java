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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.jayway.jsonpath.DocumentContext;
import com.jayway.jsonpath.JsonPath;
import io.duplex.DuplexEngine;
import io.duplex.DuplexListener;
import io.duplex.DuplexSocket;
import io.duplex.Join;
import io.duplex.JoinLimits;
import io.duplex.JoinOption;
import io.duplex.JoinOptions;
import io.duplex.boot.test.LocalDuplexPort;
import io.duplex.boot.testing.EchoServer;
import io.duplex.boot.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link DuplexEndpoint} and {@link DuplexJoinsEndpoint} over HTTP, with the
 * native engine.
 */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT,
		properties = { "management.endpoints.web.exposure.include=duplex,duplexjoins",
				"management.endpoint.duplexjoins.access=unrestricted", "duplex.engine.workers=2",
				"duplex.proxies.cache.listen=tcp://127.0.0.1:0", "duplex.proxies.cache.idle-timeout=1h",
				"duplex.proxies.cache.half-close-timeout=2m", "duplex.proxies.web.listen=tcp://127.0.0.1:0" })
@DirtiesContext
class DuplexEndpointsHttpTests {

	private static final EchoServer ONE = new EchoServer("one");

	private static final EchoServer TWO = new EchoServer("two");

	private final HttpClient http = HttpClient.newHttpClient();

	private final List<TestClient> clients = new ArrayList<>();

	@LocalServerPort
	private int serverPort;

	@LocalDuplexPort("cache")
	private int cachePort;

	@Autowired
	private DuplexEngine engine;

	@DynamicPropertySource
	static void backends(DynamicPropertyRegistry registry) {
		registry.add("duplex.proxies.cache.backends[0].name", () -> "first");
		registry.add("duplex.proxies.cache.backends[0].address", ONE::address);
		registry.add("duplex.proxies.cache.backends[1].name", () -> "second");
		registry.add("duplex.proxies.cache.backends[1].address", TWO::address);
		registry.add("duplex.proxies.web.backends", ONE::address);
	}

	@AfterEach
	void closeClients() {
		this.clients.forEach(TestClient::close);
		await().untilAsserted(() -> assertThat(this.engine.statistics().joinsActive()).isZero());
	}

	@Test
	void engineAndProxiesAreDescribed(@LocalDuplexPort("web") int webPort) throws Exception {
		connect(this.cachePort).writeLine("hello").readLine();
		connect(this.cachePort);
		DocumentContext json = getJson("/duplex");
		assertThat(json.<Map<String, Object>>read("$")).containsOnlyKeys("engine", "proxies");
		assertThat(json.<Map<String, Object>>read("$.engine")).containsOnlyKeys("version", "workers", "uptime", "joins",
				"bytes", "pipes", "errors");
		assertThat(json.<String>read("$.engine.version")).isEqualTo(this.engine.version());
		assertThat(json.<Integer>read("$.engine.workers")).isEqualTo(2);
		assertThat(Duration.parse(json.read("$.engine.uptime"))).isPositive().isLessThan(Duration.ofHours(1));
		assertThat(json.<Integer>read("$.engine.joins.active")).isEqualTo(2);
		assertThat(json.<Integer>read("$.engine.joins.total")).isGreaterThanOrEqualTo(2);
		assertThat(json.<Integer>read("$.engine.bytes")).isGreaterThanOrEqualTo(2 * 4 + 2 * 6);
		assertThat(json.<Integer>read("$.engine.pipes")).isNotNegative();
		assertThat(json.<Integer>read("$.engine.errors")).isZero();
		assertThat(json.<Map<String, Object>>read("$.proxies")).containsOnlyKeys("cache", "web");
		assertThat(json.<Integer>read("$.proxies.web.port")).isEqualTo(webPort);
		assertThat(json.<Object>read("$.proxies.cache")).isEqualTo(getJson("/duplex/cache").read("$"));
	}

	@Test
	void proxyIsDescribed() throws Exception {
		TestClient client = connect(this.cachePort);
		client.writeLine("hello");
		assertThat(client.readLine()).isEqualTo("hello");
		connect(this.cachePort);
		Map<String, Object> proxy = getJson("/duplex/cache").read("$");
		assertThat(proxy).containsOnlyKeys("state", "listen", "port", "connections", "bytes", "backends");
		DocumentContext json = JsonPath.parse(proxy);
		assertThat(json.<String>read("$.state")).isEqualTo("started");
		assertThat(json.<String>read("$.listen")).isEqualTo("tcp://127.0.0.1:" + this.cachePort);
		assertThat(json.<Integer>read("$.port")).isEqualTo(this.cachePort);
		assertThat(json.<Map<String, Object>>read("$.connections")).containsOnlyKeys("active", "total", "failed",
				"refused");
		assertThat(json.<Integer>read("$.connections.active")).isEqualTo(2);
		assertThat(json.<Integer>read("$.connections.failed")).isZero();
		assertThat(json.<Integer>read("$.connections.refused")).isZero();
		assertThat(json.<Map<String, Object>>read("$.bytes")).containsOnlyKeys("fromClient", "fromBackend");
		assertThat(json.<Integer>read("$.bytes.fromClient")).isGreaterThanOrEqualTo(6);
		assertThat(json.<Integer>read("$.bytes.fromBackend")).isGreaterThanOrEqualTo(4 + 4 + 6);
		assertThat(json.<Map<String, Object>>read("$.backends[0]")).containsOnlyKeys("name", "address", "state",
				"active", "total", "failed");
		assertThat(json.<List<String>>read("$.backends[*].name")).containsExactly("first", "second");
		assertThat(json.<List<String>>read("$.backends[*].address")).containsExactly(ONE.address(), TWO.address());
		assertThat(json.<List<String>>read("$.backends[*].state")).containsExactly("up", "up");
		assertThat(json.<List<Integer>>read("$.backends[*].active")).containsExactly(1, 1);
	}

	@Test
	void unknownProxyIsNotFound() throws Exception {
		assertThat(get("/duplex/nope").statusCode()).isEqualTo(404);
	}

	@Test
	void joinsAreListedAPageAtATime() throws Exception {
		int count = 300;
		for (int i = 0; i < count; i++) {
			connect(this.cachePort);
		}
		Set<String> ids = new HashSet<>();
		int pages = 0;
		String after = "";
		do {
			DocumentContext page = getJson("/duplexjoins?limit=70" + after);
			List<String> idsOfPage = page.read("$.joins[*].id");
			assertThat(idsOfPage).hasSizeLessThanOrEqualTo(70);
			ids.addAll(idsOfPage);
			String next = page.<Map<String, String>>read("$").get("next");
			after = (next != null) ? "&after=" + next : null;
			pages++;
		}
		while (after != null);
		assertThat(ids).hasSize(count);
		assertThat(pages).isGreaterThanOrEqualTo(5);
		assertThat(getJson("/duplexjoins").<List<String>>read("$.joins[*].id")).as("the default limit").hasSize(100);
		assertThat(getJson("/duplexjoins?limit=500").<List<String>>read("$.joins[*].id")).hasSize(count);
	}

	@Test
	void joinIsDescribed() throws Exception {
		TestClient client = connect(this.cachePort);
		client.writeLine("hello");
		assertThat(client.readLine()).isEqualTo("hello");
		Map<String, Object> join = onlyJoin("/duplexjoins");
		assertThat(join).containsOnlyKeys("id", "proxy", "client", "backend", "since", "idle", "bytes", "path", "state",
				"flags", "limits");
		assertThat(join.get("id")).isInstanceOf(String.class);
		assertThat(join).containsEntry("proxy", "cache")
			.containsEntry("client", "tcp://127.0.0.1:" + client.localPort())
			.containsEntry("bytes", Map.of("fromClient", 6, "fromBackend", 10))
			.containsEntry("path", Map.of("fromClient", "copy", "fromBackend", "copy"))
			.containsEntry("state", "open")
			.containsEntry("flags", List.of())
			.containsEntry("limits", Map.of("idleTimeout", "PT1H", "halfCloseTimeout", "PT2M"));
		assertThat(join.get("backend")).isIn(ONE.address(), TWO.address());
		assertThat(Instant.parse((String) join.get("since"))).isBetween(Instant.now().minusSeconds(60), Instant.now());
		assertThat(Duration.parse((String) join.get("idle"))).isBetween(Duration.ZERO, Duration.ofMinutes(1));
		Map<String, Object> alone = getJson("/duplexjoins/" + join.get("id")).read("$");
		alone.put("idle", join.get("idle"));
		assertThat(alone).isEqualTo(join);
	}

	@Test
	void joinsOfOneProxyAreListed(@LocalDuplexPort("web") int webPort) throws Exception {
		connect(this.cachePort);
		connect(webPort);
		assertThat(getJson("/duplexjoins?limit=10").<List<String>>read("$.joins[*].proxy"))
			.containsExactlyInAnyOrder("cache", "web");
		assertThat(onlyJoin("/duplexjoins?proxy=web&limit=10")).containsEntry("proxy", "web");
		assertThat(get("/duplexjoins?proxy=nope").statusCode()).isEqualTo(404);
	}

	@Test
	void joinsThatTheApplicationMadeAreListedToo() throws Exception {
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");
				TestClient client = new TestClient(listener.port())) {
			DuplexSocket accepted = listener.accept();
			try (Join own = this.engine.join(accepted, this.engine.connect(ONE.address()))) {
				assertThat(client.readLine()).isEqualTo("one");
				Map<String, Object> join = onlyJoin("/duplexjoins");
				assertThat(join).containsEntry("id", own.idText()).doesNotContainKey("proxy");
				assertThat(join).containsEntry("client", "tcp://127.0.0.1:" + client.localPort())
					.containsEntry("backend", ONE.address());
			}
		}
	}

	@Test
	void limitsOfJoinsAreDescribed() throws Exception {
		JoinOptions options = JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.LOSSY)
			.withMaxLag(5000)
			.withLimits(
					JoinLimits.NONE.withMaxLifetime(Duration.ofDays(1)).withMaxBytes(1L << 40).withRates(1 << 20, 0));
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");
				TestClient client = new TestClient(listener.port());
				Join own = this.engine.join(listener.accept(), this.engine.connect(ONE.address()), options)) {
			assertThat(onlyJoin("/duplexjoins")).containsEntry("flags", List.of("half-duplex", "lossy"))
				.containsEntry("limits", Map.of("maxLifetime", "PT24H", "maxBytes", 1L << 40, "rate",
						Map.of("fromClient", 1 << 20), "maxLag", 5000));
			own.limit(JoinLimits.NONE);
			assertThat(onlyJoin("/duplexjoins")).containsEntry("limits", Map.of("maxLag", 5000));
		}
	}

	@Test
	void deleteEndsExactlyOneJoin() throws Exception {
		Map<Integer, TestClient> byPort = new LinkedHashMap<>();
		for (int i = 0; i < 20; i++) {
			TestClient client = connect(this.cachePort);
			byPort.put(client.localPort(), client);
		}
		Map<String, String> join = getJson("/duplexjoins").read("$.joins[7]");
		assertThat(delete("/duplexjoins/" + join.get("id"))).isEqualTo(204);
		TestClient ended = byPort.remove(Integer.parseInt(join.get("client").replace("tcp://127.0.0.1:", "")));
		assertThat(ended.readLine()).isNull();
		byPort.values().forEach((client) -> assertThat(client.writeLine("alive").readLine()).isEqualTo("alive"));
		await()
			.untilAsserted(() -> assertThat(getJson("/duplexjoins").<List<String>>read("$.joins[*].id")).hasSize(19));
		assertThat(delete("/duplexjoins/" + join.get("id"))).isEqualTo(404);
		assertThat(get("/duplexjoins/" + join.get("id")).statusCode()).isEqualTo(404);
	}

	@Test
	void whatIsNoIdIsNotFound() throws Exception {
		for (String id : List.of("0", "-1", "1", "abc", "99999999999999999999999", "9223372036854775807")) {
			assertThat(get("/duplexjoins/" + id).statusCode()).as(id).isEqualTo(404);
			assertThat(delete("/duplexjoins/" + id)).as(id).isEqualTo(404);
		}
	}

	@Test
	void badParametersAreBadRequests() throws Exception {
		for (String query : List.of("limit=0", "limit=-1", "limit=501", "limit=abc", "after=abc", "after=-")) {
			assertThat(get("/duplexjoins?" + query).statusCode()).as(query).isEqualTo(400);
		}
	}

	@Test
	void madeUpCursorsAreBadRequestsOrEmpty() throws Exception {
		connect(this.cachePort);
		for (String after : List.of("0", "1", "12345678901", "9223372036854775807", "18446744073709551615")) {
			assertThat(get("/duplexjoins?after=" + after).statusCode()).as(after).isIn(200, 400);
		}
	}

	private TestClient connect(int port) {
		TestClient client = new TestClient(port);
		this.clients.add(client);
		assertThat(client.readLine()).isIn("one", "two");
		return client;
	}

	private Map<String, Object> onlyJoin(String path) throws IOException, InterruptedException {
		List<Map<String, Object>> joins = getJson(path).read("$.joins");
		assertThat(joins).hasSize(1);
		return joins.get(0);
	}

	private DocumentContext getJson(String path) throws IOException, InterruptedException {
		HttpResponse<String> response = get(path);
		assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
		return JsonPath.parse(response.body());
	}

	private HttpResponse<String> get(String path) throws IOException, InterruptedException {
		return this.http.send(request(path).build(), BodyHandlers.ofString());
	}

	private int delete(String path) throws IOException, InterruptedException {
		return this.http.send(request(path).DELETE().build(), BodyHandlers.discarding()).statusCode();
	}

	private HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(URI.create("http://localhost:" + this.serverPort + "/actuator" + path));
	}

	@SpringBootConfiguration
	@EnableAutoConfiguration
	static class TestApplication {

	}

}
