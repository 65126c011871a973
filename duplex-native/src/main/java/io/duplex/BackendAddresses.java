/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a started proxy's engine informed of the addresses behind its backends' names. A
 * name that has no address yet is tried again soon, then less often; one that had some
 * keeps them when the name service fails.
 */
final class BackendAddresses {

	private static final Logger logger = LoggerFactory.getLogger(BackendAddresses.class);

	private static final Duration FIRST_RETRY = Duration.ofMillis(500);

	private final EngineCore core;

	private final long proxy;

	private final DuplexProxyDefinition definition;

	private final List<Name> names = new ArrayList<>();

	/** Which start the look-ups belong to; those of an earlier one end by themselves. */
	private volatile @Nullable Object run;

	BackendAddresses(EngineCore core, long proxy, DuplexProxyDefinition definition) {
		this.core = core;
		this.proxy = proxy;
		this.definition = definition;
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
			.allOf(this.names.stream().map((name) -> name.lookUp(current)).toArray(CompletableFuture<?>[]::new));
	}

	void end() {
		this.run = null;
	}

	/**
	 * A backend that has a name. Look-ups follow one another, so its fields need no
	 * guard.
	 */
	private final class Name {

		private final int index;

		private final BackendDefinition backend;

		private volatile byte @Nullable [] known;

		private volatile Duration delay = FIRST_RETRY;

		Name(int index, BackendDefinition backend) {
			this.index = index;
			this.backend = backend;
		}

		CompletableFuture<Void> lookUp(Object current) {
			return BackendAddresses.this.core.resolver().resolve(this.backend.address()).handle((addresses, ex) -> {
				if (BackendAddresses.this.run == current) {
					resolved(addresses, ex);
					schedule(current);
				}
				return null;
			});
		}

		private void resolved(byte @Nullable [] addresses, @Nullable Throwable failure) {
			DuplexProxyDefinition definition = BackendAddresses.this.definition;
			if (addresses != null) {
				this.delay = definition.resolveInterval();
				if (!Arrays.equals(addresses, this.known)) {
					this.known = addresses;
					tell(addresses);
				}
				return;
			}
			if (this.known != null) {
				logger.debug("Backend '{}' of proxy '{}' keeps its addresses: {}", this.backend.name(),
						definition.name(), String.valueOf(failure));
				return;
			}
			if (this.delay == FIRST_RETRY) {
				logger.warn("Backend '{}' of proxy '{}' has no address yet and is passed over: {}", this.backend.name(),
						definition.name(), String.valueOf(failure));
			}
			Duration longer = this.delay.multipliedBy(2);
			this.delay = (longer.compareTo(definition.resolveInterval()) < 0) ? longer : definition.resolveInterval();
		}

		private void tell(byte[] addresses) {
			long proxy = BackendAddresses.this.proxy;
			BackendAddresses.this.core.commands()
				.submit((token) -> LibDuplex.dx_proxy_backend(proxy, this.index, addresses,
						NativeAddress.count(addresses), token));
		}

		private void schedule(Object current) {
			ScheduledExecutorService timer = BackendAddresses.this.core.threads().timer();
			try {
				timer.schedule(() -> {
					if (BackendAddresses.this.run == current) {
						lookUp(current);
					}
				}, this.delay.toNanos(), TimeUnit.NANOSECONDS);
			}
			catch (RejectedExecutionException ex) {
				logger.debug("The engine is closed: no more look-ups for proxy '{}'",
						BackendAddresses.this.definition.name());
			}
		}

	}

}
