/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * Lets one at a time use half a socket, in the order in which they came. Unlike with a
 * lock, whoever waits is no thread.
 */
final class TurnQueue {

	private static final CompletableFuture<Void> NOW = CompletableFuture.completedFuture(null);

	private final ReentrantLock lock = new ReentrantLock();

	private final Deque<CompletableFuture<Void>> waiting = new ArrayDeque<>();

	private boolean taken;

	/**
	 * Get into the queue.
	 * @return completes when it is one's turn, in the thread of whoever leaves
	 */
	CompletableFuture<Void> enter() {
		this.lock.lock();
		try {
			if (!this.taken) {
				this.taken = true;
				return NOW;
			}
			CompletableFuture<Void> turn = new CompletableFuture<>();
			this.waiting.add(turn);
			return turn;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * End one's turn, or give up waiting for it.
	 * @param turn what {@link #enter} returned
	 */
	void leave(CompletableFuture<Void> turn) {
		if (!turn.isDone() && giveUp(turn)) {
			return;
		}
		CompletableFuture<Void> next;
		do {
			next = next();
		}
		while (next != null && !next.complete(null));
	}

	/**
	 * Give up waiting for one's turn, unless it has come.
	 * @param turn what {@link #enter} returned
	 * @return false when it has come: {@link #leave} ends it
	 */
	boolean giveUp(CompletableFuture<Void> turn) {
		if (!turn.cancel(false)) {
			return false;
		}
		forget(turn);
		return true;
	}

	private void forget(CompletableFuture<Void> turn) {
		this.lock.lock();
		try {
			this.waiting.remove(turn);
		}
		finally {
			this.lock.unlock();
		}
	}

	private @Nullable CompletableFuture<Void> next() {
		this.lock.lock();
		try {
			CompletableFuture<Void> next = this.waiting.poll();
			this.taken = next != null;
			return next;
		}
		finally {
			this.lock.unlock();
		}
	}

}
