/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongToIntFunction;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.JoinRow;
import io.duplex.ffi.JoinRows;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeJoinOptions;
import org.jspecify.annotations.Nullable;

/**
 * Makes, lists, finds and ends an engine's joins.
 */
final class Joins {

	private final EngineCore core;

	private final Proxies proxies;

	Joins(EngineCore core, Proxies proxies) {
		this.core = core;
		this.proxies = proxies;
	}

	/**
	 * Join two sockets.
	 * @param engine the engine
	 * @param client the first socket
	 * @param backend the second socket
	 * @param options flags and limits
	 * @return the join on its way
	 */
	Making begin(NativeEngine engine, NativeSocket client, NativeSocket backend, JoinOptions options) {
		if (client.id() == backend.id()) {
			throw new IllegalArgumentException("cannot join " + client + " with itself");
		}
		requireFit(client, options);
		requireFit(backend, options);
		byte[] struct = encode(options);
		return new Making(engine, client.peerAddress(), backend.peerAddress(), options.flags(),
				(token) -> LibDuplex.dx_join(client.id(), backend.id(), struct, token, new long[1]));
	}

	private static void requireFit(NativeSocket socket, JoinOptions options) {
		socket.requireNothingPutBack();
		if (options.flags().contains(JoinOption.ROUTE)) {
			socket.requireNoCodecInJava();
		}
	}

	/**
	 * Join a listener: its connections inherit the join.
	 * @param engine the engine
	 * @param listener the listener
	 * @param other the socket that they are joined with
	 * @param listenerFirst whether the connections are the first socket of their joins
	 * @param options flags and limits
	 * @return the command
	 */
	Making inherited(NativeEngine engine, NativeListener listener, NativeSocket other, boolean listenerFirst,
			JoinOptions options) {
		requireFit(other, options);
		byte[] struct = encode(options);
		long a = listenerFirst ? listener.id() : other.id();
		long b = listenerFirst ? other.id() : listener.id();
		DuplexAddress peer = other.peerAddress();
		return new Making(engine, listenerFirst ? listener.address() : peer, listenerFirst ? peer : listener.address(),
				options.flags(), (token) -> LibDuplex.dx_join(a, b, struct, token, new long[1]));
	}

	CompletableFuture<Event> giveLimits(long id, JoinLimits limits) {
		return this.core.commands().submit(limiting(id, limits));
	}

	boolean limit(long id, JoinLimits limits) {
		return give(id, "limit", limiting(id, limits)) != null;
	}

	private static LongToIntFunction limiting(long id, JoinLimits limits) {
		byte[] struct = encode(JoinOptions.DEFAULTS.withLimits(limits));
		return (token) -> LibDuplex.dx_join_limit(id, struct, token);
	}

	private static byte[] encode(JoinOptions options) {
		int flags = 0;
		for (JoinOption flag : options.flags()) {
			flags |= JoinViews.flag(flag);
		}
		JoinLimits limits = options.limits();
		return NativeJoinOptions.encode(flags, options.maxLag(), Millis.limitOrOff(limits.idleTimeout()),
				Millis.limitOrOff(limits.halfCloseTimeout()), Millis.limitOrOff(limits.maxLifetime()),
				limits.maxBytes(), limits.rateFromClient(), limits.rateFromBackend());
	}

	JoinPage list(JoinQuery query) {
		long proxy = 0;
		if (query.proxy() != null) {
			NativeProxy found = this.proxies.find(query.proxy());
			if (found == null) {
				return new JoinPage(List.of(), null);
			}
			proxy = found.id();
		}
		long cursor = (query.after() != null) ? Long.parseUnsignedLong(query.after()) : 0;
		List<JoinSnapshot> page = new ArrayList<>();
		do {
			cursor = list(proxy, cursor, query.limit() - page.size(), page);
		}
		while (cursor != 0 && page.size() < query.limit());
		return new JoinPage(page, (cursor != 0) ? Long.toUnsignedString(cursor) : null);
	}

	private long list(long proxy, long after, int room, List<JoinSnapshot> page) {
		JoinRows rows = new JoinRows(Math.min(room, Dx.DX_JOINS_PAGE));
		Event event = Parking
			.get(this.core.commands().submit((token) -> rows.list(this.core.id(), proxy, after, token)));
		if (event.result() < 0) {
			if (Errno.ENOENT.is(event.result()) && !this.core.isClosed()) {
				// The proxy was closed meanwhile.
				return 0;
			}
			if (Errno.EINVAL.is(event.result())) {
				throw new IllegalArgumentException(
						"after is not the cursor of a page: " + Long.toUnsignedString(after));
			}
			throw this.core.failures().object("list", "joins", event.result());
		}
		for (int i = 0; i < event.result(); i++) {
			page.add(snapshot(rows.get(i)));
		}
		return event.value();
	}

	private JoinSnapshot snapshot(JoinRow row) {
		NativeProxy proxy = (row.proxy() != 0) ? this.proxies.find(row.proxy()) : null;
		return JoinViews.snapshot(row, (proxy != null) ? proxy.definition() : null);
	}

	Optional<JoinSnapshot> find(long id) {
		JoinRows rows = new JoinRows(1);
		return (give(id, "find", (token) -> rows.describe(id, token)) != null) ? Optional.of(snapshot(rows.get(0)))
				: Optional.empty();
	}

	boolean close(long id) {
		return give(id, "close", (token) -> LibDuplex.dx_join_close(id, token)) != null;
	}

	/**
	 * Read an id.
	 * @param id any text
	 * @return the id, or empty when it is none
	 */
	static Optional<Long> parse(String id) {
		try {
			return Optional.of(Long.parseLong(id));
		}
		catch (NumberFormatException ex) {
			return Optional.empty();
		}
	}

	private @Nullable Event give(long id, String operation, LongToIntFunction call) {
		if (this.core.isClosed()) {
			throw this.core.failures().closed(operation, "join " + id);
		}
		if (LibDuplex.dx_engine_of(id) != this.core.id()) {
			// Another engine would answer with an event of its own.
			return null;
		}
		Event event = Parking.get(this.core.commands().submit(call));
		if (event.result() >= 0) {
			return event;
		}
		if (!this.core.isClosed() && (Errno.ENOENT.is(event.result()) || Errno.EBADF.is(event.result()))) {
			return null;
		}
		throw this.core.failures().object(operation, "join " + id, event.result());
	}

	/**
	 * A join on its way.
	 */
	final class Making {

		private final NativeEngine engine;

		private final DuplexAddress clientAddress;

		private final DuplexAddress backendAddress;

		private final Set<JoinOption> flags;

		private final CompletableFuture<Event> ended = new CompletableFuture<>();

		private final CompletableFuture<Event> answer;

		Making(NativeEngine engine, DuplexAddress clientAddress, DuplexAddress backendAddress, Set<JoinOption> flags,
				LongToIntFunction call) {
			this.engine = engine;
			this.clientAddress = clientAddress;
			this.backendAddress = backendAddress;
			this.flags = flags;
			this.answer = Joins.this.core.commands().submit(call, this::register);
		}

		/** On the event thread, ahead of the event that tells the join's end. */
		private void register(Event event) {
			if (event.result() >= 0) {
				Joins.this.core.joinEnds().made(event.object(), this.ended);
			}
		}

		Join now() {
			return made(Parking.get(this.answer));
		}

		CompletionStage<Join> later() {
			if (this.answer.isDone()) {
				return CompletableFuture.completedStage(made(this.answer.join()));
			}
			return Joins.this.core.completions().map(this.answer, this::made);
		}

		private Join made(Event event) {
			if (event.result() >= 0) {
				return new NativeJoin(this.engine, event.object(), this.clientAddress, this.backendAddress, this.flags,
						this.ended);
			}
			String subject = this.clientAddress + " with " + this.backendAddress;
			if (Errno.EPIPE.is(event.result())) {
				throw new DuplexClosedException("join", subject, Failures.error(event.result()),
						"an output that is needed was shut down");
			}
			if (Errno.EBUSY.is(event.result())) {
				throw new SocketBusyException("join", subject, Failures.error(event.result()),
						"they are joined already, or one is being released");
			}
			throw Joins.this.core.failures().object("join", subject, event.result());
		}

	}

}
