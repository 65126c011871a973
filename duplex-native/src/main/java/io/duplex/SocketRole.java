/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * What becomes of a socket that begins fresh: it is connected or listens, once and for
 * all, and takes the options with it that were set before. Its monitor is never held
 * while somebody parks.
 */
final class SocketRole {

	private final NativeEngine engine;

	private final Map<DuplexSocketOption<?>, Object> options = new LinkedHashMap<>();

	private @Nullable NativeSocket connected;

	private @Nullable BoundListeners bound;

	/** One bind after the other; held while it parks, unlike the monitor. */
	private final ReentrantLock binding = new ReentrantLock();

	private boolean busy;

	private boolean closed;

	SocketRole(NativeEngine engine) {
		this.engine = engine;
	}

	// ---- connecting ----

	void connect(DuplexAddress address, ConnectOptions connectOptions) {
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

	CompletionStage<Void> connectAsync(DuplexAddress address, ConnectOptions connectOptions) {
		BoundListeners listeners = beginToConnect();
		if (listeners != null) {
			return this.engine.core().later(() -> listeners.forwardTo(address, connectOptions));
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
					throw closed("connect");
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
			throw closed(operation);
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
			throw closed(operation);
		}
		if (this.connected == null) {
			throw new DuplexException(operation, "a socket", null, (this.bound != null)
					? "it listens: use what accept() returns" : "it is not connected: call connect() first", null);
		}
		return this.connected;
	}

	// ---- listening ----

	DuplexAddress bind(DuplexAddress address) {
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
			throw closed(operation);
		}
		if (this.bound == null) {
			throw new DuplexException(operation, "a socket", null, "it is not bound: call bind() first", null);
		}
		return this.bound;
	}

	/**
	 * What it listens with, or has listened with before it was closed.
	 * @return the listeners, or null when it was never bound
	 */
	synchronized @Nullable BoundListeners listeners() {
		return this.bound;
	}

	// ---- either ----

	<T> void setOption(DuplexSocketOption<T> option, T value) {
		NativeSocket socket;
		BoundListeners listeners;
		synchronized (this) {
			if (this.closed) {
				throw closed("set " + option + " of");
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

	@SuppressWarnings("unchecked")
	<T> T getOption(DuplexSocketOption<T> option) {
		synchronized (this) {
			Object value = this.options.get(option);
			if (this.connected == null && value != null) {
				return (T) value;
			}
		}
		return connected("get " + option + " of").getOption(option);
	}

	/**
	 * Close what it has become.
	 * @param how what that does when it is a connection
	 */
	void close(Consumer<NativeSocket> how) {
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

	CompletionStage<Long> closeAsync(Duration timeout) {
		NativeSocket socket;
		synchronized (this) {
			socket = this.connected;
		}
		if (socket == null) {
			return this.engine.core().later(() -> {
				close(NativeSocket::close);
				return 0L;
			});
		}
		synchronized (this) {
			this.closed = true;
		}
		return socket.closeAsync(timeout);
	}

	synchronized boolean isClosed() {
		return this.closed || this.engine.isClosed() || (this.connected != null && this.connected.isClosed());
	}

	private DuplexClosedException closed(String operation) {
		return this.engine.core().failures().closed(operation, "a socket");
	}

	@Override
	public synchronized String toString() {
		if (this.connected != null) {
			return this.connected.toString();
		}
		return (this.bound != null) ? "DuplexSocket[listening on " + this.bound + "]" : "DuplexSocket[fresh]";
	}

}
