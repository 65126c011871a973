/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks up the names of a started proxy's backends again and again, and tells what has
 * changed. A name that has no address yet is tried again soon, then less often; one that
 * had some keeps them when the name service fails.
 */
final class BackendAddresses {

	private static final Logger logger = LoggerFactory.getLogger(BackendAddresses.class);

	private static final Duration FIRST_RETRY = Duration.ofMillis(500);

	private final DuplexProxyDefinition definition;

	private final NameResolver resolver;

	private final Timer timer;

	private final Listener listener;

	private final List<Name> names = new ArrayList<>();

	/** Which start the look-ups belong to; those of an earlier one end by themselves. */
	private volatile @Nullable Object run;

	BackendAddresses(DuplexProxyDefinition definition, NameResolver resolver, Timer timer, Listener listener) {
		this.definition = definition;
		this.resolver = resolver;
		this.timer = timer;
		this.listener = listener;
		for (int i = 0; i < definition.backends().size(); i++) {
			BackendDefinition backend = definition.backends().get(i);
			if (backend.address().isName()) {
				this.names.add(new Name(i, backend));
			}
		}
	}

	/**
	 * Look all names up, now and from now on.
	 * @return completes, never exceptionally, when each was tried once
	 */
	CompletableFuture<Void> begin() {
		Object current = new Object();
		this.run = current;
		return CompletableFuture
			.allOf(this.names.stream().map((name) -> name.begin(current)).toArray(CompletableFuture<?>[]::new));
	}

	void end() {
		this.run = null;
	}

	/**
	 * Runs a task later.
	 */
	@FunctionalInterface
	interface Timer {

		void after(Duration delay, Runnable task);

	}

	/**
	 * Is told what has changed.
	 */
	@FunctionalInterface
	interface Listener {

		void changed(int backend, byte[] addresses);

	}

	/**
	 * A backend that has a name. The look-ups of a start follow one another.
	 */
	private final class Name {

		private final int index;

		private final BackendDefinition backend;

		private volatile byte @Nullable [] known;

		private volatile Duration retry = FIRST_RETRY;

		Name(int index, BackendDefinition backend) {
			this.index = index;
			this.backend = backend;
		}

		CompletableFuture<Void> begin(Object current) {
			this.retry = FIRST_RETRY;
			return lookUp(current);
		}

		private CompletableFuture<Void> lookUp(Object current) {
			return BackendAddresses.this.resolver.resolve(this.backend.address()).handle((addresses, ex) -> {
				if (BackendAddresses.this.run == current) {
					Duration delay = (ex != null) ? failed(NameResolver.cause(ex)) : resolved(addresses);
					BackendAddresses.this.timer.after(delay, () -> again(current));
				}
				return null;
			});
		}

		private void again(Object current) {
			if (BackendAddresses.this.run == current) {
				lookUp(current);
			}
		}

		private Duration resolved(byte[] addresses) {
			if (!Arrays.equals(addresses, this.known)) {
				this.known = addresses;
				BackendAddresses.this.listener.changed(this.index, addresses);
			}
			return BackendAddresses.this.definition.resolveInterval();
		}

		private Duration failed(Throwable failure) {
			String proxy = BackendAddresses.this.definition.name();
			Duration interval = BackendAddresses.this.definition.resolveInterval();
			if (this.known != null) {
				logger.debug("Backend '{}' of proxy '{}' keeps its addresses", this.backend.name(), proxy, failure);
				return interval;
			}
			Duration delay = this.retry;
			if (delay.equals(FIRST_RETRY)) {
				logger.warn("Backend '{}' of proxy '{}' has no address yet and is passed over: {}", this.backend.name(),
						proxy, failure.toString());
			}
			this.retry = delay.multipliedBy(2);
			return (delay.compareTo(interval) < 0) ? delay : interval;
		}

	}

}
