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
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

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

	/** One bind after the other; held while it parks, unlike the monitor. */
	private final ReentrantLock binding = new ReentrantLock();

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
			return this.engine.core().later(() -> {
				listeners.forwardTo(address, connectOptions);
				return null;
			});
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
		synchronized (this) {
			this.busy = false;
			if (socket == null) {
				return;
			}
			try {
				if (this.closed) {
					throw this.engine.core().failures().closed("connect", "a socket");
				}
				this.options.forEach((option, value) -> apply(socket, option, value));
				this.connected = socket;
			}
			finally {
				if (this.connected == null) {
					socket.close();
				}
			}
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
	public DuplexAddress bind(DuplexAddress address) {
		// Not with the monitor held: a name may have to be resolved, and that parks.
		this.binding.lock();
		try {
			BoundListeners listeners;
			Map<DuplexSocketOption<?>, Object> known;
			synchronized (this) {
				requireFreshOrBound("bind");
				listeners = (this.bound != null) ? this.bound : new BoundListeners(this.engine);
				known = Map.copyOf(this.options);
			}
			DuplexAddress local = listeners.add(address,
					(id) -> known.forEach((option, value) -> applyTo(id, address.toString(), option, value)));
			bound(listeners);
			return local;
		}
		finally {
			this.binding.unlock();
		}
	}

	private void bound(BoundListeners listeners) {
		try {
			synchronized (this) {
				requireFreshOrBound("bind");
				this.bound = listeners;
			}
		}
		catch (DuplexException ex) {
			listeners.close();
			throw ex;
		}
	}

	@Override
	public CompletionStage<DuplexAddress> bindAsync(DuplexAddress address) {
		return this.engine.core().later(() -> bind(address));
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
		return bound("accept on").acceptAsync(Deadline.NEVER);
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync(Duration timeout) {
		return bound("accept on").acceptAsync(Deadline.after(timeout));
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
	public CompletionStage<Join> joinAsync(DuplexSocket other, JoinOption... joinOptions) {
		return this.engine.joinAsync(this, other, JoinOptions.of(joinOptions));
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
	public CompletionStage<@Nullable Message> getAsync(Duration timeout) {
		return connected("get a message from").getAsync(timeout);
	}

	@Override
	public CompletionStage<Integer> getAsync(List<Message> into, int max) {
		return connected("get messages from").getAsync(into, max);
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
	public CompletionStage<Void> putAsync(List<Message> messages) {
		return connected("put messages to").putAsync(messages);
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
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer, Duration timeout) {
		return connected("receive from").receiveAsync(buffer, timeout);
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
	public CompletionStage<Void> sendAsync(ByteBuffer buffer, Duration timeout) {
		return connected("send to").sendAsync(buffer, timeout);
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
	public CompletionStage<Void> sendFileAsync(FileChannel file, long offset, long count, Duration timeout) {
		return connected("send a file to").sendFileAsync(file, offset, count, timeout);
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
	public CompletionStage<ReleasedChannel> toSocketChannelAsync() {
		return connected("release").toSocketChannelAsync();
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
	public CompletionStage<ReleasedSocket> releaseAsync() {
		return connected("release").releaseAsync();
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
			return this.engine.core().later(() -> {
				close();
				return 0L;
			});
		}
		synchronized (this) {
			this.closed = true;
		}
		return socket.closeAsync(timeout);
	}

	private void closeAll(Consumer<NativeSocket> how) {
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
