/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.JoinRow;
import io.duplex.ffi.JoinRows;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * A tee of the native engine: a tee of the C library for each direction.
 */
final class NativeTee implements Tee {

	/** Keeps the engine from being taken for leaked. */
	private final NativeEngine engine;

	private final EngineCore core;

	private final String join;

	private final NativeSocket mirror;

	private final TeeDirection direction;

	private final List<Part> parts = new ArrayList<>();

	private final CompletableFuture<TeeEnd> end = new CompletableFuture<>();

	/** The first end that concerns the mirror as a whole. Written by the event thread. */
	private @Nullable Event decisive;

	NativeTee(NativeEngine engine, String join, NativeSocket mirror, TeeDirection direction) {
		this.engine = engine;
		this.core = engine.core();
		this.join = join;
		this.mirror = mirror;
		this.direction = direction;
	}

	/**
	 * Begin to mirror.
	 * @param joinId the join
	 * @param maxLag bytes that may wait for the mirror; 0: the default
	 * @return the answer of a part that failed, or of one that did not: for
	 * {@link #made(Event)}
	 */
	CompletableFuture<Event> begin(long joinId, long maxLag) {
		List<TeeDirection> directions = (this.direction != TeeDirection.BOTH) ? List.of(this.direction)
				: List.of(TeeDirection.CLIENT_TO_BACKEND, TeeDirection.BACKEND_TO_CLIENT);
		for (TeeDirection one : directions) {
			this.parts.add(new Part(one, joinId, maxLag));
		}
		return all(this.parts.stream().map((part) -> part.answer).toList()).thenCompose((done) -> {
			for (Part part : this.parts) {
				if (part.answer.join().result() < 0) {
					return giveUp(part.answer.join());
				}
			}
			whenAllHaveEnded();
			return this.parts.get(0).answer;
		});
	}

	/** What one direction was refused, the other does not get either. */
	private CompletableFuture<Event> giveUp(Event refusal) {
		List<CompletableFuture<Event>> answers = new ArrayList<>();
		for (Part part : this.parts) {
			if (part.answer.join().result() >= 0) {
				answers.add(part.stop());
			}
		}
		return all(answers).thenApply((done) -> refusal);
	}

	private static CompletableFuture<Void> all(List<CompletableFuture<Event>> futures) {
		return CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new));
	}

	/**
	 * Turn the answer into what the application gets.
	 * @param event what {@link #begin} told
	 * @return this
	 */
	Tee made(Event event) {
		int result = event.result();
		if (result >= 0) {
			return this;
		}
		String operation = "mirror";
		String subject = this.join + " to " + this.mirror;
		SystemError error = Failures.error(result);
		if (Errno.EINVAL.is(result)) {
			throw new IllegalArgumentException("cannot mirror " + subject + ": the mirror is part of the join");
		}
		if (Errno.EOPNOTSUPP.is(result)) {
			throw new DuplexException(operation, subject, error,
					"it has no direction " + this.direction + " (any more)", null);
		}
		if (Errno.EPIPE.is(result)) {
			throw new DuplexClosedException(operation, subject, error, "the mirror's output was shut down");
		}
		if (Errno.EBUSY.is(result)) {
			throw new SocketBusyException(operation, subject, error,
					"the mirror is being released, or gets these bytes already");
		}
		if (!this.core.isClosed() && Errno.ENOENT.is(result)) {
			throw new DuplexClosedException(operation, subject, error,
					this.mirror.isClosed() ? "the mirror is closed" : "the join has ended, or the mirror is closed");
		}
		throw this.core.failures().object(operation, subject, result);
	}

	private void whenAllHaveEnded() {
		for (Part part : this.parts) {
			part.ended.thenAccept((event) -> {
				if (this.decisive == null && reason(event) != TeeEndReason.JOIN_ENDED) {
					this.decisive = event;
					this.parts.forEach(Part::stop);
				}
			});
		}
		List<CompletableFuture<Event>> ends = this.parts.stream().map((part) -> part.ended).toList();
		all(ends).whenComplete((done, ex) -> this.core.completions().execute(() -> {
			try {
				this.end.complete(lastWords());
			}
			catch (CompletionException failure) {
				Throwable cause = failure.getCause();
				this.end.completeExceptionally((cause != null) ? cause : failure);
			}
		}));
	}

	private TeeEnd lastWords() {
		TeeCounts counts = TeeCounts.ZERO;
		long duration = 0;
		Event last = this.decisive;
		for (Part part : this.parts) {
			Event event = part.ended.join();
			counts = counts.plus(part.direction, event.aToB(), event.aToBPending());
			duration = Math.max(duration, event.durationNanos());
			last = (last != null) ? last : event;
		}
		Event event = (last != null) ? last : this.parts.get(0).ended.join();
		SystemError error = Failures.error(event.result());
		return new TeeEnd(reason(event), (error != null) ? error.toString() : null, counts, Duration.ofNanos(duration));
	}

	/**
	 * Of a tee, side a is the socket that it mirrors, also when the join has ended; side
	 * b is the mirror.
	 */
	private static TeeEndReason reason(Event event) {
		if (event.reason() == Dx.DX_REASON_SHUT_DOWN) {
			return TeeEndReason.SHUT_DOWN;
		}
		return switch (event.side()) {
			case Dx.DX_SIDE_A -> TeeEndReason.JOIN_ENDED;
			case Dx.DX_SIDE_B ->
				(event.reason() == Dx.DX_REASON_BEHIND) ? TeeEndReason.BEHIND : TeeEndReason.MIRROR_GONE;
			default -> (event.reason() == Dx.DX_REASON_UNJOINED || event.reason() == Dx.DX_REASON_CLOSED)
					? TeeEndReason.STOPPED : TeeEndReason.ERROR;
		};
	}

	@Override
	public DuplexSocket mirror() {
		return this.mirror;
	}

	@Override
	public TeeDirection direction() {
		return this.direction;
	}

	@Override
	public TeeCounts counts() {
		TeeCounts counts = TeeCounts.ZERO;
		for (Part part : this.parts) {
			JoinRow row = part.describe();
			if (row != null) {
				counts = counts.plus(part.direction, row.aToB(), row.aToBPending());
			}
			else {
				Event event = part.last();
				counts = counts.plus(part.direction, event.aToB(), event.aToBPending());
			}
		}
		return counts;
	}

	@Override
	public CompletionStage<TeeCounts> countsAsync() {
		return this.core.later(this::counts);
	}

	@Override
	public void close() {
		Parking.get(stop());
	}

	@Override
	public CompletionStage<TeeEnd> closeAsync() {
		stop();
		return end();
	}

	private CompletableFuture<Void> stop() {
		return all(this.parts.stream().map(Part::stop).toList());
	}

	@Override
	public CompletionStage<TeeEnd> end() {
		return this.end.minimalCompletionStage();
	}

	@Override
	public String toString() {
		return "Tee[" + this.join + " to " + this.mirror + ", " + this.direction + ", of " + this.engine + "]";
	}

	/**
	 * One direction.
	 */
	private final class Part {

		private final TeeDirection direction;

		/** Completes on the event thread. */
		private final CompletableFuture<Event> ended = new CompletableFuture<>();

		private final CompletableFuture<Event> answer;

		Part(TeeDirection direction, long joinId, long maxLag) {
			this.direction = direction;
			int side = (direction == TeeDirection.CLIENT_TO_BACKEND) ? Dx.DX_SIDE_A : Dx.DX_SIDE_B;
			EngineCore engineCore = NativeTee.this.core;
			this.answer = engineCore.commands()
				.submit((token) -> LibDuplex.dx_tee(joinId, NativeTee.this.mirror.id(), side, maxLag, token,
						new long[1]), (event) -> {
							if (event.result() >= 0) {
								engineCore.joinEnds().made(event.object(), this.ended);
							}
						});
		}

		CompletableFuture<Event> stop() {
			long id = this.answer.join().object();
			return NativeTee.this.core.commands().submit((token) -> LibDuplex.dx_unjoin(id, token));
		}

		@Nullable JoinRow describe() {
			JoinRows rows = new JoinRows(1);
			long id = this.answer.join().object();
			Event event = Parking.get(NativeTee.this.core.commands().submit((token) -> rows.describe(id, token)));
			return (event.result() >= 0) ? rows.get(0) : null;
		}

		Event last() {
			try {
				Parking.get(this.ended.handle((event, ex) -> true));
				return this.ended.join();
			}
			catch (CompletionException ex) {
				throw NativeTee.this.core.failures().closed("count what was mirrored of", NativeTee.this.join);
			}
		}

	}

}
