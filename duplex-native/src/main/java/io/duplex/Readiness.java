/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;

/**
 * Who waits for which held socket to become ready. All who wait for the same share a
 * future; a wake-up only means to try again.
 */
final class Readiness {

	private static final CompletableFuture<Void> NOW = CompletableFuture.completedFuture(null);

	private final ConcurrentHashMap<Long, CompletableFuture<Void>> readable = new ConcurrentHashMap<>();

	private final ConcurrentHashMap<Long, CompletableFuture<Void>> writable = new ConcurrentHashMap<>();

	private volatile boolean over;

	/**
	 * Ask for a wake-up. The future never fails and completes on the event thread.
	 * @param socket the socket or listener
	 * @param readiness {@link Dx#DX_READABLE} or {@link Dx#DX_WRITABLE}
	 * @return what to wait for
	 * @throws ArmException when the socket cannot become ready
	 */
	CompletableFuture<Void> arm(long socket, int readiness) throws ArmException {
		ConcurrentHashMap<Long, CompletableFuture<Void>> waiting = waiting(readiness);
		CompletableFuture<Void> ready = waiting.computeIfAbsent(socket, (id) -> new CompletableFuture<>());
		int result = LibDuplex.dx_arm(socket, readiness);
		if (result < 0) {
			wake(waiting, socket);
			throw new ArmException(result);
		}
		if (this.over) {
			wake(waiting, socket);
			return NOW;
		}
		return ready;
	}

	/**
	 * The engine says that a socket is ready.
	 * @param event what it says
	 */
	void ready(Event event) {
		if ((event.value() & Dx.DX_READABLE) != 0) {
			wake(this.readable, event.object());
		}
		if ((event.value() & Dx.DX_WRITABLE) != 0) {
			wake(this.writable, event.object());
		}
	}

	/**
	 * Let who waits for a socket to become readable try again.
	 * @param socket the socket
	 */
	void nudge(long socket) {
		wake(this.readable, socket);
	}

	/**
	 * Let everybody try again, now and from now on.
	 */
	void wakeAll() {
		this.over = true;
		this.readable.keySet().forEach((socket) -> wake(this.readable, socket));
		this.writable.keySet().forEach((socket) -> wake(this.writable, socket));
	}

	private ConcurrentHashMap<Long, CompletableFuture<Void>> waiting(int readiness) {
		return (readiness == Dx.DX_READABLE) ? this.readable : this.writable;
	}

	private static void wake(ConcurrentHashMap<Long, CompletableFuture<Void>> waiting, Long socket) {
		CompletableFuture<Void> ready = waiting.remove(socket);
		if (ready != null) {
			ready.complete(null);
		}
	}

	/**
	 * A socket cannot become ready.
	 */
	static final class ArmException extends Exception {

		private static final long serialVersionUID = 1L;

		private final int result;

		private ArmException(int result) {
			super("dx_arm: " + result, null, false, false);
			this.result = result;
		}

		/**
		 * What the engine said.
		 * @return a negative errno
		 */
		int result() {
			return this.result;
		}

	}

}
