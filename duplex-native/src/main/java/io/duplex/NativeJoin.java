/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.JoinRows;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * A join of the native engine.
 */
final class NativeJoin implements Join {

	/** Keeps the engine from being taken for leaked. */
	private final NativeEngine engine;

	private final EngineCore core;

	private final long id;

	private final DuplexAddress client;

	private final DuplexAddress backend;

	private final Set<JoinOption> flags;

	private final Instant since = Instant.now();

	private final CompletableFuture<JoinEnd> end = new CompletableFuture<>();

	/**
	 * Describe a join.
	 * @param engine the engine
	 * @param id the join
	 * @param client address of the first socket's peer
	 * @param backend address of the second socket's peer
	 * @param flags what makes the join different
	 * @param ended completes on the event thread when the join ends
	 */
	NativeJoin(NativeEngine engine, long id, DuplexAddress client, DuplexAddress backend, Set<JoinOption> flags,
			CompletableFuture<Event> ended) {
		this.engine = engine;
		this.core = engine.core();
		this.id = id;
		this.client = client;
		this.backend = backend;
		this.flags = flags;
		ended.whenComplete((event, ex) -> this.core.completions().execute(() -> end(event, ex)));
	}

	private void end(Event event, @Nullable Throwable failure) {
		if (failure != null) {
			this.end.completeExceptionally(failure);
			return;
		}
		try {
			this.end.complete(JoinViews.end(event));
		}
		catch (RuntimeException ex) {
			this.end.completeExceptionally(ex);
		}
	}

	@Override
	public long id() {
		return this.id;
	}

	@Override
	public DuplexAddress clientAddress() {
		return this.client;
	}

	@Override
	public DuplexAddress backendAddress() {
		return this.backend;
	}

	@Override
	public JoinSnapshot snapshot() {
		String operation = "look at";
		JoinRows rows = new JoinRows(1);
		Event event = Parking.get(this.core.commands().submit((token) -> rows.describe(this.id, token)));
		if (event.result() >= 0) {
			return JoinViews.snapshot(rows.get(0), null);
		}
		if (!Errno.ENOENT.is(event.result()) && !Errno.ESHUTDOWN.is(event.result())) {
			throw this.core.failures().object(operation, subject(), event.result());
		}
		return last(operation);
	}

	@Override
	public CompletionStage<JoinSnapshot> snapshotAsync() {
		return this.core.later(this::snapshot);
	}

	private JoinSnapshot last(String operation) {
		JoinEnd last;
		try {
			Parking.get(this.end.handle((known, ex) -> true));
			last = this.end.join();
		}
		catch (CompletionException ex) {
			throw this.core.failures().closed(operation, subject());
		}
		return new JoinSnapshot(this.id, null, null, this.client, this.backend, JoinState.ENDED, this.flags, false,
				JoinLimits.NONE, 0, this.since, Duration.ZERO, last.bytesFromClient(), last.bytesFromBackend(),
				last.pendingFromClient(), last.pendingFromBackend(), last.messagesFromClient(),
				last.messagesFromBackend(), DataPath.NONE, DataPath.NONE);
	}

	@Override
	public UnjoinResult unjoin() {
		return unjoined(Parking.get(giveUnjoin()));
	}

	@Override
	public CompletionStage<UnjoinResult> unjoinAsync() {
		return this.core.completions().map(giveUnjoin(), this::unjoined);
	}

	private CompletableFuture<Event> giveUnjoin() {
		return this.core.commands().submit((token) -> LibDuplex.dx_unjoin(this.id, token));
	}

	private UnjoinResult unjoined(Event event) {
		if (event.result() < 0) {
			throw this.core.failures().object("undo", subject(), event.result());
		}
		return JoinViews.unjoined(event);
	}

	@Override
	public void close() {
		this.core.commands().submit((token) -> LibDuplex.dx_join_close(this.id, token));
	}

	@Override
	public void limit(JoinLimits limits) {
		limited(Parking.get(this.engine.joins().giveLimits(this.id, limits)));
	}

	@Override
	public CompletionStage<Void> limitAsync(JoinLimits limits) {
		return this.core.completions().map(this.engine.joins().giveLimits(this.id, limits), (event) -> {
			limited(event);
			return null;
		});
	}

	private void limited(Event event) {
		if (event.result() < 0) {
			throw this.core.failures().object("limit", subject(), event.result());
		}
	}

	@Override
	public Tee tee(DuplexSocket mirror, TeeDirection direction, long maxLag) {
		NativeTee tee = newTee(mirror, direction, maxLag);
		return tee.made(Parking.get(tee.begin(this.id, maxLag)));
	}

	@Override
	public CompletionStage<Tee> teeAsync(DuplexSocket mirror, TeeDirection direction, long maxLag) {
		NativeTee tee = newTee(mirror, direction, maxLag);
		return this.core.completions().map(tee.begin(this.id, maxLag), tee::made);
	}

	private NativeTee newTee(DuplexSocket mirror, TeeDirection direction, long maxLag) {
		if (maxLag < 0) {
			throw new IllegalArgumentException("maxLag must not be negative: " + maxLag);
		}
		return new NativeTee(this.engine, subject(), this.engine.connected(mirror), direction);
	}

	@Override
	public CompletionStage<JoinEnd> end() {
		return this.end.minimalCompletionStage();
	}

	private String subject() {
		return "join " + this.id;
	}

	@Override
	public String toString() {
		return "Join[" + this.id + ", " + this.client + ", " + this.backend + ", of " + this.engine + "]";
	}

}
