/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@Timeout(60)
class LeakedEngineTests {

	private final Logger logger = (Logger) LoggerFactory.getLogger(NativeEngine.class);

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final long threads = ProcessState.engineThreads();

	@BeforeEach
	void listen() {
		this.log.start();
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void stopListening() {
		this.logger.detachAppender(this.log);
	}

	private void collect() {
		System.gc();
	}

	@Test
	void anEngineThatWasNotClosedIsReportedAndClosed() {
		leak();
		await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
			collect();
			assertThat(List.copyOf(this.log.list)).singleElement().satisfies((event) -> {
				assertThat(event.getLevel()).isEqualTo(Level.WARN);
				assertThat(event.getFormattedMessage()).contains("was not closed").contains("DuplexEngine.close()");
			});
		});
		await().atMost(Duration.ofSeconds(30)).until(() -> ProcessState.engineThreads() <= this.threads);
	}

	/** With a join, and with a router that can reach its engine. */
	private static void leak() {
		DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));
		Pair a = Pair.open(engine);
		Pair b = Pair.open(engine);
		engine.join(a.socket(), b.socket());
		engine
			.createProxy(DuplexProxyDefinition.builder("leaked")
				.listen("tcp://127.0.0.1:0")
				.router((connection) -> engine.isClosed() ? null : connection.localAddress())
				.build())
			.start();
	}

	@Test
	void anEngineThatWasClosedIsNotReported() {
		DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1)).close();
		leak();
		await().atMost(Duration.ofSeconds(30)).until(() -> {
			collect();
			return !this.log.list.isEmpty();
		});
		assertThat(this.log.list).hasSize(1);
	}

	@Test
	void aSocketKeepsItsEngine() {
		Pair pair = Pair.open(DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1)));
		leak();
		await().atMost(Duration.ofSeconds(30)).until(() -> {
			collect();
			return !this.log.list.isEmpty();
		});
		pair.write("x");
		assertThat(pair.socket().receive(new byte[1])).isOne();
		assertThat(pair.socket().isClosed()).isFalse();
		((NativeSocket) pair.socket()).engine().close();
		pair.close();
	}

}
