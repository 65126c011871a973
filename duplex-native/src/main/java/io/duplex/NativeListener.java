/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;

/**
 * A listener of the native engine.
 */
final class NativeListener implements DuplexListener {

	private final NativeEngine engine;

	private final EngineCore core;

	private final long id;

	private final DuplexAddress address;

	private final ReadyLoop connections;

	private final AtomicBoolean closed = new AtomicBoolean();

	NativeListener(NativeEngine engine, long id, DuplexAddress address) {
		this.engine = engine;
		this.core = engine.core();
		this.id = id;
		this.address = address;
		this.connections = new ReadyLoop(this.core, id, Dx.DX_READABLE);
	}

	NativeEngine engine() {
		return this.engine;
	}

	@Override
	public long id() {
		return this.id;
	}

	@Override
	public DuplexAddress address() {
		return this.address;
	}

	@Override
	public DuplexSocket accept() {
		return accept(Deadline.NEVER);
	}

	@Override
	public DuplexSocket accept(Duration timeout) {
		return accept(Deadline.after(timeout));
	}

	private DuplexSocket accept(Deadline deadline) {
		try {
			return accepted(this.connections.await(this::tryToAccept, deadline));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("accept on", this.address.toString(), 0);
		}
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync() {
		return this.connections.run(this::tryToAccept, this::accepted).minimalCompletionStage();
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync(Duration timeout) {
		return this.connections.run(this::tryToAccept, this::accepted, Deadline.after(timeout))
			.minimalCompletionStage();
	}

	/**
	 * Accept a connection that is there.
	 * @return its id or a negative errno: ids are positive, so that one number can be
	 * either
	 */
	long tryToAccept() {
		long[] socket = new long[1];
		int result = LibDuplex.dx_accept(this.id, socket);
		return (result < 0) ? result : socket[0];
	}

	private DuplexSocket accepted(long result) {
		return accepted(this.engine, this.address, result);
	}

	/**
	 * What comes of waiting for a connection.
	 * @param engine the engine
	 * @param subject where somebody waited
	 * @param result what the last {@link #tryToAccept()} returned
	 * @return the connection
	 */
	static DuplexSocket accepted(NativeEngine engine, Object subject, long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException("accept on", subject.toString(), "nobody connected in time", 0);
		}
		if (result < 0) {
			throw engine.core().failures().object("accept on", subject.toString(), result);
		}
		return new NativeSocket(engine, result);
	}

	/**
	 * Give the descriptor up: those who wait for connections are told so.
	 * @return the descriptor, the caller's
	 */
	int release() {
		Event event = Parking.get(this.core.commands().submit((token) -> LibDuplex.dx_release(this.id, 0, token)));
		if (event.result() < 0) {
			throw this.core.failures().object("release the listener on", this.address.toString(), event.result());
		}
		this.closed.set(true);
		return (int) event.value();
	}

	@Override
	public void close() {
		if (this.closed.compareAndSet(false, true)) {
			Parking.awaitUninterruptibly(giveClose(), Deadline.NEVER);
		}
	}

	@Override
	public CompletionStage<Void> closeAsync() {
		if (this.closed.compareAndSet(false, true)) {
			return this.core.completions().map(giveClose(), (event) -> null);
		}
		return CompletableFuture.completedStage(null);
	}

	private CompletableFuture<Event> giveClose() {
		return this.core.commands().submit((token) -> LibDuplex.dx_close(this.id, 0, 0, token));
	}

	@Override
	public String toString() {
		return "DuplexListener[" + this.address + "]";
	}

}
