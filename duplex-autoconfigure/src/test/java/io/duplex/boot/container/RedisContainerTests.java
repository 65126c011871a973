/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.container;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.duplex.boot.test.LocalDuplexPort;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;

import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests with redis behind a proxy.
 */
@Testcontainers(disabledWithoutDocker = true)
@LocalImage
@SpringBootTest(properties = "spring.config.name=containers")
@DirtiesContext
class RedisContainerTests {

	@Container
	private static final GenericContainer<?> REDIS = new GenericContainer<>(LocalImage.NAME)
		.withCommand("redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "")
		.withExposedPorts(6379)
		.waitingFor(Wait.forLogMessage(".*Ready to accept connections.*", 1));

	@LocalDuplexPort("service")
	private int port;

	@DynamicPropertySource
	static void backend(DynamicPropertyRegistry registry) {
		registry.add("container.host", REDIS::getHost);
		registry.add("container.port", REDIS::getFirstMappedPort);
	}

	@Test
	void pipelining() {
		int count = 100_000;
		try (Jedis jedis = new Jedis("127.0.0.1", this.port); Pipeline pipeline = jedis.pipelined()) {
			List<Response<String>> responses = new ArrayList<>();
			for (int i = 0; i < count; i++) {
				pipeline.set("key" + i, "value" + i);
				responses.add(pipeline.get("key" + i));
			}
			pipeline.sync();
			for (int i = 0; i < count; i++) {
				assertThat(responses.get(i).get()).isEqualTo("value" + i);
			}
			assertThat(jedis.dbSize()).isEqualTo(count);
		}
	}

	@Test
	void largeValues() {
		byte[] key = { 1 };
		byte[] value = new byte[32 * 1024 * 1024];
		for (int i = 0; i < value.length; i++) {
			value[i] = (byte) (i * 31 >> 3);
		}
		try (Jedis jedis = new Jedis("127.0.0.1", this.port)) {
			jedis.set(key, value);
			assertThat(jedis.get(key)).isEqualTo(value);
			jedis.del(key);
		}
	}

	@Test
	void pipeliningOverAWebSocket(@LocalDuplexPort("gateway") int gateway) {
		int count = 20_000;
		StringBuilder expected = new StringBuilder();
		ByteArrayOutputStream received = new ByteArrayOutputStream();
		WebSocket socket = HttpClient.newHttpClient()
			.newWebSocketBuilder()
			.buildAsync(URI.create("ws://127.0.0.1:" + gateway + "/service"), new WebSocket.Listener() {

				@Override
				public @Nullable CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer data, boolean last) {
					byte[] bytes = new byte[data.remaining()];
					data.get(bytes);
					received.writeBytes(bytes);
					webSocket.request(1);
					return null;
				}

			})
			.join();
		// Messages of any size: what the server reads is a stream.
		StringBuilder commands = new StringBuilder();
		for (int i = 0; i < count; i++) {
			commands.append("ECHO value").append(i).append("\r\n");
			String value = "value" + i;
			expected.append('$').append(value.length()).append("\r\n").append(value).append("\r\n");
			if (i % 700 == 699 || i == count - 1) {
				byte[] bytes = commands.toString().getBytes(StandardCharsets.US_ASCII);
				socket.sendBinary(ByteBuffer.wrap(bytes), true).join();
				commands.setLength(0);
			}
		}
		await().atMost(Duration.ofMinutes(1)).until(() -> received.size() >= expected.length());
		assertThat(received.toString(StandardCharsets.US_ASCII)).isEqualTo(expected.toString());
		socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
	}

	@Test
	void publishAndSubscribe() throws Exception {
		int count = 10_000;
		List<String> received = Collections.synchronizedList(new ArrayList<>());
		CountDownLatch subscribed = new CountDownLatch(1);
		JedisPubSub subscription = new JedisPubSub() {

			@Override
			public void onSubscribe(String channel, int subscribedChannels) {
				subscribed.countDown();
			}

			@Override
			public void onMessage(String channel, String message) {
				received.add(message);
			}

		};
		CompletableFuture<Void> subscriber = CompletableFuture.runAsync(() -> {
			try (Jedis jedis = new Jedis("127.0.0.1", this.port)) {
				jedis.subscribe(subscription, "news");
			}
		});
		assertThat(subscribed.await(10, TimeUnit.SECONDS)).isTrue();
		try (Jedis jedis = new Jedis("127.0.0.1", this.port); Pipeline pipeline = jedis.pipelined()) {
			IntStream.range(0, count).forEach((i) -> pipeline.publish("news", "message " + i));
			pipeline.sync();
		}
		await().untilAsserted(() -> assertThat(received).hasSize(count));
		assertThat(received)
			.containsExactlyElementsOf(IntStream.range(0, count).mapToObj((i) -> "message " + i).toList());
		subscription.unsubscribe();
		subscriber.get(10, TimeUnit.SECONDS);
	}

}
