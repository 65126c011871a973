/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongToIntFunction;

import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;

/**
 * Commands that the engine has not answered yet. A command's future always completes, and
 * with an event: the answer, or one with a negative result that stands for it. It
 * completes on the event thread, so whoever attaches to it must do next to nothing.
 */
final class Commands {

	private final AtomicLong tokens = new AtomicLong();

	private final ConcurrentHashMap<Long, Pending> pending = new ConcurrentHashMap<>();

	private volatile boolean over;

	/**
	 * Give a command.
	 * @param call calls the function with a token. It is kept until the answer comes, and
	 * with it the memory that it lends
	 * @return the answer
	 */
	CompletableFuture<Event> submit(LongToIntFunction call) {
		return submit(call, (event) -> {
		});
	}

	/**
	 * Give a command.
	 * @param call calls the function with a token. It is kept until the answer comes, and
	 * with it the memory that it lends
	 * @param first sees the answer on the event thread, before any later event
	 * @return the answer
	 */
	CompletableFuture<Event> submit(LongToIntFunction call, Consumer<Event> first) {
		long token = this.tokens.incrementAndGet();
		Pending command = new Pending(call, first, new CompletableFuture<>());
		this.pending.put(token, command);
		int result = call.applyAsInt(token);
		if (result < 0) {
			this.pending.remove(token);
			command.answer.complete(Event.failed(token, result));
		}
		else if (this.over) {
			done(Event.failed(token, -Errno.ESHUTDOWN.number()));
		}
		return command.answer;
	}

	/**
	 * The engine has answered.
	 * @param event the answer
	 */
	void done(Event event) {
		Pending command = this.pending.remove(event.token());
		if (command != null) {
			command.first.accept(event);
			command.answer.complete(event);
		}
	}

	/**
	 * The engine will not answer any more.
	 */
	void failAll() {
		this.over = true;
		for (Long token : this.pending.keySet()) {
			done(Event.failed(token, -Errno.ESHUTDOWN.number()));
		}
	}

	private record Pending(LongToIntFunction call, Consumer<Event> first, CompletableFuture<Event> answer) {

	}

}
