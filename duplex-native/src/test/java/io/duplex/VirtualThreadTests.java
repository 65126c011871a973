/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Virtual threads that wait do not keep their carriers, shown with one carrier in a JVM
 * of its own. On a JVM without virtual threads, the same with threads.
 */
@Timeout(120)
class VirtualThreadTests {

	@Test
	void thousandsOfWaitingThreadsShareOneCarrier() {
		ChildJvm.run(OneCarrier.class, "-Djdk.virtualThreadScheduler.parallelism=1",
				"-Djdk.virtualThreadScheduler.maxPoolSize=1");
	}

	/**
	 * What runs there. A pinned thread would keep the only carrier, and nothing would go
	 * on.
	 */
	static final class OneCarrier {

		private static final int COUNT = 1000;

		private OneCarrier() {
		}

		public static void main(String[] arguments) throws Exception {
			ThreadFactory factory = VirtualThreads.factory();
			ExecutorService executor = Executors.newCachedThreadPool(factory);
			try (DuplexEngine engine = DuplexEngine
				.create(DuplexEngineOptions.DEFAULTS.withWorkers(2).withCompletionExecutor(executor));
					DuplexListener listener = engine.listen("tcp://127.0.0.1:0")) {
				echo(engine, listener, executor);
				join(engine, listener, executor);
				timeOut(listener, executor);
				pass(engine, listener, executor);
			}
			executor.shutdown();
		}

		/** Each server thread waits for its client, which is not even started yet. */
		private static void echo(DuplexEngine engine, DuplexListener listener, ExecutorService executor)
				throws Exception {
			AtomicInteger waiting = new AtomicInteger();
			List<Future<?>> servers = new ArrayList<>();
			for (int i = 0; i < COUNT; i++) {
				servers.add(executor.submit(() -> {
					waiting.incrementAndGet();
					try (DuplexSocket socket = listener.accept()) {
						byte[] bytes = new byte[4];
						socket.receive(bytes);
						socket.send(bytes);
						return socket.receive(bytes);
					}
				}));
			}
			while (waiting.get() < COUNT) {
				Thread.onSpinWait();
			}
			List<Future<?>> clients = new ArrayList<>();
			for (int i = 0; i < COUNT; i++) {
				clients.add(executor.submit(() -> {
					try (DuplexSocket socket = engine.connect(listener.address(), Duration.ZERO)) {
						socket.send(new byte[] { 1, 2, 3, 4 });
						return socket.receive(new byte[4]);
					}
				}));
			}
			for (int i = 0; i < COUNT; i++) {
				require(clients.get(i).get(60, TimeUnit.SECONDS), 4);
				require(servers.get(i).get(60, TimeUnit.SECONDS), -1);
			}
		}

		private static void join(DuplexEngine engine, DuplexListener listener, ExecutorService executor)
				throws Exception {
			List<Future<Integer>> undone = new ArrayList<>();
			for (int i = 0; i < 100; i++) {
				undone.add(executor.submit(() -> {
					DuplexSocket a = engine.connect(listener.address(), Duration.ZERO);
					DuplexSocket b = engine.connect(listener.address(), Duration.ZERO);
					engine.join(a, b).unjoin();
					Join join = engine.join(a, b);
					CompletableFuture<JoinEnd> end = join.end().toCompletableFuture();
					join.close();
					return end.get().reason().ordinal();
				}));
			}
			for (Future<Integer> future : undone) {
				require(future.get(60, TimeUnit.SECONDS), JoinEndReason.CLOSED.ordinal());
			}
			for (int i = 0; i < 200; i++) {
				listener.accept().close();
			}
		}

		private static void timeOut(DuplexListener listener, ExecutorService executor) throws Exception {
			Future<Integer> timedOut = executor.submit(() -> {
				try {
					listener.accept(Duration.ofMillis(10));
					return 0;
				}
				catch (DuplexTimeoutException ex) {
					return 1;
				}
			});
			require(timedOut.get(60, TimeUnit.SECONDS), 1);
		}

		/** Each waits for a socket that nobody has passed yet. */
		private static void pass(DuplexEngine engine, DuplexListener listener, ExecutorService executor)
				throws Exception {
			int count = 100;
			AtomicInteger waiting = new AtomicInteger();
			List<DuplexSocket> carriers = new ArrayList<>();
			List<Future<?>> takers = new ArrayList<>();
			try (DuplexSocket meeting = engine.socket()) {
				DuplexAddress address = meeting.bind("unix://@duplex-test-" + UUID.randomUUID());
				for (int i = 0; i < count; i++) {
					carriers.add(engine.connect(address, Duration.ZERO));
					DuplexSocket there = meeting.accept();
					takers.add(executor.submit(() -> {
						waiting.incrementAndGet();
						return engine.take(there, Duration.ofSeconds(60)).receive(new byte[5]);
					}));
				}
			}
			while (waiting.get() < count) {
				Thread.onSpinWait();
			}
			for (DuplexSocket carrier : carriers) {
				DuplexSocket passed = engine.connect(listener.address(), Duration.ZERO);
				listener.accept().send(new byte[] { 1, 2, 3 });
				executor.submit(() -> {
					passed.passTo(carrier, Duration.ofSeconds(60));
					return 0;
				}).get(60, TimeUnit.SECONDS);
			}
			for (Future<?> taker : takers) {
				require(taker.get(60, TimeUnit.SECONDS), 3);
			}
		}

		private static void require(Object actual, int expected) {
			if (!actual.equals(expected)) {
				throw new AssertionError(actual + " instead of " + expected);
			}
		}

	}

}
