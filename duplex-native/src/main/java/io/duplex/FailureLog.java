/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs the failures of one proxy's router: the first of each kind with its stack trace,
 * then at most one line a minute and kind, because clients decide how often a router is
 * asked.
 */
final class FailureLog {

	private static final Logger logger = LoggerFactory.getLogger(FailureLog.class);

	private static final long INTERVAL = Duration.ofMinutes(1).toNanos();

	private static final int MOST_KINDS = 32;

	private final String subject;

	private final String proxy;

	private final LongSupplier nanoTime;

	private final ConcurrentHashMap<Class<?>, Kind> kinds = new ConcurrentHashMap<>();

	/**
	 * Create a log.
	 * @param subject what fails, as a sentence begins with it
	 * @param proxy the proxy's name
	 */
	FailureLog(String subject, String proxy) {
		this(subject, proxy, System::nanoTime);
	}

	FailureLog(String subject, String proxy, LongSupplier nanoTime) {
		this.subject = subject;
		this.proxy = proxy;
		this.nanoTime = nanoTime;
	}

	/**
	 * It has failed.
	 * @param peer with whom or for whom
	 * @param failure what was thrown
	 */
	void failed(DuplexAddress peer, Throwable failure) {
		long now = this.nanoTime.getAsLong();
		Kind kind = this.kinds.computeIfAbsent(type(failure), (type) -> new Kind(now));
		if (kind.isNew.compareAndSet(true, false)) {
			logger.warn("{} of proxy '{}' failed for {}, which refuses the connection", this.subject, this.proxy, peer,
					failure);
			return;
		}
		long count = kind.silent.incrementAndGet();
		long last = kind.lastLogged.get();
		if (now - last >= INTERVAL && kind.lastLogged.compareAndSet(last, now)) {
			kind.silent.addAndGet(-count);
			logger.warn("{} of proxy '{}' failed {} more times, lastly for {}: {}", this.subject, this.proxy, count,
					peer, failure.toString());
		}
	}

	private Class<?> type(Throwable failure) {
		Class<?> type = failure.getClass();
		return (this.kinds.size() < MOST_KINDS || this.kinds.containsKey(type)) ? type : Throwable.class;
	}

	/**
	 * Failures of one type.
	 */
	private static final class Kind {

		private final AtomicBoolean isNew = new AtomicBoolean(true);

		private final AtomicLong lastLogged;

		private final AtomicLong silent = new AtomicLong();

		Kind(long now) {
			this.lastLogged = new AtomicLong(now);
		}

	}

}
