/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Many threads do anything to the same objects, and the engine is closed in the middle of
 * it.
 */
@Timeout(120)
class EngineUnderFireTests {

	private static final int THREADS = 8;

	private static final int OPERATIONS = 3000;

	private static final Duration SOON = Duration.ofSeconds(60);

	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(3));

	private final EchoServer server = new EchoServer('a');

	private final DuplexSocket[] sockets = new DuplexSocket[32];

	private final Join[] joins = new Join[8];

	private final DuplexProxy proxy = this.engine.createProxy(
			DuplexProxyDefinition.builder("fire").listen("tcp://127.0.0.1:0").backends(this.server.address()).build());

	@RepeatedTest(3)
	void nothingButDuplexExceptionsComesOfIt() {
		long descriptors = ProcessState.descriptors();
		AtomicLong operations = new AtomicLong();
		this.proxy.start();
		for (int i = 0; i < this.sockets.length; i++) {
			this.sockets[i] = this.engine.connect(this.server.address());
		}
		List<CompletableFuture<Void>> threads = new ArrayList<>();
		for (int i = 0; i < THREADS; i++) {
			SplittableRandom random = new SplittableRandom(i);
			threads.add(RandomStream.inThread(() -> fire(random, operations)));
		}
		await().atMost(SOON).until(() -> operations.get() > OPERATIONS);
		this.engine.close();
		assertThat(threads).allSatisfy((thread) -> assertThat(thread).succeedsWithin(SOON));
		this.server.close();
		await().atMost(SOON).until(() -> ProcessState.descriptors() <= descriptors);
	}

	private void fire(SplittableRandom random, AtomicLong operations) {
		while (!this.engine.isClosed()) {
			try {
				operate(random);
			}
			catch (DuplexException | IllegalArgumentException ex) {
				// As the API says.
			}
			operations.incrementAndGet();
		}
	}

	private void operate(SplittableRandom random) {
		int a = random.nextInt(this.sockets.length);
		DuplexSocket socket = this.sockets[a];
		DuplexSocket other = this.sockets[random.nextInt(this.sockets.length)];
		int j = random.nextInt(this.joins.length);
		Join join = this.joins[j];
		switch (random.nextInt(18)) {
			case 0, 1, 2 -> this.joins[j] = this.engine.join(socket, other);
			case 3 -> this.engine.joinAsync(socket, other, JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.NO_CLOSE));
			case 4, 5 -> {
				if (join != null) {
					join.unjoin();
				}
			}
			case 6 -> {
				if (join != null) {
					join.snapshot();
				}
			}
			case 7 -> {
				if (join != null) {
					join.close();
				}
			}
			case 8 -> socket.send(ByteBuffer.allocate(random.nextInt(100_000)), Duration.ofMillis(1));
			case 9 -> socket.receive(ByteBuffer.allocate(1 + random.nextInt(100_000)), Duration.ofMillis(1));
			case 10 -> socket.receiveAsync(ByteBuffer.allocateDirect(100));
			case 11 -> socket.sendAsync(ByteBuffer.allocateDirect(100));
			case 12 -> {
				this.sockets[a] = this.engine.connect(this.server.address());
				socket.close();
			}
			case 13 -> {
				this.sockets[a] = this.engine.connect(this.proxy.address(), SOON);
				socket.reset();
			}
			case 14 -> this.engine.joins(JoinQuery.first()).joins().forEach((row) -> this.engine.findJoin(row.id()));
			case 15 -> this.engine.statistics();
			case 16 -> {
				socket.shutdownOutput();
				this.sockets[a] = this.engine.connect(this.server.address());
				socket.closeAsync(Duration.ofMillis(1));
			}
			default -> {
				if (random.nextInt(20) == 0) {
					this.proxy.stop();
				}
				this.proxy.start();
			}
		}
	}

}
