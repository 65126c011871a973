/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
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
import io.duplex.ffi.SocketInfo;
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

	private final Connector connector;

	private NativeEngine(EngineCore core) {
		this.core = core;
		this.proxies = new Proxies();
		this.joins = new Joins(core, this.proxies);
		this.connector = new Connector(core);
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
	public DuplexSocket connect(DuplexAddress address, Duration timeout) {
		return new NativeSocket(this, this.connector.connect(address, timeout));
	}

	@Override
	public CompletionStage<DuplexSocket> connectAsync(DuplexAddress address, Duration timeout) {
		return this.connector.connectAsync(address, timeout, (socket) -> new NativeSocket(this, socket));
	}

	@Override
	public DuplexListener listen(DuplexAddress address) {
		long[] listener = new long[1];
		int result = LibDuplex.dx_listen(this.core.id(), this.connector.resolveToListen(address), 0, listener);
		if (result < 0) {
			throw this.core.failures().listen(address, result);
		}
		SocketInfo info = new SocketInfo();
		result = info.read(listener[0]);
		if (result < 0) {
			throw this.core.failures().listen(address, result);
		}
		return new NativeListener(this, listener[0], address.withPort(info.local().port()));
	}

	@Override
	public Join join(DuplexSocket client, DuplexSocket backend, JoinOptions options) {
		return this.joins.join(this, own(client), own(backend), options);
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket client, DuplexSocket backend, JoinOptions options) {
		return this.joins.joinAsync(this, own(client), own(backend), options);
	}

	private NativeSocket own(DuplexSocket socket) {
		if (socket instanceof NativeSocket own && own.engine() == this) {
			return own;
		}
		throw new IllegalArgumentException(socket + " is not a socket of this engine");
	}

	@Override
	public JoinPage joins(JoinQuery query) {
		return this.joins.list(query);
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
	public boolean closeJoin(long id) {
		return this.joins.close(id);
	}

	@Override
	public boolean closeJoin(String id) {
		return Joins.parse(id).map(this::closeJoin).orElse(false);
	}

	@Override
	public DuplexProxy createProxy(DuplexProxyDefinition definition) {
		return this.proxies.create(definition, () -> NativeProxy.create(this, definition, this.connector));
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
				info.pipeSize());
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
		if (!this.core.isClosed()) {
			this.proxies.all().forEach(NativeProxy::engineCloses);
		}
		this.core.close();
	}

	@Override
	public String toString() {
		return "DuplexEngine[" + Long.toHexString(this.core.id()) + (isClosed() ? ", closed]" : "]");
	}

}
