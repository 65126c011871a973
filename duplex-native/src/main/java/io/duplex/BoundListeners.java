/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;

/**
 * The listeners of a bound socket. Connections are accepted from each in its turn; once
 * forwarding, from none: proxies of the engine have the listeners then.
 */
final class BoundListeners {

	private final NativeEngine engine;

	private final EngineCore core;

	private final List<NativeListener> listeners = new CopyOnWriteArrayList<>();

	private final List<NativeProxy> forwarders = new ArrayList<>();

	private final AtomicInteger turn = new AtomicInteger();

	/** Not a monitor: who holds it may park. */
	private final ReentrantLock lock = new ReentrantLock();

	/** Who waits looks again: a listener was added. */
	private volatile CompletableFuture<Void> changed = new CompletableFuture<>();

	private volatile boolean forwarding;

	BoundListeners(NativeEngine engine) {
		this.engine = engine;
		this.core = engine.core();
	}

	DuplexAddress add(DuplexAddress address, LongConsumer prepare) {
		NativeListener listener;
		this.lock.lock();
		try {
			requireNotForwarding("bind");
			listener = this.engine.listen(address);
			try {
				prepare.accept(listener.id());
			}
			catch (RuntimeException ex) {
				listener.close();
				throw ex;
			}
			this.listeners.add(listener);
		}
		finally {
			this.lock.unlock();
		}
		CompletableFuture<Void> waiting = this.changed;
		this.changed = new CompletableFuture<>();
		waiting.complete(null);
		return listener.address();
	}

	NativeListener first() {
		return this.listeners.get(0);
	}

	List<NativeListener> all() {
		requireNotForwarding("join");
		return List.copyOf(this.listeners);
	}

	void forEach(LongConsumer action) {
		requireNotForwarding("set an option of");
		this.listeners.forEach((listener) -> action.accept(listener.id()));
	}

	private void requireNotForwarding(String operation) {
		if (this.forwarding) {
			throw new DuplexException(operation, "a socket that listens on " + this, null,
					"it is a forwarder: its connections are joined as they come", null);
		}
	}

	// ---- accepting ----

	DuplexSocket accept(Deadline deadline) {
		try {
			while (true) {
				CompletableFuture<Void> added = this.changed;
				long result = tryToAccept();
				if (!Errno.EAGAIN.is(result)) {
					return accepted(result);
				}
				if (deadline.isOver() || !Parking.await(ready(added), deadline)) {
					return accepted(tryToAccept());
				}
			}
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("accept on", toString(), 0);
		}
		catch (Readiness.ArmException ex) {
			return accepted(ex.result());
		}
	}

	CompletionStage<DuplexSocket> acceptAsync(Deadline deadline) {
		Accepting accepting = new Accepting();
		Retry<DuplexSocket> retry = new Retry<>(this.core, accepting, accepting, this::accepted, () -> false, () -> {
			// Nobody takes turns.
		});
		retry.run();
		retry.stopAt(deadline);
		return retry.future().minimalCompletionStage();
	}

	/**
	 * A connection of the first listener that has one, beginning with another each time.
	 */
	private long tryToAccept() {
		requireNotForwarding("accept on");
		int count = this.listeners.size();
		int first = Math.floorMod(this.turn.getAndIncrement(), count);
		for (int i = 0; i < count; i++) {
			long result = this.listeners.get((first + i) % count).tryToAccept();
			if (!Errno.EAGAIN.is(result)) {
				return result;
			}
		}
		return -Errno.EAGAIN.number();
	}

	private CompletableFuture<?> ready(CompletableFuture<Void> added) throws Readiness.ArmException {
		List<CompletableFuture<?>> any = new ArrayList<>();
		any.add(added);
		for (NativeListener listener : this.listeners) {
			any.add(this.core.readiness().arm(listener.id(), Dx.DX_READABLE));
		}
		return CompletableFuture.anyOf(any.toArray(new CompletableFuture<?>[0]));
	}

	private DuplexSocket accepted(long result) {
		requireNotForwarding("accept on");
		return NativeListener.accepted(this.engine, this, result);
	}

	// ---- forwarding ----

	void forwardTo(DuplexAddress address, ConnectOptions options) {
		if (options.source() != null) {
			throw new IllegalArgumentException("a forwarder's connections have no source address of one's own");
		}
		this.lock.lock();
		try {
			requireNotForwarding("connect");
			forward(address, options);
		}
		finally {
			this.lock.unlock();
		}
	}

	private void forward(DuplexAddress address, ConnectOptions options) {
		List<NativeProxy> made = new ArrayList<>();
		try {
			for (NativeListener listener : this.listeners) {
				made.add(this.engine.forward(listener.address(), address, options));
			}
		}
		catch (RuntimeException ex) {
			made.forEach(NativeProxy::close);
			throw ex;
		}
		this.forwarding = true;
		for (int i = 0; i < made.size(); i++) {
			made.get(i).startOn(this.listeners.get(i).release());
		}
		this.forwarders.addAll(made);
	}

	void close() {
		List<NativeProxy> proxies;
		this.lock.lock();
		try {
			proxies = List.copyOf(this.forwarders);
		}
		finally {
			this.lock.unlock();
		}
		proxies.forEach(NativeProxy::close);
		if (!this.forwarding) {
			this.listeners.forEach(NativeListener::close);
		}
	}

	@Override
	public String toString() {
		return this.listeners.stream()
			.map((listener) -> listener.address().toString())
			.collect(Collectors.joining(", "));
	}

	/**
	 * Looks for a connection, and is woken also by a listener that is added after that.
	 */
	private final class Accepting implements LongSupplier, Retry.WakeUp {

		private CompletableFuture<Void> added = BoundListeners.this.changed;

		@Override
		public long getAsLong() {
			this.added = BoundListeners.this.changed;
			return tryToAccept();
		}

		@Override
		public CompletableFuture<?> ask() throws Readiness.ArmException {
			return ready(this.added);
		}

	}

}
