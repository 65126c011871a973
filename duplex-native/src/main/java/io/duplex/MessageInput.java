/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

import io.duplex.ffi.Errno;
import org.jspecify.annotations.Nullable;

/**
 * Gets messages from a socket: for a thread that waits, for somebody who does not, and
 * for one who only looks. Whoever waits is woken also when a message that has begun to
 * arrive is too late, which no event tells.
 */
final class MessageInput {

	private static final String GET = "get a message from";

	private final SocketHandle socket;

	private final ReadyLoop loop;

	private final SocketCodec codec;

	/**
	 * Create what gets.
	 * @param socket the socket
	 * @param loop its input half
	 * @param codec its codec
	 */
	MessageInput(SocketHandle socket, ReadyLoop loop, SocketCodec codec) {
		this.socket = socket;
		this.loop = loop;
		this.codec = codec;
	}

	@Nullable Message get(Deadline deadline) {
		List<Message> got = new ArrayList<>(1);
		return firstOrEnd(got, await(got, 1, deadline));
	}

	int get(List<Message> into, int max) {
		requirePositive(max);
		return countOrEnd(await(into, max, Deadline.NEVER));
	}

	@Nullable Message tryGet() {
		List<Message> got = new ArrayList<>(1);
		long result = this.loop.attempt(() -> this.codec.messages().get(got, 1));
		return Errno.EAGAIN.is(result) ? null : firstOrEnd(got, result);
	}

	CompletionStage<@Nullable Message> getAsync(Deadline deadline) {
		List<Message> got = new ArrayList<>(1);
		AtomicBoolean isWaiting = new AtomicBoolean(true);
		FrameAlarm alarm = new FrameAlarm(this.socket.core().threads(), () -> {
			this.socket.core().readiness().nudge(this.socket.id());
			return isWaiting.get();
		});
		CompletableFuture<@Nullable Message> message = this.loop.run(() -> {
			long count = this.codec.messages().get(got, 1);
			if (Errno.EAGAIN.is(count)) {
				alarm.set(this.codec.messages().millisUntilLate());
			}
			return count;
		}, (result) -> firstOrEnd(got, result), deadline);
		message.whenComplete((done, ex) -> isWaiting.set(false));
		return message.minimalCompletionStage();
	}

	CompletionStage<Integer> getAsync(List<Message> into, int max) {
		requirePositive(max);
		return this.loop.run(() -> this.codec.messages().get(into, max), this::countOrEnd).minimalCompletionStage();
	}

	private static void requirePositive(int max) {
		if (max < 1) {
			throw new IllegalArgumentException("max must be at least 1: " + max);
		}
	}

	/** Wakes up when a message that has begun to arrive is too late, too. */
	private long await(List<Message> into, int max, Deadline deadline) {
		try {
			while (true) {
				long late = this.codec.messages().millisUntilLate();
				Deadline frame = (late < 0) ? deadline : Deadline.after(Duration.ofMillis(late));
				Deadline until = deadline.earlier(frame);
				long result = this.loop.await(() -> {
					long count = this.codec.messages().get(into, max);
					boolean hasBegun = Errno.EAGAIN.is(count) && late < 0
							&& this.codec.messages().millisUntilLate() >= 0;
					return hasBegun ? -Errno.EINTR.number() : count;
				}, until);
				boolean isLate = Errno.EAGAIN.is(result) && !deadline.isOver();
				if (!isLate && !Errno.EINTR.is(result)) {
					return result;
				}
			}
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(GET, this.socket.subject(), 0);
		}
	}

	private @Nullable Message firstOrEnd(List<Message> got, long result) {
		return (got(result) > 0) ? got.get(0) : null;
	}

	private int countOrEnd(long result) {
		int count = (int) got(result);
		return (count == 0) ? -1 : count;
	}

	private long got(long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(GET, this.socket.subject(), "no message was whole in time", 0);
		}
		if (Errno.EPROTO.is(result)) {
			throw this.codec.messages().failure(GET, this.socket.subject(), true);
		}
		if (result < 0) {
			throw this.socket.failure(GET, result);
		}
		return result;
	}

}
