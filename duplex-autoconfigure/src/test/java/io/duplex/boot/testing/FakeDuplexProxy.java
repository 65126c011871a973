/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.testing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.BackendState;
import io.duplex.BackendStatus;
import io.duplex.DuplexAddress;
import io.duplex.DuplexException;
import io.duplex.DuplexProxy;
import io.duplex.DuplexProxyDefinition;
import io.duplex.ProxyState;
import io.duplex.ProxyStatistics;
import org.jspecify.annotations.Nullable;

/**
 * A {@link DuplexProxy} that does nothing but remember what it was told.
 */
public final class FakeDuplexProxy implements DuplexProxy {

	private static final ProxyStatistics NOTHING = new ProxyStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Map.of());

	private final DuplexProxyDefinition definition;

	private final List<Duration> drains = new ArrayList<>();

	private final List<CompletableFuture<Long>> pendingDrains = new ArrayList<>();

	private int port;

	private ProxyState state = ProxyState.STOPPED;

	private ProxyStatistics statistics = NOTHING;

	private List<BackendStatus> backends;

	private @Nullable DuplexException startFailure;

	private @Nullable RuntimeException drainRefusal;

	private boolean drainsAtOnce = true;

	FakeDuplexProxy(DuplexProxyDefinition definition, int port) {
		this.definition = definition;
		this.port = port;
		this.backends = definition.backends()
			.stream()
			.map((backend) -> new BackendStatus(backend.name(), backend.address(), BackendState.UP, null, 0, 0, 0, 0,
					0))
			.toList();
	}

	public FakeDuplexProxy failOnStart(@Nullable DuplexException failure) {
		this.startFailure = failure;
		return this;
	}

	public FakeDuplexProxy refuseToDrain(RuntimeException refusal) {
		this.drainRefusal = refusal;
		return this;
	}

	public FakeDuplexProxy drainSlowly() {
		this.drainsAtOnce = false;
		return this;
	}

	public FakeDuplexProxy statistics(ProxyStatistics statistics) {
		this.statistics = statistics;
		return this;
	}

	public FakeDuplexProxy backends(BackendStatus... backends) {
		this.backends = List.of(backends);
		return this;
	}

	public List<Duration> drains() {
		return this.drains;
	}

	public void finishDrain(long closed) {
		this.state = ProxyState.STOPPED;
		this.pendingDrains.forEach((drain) -> drain.complete(closed));
		this.pendingDrains.clear();
	}

	public void failDrain(RuntimeException failure) {
		this.pendingDrains.forEach((drain) -> drain.completeExceptionally(failure));
		this.pendingDrains.clear();
	}

	@Override
	public DuplexProxyDefinition definition() {
		return this.definition;
	}

	@Override
	public void start() {
		if (this.startFailure != null) {
			throw this.startFailure;
		}
		this.state = ProxyState.STARTED;
	}

	@Override
	public void stop() {
		this.state = ProxyState.STOPPED;
	}

	@Override
	public CompletionStage<Long> drain(Duration grace) {
		this.drains.add(grace);
		if (this.drainRefusal != null) {
			throw this.drainRefusal;
		}
		CompletableFuture<Long> drain = new CompletableFuture<>();
		if (this.drainsAtOnce) {
			this.state = ProxyState.STOPPED;
			drain.complete(0L);
		}
		else {
			this.state = ProxyState.DRAINING;
			this.pendingDrains.add(drain);
		}
		return drain;
	}

	@Override
	public void close() {
		this.state = ProxyState.CLOSED;
	}

	@Override
	public ProxyState state() {
		return this.state;
	}

	@Override
	public DuplexAddress address() {
		return this.definition.listen().withPort(port());
	}

	@Override
	public int port() {
		if (!this.definition.listen().isTcp()) {
			return 0;
		}
		return (this.definition.listen().port() != 0) ? this.definition.listen().port() : this.port;
	}

	@Override
	public ProxyStatistics statistics() {
		return this.statistics;
	}

	@Override
	public List<BackendStatus> backends() {
		return this.backends;
	}

	@Override
	public CompletionStage<Void> startAsync() {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Void> stopAsync() {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Void> closeAsync() {
		throw new UnsupportedOperationException();
	}

}
