/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

@Timeout(60)
class DuplexEngineTests {

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@Test
	void anEngineTellsItsVersionAndCounters() {
		assertThat(this.engine.version()).matches("\\d+\\.\\d+\\.\\d+");
		EngineStatistics statistics = this.engine.statistics();
		assertThat(statistics.workers()).isEqualTo(2);
		assertThat(statistics.uptime()).isPositive();
		assertThat(statistics.joinsActive()).isZero();
		assertThat(statistics.pipeSize()).isEqualTo(262144);
		assertThat(statistics.messageBudget()).isEqualTo(256 << 20);
		assertThat(statistics.messageMemory()).isZero();
		assertThat(statistics.descriptorsMax()).isGreaterThan(statistics.descriptors());
	}

	@Test
	void optionsReachTheEngine() {
		try (DuplexEngine other = DuplexEngine
			.create(new DuplexEngineOptions(1, 65536, 200, 100, 1 << 20, null, null))) {
			assertThat(other.statistics().workers()).isOne();
			assertThat(other.statistics().pipeSize()).isEqualTo(65536);
			assertThat(other.statistics().descriptorsMax()).isEqualTo(200);
			assertThat(other.statistics().messageBudget()).isEqualTo(1 << 20);
		}
	}

	@Test
	void aLimitThatTheProcessCannotKeepIsLoweredWithAWarning() {
		Logger logger = (Logger) LoggerFactory.getLogger(EngineCore.class);
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		logger.addAppender(log);
		try (DuplexEngine other = DuplexEngine
			.create(DuplexEngineOptions.DEFAULTS.withWorkers(1).withMaxDescriptors(Integer.MAX_VALUE))) {
			assertThat(other.statistics().descriptorsMax()).isLessThan(Integer.MAX_VALUE);
			assertThat(log.list).singleElement()
				.satisfies((event) -> assertThat(event.getFormattedMessage())
					.contains(Long.toString(other.statistics().descriptorsMax()))
					.contains(Integer.toString(Integer.MAX_VALUE)));
		}
		finally {
			logger.detachAppender(log);
		}
	}

	@Test
	void wrongOptionsAreRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexEngineOptions.DEFAULTS.withWorkers(65));
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexEngineOptions.DEFAULTS.withWorkers(-1));
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexEngineOptions.DEFAULTS.withPipeSize(4096));
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexEngineOptions.DEFAULTS.withPipeSize(2 << 20));
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexEngineOptions.DEFAULTS.withMaxDescriptors(-1));
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexEngineOptions.DEFAULTS.withReservedDescriptors(-1));
	}

	@Test
	void closingTwiceIsClosingOnce() {
		assertThat(this.engine.isClosed()).isFalse();
		this.engine.close();
		assertThat(this.engine.isClosed()).isTrue();
		this.engine.close();
		assertThat(this.engine.isClosed()).isTrue();
	}

	@Test
	void allWhoCloseAtOnceWaitForTheEnd() {
		List<CompletableFuture<Void>> closing = new ArrayList<>();
		for (int i = 0; i < 8; i++) {
			closing.add(RandomStream.inThread(() -> {
				this.engine.close();
				assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(this.engine::statistics);
			}));
		}
		assertThat(closing).allSatisfy((closed) -> assertThat(closed).succeedsWithin(Duration.ofSeconds(30)));
	}

	@Test
	void anInterruptDoesNotKeepAnEngineFromClosing() {
		Thread.currentThread().interrupt();
		this.engine.close();
		assertThat(Thread.interrupted()).isTrue();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(this.engine::statistics);
	}

	static Stream<Arguments> callsOnAnEngine() {
		return Stream.of(call("statistics", DuplexEngine::statistics),
				call("connect", (engine) -> engine.connect("tcp://127.0.0.1:1")),
				call("connect to a name", (engine) -> engine.connect("tcp://localhost:1")),
				call("listen", (engine) -> engine.listen("tcp://127.0.0.1:0")),
				call("joins", (engine) -> engine.joins(JoinQuery.first())), call("adopt", (engine) -> engine.adopt(0)),
				call("createProxy", (engine) -> engine.createProxy(proxy())));
	}

	private static Arguments call(String name, Consumer<DuplexEngine> call) {
		return arguments(name, call);
	}

	private static DuplexProxyDefinition proxy() {
		return DuplexProxyDefinition.builder("cache").listen("tcp://127.0.0.1:0").backends("tcp://127.0.0.1:1").build();
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("callsOnAnEngine")
	void callsAfterCloseSayThatTheEngineIsClosed(String name, Consumer<DuplexEngine> call) {
		this.engine.close();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> call.accept(this.engine))
			.withMessageContaining("the engine is closed");
	}

	@Test
	void anIdOfAClosedEngineIsUnknown() {
		this.engine.close();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.engine.findJoin(1L << 60));
	}

	@Test
	void aClosedEnginesObjectsSayThatItIsClosed() {
		Pair a = Pair.open(this.engine);
		Pair b = Pair.open(this.engine);
		DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");
		DuplexProxy proxy = this.engine.createProxy(proxy());
		Join join = this.engine.join(a.socket(), b.socket());
		Pair c = Pair.open(this.engine);
		this.engine.close();
		assertClosed(() -> c.socket().receive(new byte[1]));
		assertClosed(() -> c.socket().send(new byte[1]));
		assertClosed(() -> c.socket().shutdownOutput());
		assertClosed(() -> c.socket().release());
		assertClosed(() -> a.socket().receive(new byte[1]));
		assertClosed(listener::accept);
		assertClosed(join::unjoin);
		assertClosed(proxy::start);
		assertClosed(proxy::stop);
		assertFailed(c.socket().receiveAsync(ByteBuffer.allocate(1)));
		assertFailed(c.socket().sendAsync(ByteBuffer.allocate(1)));
		assertFailed(listener.acceptAsync());
		assertFailed(join.unjoinAsync());
		assertFailed(proxy.drain(Duration.ZERO));
		assertFailed(this.engine.connectAsync("tcp://localhost:1", Duration.ZERO));
		assertThat(join.end().toCompletableFuture()).succeedsWithin(Duration.ofSeconds(10))
			.extracting(JoinEnd::reason)
			.isEqualTo(JoinEndReason.SHUT_DOWN);
		assertThat(join.state()).isEqualTo(JoinState.ENDED);
		assertThat(proxy.state()).isEqualTo(ProxyState.CLOSED);
		assertThat(proxy.statistics().accepted()).isZero();
		assertThat(proxy.backends()).hasSize(1);
		assertThat(c.socket().isClosed()).isTrue();
		c.socket().close();
		c.socket().reset();
		join.close();
		listener.close();
		proxy.close();
		assertThat(a.ended() || a.reset()).isTrue();
		a.close();
		b.close();
		c.close();
	}

	private static void assertClosed(ThrowingCallable call) {
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(call)
			.withMessageContaining("the engine is closed");
	}

	private static void assertFailed(CompletionStage<?> stage) {
		assertThat(stage.toCompletableFuture()).failsWithin(Duration.ofSeconds(10))
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(DuplexClosedException.class);
	}

	@Test
	void whoeverWaitsWhenTheEngineIsClosedIsToldSo() {
		Pair pair = Pair.open(this.engine);
		DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");
		List<CompletableFuture<?>> waiting = new ArrayList<>();
		waiting.add(RandomStream.inThread(() -> pair.socket().receive(new byte[1])));
		waiting.add(RandomStream.inThread(listener::accept));
		waiting.add(pair.socket().receiveAsync(ByteBuffer.allocate(1)).toCompletableFuture());
		waiting.add(listener.acceptAsync().toCompletableFuture());
		waiting.add(pair.socket().sendAsync(ByteBuffer.allocate(64 << 20)).toCompletableFuture());
		this.engine.close();
		assertThat(waiting).allSatisfy(DuplexEngineTests::assertFailed);
		pair.close();
	}

	@Test
	void futuresCompleteOnTheExecutor() {
		ExecutorService executor = Executors.newSingleThreadExecutor((task) -> new Thread(task, "mine"));
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withCompletionExecutor(executor));
				Pair pair = Pair.open(other)) {
			CompletableFuture<String> thread = pair.socket()
				.receiveAsync(ByteBuffer.allocate(1))
				.thenApply((count) -> Thread.currentThread().getName())
				.toCompletableFuture();
			pair.write("x");
			assertThat(thread).succeedsWithin(Duration.ofSeconds(10)).isEqualTo("mine");
		}
		finally {
			executor.shutdown();
		}
	}

	@Test
	void futuresCompleteAlsoWhenTheExecutorRefuses() throws InterruptedException {
		ExecutorService executor = Executors.newSingleThreadExecutor();
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withCompletionExecutor(executor));
				Pair pair = Pair.open(other)) {
			executor.shutdown();
			assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
			CompletableFuture<Integer> received = pair.socket()
				.receiveAsync(ByteBuffer.allocate(1))
				.toCompletableFuture();
			pair.write("x");
			assertThat(received).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(1);
		}
	}

	@Test
	void enginesComeAndGoWithoutATrace() {
		for (int i = 0; i < 3; i++) {
			openUseAndClose();
		}
		long descriptors = ProcessState.descriptors();
		for (int i = 0; i < 50; i++) {
			openUseAndClose();
		}
		assertThat(ProcessState.descriptors()).isLessThanOrEqualTo(descriptors);
	}

	private static void openUseAndClose() {
		try (DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2))) {
			Pair a = Pair.open(engine);
			Pair b = Pair.open(engine);
			engine.join(a.socket(), b.socket());
			a.write("hello");
			assertThat(b.read(5)).isEqualTo("hello");
			a.close();
			b.close();
		}
	}

}
