/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

import io.duplex.ffi.Event;

/**
 * The joins that the application made and that have not ended. Of one thread, the event
 * thread, but for reading.
 */
final class JoinEnds {

	private final ConcurrentHashMap<Long, CompletableFuture<Event>> running = new ConcurrentHashMap<>();

	/**
	 * A join was made.
	 * @param join its id
	 * @param end completes on the event thread when it ends: with the event, or
	 * exceptionally when that will never be known
	 */
	void made(long join, CompletableFuture<Event> end) {
		this.running.put(join, end);
	}

	/**
	 * A join has ended.
	 * @param event how
	 */
	void ended(Event event) {
		CompletableFuture<Event> end = this.running.remove(event.object());
		if (end != null) {
			end.complete(event);
		}
	}

	/**
	 * The engine is gone and does not tell any more.
	 */
	void failAll() {
		for (Long join : this.running.keySet()) {
			CompletableFuture<Event> end = this.running.remove(join);
			if (end != null) {
				end.completeExceptionally(new DuplexClosedException("learn the end of join", join.toString(), null,
						"the engine is closed"));
			}
		}
	}

}
