/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * Turns addresses into what the engine takes. Names are looked up on an executor, each
 * once at a time, however many ask.
 */
final class NameResolver {

	private static final int MOST_KEPT = 1024;

	private final Executor executor;

	private final Lookup lookup;

	private final ConcurrentHashMap<String, CompletableFuture<List<InetAddress>>> running = new ConcurrentHashMap<>();

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<String, Known> known = new LinkedHashMap<>(16, 0.75f, true) {

		private static final long serialVersionUID = 1L;

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
			return size() > MOST_KEPT;
		}

	};

	NameResolver(Executor executor) {
		this(executor, (host) -> InetAddress.getAllByName(host));
	}

	NameResolver(Executor executor, Lookup lookup) {
		this.executor = executor;
		this.lookup = lookup;
	}

	/**
	 * Look a host up, now.
	 * @param address any address; only a name is looked up
	 * @return its addresses as structs; fails with an {@link UnknownHostException}.
	 * Completes on the executor or is complete
	 */
	CompletableFuture<byte[]> resolve(DuplexAddress address) {
		if (!address.isName()) {
			return CompletableFuture.completedFuture(AddressCodec.encode(address));
		}
		return lookUp(address.host()).thenApply((ips) -> AddressCodec.encode(ips, address.port()));
	}

	/**
	 * Look a host up, unless that was done a short while ago. What was known before is
	 * good enough when the name service fails.
	 * @param address any address
	 * @param maxAge the short while
	 * @return as {@link #resolve}
	 */
	CompletableFuture<byte[]> resolve(DuplexAddress address, Duration maxAge) {
		if (!address.isName()) {
			return CompletableFuture.completedFuture(AddressCodec.encode(address));
		}
		Known known = known(address.host());
		if (known != null && System.nanoTime() - known.nanoTime < maxAge.toNanos()) {
			return CompletableFuture.completedFuture(AddressCodec.encode(known.addresses, address.port()));
		}
		CompletableFuture<List<InetAddress>> fresh = lookUp(address.host());
		if (known != null) {
			fresh = fresh.exceptionally((ex) -> known.addresses);
		}
		return fresh.thenApply((ips) -> AddressCodec.encode(ips, address.port()));
	}

	/**
	 * What a look-up failed with.
	 * @param failure what its future completed with
	 * @return the failure itself, without what futures wrap it in
	 */
	static Throwable cause(Throwable failure) {
		Throwable cause = failure.getCause();
		return (failure instanceof CompletionException && cause != null) ? cause : failure;
	}

	private CompletableFuture<List<InetAddress>> lookUp(String host) {
		CompletableFuture<List<InetAddress>> mine = new CompletableFuture<>();
		CompletableFuture<List<InetAddress>> others = this.running.putIfAbsent(host, mine);
		if (others != null) {
			return others;
		}
		try {
			this.executor.execute(() -> lookUp(host, mine));
		}
		catch (RejectedExecutionException ex) {
			this.running.remove(host);
			mine.completeExceptionally(ex);
		}
		return mine;
	}

	private void lookUp(String host, CompletableFuture<List<InetAddress>> future) {
		try {
			List<InetAddress> addresses = List.of(this.lookup.allByName(host));
			remember(host, addresses);
			this.running.remove(host);
			future.complete(addresses);
		}
		catch (UnknownHostException | RuntimeException | Error ex) {
			this.running.remove(host);
			future.completeExceptionally(ex);
		}
	}

	private @Nullable Known known(String host) {
		this.lock.lock();
		try {
			return this.known.get(host);
		}
		finally {
			this.lock.unlock();
		}
	}

	private void remember(String host, List<InetAddress> addresses) {
		this.lock.lock();
		try {
			this.known.put(host, new Known(addresses, System.nanoTime()));
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * The name service.
	 */
	@FunctionalInterface
	interface Lookup {

		InetAddress[] allByName(String host) throws UnknownHostException;

	}

	private record Known(List<InetAddress> addresses, long nanoTime) {

	}

}
