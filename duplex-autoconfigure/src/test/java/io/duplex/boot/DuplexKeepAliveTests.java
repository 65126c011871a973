/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.duplex.boot.testing.EchoServer;
import io.duplex.boot.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests of an application that has nothing but proxies, in a JVM of its own.
 */
class DuplexKeepAliveTests {

	@TempDir
	private Path folder;

	@Test
	void anApplicationWithoutWebServerStaysUpWhileAProxyRuns() throws Exception {
		try (EchoServer backend = new EchoServer("one")) {
			Process application = start("--duplex.proxies.cache.listen=tcp://127.0.0.1:0",
					"--duplex.proxies.cache.backends=" + backend.address());
			try {
				await().atMost(Duration.ofMinutes(1))
					.untilAsserted(() -> assertThat(output()).contains("listening on tcp://127.0.0.1:"));
				int port = Integer.parseInt(output().replaceAll("(?s).*listening on tcp://127.0.0.1:(\\d+).*", "$1"));
				assertThat(application.waitFor(2, TimeUnit.SECONDS)).isFalse();
				try (TestClient client = new TestClient(port)) {
					assertThat(client.readLine()).isEqualTo("one");
				}
			}
			finally {
				application.destroy();
			}
			assertThat(application.waitFor(20, TimeUnit.SECONDS)).isTrue();
			assertThat(application.exitValue()).as("ended by the signal").isEqualTo(143);
			assertThat(output()).contains("Proxy 'cache' stopped");
		}
	}

	@Test
	void anApplicationWithoutWebServerEndsWhenNoProxyRuns() throws Exception {
		Process application = start("--duplex.proxies.cache.listen=tcp://127.0.0.1:0",
				"--duplex.proxies.cache.backends=tcp://127.0.0.1:1", "--duplex.proxies.cache.auto-startup=false");
		try {
			assertThat(application.waitFor(60, TimeUnit.SECONDS)).isTrue();
			assertThat(application.exitValue()).as(this::output).isZero();
		}
		finally {
			application.destroy();
		}
	}

	private Process start(String... arguments) throws IOException {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
				Application.class.getName(), "--spring.main.web-application-type=none",
				"--spring.threads.virtual.enabled=true"));
		command.addAll(List.of(arguments));
		return new ProcessBuilder(command).redirectErrorStream(true)
			.redirectOutput(this.folder.resolve("output").toFile())
			.start();
	}

	private String output() {
		try {
			return Files.readString(this.folder.resolve("output"));
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@SpringBootConfiguration
	@EnableAutoConfiguration
	static class Application {

		public static void main(String[] args) {
			SpringApplication.run(Application.class, args);
		}

	}

}
