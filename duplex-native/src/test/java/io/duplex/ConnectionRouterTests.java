/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@Timeout(120)
class ConnectionRouterTests {

	@AutoClose
	private final EchoServer a = new EchoServer('a');

	@AutoClose
	private final EchoServer b = new EchoServer('b');

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	private DuplexProxyDefinition.Builder definition(ConnectionRouter router) {
		return DuplexProxyDefinition.builder("route").listen("tcp://127.0.0.1:0").router(router);
	}

	private DuplexProxy start(ConnectionRouter router) {
		return start(this.engine, definition(router));
	}

	private static DuplexProxy start(DuplexEngine engine, DuplexProxyDefinition.Builder definition) {
		DuplexProxy proxy = engine.createProxy(definition.build());
		proxy.start();
		return proxy;
	}

	private DuplexAddress a() {
		return DuplexAddress.of(this.a.address());
	}

	private static char connect(DuplexProxy proxy) {
		try (Client client = new Client(proxy)) {
			return client.read();
		}
	}

	@Test
	void theRouterPicksTheBackendByTheClientsAddress() throws UnknownHostException {
		InetAddress first = InetAddress.getByName("127.0.0.1");
		DuplexProxy proxy = start((connection) -> connection.clientAddress().ip().orElseThrow().equals(first) ? a()
				: DuplexAddress.of(this.b.address()));
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo('a');
			assertThat(client.echo("hello")).isEqualTo("hello");
		}
		try (DuplexSocket client = this.engine.connect(proxy.address(), Duration.ZERO)) {
			assertThat(client.receive(new byte[1])).isOne();
		}
		assertThat(proxy.backends()).isEmpty();
		assertThat(proxy.statistics().joined()).isEqualTo(2);
	}

	@Test
	void theRouterIsToldWhoCameInWhere() {
		ConcurrentLinkedQueue<InboundConnection> seen = new ConcurrentLinkedQueue<>();
		DuplexProxy proxy = start((connection) -> {
			seen.add(connection);
			return a();
		});
		Instant before = Instant.now().minusSeconds(1);
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo('a');
			assertThat(seen).singleElement().satisfies((connection) -> {
				assertThat(connection.proxy()).isEqualTo("route");
				assertThat(connection.clientAddress()).hasToString("tcp://127.0.0.1:" + client.socket().getLocalPort());
				assertThat(connection.localAddress()).isEqualTo(proxy.address());
				assertThat(connection.since()).isBetween(before, Instant.now().plusSeconds(1));
				assertThat(this.engine.findJoin(connection.id()))
					.hasValueSatisfying((join) -> assertThat(join.proxy()).isEqualTo("route"));
			});
		}
	}

	@Test
	void aNameIsResolved() {
		DuplexProxy proxy = start((connection) -> DuplexAddress.of("tcp://localhost:" + this.a.port()));
		for (int i = 0; i < 3; i++) {
			assertThat(connect(proxy)).isEqualTo('a');
		}
	}

	@Test
	void nothingRefuses() {
		DuplexProxy proxy = start((connection) -> null);
		assertThat(connect(proxy)).isEqualTo(Client.END);
		await().until(() -> proxy.statistics().refusedByRouter() == 1);
		assertThat(proxy.statistics().refused()).isOne();
		assertThat(proxy.statistics().joined()).isZero();
	}

	@Test
	void anExceptionRefusesOneConnectionAndIsLoggedOnce() {
		Logger logger = (Logger) LoggerFactory.getLogger(FailureLog.class);
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		logger.addAppender(log);
		AtomicInteger count = new AtomicInteger();
		DuplexProxy proxy = start((connection) -> switch (count.getAndIncrement() % 4) {
			case 0 -> throw new IllegalStateException("no idea");
			case 1 -> throw new IOException("no connection");
			case 2 -> throw new StackOverflowError();
			default -> a();
		});
		int good = 0;
		for (int i = 0; i < 20; i++) {
			good += (connect(proxy) == 'a') ? 1 : 0;
		}
		logger.detachAppender(log);
		assertThat(good).isEqualTo(5);
		await().until(() -> proxy.statistics().refusedByFailure() == 15);
		assertThat(log.list).hasSize(3)
			.allSatisfy((event) -> assertThat(event.getFormattedMessage()).contains("'route'"));
	}

	@Test
	void whatCannotBeConnectedToRefuses() {
		List<DuplexAddress> targets = new ArrayList<>(List.of(DuplexAddress.of("tcp://127.0.0.1:0"),
				DuplexAddress.unnamed(), DuplexAddress.of("tcp://no-such-host.invalid:80")));
		DuplexProxy proxy = start((connection) -> targets.remove(0));
		for (int i = 1; i <= 3; i++) {
			assertThat(connect(proxy)).isEqualTo(Client.END);
			long failures = i;
			await().until(() -> proxy.statistics().refusedByFailure() == failures);
		}
	}

	@Test
	void aBackendThatDoesNotAnswerIsAFailedConnect() {
		DuplexProxy proxy = start((connection) -> DuplexAddress.of("unix://@duplex-nobody-listens-here"));
		assertThat(connect(proxy)).isEqualTo(Client.END);
		await().until(() -> proxy.statistics().connectFailed() == 1);
		assertThat(proxy.statistics().refused()).isZero();
	}

	@Test
	void aDecisionThatTakesTooLongRefuses() throws InterruptedException {
		Semaphore late = new Semaphore(0);
		DuplexProxy proxy = start(this.engine, definition((connection) -> {
			late.acquire();
			return a();
		}).decisionTimeout(Duration.ofMillis(50)));
		assertThat(connect(proxy)).isEqualTo(Client.END);
		await().until(() -> proxy.statistics().refusedByTimeout() == 1);
		late.release(100);
		await().until(() -> connect(proxy) == 'a');
		assertThat(late.tryAcquire()).isTrue();
	}

	@Test
	void noMoreConnectionsThanAllowedAwaitADecision() {
		CountDownLatch go = new CountDownLatch(1);
		AtomicInteger asked = new AtomicInteger();
		DuplexProxy proxy = start(this.engine, definition((connection) -> {
			asked.incrementAndGet();
			go.await();
			return a();
		}).maxPendingDecisions(2));
		List<Client> clients = new ArrayList<>();
		for (int i = 0; i < 5; i++) {
			clients.add(new Client(proxy));
		}
		await().until(() -> proxy.state() == ProxyState.PAUSED);
		assertThat(proxy.statistics().pending()).isEqualTo(2);
		assertThat(asked).hasValueLessThanOrEqualTo(2);
		go.countDown();
		assertThat(clients).allSatisfy((client) -> assertThat(client.read()).isEqualTo('a'));
		clients.forEach(Client::close);
	}

	@Test
	void decisionsAreMadeOnTheExecutor() throws InterruptedException {
		ExecutorService executor = Executors.newSingleThreadExecutor((task) -> new Thread(task, "mine"));
		ConcurrentLinkedQueue<String> threads = new ConcurrentLinkedQueue<>();
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withDecisionExecutor(executor))) {
			DuplexProxy proxy = start(other, definition((connection) -> {
				threads.add(Thread.currentThread().getName());
				return a();
			}));
			assertThat(connect(proxy)).isEqualTo('a');
			assertThat(threads).containsExactly("mine");
			executor.shutdown();
			assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
			assertThat(connect(proxy)).isEqualTo(Client.END);
			await().until(() -> proxy.statistics().refusedByFailure() == 1);
		}
	}

	@Test
	void aClientThatLeavesBeforeItsDecisionIsNoFailure() {
		Semaphore go = new Semaphore(0);
		AtomicInteger asked = new AtomicInteger();
		DuplexProxy proxy = start((connection) -> {
			asked.incrementAndGet();
			go.acquire();
			return a();
		});
		try (Client client = new Client(proxy)) {
			await().until(() -> asked.get() == 1);
			client.socket().setSoLinger(true, 0);
		}
		catch (SocketException ex) {
			throw new IllegalStateException(ex);
		}
		await().until(() -> proxy.statistics().clientGone() == 1);
		go.release();
		assertThat(proxy.statistics().refusedByFailure()).isZero();
	}

	@Test
	void aRouterThatWaitsDoesNotHoldUpTheEnginesAnswers() {
		CountDownLatch go = new CountDownLatch(1);
		DuplexProxy proxy = start((connection) -> {
			go.await();
			return a();
		});
		List<Client> clients = new ArrayList<>();
		for (int i = 0; i < 100; i++) {
			clients.add(new Client(proxy));
		}
		await().until(() -> proxy.statistics().pending() == 100);
		assertThat(this.engine
			.joinAsync(Pair.open(this.engine).socket(), Pair.open(this.engine).socket(), JoinOptions.DEFAULTS)
			.toCompletableFuture()).succeedsWithin(Duration.ofSeconds(10));
		go.countDown();
		assertThat(clients).allSatisfy((client) -> assertThat(client.read()).isEqualTo('a'));
		clients.forEach(Client::close);
	}

	@Test
	void thousandsOfConnectionsAreDecided() {
		AtomicInteger turn = new AtomicInteger();
		List<DuplexAddress> targets = List.of(a(), DuplexAddress.of(this.b.address()));
		DuplexProxy proxy = start((connection) -> targets.get(turn.getAndIncrement() % 2));
		for (int i = 0; i < 2000; i++) {
			assertThat(connect(proxy)).isIn('a', 'b');
		}
		await().until(() -> proxy.statistics().active() == 0);
		assertThat(proxy.statistics().joined()).isEqualTo(2000);
	}

	@Test
	void connectionsThatAwaitADecisionEndWithTheEngine() {
		CountDownLatch never = new CountDownLatch(1);
		DuplexProxy proxy = start((connection) -> {
			never.await();
			return null;
		});
		try (Client client = new Client(proxy)) {
			await().until(() -> proxy.statistics().pending() == 1);
			this.engine.close();
			assertThat(client.read()).isEqualTo(Client.END);
		}
		never.countDown();
	}

}
