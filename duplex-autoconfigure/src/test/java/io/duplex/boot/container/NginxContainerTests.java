/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.container;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.duplex.DuplexEngine;
import io.duplex.boot.test.LocalDuplexPort;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests with nginx behind a proxy.
 */
@Testcontainers(disabledWithoutDocker = true)
@LocalImage
@SpringBootTest(properties = "spring.config.name=containers")
@DirtiesContext
class NginxContainerTests {

	private static final int DOWNLOADS = 1000;

	private static final int SIZE = 1024 * 1024;

	private static final String CONFIGURATION = """
			daemon off;
			worker_rlimit_nofile 8192;
			events { worker_connections 4096; }
			http {
				server {
					listen 80 backlog=4096;
					root /srv;
				}
			}
			""";

	@Container
	private static final GenericContainer<?> NGINX = new GenericContainer<>(LocalImage.NAME)
		.withCopyToContainer(Transferable.of(CONFIGURATION), "/etc/nginx/nginx.conf")
		.withCommand("bash", "-c", "head -c " + SIZE + " /dev/urandom > /srv/data && exec nginx")
		.withExposedPorts(80)
		.waitingFor(Wait.forHttp("/data"));

	@LocalDuplexPort("service")
	private int port;

	@Autowired
	private DuplexEngine engine;

	@DynamicPropertySource
	static void backend(DynamicPropertyRegistry registry) {
		registry.add("container.host", NGINX::getHost);
		registry.add("container.port", NGINX::getFirstMappedPort);
	}

	@Test
	void aThousandConcurrentDownloads() throws Exception {
		String expected = NGINX.execInContainer("sha256sum", "/srv/data").getStdout().substring(0, 64);
		List<Socket> sockets = new ArrayList<>();
		ExecutorService executor = Executors.newFixedThreadPool(8);
		try {
			for (int i = 0; i < DOWNLOADS; i++) {
				sockets.add(request());
			}
			await().untilAsserted(() -> assertThat(this.engine.statistics().joinsActive()).isEqualTo(DOWNLOADS));
			List<Future<String>> checksums = new ArrayList<>();
			sockets.forEach((socket) -> checksums.add(executor.submit(() -> checksum(socket))));
			for (Future<String> checksum : checksums) {
				assertThat(checksum.get()).isEqualTo(expected);
			}
		}
		finally {
			executor.shutdownNow();
			for (Socket socket : sockets) {
				socket.close();
			}
		}
		await().untilAsserted(() -> assertThat(this.engine.statistics().joinsActive()).isZero());
	}

	private Socket request() throws IOException {
		Socket socket = new Socket(InetAddress.getLoopbackAddress(), this.port);
		socket.setSoTimeout(30000);
		socket.getOutputStream().write("GET /data HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
		return socket;
	}

	private String checksum(Socket socket) throws IOException, NoSuchAlgorithmException {
		MessageDigest digest = MessageDigest.getInstance("SHA-256");
		InputStream in = socket.getInputStream();
		skipHeader(in);
		long length = new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
		assertThat(length).isEqualTo(SIZE);
		return HexFormat.of().formatHex(digest.digest());
	}

	private void skipHeader(InputStream in) throws IOException {
		int newlines = 0;
		while (newlines < 2) {
			int character = in.read();
			assertThat(character).as("end of the stream within the header").isNotNegative();
			if (character == '\n') {
				newlines++;
			}
			else if (character != '\r') {
				newlines = 0;
			}
		}
	}

}
