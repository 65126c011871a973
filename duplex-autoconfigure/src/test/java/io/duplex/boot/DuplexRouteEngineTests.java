/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.io.UncheckedIOException;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

import io.duplex.DuplexProxy;
import io.duplex.InboundConnection;
import io.duplex.ProxyStatistics;
import io.duplex.boot.test.LocalDuplexPort;
import io.duplex.boot.testing.EchoServer;
import io.duplex.boot.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Import;
import org.springframework.stereotype.Component;
import org.springframework.test.annotation.DirtiesContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link DuplexRoute @DuplexRoute} with the native engine.
 */
@SpringBootTest(properties = { "spring.threads.virtual.enabled=true", "duplex.proxies.slow.decision-timeout=300ms",
		"spring.main.web-application-type=none" })
@DirtiesContext
class DuplexRouteEngineTests {

	private static final EchoServer ONE = new EchoServer("one");

	private static final EchoServer TWO = new EchoServer("two");

	@Autowired
	private DuplexProxyRegistry registry;

	@Autowired
	private Routes routes;

	@Test
	void everyConnectionIsRouted(@LocalDuplexPort("turns") int port) {
		for (int i = 0; i < 5; i++) {
			try (TestClient first = new TestClient(port); TestClient second = new TestClient(port)) {
				assertThat(List.of(first.readLine(), second.readLine())).containsExactlyInAnyOrder("one", "two");
				assertThat(first.writeLine("hello").readLine()).isEqualTo("hello");
			}
		}
		assertThat(statistics("turns").joined()).isEqualTo(10);
	}

	@Test
	void connectionTellsWhoCameInWhere(@LocalDuplexPort("turns") int port) {
		try (TestClient client = new TestClient(port)) {
			client.readLine();
			InboundConnection connection = this.routes.last.get();
			assertThat(connection.proxy()).isEqualTo("turns");
			assertThat(connection.clientAddress()).hasToString("tcp://127.0.0.1:" + client.localPort());
			assertThat(connection.localAddress()).hasToString("tcp://127.0.0.1:" + port);
			assertThat(this.routes.thread.get()).startsWith("duplex-decision-");
		}
	}

	@Test
	void nothingRefusesTheConnection(@LocalDuplexPort("nobody") int port) {
		expectRefusal(port);
		await().untilAsserted(() -> assertThat(statistics("nobody").refusedByRouter()).isEqualTo(1));
	}

	@Test
	void exceptionRefusesItsOneConnectionAndIsCounted(@LocalDuplexPort("moody") int port) {
		expectRefusal(port);
		try (TestClient client = new TestClient(port)) {
			assertThat(client.readLine()).isEqualTo("two");
		}
		await().untilAsserted(() -> assertThat(statistics("moody").refusedByFailure()).isEqualTo(1));
	}

	@Test
	void slowDecisionRefusesItsOneConnectionAndIsCounted(@LocalDuplexPort("slow") int port) {
		expectRefusal(port);
		this.routes.slow.countDown();
		try (TestClient client = new TestClient(port)) {
			assertThat(client.readLine()).isEqualTo("one");
		}
		await().untilAsserted(() -> assertThat(statistics("slow").refusedByTimeout()).isEqualTo(1));
	}

	private void expectRefusal(int port) {
		try (TestClient client = new TestClient(port)) {
			assertThat(client.readLine()).isNull();
		}
		catch (UncheckedIOException ex) {
			assertThat(ex.getCause()).isInstanceOf(SocketException.class);
		}
	}

	private ProxyStatistics statistics(String name) {
		return this.registry.findProxy(name).map(DuplexProxy::statistics).orElseThrow();
	}

	@SpringBootConfiguration
	@EnableAutoConfiguration
	@Import(Routes.class)
	static class TestApplication {

	}

	@Component
	static class Routes {

		final AtomicReference<InboundConnection> last = new AtomicReference<>();

		final AtomicReference<String> thread = new AtomicReference<>();

		final CountDownLatch slow = new CountDownLatch(1);

		private int count;

		@DuplexRoute(name = "turns", listen = "tcp://127.0.0.1:0")
		synchronized String turns(InboundConnection connection) {
			this.last.set(connection);
			this.thread.set(Thread.currentThread().getName());
			return (this.count++ % 2 == 0) ? ONE.address() : TWO.address();
		}

		@DuplexRoute(name = "nobody", listen = "tcp://127.0.0.1:0")
		Optional<String> nobody(InboundConnection connection) {
			return Optional.empty();
		}

		private boolean moody;

		@DuplexRoute(name = "moody", listen = "tcp://127.0.0.1:0")
		synchronized @Nullable String moody(InboundConnection connection) {
			this.moody = !this.moody;
			if (this.moody) {
				throw new IllegalStateException("not now");
			}
			return TWO.address();
		}

		@DuplexRoute(name = "slow", listen = "tcp://127.0.0.1:0")
		String slow(InboundConnection connection) throws InterruptedException {
			this.slow.await();
			return ONE.address();
		}

	}

}
