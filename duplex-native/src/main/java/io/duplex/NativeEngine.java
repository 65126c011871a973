/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.lang.ref.Cleaner;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Dx;
import io.duplex.ffi.EngineInfo;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.LoadFailure;
import io.duplex.ffi.NativeLoader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine behind libduplex: what the application holds of it.
 */
final class NativeEngine implements DuplexEngine {

	private static final Logger logger = LoggerFactory.getLogger(NativeEngine.class);

	private static final Cleaner cleaner = Cleaner.create();

	private final EngineCore core;

	private final Proxies proxies;

	private final Joins joins;

	private final Joining joining;

	private final Connector connector;

	private final Binder binder;

	private final Adoption adoption = new Adoption(this);

	private final Taking taking = new Taking(this);

	private NativeEngine(EngineCore core) {
		this.core = core;
		this.proxies = new Proxies();
		this.joins = new Joins(core, this.proxies);
		this.joining = new Joining(this, this.joins);
		this.connector = new Connector(core);
		this.binder = new Binder(this, this.connector);
	}

	static NativeEngine open(DuplexEngineOptions options) {
		try {
			NativeLoader.load();
		}
		catch (LoadFailure ex) {
			throw new NativeLibraryException(NativeLibraryException.Kind.valueOf(ex.kind().name()),
					NativeLoader.platform(), NativeLoader.temporaryFolder(), String.valueOf(ex.getMessage()), ex);
		}
		EngineCore core = EngineCore.open(options);
		NativeEngine engine = new NativeEngine(core);
		cleaner.register(engine, () -> closeLeaked(core));
		return engine;
	}

	private static void closeLeaked(EngineCore core) {
		if (!core.isClosed()) {
			logger.warn("An engine was not closed before the last reference to it was gone: it is closed now, and its"
					+ " joins end. Call DuplexEngine.close()");
			core.closeWithoutWaiting();
		}
	}

	EngineCore core() {
		return this.core;
	}

	@Override
	public DuplexSocket adopt(int descriptor) {
		return adopt(descriptor, new byte[0]);
	}

	@Override
	public DuplexSocket adopt(int descriptor, ByteBuffer alreadyRead) {
		if (alreadyRead.remaining() > Dx.MAX_READ_AHEAD) {
			throw new IllegalArgumentException(
					"more than " + Dx.MAX_READ_AHEAD + " bytes already read: " + alreadyRead.remaining());
		}
		byte[] bytes = new byte[alreadyRead.remaining()];
		alreadyRead.get(alreadyRead.position(), bytes);
		DuplexSocket socket = adopt(descriptor, bytes);
		alreadyRead.position(alreadyRead.limit());
		return socket;
	}

	private DuplexSocket adopt(int descriptor, byte[] alreadyRead) {
		long[] socket = new long[1];
		int result = LibDuplex.dx_adopt(this.core.id(), descriptor, (alreadyRead.length > 0) ? alreadyRead : null,
				alreadyRead.length, socket);
		if (result < 0) {
			throw this.core.failures().adopt(descriptor, result);
		}
		return new NativeSocket(this, socket[0]);
	}

	@Override
	public DuplexSocket socket() {
		if (isClosed()) {
			throw this.core.failures().closed("make", "a socket");
		}
		return new ManagedSocket(this);
	}

	@Override
	public DuplexSocket adopt(Socket socket, ByteBuffer alreadyRead) {
		return this.adoption.adopt(socket, alreadyRead);
	}

	@Override
	public DuplexSocket adopt(SocketChannel channel, ByteBuffer alreadyRead) {
		return this.adoption.adopt(channel, alreadyRead);
	}

	@Override
	public DuplexSocket adopt(AsynchronousSocketChannel channel, ByteBuffer alreadyRead) {
		return this.adoption.adopt(channel, alreadyRead);
	}

	@Override
	public DuplexSocket take(DuplexSocket carrier, Duration timeout) {
		return this.taking.take(carrierOf(carrier), Deadline.afterOrNever(timeout));
	}

	@Override
	public CompletionStage<DuplexSocket> takeAsync(DuplexSocket carrier, Duration timeout) {
		return this.taking.takeAsync(carrierOf(carrier), Deadline.afterOrNever(timeout));
	}

	private NativeSocket carrierOf(DuplexSocket carrier) {
		NativeSocket via = connected(carrier);
		via.requireNothingPutBack();
		return via;
	}

	@Override
	public DuplexSocket connect(DuplexAddress address, Duration timeout) {
		return connect(address, ConnectOptions.DEFAULTS.withTimeout(timeout));
	}

	NativeSocket connect(DuplexAddress address, ConnectOptions options) {
		return new NativeSocket(this, this.connector.connect(address, options));
	}

	@Override
	public CompletionStage<DuplexSocket> connectAsync(DuplexAddress address, Duration timeout) {
		return connectNative(address, ConnectOptions.DEFAULTS.withTimeout(timeout)).thenApply((socket) -> socket);
	}

	CompletionStage<NativeSocket> connectNative(DuplexAddress address, ConnectOptions options) {
		return this.connector.connectAsync(address, options, (socket) -> new NativeSocket(this, socket));
	}

	/**
	 * Prepare a proxy for one listener of a bound socket.
	 * @param listen where the listener listens
	 * @param target where its connections go
	 * @param options the time limit of a connect
	 * @return the proxy, not started
	 */
	NativeProxy forward(DuplexAddress listen, DuplexAddress target, ConnectOptions options) {
		DuplexProxyDefinition.Builder definition = DuplexProxyDefinition.builder("forwarder")
			.listen(listen)
			.backends(target.toString());
		if (!options.timeout().isZero()) {
			definition.connectTimeout(options.timeout());
		}
		return NativeProxy.create(this, definition.build(), this.connector);
	}

	@Override
	public NativeListener listen(DuplexAddress address) {
		return this.binder.listen(address);
	}

	@Override
	public CompletionStage<DuplexListener> listenAsync(DuplexAddress address) {
		return this.core.later(() -> listen(address));
	}

	Joins joins() {
		return this.joins;
	}

	@Override
	public Join join(DuplexSocket client, DuplexSocket backend, JoinOptions options) {
		return this.joining.begin(client, backend, options).now();
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket client, DuplexSocket backend, JoinOptions options) {
		return this.joining.begin(client, backend, options).later();
	}

	@Override
	public Join join(DuplexListener listener, DuplexSocket other, JoinOptions options) {
		return this.joining.begin(listener, other, true, options).now();
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexListener listener, DuplexSocket other, JoinOptions options) {
		return this.joining.begin(listener, other, true, options).later();
	}

	@Override
	public Join join(DuplexSocket other, DuplexListener listener, JoinOptions options) {
		return this.joining.begin(listener, other, false, options).now();
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket other, DuplexListener listener, JoinOptions options) {
		return this.joining.begin(listener, other, false, options).later();
	}

	@Override
	public TransformJoin joinThrough(DuplexSocket client, DuplexSocket backend, @Nullable Transform fromClient,
			@Nullable Transform fromBackend) {
		NativeSocket a = connected(client);
		NativeSocket b = connected(backend);
		return NativeTransformJoin.begin(this, a, b, byteFlow(a, b, fromClient), byteFlow(b, a, fromBackend));
	}

	private Flow byteFlow(NativeSocket source, NativeSocket sink, @Nullable Transform transform) {
		return new ByteFlow(this.core, source.id(), sink.id(), (transform != null) ? transform : Transform.identity());
	}

	@Override
	public TransformJoin routeThrough(DuplexSocket client, DuplexSocket backend, @Nullable MessageTransform fromClient,
			@Nullable MessageTransform fromBackend) {
		NativeSocket a = connected(client);
		NativeSocket b = connected(backend);
		return NativeTransformJoin.begin(this, a, b, messageFlow(a, b, fromClient), messageFlow(b, a, fromBackend));
	}

	private static Flow messageFlow(NativeSocket source, NativeSocket sink, @Nullable MessageTransform transform) {
		return new MessageFlow(source, sink, (transform != null) ? transform : MessageTransform.identity());
	}

	/**
	 * A connected socket of this engine.
	 * @param socket any socket
	 * @return what is behind it
	 */
	NativeSocket connected(DuplexSocket socket) {
		return this.joining.connected(socket);
	}

	@Override
	public JoinPage joins(JoinQuery query) {
		return this.joins.list(query);
	}

	@Override
	public CompletionStage<JoinPage> joinsAsync(JoinQuery query) {
		return this.core.later(() -> joins(query));
	}

	@Override
	public Optional<JoinSnapshot> findJoin(long id) {
		return this.joins.find(id);
	}

	@Override
	public Optional<JoinSnapshot> findJoin(String id) {
		return Joins.parse(id).flatMap(this::findJoin);
	}

	@Override
	public CompletionStage<Optional<JoinSnapshot>> findJoinAsync(long id) {
		return this.core.later(() -> findJoin(id));
	}

	@Override
	public boolean closeJoin(long id) {
		return this.joins.close(id);
	}

	@Override
	public boolean closeJoin(String id) {
		return Joins.parse(id).map(this::closeJoin).orElse(false);
	}

	@Override
	public CompletionStage<Boolean> closeJoinAsync(long id) {
		return this.core.later(() -> closeJoin(id));
	}

	@Override
	public boolean limitJoin(long id, JoinLimits limits) {
		return this.joins.limit(id, limits);
	}

	@Override
	public boolean limitJoin(String id, JoinLimits limits) {
		return Joins.parse(id).map((number) -> limitJoin(number, limits)).orElse(false);
	}

	@Override
	public CompletionStage<Boolean> limitJoinAsync(long id, JoinLimits limits) {
		return this.core.later(() -> limitJoin(id, limits));
	}

	@Override
	public DuplexProxy createProxy(DuplexProxyDefinition definition) {
		return this.proxies.create(definition, () -> NativeProxy.create(this, definition, this.connector));
	}

	@Override
	public CompletionStage<DuplexProxy> createProxyAsync(DuplexProxyDefinition definition) {
		return this.core.later(() -> createProxy(definition));
	}

	@Override
	public Collection<DuplexProxy> proxies() {
		return List.copyOf(this.proxies.all());
	}

	@Override
	public Optional<DuplexProxy> findProxy(String name) {
		return Optional.ofNullable(this.proxies.find(name));
	}

	/**
	 * A proxy was closed.
	 * @param proxy the proxy
	 */
	void forget(NativeProxy proxy) {
		this.proxies.remove(proxy);
	}

	@Override
	public EngineStatistics statistics() {
		EngineInfo info = new EngineInfo();
		int result = info.read(this.core.id());
		if (result < 0) {
			throw this.core.failures().object("read the counters of", "the engine", result);
		}
		return new EngineStatistics(info.workers(), Duration.ofNanos(info.uptimeNanos()), info.sockets(),
				info.joinsActive(), info.joinsTotal(), info.bytes(), info.bytesSpliced(), info.pipesInUse(),
				info.pipesPooled(), info.pipesRefused(), info.descriptors(), info.descriptorsMax(), info.exhausted(),
				info.pipeSize(), info.messageMemory(), info.messageBudget());
	}

	@Override
	public String version() {
		return LibDuplex.dx_version();
	}

	@Override
	public boolean isClosed() {
		return this.core.isClosed();
	}

	@Override
	public void close() {
		rememberProxies();
		this.core.close();
	}

	@Override
	public CompletionStage<Void> closeAsync() {
		rememberProxies();
		return this.core.closeAsync();
	}

	private void rememberProxies() {
		if (!this.core.isClosed()) {
			this.proxies.all().forEach(NativeProxy::engineCloses);
		}
	}

	@Override
	public String toString() {
		return "DuplexEngine[" + Long.toHexString(this.core.id()) + (isClosed() ? ", closed]" : "]");
	}

}
