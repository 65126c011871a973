/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.testing;

import java.net.Socket;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.SocketChannel;
import io.duplex.Transform;
import io.duplex.TransformJoin;
import org.jspecify.annotations.Nullable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

import io.duplex.DuplexAddress;
import io.duplex.DuplexEngine;
import io.duplex.DuplexListener;
import io.duplex.DuplexProxy;
import io.duplex.DuplexProxyDefinition;
import io.duplex.DuplexSocket;
import io.duplex.EngineStatistics;
import io.duplex.Join;
import io.duplex.JoinLimits;
import io.duplex.JoinOptions;
import io.duplex.JoinPage;
import io.duplex.JoinQuery;
import io.duplex.JoinSnapshot;
import io.duplex.MessageTransform;

/**
 * A {@link DuplexEngine} of {@link FakeDuplexProxy fake proxies}. It listens nowhere and
 * joins nothing.
 */
public final class FakeDuplexEngine implements DuplexEngine {

	private final Map<String, FakeDuplexProxy> proxies = new LinkedHashMap<>();

	private final List<JoinSnapshot> joins = new ArrayList<>();

	private final Consumer<FakeDuplexProxy> customizer;

	private boolean closed;

	public FakeDuplexEngine() {
		this((proxy) -> {
		});
	}

	public FakeDuplexEngine(Consumer<FakeDuplexProxy> customizer) {
		this.customizer = customizer;
	}

	public FakeDuplexProxy proxy(String name) {
		return Optional.ofNullable(this.proxies.get(name)).orElseThrow();
	}

	public void add(JoinSnapshot join) {
		this.joins.add(join);
	}

	@Override
	public DuplexSocket socket() {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexSocket adopt(Socket socket, ByteBuffer alreadyRead) {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexSocket adopt(SocketChannel channel, ByteBuffer alreadyRead) {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexSocket adopt(AsynchronousSocketChannel channel, ByteBuffer alreadyRead) {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexSocket take(DuplexSocket carrier, Duration timeout) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<DuplexSocket> takeAsync(DuplexSocket carrier, Duration timeout) {
		throw new UnsupportedOperationException();
	}

	@Override
	public Join join(DuplexListener listener, DuplexSocket other, JoinOptions options) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexListener clients, DuplexSocket backend, JoinOptions options) {
		throw new UnsupportedOperationException();
	}

	@Override
	public Join join(DuplexSocket client, DuplexListener backends, JoinOptions options) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket client, DuplexListener backends, JoinOptions options) {
		throw new UnsupportedOperationException();
	}

	@Override
	public boolean limitJoin(long id, JoinLimits limits) {
		throw new UnsupportedOperationException();
	}

	@Override
	public boolean limitJoin(String id, JoinLimits limits) {
		throw new UnsupportedOperationException();
	}

	@Override
	public TransformJoin joinThrough(DuplexSocket client, DuplexSocket backend, @Nullable Transform fromClient,
			@Nullable Transform fromBackend) {
		throw new UnsupportedOperationException();
	}

	@Override
	public TransformJoin routeThrough(DuplexSocket client, DuplexSocket backend, @Nullable MessageTransform fromClient,
			@Nullable MessageTransform fromBackend) {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexProxy createProxy(DuplexProxyDefinition definition) {
		FakeDuplexProxy proxy = new FakeDuplexProxy(definition, 40000 + this.proxies.size());
		this.customizer.accept(proxy);
		this.proxies.put(definition.name(), proxy);
		return proxy;
	}

	@Override
	public Collection<DuplexProxy> proxies() {
		return List.copyOf(this.proxies.values());
	}

	@Override
	public Optional<DuplexProxy> findProxy(String name) {
		return Optional.ofNullable(this.proxies.get(name));
	}

	@Override
	public JoinPage joins(JoinQuery query) {
		int from = (query.after() != null) ? Integer.parseInt(query.after()) : 0;
		List<JoinSnapshot> matching = this.joins.stream()
			.filter((join) -> query.proxy() == null || query.proxy().equals(join.proxy()))
			.toList();
		int to = Math.min(from + query.limit(), matching.size());
		return new JoinPage(matching.subList(from, to), (to < matching.size()) ? String.valueOf(to) : null);
	}

	@Override
	public Optional<JoinSnapshot> findJoin(long id) {
		return this.joins.stream().filter((join) -> join.id() == id).findFirst();
	}

	@Override
	public Optional<JoinSnapshot> findJoin(String id) {
		return this.joins.stream().filter((join) -> join.idText().equals(id)).findFirst();
	}

	@Override
	public boolean closeJoin(long id) {
		return this.joins.removeIf((join) -> join.id() == id);
	}

	@Override
	public boolean closeJoin(String id) {
		return this.joins.removeIf((join) -> join.idText().equals(id));
	}

	@Override
	public EngineStatistics statistics() {
		return new EngineStatistics(2, Duration.ofSeconds(90), 0, this.joins.size(), 7, 4096, 1024, 1, 2, 0, 30, 1000,
				5, 262144, 0, 1 << 28);
	}

	@Override
	public String version() {
		return "0.0.0-fake";
	}

	@Override
	public boolean isClosed() {
		return this.closed;
	}

	@Override
	public void close() {
		this.closed = true;
	}

	@Override
	public DuplexSocket adopt(int descriptor) {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexSocket adopt(int descriptor, ByteBuffer alreadyRead) {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexSocket connect(DuplexAddress address, Duration timeout) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<DuplexSocket> connectAsync(DuplexAddress address, Duration timeout) {
		throw new UnsupportedOperationException();
	}

	@Override
	public DuplexListener listen(DuplexAddress address) {
		throw new UnsupportedOperationException();
	}

	@Override
	public Join join(DuplexSocket client, DuplexSocket backend, JoinOptions options) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket client, DuplexSocket backend, JoinOptions options) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<DuplexListener> listenAsync(DuplexAddress address) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<JoinPage> joinsAsync(JoinQuery query) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Optional<JoinSnapshot>> findJoinAsync(long id) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Boolean> closeJoinAsync(long id) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Boolean> limitJoinAsync(long id, JoinLimits limits) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<DuplexProxy> createProxyAsync(DuplexProxyDefinition definition) {
		throw new UnsupportedOperationException();
	}

	@Override
	public CompletionStage<Void> closeAsync() {
		throw new UnsupportedOperationException();
	}

}
