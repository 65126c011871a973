/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;
import org.jspecify.annotations.Nullable;

/**
 * Sees to the connections of one proxy that await the JVM: does the handshake with the
 * client, has the {@link Decider} say where it goes, does the handshake with the backend.
 * No thread waits for a peer, and whatever goes wrong refuses one connection.
 */
final class Attendant {

	private final NativeEngine engine;

	private final DuplexProxyDefinition definition;

	private final Supplier<DuplexAddress> localAddress;

	private final @Nullable Decider decider;

	private final FailureLog failures;

	Attendant(NativeEngine engine, DuplexProxyDefinition definition, Supplier<DuplexAddress> localAddress) {
		this.engine = engine;
		this.definition = definition;
		this.localAddress = localAddress;
		ConnectionRouter router = definition.router();
		this.decider = (router != null) ? new Decider(definition, router, engine.core()) : null;
		this.failures = new FailureLog("The WebSocket handshake with a backend", definition.name());
	}

	/**
	 * Whether the connections of such a proxy await the JVM at all.
	 * @param definition the proxy
	 * @return whether they do
	 */
	static boolean isNeeded(DuplexProxyDefinition definition) {
		return definition.router() != null || definition.client().hasHandshake() || definition.backend().hasHandshake();
	}

	/**
	 * A client has connected.
	 * @param event tells the connection, and the client's socket if it is lent
	 */
	void accepted(Event event) {
		Inbound connection = new Inbound(event.object(), this.definition.name(), address(event.peer()),
				this.localAddress.get(), Instant.now(), Optional.empty());
		WebSocketOptions options = this.definition.client().webSocket();
		if (options == null) {
			decide(connection);
			return;
		}
		WebSocketOpening.accept(new NativeSocket(this.engine, event.a()), options)
			.handshake()
			.whenComplete((handshake, ex) -> {
				if (ex != null) {
					// The client's fault, which it was told: counted, not logged.
					LibDuplex.dx_proxy_refuse(connection.id(), Dx.DX_REFUSED_BY_HANDSHAKE);
				}
				else {
					decide(connection.opened(handshake));
				}
			});
	}

	private void decide(Inbound connection) {
		if (this.decider != null) {
			this.decider.decide(connection);
		}
		else {
			LibDuplex.dx_proxy_proceed(connection.id());
		}
	}

	/**
	 * A connection has its backend.
	 * @param event tells the connection, the backend's index and its socket, which is
	 * lent
	 */
	void connected(Event event) {
		BackendDefinition backend = this.definition.backends().get((int) event.token());
		URI uri = Objects.requireNonNull(backend.webSocket());
		WebSocketOptions options = Objects.requireNonNull(this.definition.backend().webSocket());
		WebSocketOpening.connect(new NativeSocket(this.engine, event.b()), uri, options)
			.handshake()
			.whenComplete((handshake, ex) -> {
				if (ex != null) {
					LibDuplex.dx_proxy_refuse(event.object(), Dx.DX_REFUSED_BY_FAILURE);
					this.failures.failed(backend.address(), NameResolver.cause(ex));
				}
				else {
					LibDuplex.dx_proxy_proceed(event.object());
				}
			});
	}

	private static DuplexAddress address(@Nullable NativeAddress peer) {
		DuplexAddress address = (peer != null) ? AddressCodec.decode(peer) : null;
		return (address != null) ? address : DuplexAddress.unnamed();
	}

	private record Inbound(long id, String proxy, DuplexAddress clientAddress, DuplexAddress localAddress,
			Instant since, Optional<WebSocketHandshake> webSocket) implements InboundConnection {

		Inbound opened(WebSocketHandshake handshake) {
			return new Inbound(this.id, this.proxy, this.clientAddress, this.localAddress, this.since,
					Optional.of(handshake));
		}

	}

}
