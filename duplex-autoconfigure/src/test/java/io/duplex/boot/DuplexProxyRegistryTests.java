/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.duplex.AddressInUseException;
import io.duplex.DuplexProxyDefinition;
import io.duplex.InvalidProxyDefinitionException;
import io.duplex.ProxyState;
import io.duplex.ProxyStatistics;
import io.duplex.boot.testing.FakeDuplexEngine;
import io.duplex.boot.testing.FakeDuplexProxy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link DuplexProxyRegistry}.
 */
@ExtendWith(OutputCaptureExtension.class)
class DuplexProxyRegistryTests {

	private static final Duration GRACE = Duration.ofSeconds(3);

	private final FakeDuplexEngine engine = new FakeDuplexEngine();

	private final List<String> events = new ArrayList<>();

	private final Set<Thread> othersThreads = keepAliveThreads().collect(Collectors.toSet());

	private final DuplexProxyRegistry registry = new DuplexProxyRegistry(this.engine, this::record, GRACE);

	private void record(Object event) {
		DuplexProxyEvent proxyEvent = (DuplexProxyEvent) event;
		this.events.add(event.getClass().getSimpleName() + ":" + proxyEvent.getProxy().name() + ":"
				+ proxyEvent.getProxy().port());
	}

	@AfterEach
	void stopRegistry() {
		this.registry.getProxies().forEach((proxy) -> ((FakeDuplexProxy) proxy).finishDrain(0));
		CompletableFuture<?> stopped = CompletableFuture.runAsync(this.registry::stop);
		await().until(() -> {
			this.registry.getProxies().forEach((proxy) -> ((FakeDuplexProxy) proxy).finishDrain(0));
			return stopped.isDone();
		});
	}

	@Test
	void startStartsProxiesInTheOrderOfTheirRegistration() {
		this.registry.register(definition("second").build());
		this.registry.register(definition("first").build());
		assertThat(this.registry.isRunning()).isFalse();
		assertThat(this.events).isEmpty();
		this.registry.start();
		assertThat(this.registry.isRunning()).isTrue();
		assertThat(this.events).containsExactly("DuplexProxyStartedEvent:second:40000",
				"DuplexProxyStartedEvent:first:40001");
	}

	@Test
	void startLeavesOutProxiesWithoutAutoStartup() {
		this.registry.register(definition("cache").autoStartup(false).build());
		this.registry.start();
		assertThat(this.engine.proxy("cache").state()).isEqualTo(ProxyState.STOPPED);
		this.registry.start("cache");
		assertThat(this.engine.proxy("cache").state()).isEqualTo(ProxyState.STARTED);
		assertThat(this.events).containsExactly("DuplexProxyStartedEvent:cache:40000");
	}

	@Test
	void startLogsOneLineForEachProxy(CapturedOutput output) {
		this.registry.register(definition("cache").backends("tcp://10.0.0.5:6379", "tcp://10.0.0.6:6379").build());
		this.registry.register(DuplexProxyDefinition.builder("web")
			.listen("unix:///run/web.sock")
			.router((connection) -> null)
			.build());
		this.registry.start();
		assertThat(output)
			.containsOnlyOnce("Proxy 'cache' listening on tcp://127.0.0.1:40000, to 10.0.0.5:6379, 10.0.0.6:6379");
		assertThat(output).containsOnlyOnce("Proxy 'web' listening on unix:///run/web.sock, routed by the application");
	}

	@Test
	void whenOneProxyCannotBeStartedThenNoneIs() {
		this.registry.register(definition("good").build());
		this.registry.register(definition("bad").build());
		AddressInUseException failure = new AddressInUseException("listen on", "tcp://127.0.0.1:1", null, "in use");
		this.engine.proxy("bad").failOnStart(failure);
		assertThatExceptionOfType(DuplexProxyStartException.class).isThrownBy(this.registry::start)
			.withCause(failure)
			.withMessageContaining("Failed to start proxy 'bad'")
			.satisfies((ex) -> assertThat(ex.getDefinition().name()).isEqualTo("bad"));
		assertThat(this.registry.isRunning()).isFalse();
		assertThat(this.engine.proxy("good").state()).isEqualTo(ProxyState.STOPPED);
		assertThat(this.events).doesNotContain("DuplexProxyStartedEvent:good:40000");
		assertThat(keepAliveThread()).isFalse();
		this.engine.proxy("bad").failOnStart(null);
		this.registry.start();
		assertThat(this.registry.isRunning()).isTrue();
	}

	@Test
	void whenOneProxyIsStartedByNameThenTheFailureIsTheEngines() {
		this.registry.register(definition("bad").build());
		AddressInUseException failure = new AddressInUseException("listen on", "tcp://127.0.0.1:1", null, "in use");
		this.engine.proxy("bad").failOnStart(failure);
		assertThatExceptionOfType(AddressInUseException.class).isThrownBy(() -> this.registry.start("bad"))
			.isSameAs(failure);
	}

	@Test
	void registerRefusesASecondProxyOfTheSameName() {
		this.registry.register(definition("cache").build());
		assertThatExceptionOfType(InvalidProxyDefinitionException.class)
			.isThrownBy(() -> this.registry.register(definition("cache").build()))
			.withMessageContaining("cache");
		assertThat(this.registry.getProxies()).hasSize(1);
	}

	@Test
	void registerStartsTheProxyAtOnceWhenTheRegistryRuns() {
		this.registry.start();
		this.registry.register(definition("late").build());
		this.registry.register(definition("manual").autoStartup(false).build());
		assertThat(this.events).containsExactly("DuplexProxyStartedEvent:late:40000");
	}

	@Test
	void stopWithCallbackDoesNotBlockAndCallsBackWhenTheLastConnectionHasEnded() {
		this.registry.register(definition("one").build());
		this.registry.register(definition("two").build());
		this.engine.proxy("one").drainSlowly();
		this.engine.proxy("two").drainSlowly();
		this.registry.start();
		CountDownLatch called = new CountDownLatch(1);
		this.registry.stop(called::countDown);
		assertThat(this.registry.isRunning()).isFalse();
		assertThat(this.engine.proxy("one").drains()).containsExactly(GRACE);
		assertThat(this.engine.proxy("two").drains()).containsExactly(GRACE);
		this.engine.proxy("one").finishDrain(0);
		assertThat(called.getCount()).isOne();
		assertThat(keepAliveThread()).isTrue();
		this.engine.proxy("two").finishDrain(2);
		assertThat(called.getCount()).isZero();
		assertThat(this.events).endsWith("DuplexProxyStoppedEvent:one:40000", "DuplexProxyStoppedEvent:two:40001");
	}

	@Test
	void stopSaysHowManyConnectionsAreLeftAndHowManyHadToBeClosed(CapturedOutput output) {
		this.registry.register(definition("cache").build());
		this.engine.proxy("cache")
			.drainSlowly()
			.statistics(new ProxyStatistics(9, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, Map.of()));
		this.registry.start();
		this.registry.stop(() -> {
		});
		assertThat(output).contains("Proxy 'cache' stopping, waiting PT3S for open connections: 5");
		this.engine.proxy("cache").finishDrain(2);
		assertThat(output).contains("Proxy 'cache' stopped, connections that had to be closed: 2");
	}

	@Test
	void stopCallsBackAlthoughAProxyCannotBeDrained(CapturedOutput output) {
		this.registry.register(definition("cache").build());
		this.engine.proxy("cache").drainSlowly();
		this.registry.start();
		CountDownLatch called = new CountDownLatch(1);
		this.registry.stop(called::countDown);
		this.engine.proxy("cache").failDrain(new IllegalStateException("the engine is gone"));
		assertThat(called.getCount()).isZero();
		assertThat(output).contains("Proxy 'cache' could not be stopped in order").contains("the engine is gone");
		await().untilAsserted(() -> assertThat(keepAliveThread()).isFalse());
	}

	@Test
	void stopCallsBackAlthoughTheEngineRefusesToDrain(CapturedOutput output) {
		this.registry.register(definition("cache").build());
		this.engine.proxy("cache").refuseToDrain(new IllegalStateException("the engine is gone"));
		this.registry.start();
		CountDownLatch called = new CountDownLatch(1);
		this.registry.stop(called::countDown);
		assertThat(called.getCount()).isZero();
		assertThat(output).contains("Proxy 'cache' could not be stopped in order").contains("the engine is gone");
		await().untilAsserted(() -> assertThat(keepAliveThread()).isFalse());
	}

	@Test
	void stopCallsBackSoonAfterTheGracePeriodAlthoughTheEngineNeverAnswers() throws InterruptedException {
		DuplexProxyRegistry impatient = new DuplexProxyRegistry(this.engine, this::record, Duration.ZERO);
		impatient.register(definition("cache").build());
		this.engine.proxy("cache").drainSlowly();
		impatient.start();
		CountDownLatch called = new CountDownLatch(1);
		impatient.stop(called::countDown);
		assertThat(called.await(10, TimeUnit.SECONDS)).isTrue();
		this.engine.proxy("cache").finishDrain(0);
	}

	@Test
	void stoppedRegistryCanBeStartedAgain() {
		this.registry.register(definition("cache").build());
		this.registry.start();
		this.registry.stop();
		assertThat(this.registry.isRunning()).isFalse();
		this.registry.start();
		assertThat(this.registry.isRunning()).isTrue();
		assertThat(this.engine.proxy("cache").state()).isEqualTo(ProxyState.STARTED);
		assertThat(this.events).containsExactly("DuplexProxyStartedEvent:cache:40000",
				"DuplexProxyStoppedEvent:cache:40000", "DuplexProxyStartedEvent:cache:40000");
	}

	@Test
	void startAndStopAreIdempotent() {
		this.registry.register(definition("cache").build());
		this.registry.start();
		this.registry.start();
		this.registry.start("cache");
		this.registry.stop("cache");
		this.registry.stop("cache");
		assertThat(this.events).containsExactly("DuplexProxyStartedEvent:cache:40000",
				"DuplexProxyStoppedEvent:cache:40000");
	}

	@Test
	void aProxyThatIsStartedAgainWhileItDrainsIsNotReportedAsStopped() {
		this.registry.register(definition("cache").build());
		this.engine.proxy("cache").drainSlowly();
		this.registry.start();
		this.registry.drain("cache", Duration.ofMinutes(1));
		this.registry.start("cache");
		this.engine.proxy("cache").finishDrain(0);
		assertThat(this.events).containsExactly("DuplexProxyStartedEvent:cache:40000",
				"DuplexProxyStartedEvent:cache:40000");
		assertThat(keepAliveThread()).isTrue();
	}

	@Test
	void drainTellsHowManyConnectionsHadToBeClosed() {
		this.registry.register(definition("cache").build());
		this.engine.proxy("cache").drainSlowly();
		this.registry.start();
		CompletableFuture<Long> closed = this.registry.drain("cache", Duration.ofMinutes(1)).toCompletableFuture();
		assertThat(closed).isNotDone();
		this.engine.proxy("cache").finishDrain(3);
		assertThat(closed).isCompletedWithValue(3L);
		assertThat(this.registry.isRunning()).isTrue();
	}

	@Test
	void jvmIsHeldByANonDaemonThreadWhileAProxyRuns() {
		this.registry.register(definition("one").build());
		this.registry.register(definition("two").build());
		assertThat(keepAliveThread()).isFalse();
		this.registry.start();
		assertThat(keepAliveThread()).isTrue();
		this.registry.stop("one");
		assertThat(keepAliveThread()).isTrue();
		this.registry.stop("two");
		await().untilAsserted(() -> assertThat(keepAliveThread()).isFalse());
		this.registry.start("two");
		assertThat(keepAliveThread()).isTrue();
	}

	@Test
	void aRegistryWithoutProxiesDoesNotHoldTheJvm() {
		this.registry.start();
		assertThat(keepAliveThread()).isFalse();
	}

	@Test
	void unknownNamesAreRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.registry.start("nope"))
			.withMessageContaining("'nope'");
		assertThatIllegalArgumentException().isThrownBy(() -> this.registry.stop("nope"));
		assertThatIllegalArgumentException().isThrownBy(() -> this.registry.drain("nope", GRACE));
		assertThat(this.registry.findProxy("nope")).isEmpty();
	}

	@Test
	void isNotPauseable() {
		assertThat(this.registry.isPauseable()).isFalse();
	}

	private static DuplexProxyDefinition.Builder definition(String name) {
		return DuplexProxyDefinition.builder(name).listen("tcp://127.0.0.1:0").backends("tcp://127.0.0.1:1");
	}

	private boolean keepAliveThread() {
		return keepAliveThreads().anyMatch((thread) -> !this.othersThreads.contains(thread) && !thread.isDaemon());
	}

	private static Stream<Thread> keepAliveThreads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().equals("duplex-keep-alive") && thread.isAlive());
	}

}
