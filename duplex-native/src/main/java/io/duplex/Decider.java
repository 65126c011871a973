/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;
import org.jspecify.annotations.Nullable;

/**
 * Decides for the connections of one proxy where they go: asks the router, on the
 * executor, resolves what it says and answers the engine. Whatever goes wrong refuses one
 * connection. A client that has gone meanwhile is the engine's to count.
 */
final class Decider {

	private final String proxy;

	private final ConnectionRouter router;

	private final Supplier<DuplexAddress> localAddress;

	private final Duration namesMaxAge;

	private final Executor executor;

	private final NameResolver resolver;

	private final FailureLog failures;

	Decider(DuplexProxyDefinition definition, ConnectionRouter router, Supplier<DuplexAddress> localAddress,
			EngineCore core) {
		this.proxy = definition.name();
		this.router = router;
		this.localAddress = localAddress;
		this.namesMaxAge = definition.resolveInterval();
		this.executor = core.threads().decisions();
		this.resolver = core.resolver();
		this.failures = new FailureLog(definition.name());
	}

	/**
	 * Decide, without making the event thread wait.
	 * @param event the connection
	 */
	void decide(Event event) {
		Inbound connection = new Inbound(event.object(), this.proxy, client(event.peer()), this.localAddress.get(),
				Instant.now());
		try {
			this.executor.execute(() -> route(connection));
		}
		catch (RejectedExecutionException ex) {
			fail(connection, ex);
		}
	}

	private static DuplexAddress client(@Nullable NativeAddress peer) {
		DuplexAddress address = (peer != null) ? AddressCodec.decode(peer) : null;
		return (address != null) ? address : DuplexAddress.unnamed();
	}

	private void route(Inbound connection) {
		try {
			DuplexAddress target = this.router.route(connection);
			if (target == null) {
				LibDuplex.dx_proxy_refuse(connection.id(), Dx.DX_REFUSED_BY_ROUTER);
			}
			else if (!target.isConnectable()) {
				throw new IllegalArgumentException("cannot connect to " + target);
			}
			else if (target.isName()) {
				resolve(connection, target);
			}
			else {
				answer(connection, AddressCodec.encode(target));
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			fail(connection, ex);
		}
		catch (Exception | Error ex) {
			fail(connection, ex);
		}
	}

	private void resolve(Inbound connection, DuplexAddress target) {
		this.resolver.resolve(target, this.namesMaxAge).whenComplete((addresses, ex) -> {
			if (ex != null) {
				fail(connection, new UnresolvedAddressException("route to", target, NameResolver.cause(ex)));
			}
			else {
				answer(connection, addresses);
			}
		});
	}

	private static void answer(Inbound connection, byte[] addresses) {
		LibDuplex.dx_proxy_decide(connection.id(), addresses, NativeAddress.count(addresses));
	}

	private void fail(Inbound connection, Throwable failure) {
		LibDuplex.dx_proxy_refuse(connection.id(), Dx.DX_REFUSED_BY_FAILURE);
		this.failures.failed(connection.clientAddress(), failure);
	}

	private record Inbound(long id, String proxy, DuplexAddress clientAddress, DuplexAddress localAddress,
			Instant since) implements InboundConnection {

	}

}
