/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;

class FailureLogTests {

	private static final DuplexAddress CLIENT = DuplexAddress.of("tcp://10.0.0.1:1234");

	private final Logger logger = (Logger) LoggerFactory.getLogger(FailureLog.class);

	private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

	private final AtomicLong time = new AtomicLong();

	private final FailureLog log = new FailureLog("The router", "cache", this.time::get);

	@BeforeEach
	void listen() {
		this.appender.start();
		this.logger.addAppender(this.appender);
	}

	@AfterEach
	void stopListening() {
		this.logger.detachAppender(this.appender);
	}

	@Test
	void theFirstOfItsKindIsLoggedWithItsStackTrace() {
		this.log.failed(CLIENT, new IllegalStateException("first"));
		this.log.failed(CLIENT, new IllegalStateException("second"));
		this.log.failed(CLIENT, new UnsupportedOperationException("another"));
		assertThat(this.appender.list).hasSize(2).allSatisfy((event) -> {
			assertThat(event.getFormattedMessage()).contains("'cache'").contains("tcp://10.0.0.1:1234");
			assertThat(event.getThrowableProxy()).isNotNull();
		});
	}

	@Test
	void laterOnesAreCountedAndLoggedOnceAMinute() {
		for (int i = 0; i < 100; i++) {
			this.log.failed(CLIENT, new IllegalStateException("failure " + i));
			this.time.addAndGet(Duration.ofSeconds(1).toNanos());
		}
		assertThat(this.appender.list).hasSize(2);
		assertThat(this.appender.list.get(1).getFormattedMessage()).contains("60 more times").contains("failure 60");
		assertThat(this.appender.list.get(1).getThrowableProxy()).isNull();
	}

}
