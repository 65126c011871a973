/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;

import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;
import io.duplex.ffi.NativeConnectOptions;
import org.jspecify.annotations.Nullable;

/**
 * Resolves and connects, within one time limit for both.
 */
final class Connector {

	private static final String CONNECT = "connect to";

	private final EngineCore core;

	Connector(EngineCore core) {
		this.core = core;
	}

	/**
	 * Resolve an address to listen on, parking as long as it takes.
	 * @param address any address
	 * @return one struct: the first of a name's addresses
	 */
	byte[] resolveToListen(DuplexAddress address) {
		return NativeAddress.first(resolve(address, "listen on", Deadline.NEVER));
	}

	/**
	 * Connect, parking as long as it takes.
	 * @param address where to
	 * @param options time limit, head start, local address
	 * @return the socket
	 */
	long connect(DuplexAddress address, ConnectOptions options) {
		requireConnectable(address);
		Deadline deadline = Deadline.afterOrNever(options.timeout());
		byte[] addresses = resolve(address, CONNECT, deadline);
		long[] socket = new long[1];
		CompletableFuture<Event> answer = give(addresses, options, deadline, socket);
		try {
			Parking.await(answer, Deadline.NEVER);
		}
		catch (InterruptedException ex) {
			this.core.commands().submit((token) -> LibDuplex.dx_close(socket[0], 0, 0, token));
			throw Parking.interrupted(CONNECT, address.toString(), 0);
		}
		return connected(address, answer.join());
	}

	/**
	 * Connect.
	 * @param <T> type of the result
	 * @param address where to
	 * @param options time limit, head start, local address
	 * @param result makes the result of the socket
	 * @return completes on the engine's executor
	 */
	<T> CompletionStage<T> connectAsync(DuplexAddress address, ConnectOptions options, LongFunction<T> result) {
		requireConnectable(address);
		Deadline deadline = Deadline.afterOrNever(options.timeout());
		CompletableFuture<byte[]> resolving = this.core.resolver().resolve(address).copy();
		if (deadline.limited()) {
			resolving.orTimeout(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
		}
		CompletableFuture<T> future = new CompletableFuture<>();
		resolving.whenComplete((addresses, ex) -> {
			if (ex != null) {
				this.core.completions().execute(() -> future.completeExceptionally(unresolved(CONNECT, address, ex)));
				return;
			}
			this.core.completions()
				.map(give(addresses, options, deadline, new long[1]),
						(event) -> result.apply(connected(address, event)))
				.whenComplete((connected, failure) -> complete(future, connected, failure));
		});
		return future.minimalCompletionStage();
	}

	private static <T> void complete(CompletableFuture<T> future, T result, @Nullable Throwable failure) {
		if (failure != null) {
			future.completeExceptionally(failure);
		}
		else {
			future.complete(result);
		}
	}

	private static void requireConnectable(DuplexAddress address) {
		if (!address.isConnectable()) {
			throw new IllegalArgumentException("nothing can be connected to " + address);
		}
	}

	private CompletableFuture<Event> give(byte[] resolved, ConnectOptions options, Deadline deadline, long[] socket) {
		byte[] addresses = NativeAddress.interleaved(resolved);
		int delay = options.attemptDelay().isZero() ? 0 : Millis.limit(options.attemptDelay());
		DuplexAddress source = options.source();
		return this.core.commands()
			.submit((token) -> LibDuplex.dx_connect(this.core.id(), addresses, NativeAddress.count(addresses),
					NativeConnectOptions.encode(deadline.remainingMillis(), delay,
							(source != null) ? AddressCodec.encode(source) : null),
					token, socket));
	}

	/**
	 * Asks the event for the socket: it may come before the call has returned and filled
	 * its array.
	 */
	private long connected(DuplexAddress address, Event event) {
		if (event.result() < 0) {
			throw this.core.failures().connect(address, event.result());
		}
		return event.object();
	}

	private byte[] resolve(DuplexAddress address, String operation, Deadline deadline) {
		CompletableFuture<byte[]> resolving = this.core.resolver().resolve(address);
		try {
			if (!Parking.await(resolving.handle((addresses, ex) -> true), deadline)) {
				throw unresolved(operation, address, new TimeoutException());
			}
			return resolving.join();
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(operation, address.toString(), 0);
		}
		catch (CompletionException ex) {
			throw unresolved(operation, address, ex);
		}
	}

	private DuplexException unresolved(String operation, DuplexAddress address, Throwable failure) {
		Throwable cause = NameResolver.cause(failure);
		if (cause instanceof TimeoutException) {
			return new DuplexTimeoutException(operation, address.toString(), "its name was not resolved in time", 0);
		}
		if (this.core.isClosed()) {
			return this.core.failures().closed(operation, address.toString());
		}
		return new UnresolvedAddressException(operation, address, cause);
	}

}
