/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.List;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * A socket that begins fresh, and is connected or bound later. What it does then is done
 * by a {@link NativeSocket} or by {@link BoundListeners}.
 */
final class ManagedSocket implements DuplexSocket {

	private final NativeEngine engine;

	private final Map<DuplexSocketOption<?>, Object> options = new LinkedHashMap<>();

	private @Nullable NativeSocket connected;

	private @Nullable BoundListeners bound;

	private boolean busy;

	private boolean closed;

	ManagedSocket(NativeEngine engine) {
		this.engine = engine;
	}

	NativeEngine engine() {
		return this.engine;
	}

	// ---- connecting ----

	@Override
	public void connect(DuplexAddress address, ConnectOptions connectOptions) {
		BoundListeners listeners = beginToConnect();
		if (listeners != null) {
			listeners.forwardTo(address, connectOptions);
			return;
		}
		NativeSocket socket = null;
		try {
			socket = this.engine.connect(address, connectOptions);
		}
		finally {
			endToConnect(socket);
		}
	}

	@Override
	public CompletionStage<Void> connectAsync(DuplexAddress address, ConnectOptions connectOptions) {
		BoundListeners listeners = beginToConnect();
		if (listeners != null) {
			return CompletableFuture.runAsync(() -> listeners.forwardTo(address, connectOptions),
					this.engine.core().threads().passing());
		}
		try {
			return this.engine.connectNative(address, connectOptions)
				.whenComplete((socket, ex) -> endToConnect(socket))
				.thenAccept((socket) -> {
				});
		}
		catch (RuntimeException ex) {
			endToConnect(null);
			throw ex;
		}
	}

	private synchronized @Nullable BoundListeners beginToConnect() {
		requireFreshOrBound("connect");
		if (this.bound == null) {
			this.busy = true;
		}
		return this.bound;
	}

	private void endToConnect(@Nullable NativeSocket socket) {
		boolean late;
		synchronized (this) {
			this.busy = false;
			late = this.closed;
			if (!late) {
				this.connected = socket;
			}
			if (socket != null && !late) {
				this.options.forEach((option, value) -> apply(socket, option, value));
			}
		}
		if (late && socket != null) {
			socket.close();
			throw this.engine.core().failures().closed("connect", toString());
		}
	}

	@SuppressWarnings("unchecked")
	private static <T> void apply(DuplexSocket socket, DuplexSocketOption<T> option, Object value) {
		socket.setOption(option, (T) value);
	}

	private synchronized void requireFreshOrBound(String operation) {
		if (this.closed) {
			throw this.engine.core().failures().closed(operation, "a socket");
		}
		if (this.connected != null || this.busy) {
			throw new DuplexException(operation, "a socket", null,
					this.busy ? "it is being connected" : "it is connected already, to " + this.connected, null);
		}
	}

	/**
	 * The connection.
	 * @param operation what needs it
	 * @return the socket
	 */
	synchronized NativeSocket connected(String operation) {
		if (this.closed) {
			throw this.engine.core().failures().closed(operation, "a socket");
		}
		if (this.connected == null) {
			throw new DuplexException(operation, "a socket", null, (this.bound != null)
					? "it listens: use what accept() returns" : "it is not connected: call connect() first", null);
		}
		return this.connected;
	}

	// ---- listening ----

	@Override
	public synchronized DuplexAddress bind(DuplexAddress address) {
		requireFreshOrBound("bind");
		BoundListeners listeners = (this.bound != null) ? this.bound : new BoundListeners(this.engine);
		DuplexAddress local = listeners.add(address,
				(id) -> this.options.forEach((option, value) -> applyTo(id, address.toString(), option, value)));
		this.bound = listeners;
		return local;
	}

	@SuppressWarnings("unchecked")
	private <T> void applyTo(long listener, String subject, DuplexSocketOption<T> option, Object value) {
		SocketOptions.set(listener, subject, this.engine.core().failures(), option, (T) value);
	}

	/**
	 * What it listens with.
	 * @param operation what needs it
	 * @return the listeners
	 */
	synchronized BoundListeners bound(String operation) {
		if (this.closed) {
			throw this.engine.core().failures().closed(operation, "a socket");
		}
		if (this.bound == null) {
			throw new DuplexException(operation, "a socket", null, "it is not bound: call bind() first", null);
		}
		return this.bound;
	}

	synchronized boolean isBound() {
		return this.bound != null;
	}

	@Override
	public DuplexSocket accept() {
		return bound("accept on").accept(Deadline.NEVER);
	}

	@Override
	public DuplexSocket accept(Duration timeout) {
		return bound("accept on").accept(Deadline.after(timeout));
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync() {
		return bound("accept on").acceptAsync();
	}

	// ---- as connected ----

	@Override
	public long id() {
		BoundListeners listeners;
		synchronized (this) {
			listeners = this.bound;
		}
		return (listeners != null) ? listeners.first().id() : connected("tell the id of").id();
	}

	@Override
	public DuplexAddress localAddress() {
		BoundListeners listeners;
		synchronized (this) {
			listeners = this.bound;
		}
		return (listeners != null) ? listeners.first().address()
				: connected("tell the local address of").localAddress();
	}

	@Override
	public DuplexAddress peerAddress() {
		return connected("tell the peer of").peerAddress();
	}

	@Override
	public Join join(DuplexSocket other, JoinOption... joinOptions) {
		return this.engine.join(this, other, joinOptions);
	}

	@Override
	public <T> void setOption(DuplexSocketOption<T> option, T value) {
		NativeSocket socket;
		BoundListeners listeners;
		synchronized (this) {
			if (this.closed) {
				throw this.engine.core().failures().closed("set " + option + " of", "a socket");
			}
			this.options.put(option, value);
			socket = this.connected;
			listeners = this.bound;
		}
		if (socket != null) {
			socket.setOption(option, value);
		}
		else if (listeners != null) {
			listeners.forEach((id) -> applyTo(id, "a socket", option, value));
		}
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T> T getOption(DuplexSocketOption<T> option) {
		synchronized (this) {
			Object value = this.options.get(option);
			if (this.connected == null && value != null) {
				return (T) value;
			}
		}
		return connected("get " + option + " of").getOption(option);
	}

	@Override
	public void setCodec(@Nullable Codec codec) {
		connected("set the codec of").setCodec(codec);
	}

	@Override
	public @Nullable Message get() {
		return connected("get a message from").get();
	}

	@Override
	public @Nullable Message get(Duration timeout) {
		return connected("get a message from").get(timeout);
	}

	@Override
	public int get(List<Message> into, int max) {
		return connected("get messages from").get(into, max);
	}

	@Override
	public @Nullable Message tryGet() {
		return connected("get a message from").tryGet();
	}

	@Override
	public CompletionStage<@Nullable Message> getAsync() {
		return connected("get a message from").getAsync();
	}

	@Override
	public void put(List<Message> messages) {
		connected("put messages to").put(messages);
	}

	@Override
	public boolean tryPut(Message message) {
		return connected("put a message to").tryPut(message);
	}

	@Override
	public CompletionStage<Void> putAsync(Message message) {
		return connected("put a message to").putAsync(message);
	}

	@Override
	public int receive(ByteBuffer buffer) {
		return connected("receive from").receive(buffer);
	}

	@Override
	public int receive(ByteBuffer buffer, Duration timeout) {
		return connected("receive from").receive(buffer, timeout);
	}

	@Override
	public int tryReceive(ByteBuffer buffer) {
		return connected("receive from").tryReceive(buffer);
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer) {
		return connected("receive from").receiveAsync(buffer);
	}

	@Override
	public void send(ByteBuffer buffer) {
		connected("send to").send(buffer);
	}

	@Override
	public void send(ByteBuffer buffer, Duration timeout) {
		connected("send to").send(buffer, timeout);
	}

	@Override
	public int trySend(ByteBuffer buffer) {
		return connected("send to").trySend(buffer);
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer) {
		return connected("send to").sendAsync(buffer);
	}

	@Override
	public void sendFile(Path file, long offset, long count) {
		connected("send a file to").sendFile(file, offset, count);
	}

	@Override
	public void sendFile(FileChannel file, long offset, long count, Duration timeout) {
		connected("send a file to").sendFile(file, offset, count, timeout);
	}

	@Override
	public CompletionStage<Void> sendFileAsync(Path file, long offset, long count) {
		return connected("send a file to").sendFileAsync(file, offset, count);
	}

	@Override
	public CompletionStage<Void> sendFileAsync(FileChannel file, long offset, long count) {
		return connected("send a file to").sendFileAsync(file, offset, count);
	}

	@Override
	public void shutdownOutput() {
		connected("shut down the output to").shutdownOutput();
	}

	@Override
	public CompletionStage<Void> shutdownOutputAsync() {
		return connected("shut down the output to").shutdownOutputAsync();
	}

	@Override
	public void passTo(DuplexSocket carrier, Duration timeout) {
		connected("pass on").passTo(carrier, timeout);
	}

	@Override
	public CompletionStage<Void> passToAsync(DuplexSocket carrier, Duration timeout) {
		return connected("pass on").passToAsync(carrier, timeout);
	}

	@Override
	public ReleasedChannel toSocketChannel() {
		return connected("release").toSocketChannel();
	}

	@Override
	public ReleasedSocket release() {
		return connected("release").release();
	}

	@Override
	public ReleasedSocket release(Duration timeout) {
		return connected("release").release(timeout);
	}

	@Override
	public CompletionStage<ReleasedSocket> releaseAsync(Duration timeout) {
		return connected("release").releaseAsync(timeout);
	}

	// ---- closing ----

	@Override
	public void close() {
		closeAll(NativeSocket::close);
	}

	@Override
	public void reset() {
		closeAll(NativeSocket::reset);
	}

	@Override
	public CompletionStage<Long> closeAsync(Duration timeout) {
		NativeSocket socket;
		synchronized (this) {
			socket = this.connected;
		}
		if (socket == null) {
			close();
			return CompletableFuture.completedStage(0L);
		}
		synchronized (this) {
			this.closed = true;
		}
		return socket.closeAsync(timeout);
	}

	private void closeAll(java.util.function.Consumer<NativeSocket> how) {
		NativeSocket socket;
		BoundListeners listeners;
		synchronized (this) {
			this.closed = true;
			socket = this.connected;
			listeners = this.bound;
		}
		if (socket != null) {
			how.accept(socket);
		}
		if (listeners != null) {
			listeners.close();
		}
	}

	@Override
	public synchronized boolean isClosed() {
		return this.closed || this.engine.isClosed() || (this.connected != null && this.connected.isClosed());
	}

	@Override
	public synchronized String toString() {
		if (this.connected != null) {
			return this.connected.toString();
		}
		return (this.bound != null) ? "DuplexSocket[listening on " + this.bound + "]" : "DuplexSocket[fresh]";
	}

}
