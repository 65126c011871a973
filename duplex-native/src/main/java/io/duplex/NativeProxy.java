/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongToIntFunction;

import io.duplex.ffi.BackendInfo;
import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;
import io.duplex.ffi.ProxyInfo;
import io.duplex.ffi.ProxyOptions;
import org.jspecify.annotations.Nullable;

/**
 * A proxy of the native engine.
 */
final class NativeProxy implements DuplexProxy {

	/**
	 * What a start waits for the names of backends; a name service that takes longer must
	 * not hold up the application.
	 */
	private static final Duration FIRST_LOOKUP = Duration.ofSeconds(2);

	/** For what a client is told when its handshake was not over in time. */
	private static final Duration TOLD = Duration.ofSeconds(1);

	private final NativeEngine engine;

	private final EngineCore core;

	private final long id;

	private final DuplexProxyDefinition definition;

	/** Strong: the engine knows it weakly. */
	private final @Nullable Attendant attendant;

	private final BackendAddresses addresses;

	private final AtomicBoolean closed = new AtomicBoolean();

	/** Of {@code fd://}, until the first start; later ones bind its address anew. */
	private final AtomicReference<@Nullable NativeListener> inherited = new AtomicReference<>();

	private volatile DuplexAddress address;

	private volatile @Nullable Last last;

	private NativeProxy(NativeEngine engine, long id, DuplexProxyDefinition definition) {
		this.engine = engine;
		this.core = engine.core();
		this.id = id;
		this.definition = definition;
		this.address = definition.listen();
		this.addresses = addresses(this.core, id, definition);
		this.attendant = Attendant.isNeeded(definition) ? new Attendant(engine, definition, () -> this.address) : null;
	}

	/** Must not point to the proxy: the timer would keep a leaked engine alive. */
	private static BackendAddresses addresses(EngineCore core, long id, DuplexProxyDefinition definition) {
		return new BackendAddresses(definition, core.resolver(), core.threads()::after, (index, structs) -> core
			.commands()
			.submit((token) -> LibDuplex.dx_proxy_backend(id, index, structs, NativeAddress.count(structs), token)));
	}

	static NativeProxy create(NativeEngine engine, DuplexProxyDefinition definition, Connector connector) {
		EngineCore core = engine.core();
		NativeListener inherited = definition.listen().isInherited() ? engine.listen(definition.listen()) : null;
		byte[] listen = (inherited != null) ? AddressCodec.encode(inherited.address())
				: connector.resolveToListen(definition.listen());
		long[] id = new long[1];
		int result = LibDuplex.dx_proxy_open(core.id(), listen, options(definition).encode(), id);
		if (result < 0) {
			if (inherited != null) {
				inherited.close();
			}
			throw core.failures().listen(definition.listen(), result);
		}
		NativeProxy proxy = new NativeProxy(engine, id[0], definition);
		proxy.inherited.set(inherited);
		if (inherited != null) {
			proxy.address = inherited.address();
		}
		if (proxy.attendant != null) {
			core.attendants().add(proxy.id, proxy.attendant);
		}
		try {
			proxy.setCodec(Dx.DX_SIDE_A, definition.client().codec());
			proxy.setCodec(Dx.DX_SIDE_B, definition.backend().codec());
			proxy.setBackends();
		}
		catch (DuplexException | InvalidProxyDefinitionException ex) {
			proxy.close();
			throw ex;
		}
		return proxy;
	}

	private static ProxyOptions options(DuplexProxyDefinition definition) {
		return new ProxyOptions(flags(definition), Millis.limit(definition.connectTimeout()),
				definition.connectAttempts(), Millis.limitOrOff(definition.idleTimeout()),
				Millis.limitOrOff(definition.halfCloseTimeout()), Millis.limitOrOff(definition.maxLifetime()),
				definition.maxConnections(), definition.maxPendingDecisions(), Millis.limit(hostTimeout(definition)));
	}

	private static int flags(DuplexProxyDefinition definition) {
		return ((definition.router() != null) ? Dx.DX_PROXY_DECIDED : 0)
				| (definition.client().hasHandshake() ? Dx.DX_PROXY_HANDSHAKE : 0)
				| (definition.backend().hasHandshake() ? Dx.DX_PROXY_HANDSHAKE_BACKEND : 0);
	}

	/** A handshake has its own limit, at which the peer is still told so. */
	private static Duration hostTimeout(DuplexProxyDefinition definition) {
		Duration timeout = definition.decisionTimeout();
		if (definition.client().hasHandshake() && definition.router() != null) {
			timeout = timeout.multipliedBy(2);
		}
		boolean hasHandshake = definition.client().hasHandshake() || definition.backend().hasHandshake();
		return hasHandshake ? timeout.plus(TOLD) : timeout;
	}

	private void setCodec(int side, @Nullable Codec codec) {
		int result = (codec != null) ? LibDuplex.dx_proxy_codec(this.id, side, codec.encode()) : 0;
		if (result < 0) {
			throw new InvalidProxyDefinitionException(name(), (side == Dx.DX_SIDE_A) ? "clientCodec" : "backendCodec",
					codec,
					Errno.ENOENT.is(result)
							? "is no codec: there are line, crlf, delimiter, length, varint, chunked and zmtp, and those that native "
									+ "code has registered"
							: "is not known to the engine: " + Failures.error(result));
		}
	}

	private void setBackends() {
		List<CompletableFuture<Event>> answers = new ArrayList<>();
		for (int i = 0; i < this.definition.backends().size(); i++) {
			DuplexAddress backend = this.definition.backends().get(i).address();
			int index = i;
			byte @Nullable [] structs = backend.isName() ? null : AddressCodec.encode(backend);
			answers.add(this.core.commands()
				.submit((token) -> LibDuplex.dx_proxy_backend(this.id, index, structs, (structs != null) ? 1 : 0,
						token)));
		}
		for (CompletableFuture<Event> answer : answers) {
			require("set the backends of", Parking.get(answer));
		}
	}

	long id() {
		return this.id;
	}

	@Override
	public DuplexProxyDefinition definition() {
		return this.definition;
	}

	/**
	 * Start with a listener that listens already.
	 * @param listener its descriptor, which is taken
	 */
	void startOn(int listener) {
		this.addresses.begin();
		Event event = give((token) -> LibDuplex.dx_proxy_start_on(this.id, listener, token));
		require("start", event);
	}

	@Override
	public void start() {
		CompletableFuture<Void> tried = this.addresses.begin();
		Parking.awaitUninterruptibly(tried, Deadline.after(FIRST_LOOKUP));
		NativeListener listener = this.inherited.getAndSet(null);
		int descriptor = (listener != null) ? listener.release() : -1;
		Event event = give((token) -> (descriptor >= 0) ? LibDuplex.dx_proxy_start_on(this.id, descriptor, token)
				: LibDuplex.dx_proxy_start(this.id, token));
		if (event.result() < 0) {
			this.addresses.end();
			if (this.closed.get()) {
				throw closed("start");
			}
			throw this.core.failures().listen(this.definition.listen(), event.result());
		}
		ProxyInfo info = new ProxyInfo();
		if (info.read(this.id) == 0) {
			this.address = this.address.withPort(info.port());
		}
	}

	@Override
	public CompletionStage<Void> startAsync() {
		return this.core.later(this::start);
	}

	@Override
	public CompletionStage<Void> stopAsync() {
		return this.core.later(this::stop);
	}

	@Override
	public CompletionStage<Void> closeAsync() {
		return this.core.later(this::close);
	}

	@Override
	public void stop() {
		this.addresses.end();
		require("stop", give((token) -> LibDuplex.dx_proxy_stop(this.id, token)));
	}

	@Override
	public CompletionStage<Long> drain(Duration grace) {
		int millis = (int) Math.min(Integer.MAX_VALUE, Millis.limitOrOff(grace));
		this.addresses.end();
		return this.core.completions()
			.map(this.core.commands().submit((token) -> LibDuplex.dx_proxy_drain(this.id, millis, token)), (event) -> {
				require("drain", event);
				return event.value();
			});
	}

	@Override
	public void close() {
		if (this.closed.compareAndSet(false, true)) {
			this.addresses.end();
			NativeListener unused = this.inherited.getAndSet(null);
			if (unused != null) {
				unused.close();
			}
			give((token) -> LibDuplex.dx_proxy_drain(this.id, 0, token));
			remember();
			give((token) -> LibDuplex.dx_proxy_close(this.id, token));
			this.core.attendants().remove(this.id);
			this.engine.forget(this);
		}
	}

	/**
	 * The engine is about to be closed: the last moment to read the counters.
	 */
	void engineCloses() {
		this.addresses.end();
		remember();
	}

	private void remember() {
		ProxyInfo info = new ProxyInfo();
		List<BackendStatus> backends = readBackends();
		if (info.read(this.id) == 0 && backends != null) {
			this.last = new Last(statistics(info), backends);
		}
	}

	@Override
	public ProxyState state() {
		ProxyInfo info = new ProxyInfo();
		if (this.closed.get() || this.core.isClosed() || info.read(this.id) < 0) {
			return ProxyState.CLOSED;
		}
		return switch (info.state()) {
			case Dx.DX_PROXY_STOPPED -> ProxyState.STOPPED;
			case Dx.DX_PROXY_STARTED -> ProxyState.STARTED;
			case Dx.DX_PROXY_PAUSED -> ProxyState.PAUSED;
			case Dx.DX_PROXY_STOPPING -> ProxyState.STOPPING;
			case Dx.DX_PROXY_DRAINING -> ProxyState.DRAINING;
			default -> throw new IllegalStateException("proxy '" + name() + "' is in state " + info.state());
		};
	}

	@Override
	public DuplexAddress address() {
		return this.address;
	}

	@Override
	public int port() {
		return this.address.port();
	}

	@Override
	public ProxyStatistics statistics() {
		ProxyInfo info = new ProxyInfo();
		if (info.read(this.id) == 0) {
			return statistics(info);
		}
		return last("read the counters of").statistics;
	}

	private static ProxyStatistics statistics(ProxyInfo info) {
		return new ProxyStatistics(info.accepted(), info.active(), info.pending(), info.joined(), info.connectFailed(),
				info.refusedByRouter(), info.refusedByFailure(), info.refusedByHandshake(), info.refusedByTimeout(),
				info.refusedExhausted(), info.clientGone(), info.bytesFromClient(), info.bytesFromBackend(),
				ended(info));
	}

	private static Map<JoinEndReason, Long> ended(ProxyInfo info) {
		Map<JoinEndReason, Long> ended = new EnumMap<>(JoinEndReason.class);
		for (int reason = Dx.DX_REASON_CLIENT_CLOSED; reason < Dx.DX_REASONS; reason++) {
			if (info.ended(reason) > 0) {
				ended.put(JoinViews.reason(reason), info.ended(reason));
			}
		}
		return ended;
	}

	@Override
	public List<BackendStatus> backends() {
		List<BackendStatus> backends = readBackends();
		return (backends != null) ? backends : last("read the backends of").backends;
	}

	private @Nullable List<BackendStatus> readBackends() {
		List<BackendStatus> all = new ArrayList<>();
		for (int i = 0; i < this.definition.backends().size(); i++) {
			BackendInfo info = new BackendInfo();
			if (info.read(this.id, i) < 0) {
				return null;
			}
			all.add(status(this.definition.backends().get(i), info));
		}
		return all;
	}

	private static BackendStatus status(BackendDefinition backend, BackendInfo info) {
		SystemError error = Failures.error(info.error());
		BackendState state = switch (info.state()) {
			case Dx.DX_BACKEND_UNRESOLVED -> BackendState.UNRESOLVED;
			case Dx.DX_BACKEND_UP -> BackendState.UP;
			case Dx.DX_BACKEND_FAILING -> BackendState.FAILING;
			default -> throw new IllegalStateException("a backend is in state " + info.state());
		};
		return new BackendStatus(backend.name(), backend.address(), state, (error != null) ? error.toString() : null,
				info.active(), info.joined(), info.failed(), info.bytesFromClient(), info.bytesFromBackend());
	}

	private Last last(String operation) {
		Last known = this.last;
		if (known == null) {
			throw closed(operation);
		}
		return known;
	}

	private Event give(LongToIntFunction call) {
		return Parking.get(this.core.commands().submit(call));
	}

	private void require(String operation, Event event) {
		if (event.result() < 0) {
			throw (Errno.ENOENT.is(event.result())) ? closed(operation)
					: this.core.failures().object(operation, subject(), event.result());
		}
	}

	private DuplexClosedException closed(String operation) {
		return this.core.failures().closed(operation, subject());
	}

	private String subject() {
		return "proxy '" + name() + "'";
	}

	@Override
	public String toString() {
		return "DuplexProxy[" + name() + ", " + this.address + "]";
	}

	private record Last(ProxyStatistics statistics, List<BackendStatus> backends) {

	}

}
