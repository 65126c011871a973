/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.duplex.DuplexEngine;
import io.duplex.boot.testing.EchoServer;
import io.duplex.boot.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests of how proxies start and stop with an application, with the native engine.
 */
@ExtendWith(OutputCaptureExtension.class)
class DuplexLifecycleTests {

	private final EchoServer backend = new EchoServer("one");

	@AfterEach
	void closeBackend() {
		this.backend.close();
	}

	@Test
	void connectionsMayEndByThemselvesWithinTheGracePeriod(CapturedOutput output) throws Exception {
		ConfigurableApplicationContext context = run("duplex.shutdown.grace-period=20s");
		int port = port(context);
		try (TestClient client = new TestClient(port)) {
			assertThat(client.readLine()).isEqualTo("one");
			CompletableFuture<Void> closed = CompletableFuture.runAsync(context::close);
			await().untilAsserted(() -> assertThat(refuses(port)).isTrue());
			assertThat(client.writeLine("still here").readLine()).isEqualTo("still here");
			assertThat(closed).isNotDone();
			client.close();
			closed.get(5, TimeUnit.SECONDS);
		}
		assertThat(output).contains("Proxy 'cache' stopping, waiting PT20S for open connections: 1")
			.contains("Proxy 'cache' stopped")
			.doesNotContain("had to be closed");
	}

	@Test
	void connectionsThatOutliveTheGracePeriodAreClosed(CapturedOutput output) {
		ConfigurableApplicationContext context = run("duplex.shutdown.grace-period=500ms");
		try (TestClient client = new TestClient(port(context))) {
			assertThat(client.readLine()).isEqualTo("one");
			Instant start = Instant.now();
			context.close();
			assertThat(Duration.between(start, Instant.now())).isBetween(Duration.ofMillis(450), Duration.ofSeconds(5));
			assertThat(client.readLine()).isNull();
		}
		assertThat(output).contains("Proxy 'cache' stopped, connections that had to be closed: 1")
			.doesNotContain("could not be stopped");
	}

	@Test
	void contextThatIsStartedAgainListensOnTheSamePort() {
		try (ConfigurableApplicationContext context = run("duplex.shutdown.grace-period=0")) {
			int port = port(context);
			context.stop();
			assertThat(refuses(port)).isTrue();
			context.start();
			assertThat(context.getBean(DuplexProxyRegistry.class).findProxy("cache").orElseThrow().port())
				.isEqualTo(port);
			try (TestClient client = new TestClient(port)) {
				assertThat(client.readLine()).isEqualTo("one");
			}
		}
	}

	@Test
	void aSecondStartOfTheApplicationFailsWithTheAddressNamed(CapturedOutput output) throws IOException {
		int port = freePort();
		String listen = "duplex.proxies.cache.listen=tcp://127.0.0.1:" + port;
		try (ConfigurableApplicationContext context = run(listen)) {
			assertThatExceptionOfType(RuntimeException.class).isThrownBy(() -> run(listen));
			assertThat(output).contains("APPLICATION FAILED TO START")
				.contains("The proxy 'cache' could not listen on tcp://127.0.0.1:" + port
						+ ": the address was already in use.");
			try (TestClient client = new TestClient(port)) {
				assertThat(client.readLine()).as("the first goes on").isEqualTo("one");
			}
		}
		try (ConfigurableApplicationContext context = run(listen)) {
			assertThat(port(context)).isEqualTo(port);
		}
	}

	@Test
	void whenOneProxyCannotListenThenTheOthersDoNot() throws IOException {
		int good = freePort();
		try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			assertThatExceptionOfType(RuntimeException.class)
				.isThrownBy(() -> run("duplex.proxies.cache.listen=tcp://127.0.0.1:" + good,
						"duplex.proxies.taken.listen=tcp://127.0.0.1:" + taken.getLocalPort(),
						"duplex.proxies.taken.backends=" + this.backend.address()));
		}
		assertThat(refuses(good)).isTrue();
	}

	@Test
	void proxiesCanBeStartedStoppedAndDrainedOneByOne() {
		try (ConfigurableApplicationContext context = run()) {
			DuplexProxyRegistry registry = context.getBean(DuplexProxyRegistry.class);
			int port = port(context);
			try (TestClient client = new TestClient(port)) {
				assertThat(client.readLine()).isEqualTo("one");
				registry.stop("cache");
				assertThat(refuses(port)).isTrue();
				assertThat(client.writeLine("alive").readLine()).isEqualTo("alive");
				registry.start("cache");
				assertThat(refuses(port)).isFalse();
				assertThat(registry.drain("cache", Duration.ZERO).toCompletableFuture().orTimeout(5, TimeUnit.SECONDS))
					.succeedsWithin(Duration.ofSeconds(5))
					.satisfies((closed) -> assertThat(closed).isPositive());
				assertThat(client.readLine()).isNull();
			}
			assertThat(context.getBean(DuplexEngine.class).statistics().joinsActive()).isZero();
		}
	}

	private ConfigurableApplicationContext run(String... properties) {
		return new SpringApplicationBuilder(TestApplication.class).web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.registerShutdownHook(false)
			.properties("duplex.proxies.cache.listen=tcp://127.0.0.1:0",
					"duplex.proxies.cache.backends=" + this.backend.address(), "duplex.engine.workers=1")
			.properties(properties)
			.run();
	}

	private static int port(ConfigurableApplicationContext context) {
		return context.getEnvironment().getRequiredProperty("local.duplex.cache.port", Integer.class);
	}

	private static boolean refuses(int port) {
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
			return false;
		}
		catch (IOException ex) {
			return true;
		}
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
	}

	@SpringBootConfiguration
	@EnableAutoConfiguration
	static class TestApplication {

	}

}
