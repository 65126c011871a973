/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

import io.duplex.ffi.Dx;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;

/**
 * Decides for the connections of one proxy where they go: asks the router, on the
 * executor, resolves what it says and answers the engine. Whatever goes wrong refuses one
 * connection. A client that has gone meanwhile is the engine's to count.
 */
final class Decider {

	private final ConnectionRouter router;

	private final Duration namesMaxAge;

	private final Executor executor;

	private final NameResolver resolver;

	private final FailureLog failures;

	Decider(DuplexProxyDefinition definition, ConnectionRouter router, EngineCore core) {
		this.router = router;
		this.namesMaxAge = definition.resolveInterval();
		this.executor = core.threads().decisions();
		this.resolver = core.resolver();
		this.failures = new FailureLog("The router", definition.name());
	}

	/**
	 * Decide, without making the event thread wait.
	 * @param connection the connection
	 */
	void decide(InboundConnection connection) {
		try {
			this.executor.execute(() -> route(connection));
		}
		catch (RejectedExecutionException ex) {
			fail(connection, ex);
		}
	}

	private void route(InboundConnection connection) {
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

	private void resolve(InboundConnection connection, DuplexAddress target) {
		this.resolver.resolve(target, this.namesMaxAge).whenComplete((addresses, ex) -> {
			if (ex != null) {
				fail(connection, new UnresolvedAddressException("route to", target, NameResolver.cause(ex)));
			}
			else {
				answer(connection, addresses);
			}
		});
	}

	private static void answer(InboundConnection connection, byte[] addresses) {
		LibDuplex.dx_proxy_decide(connection.id(), addresses, NativeAddress.count(addresses));
	}

	private void fail(InboundConnection connection, Throwable failure) {
		LibDuplex.dx_proxy_refuse(connection.id(), Dx.DX_REFUSED_BY_FAILURE);
		this.failures.failed(connection.clientAddress(), failure);
	}

}
