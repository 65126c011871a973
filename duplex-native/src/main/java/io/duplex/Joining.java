/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.List;

/**
 * Joins what the application names: sockets of an engine, its listeners, and sockets that
 * are bound, of which the listener is joined.
 */
final class Joining {

	private final NativeEngine engine;

	private final Joins joins;

	/**
	 * Create what joins.
	 * @param engine whose sockets and listeners may be joined
	 * @param joins makes the joins
	 */
	Joining(NativeEngine engine, Joins joins) {
		this.engine = engine;
		this.joins = joins;
	}

	Joins.Making begin(DuplexSocket client, DuplexSocket backend, JoinOptions options) {
		boolean first = isBound(client);
		if (!first && !isBound(backend)) {
			return this.joins.begin(this.engine, connected(client), connected(backend), options);
		}
		if (first && isBound(backend)) {
			throw new IllegalArgumentException("two listeners cannot be joined: " + client + ", " + backend);
		}
		BoundListeners bound = ((ManagedSocket) (first ? client : backend)).bound("join");
		List<NativeListener> listeners = bound.all();
		if (listeners.size() > 1) {
			throw new IllegalArgumentException("of a socket that is bound more than once no listener can be joined,"
					+ " use engine.listen(): " + bound);
		}
		return this.joins.inherited(this.engine, listeners.get(0), connected(first ? backend : client), first, options);
	}

	/**
	 * Join a listener.
	 * @param listener the listener
	 * @param other what its connections are joined with
	 * @param listenerFirst whether the connections are the first socket of their joins
	 * @param options flags and limits
	 * @return the join on its way
	 */
	Joins.Making begin(DuplexListener listener, DuplexSocket other, boolean listenerFirst, JoinOptions options) {
		return this.joins.inherited(this.engine, own(listener), connected(other), listenerFirst, options);
	}

	private boolean isBound(DuplexSocket socket) {
		return socket instanceof ManagedSocket managed && managed.engine() == this.engine && managed.isBound();
	}

	/**
	 * A connected socket of the engine.
	 * @param socket any socket
	 * @return what is behind it
	 */
	NativeSocket connected(DuplexSocket socket) {
		if (socket instanceof ManagedSocket managed && managed.engine() == this.engine) {
			return managed.connected("join");
		}
		if (socket instanceof NativeSocket own && own.engine() == this.engine) {
			return own;
		}
		throw new IllegalArgumentException(socket + " is not a socket of this engine");
	}

	private NativeListener own(DuplexListener listener) {
		if (listener instanceof NativeListener own && own.engine() == this.engine) {
			return own;
		}
		throw new IllegalArgumentException(listener + " is not a listener of this engine");
	}

}
