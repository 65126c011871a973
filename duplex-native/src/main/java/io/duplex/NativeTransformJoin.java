/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Dx;
import io.duplex.ffi.SocketInfo;

/**
 * What the application holds of a join through functions.
 */
final class NativeTransformJoin implements TransformJoin {

	/** Keeps the engine from being taken for leaked. */
	private final NativeEngine engine;

	private final Transforming transforming;

	private final DuplexAddress client;

	private final DuplexAddress backend;

	private NativeTransformJoin(NativeEngine engine, Transforming transforming, DuplexAddress client,
			DuplexAddress backend) {
		this.engine = engine;
		this.transforming = transforming;
		this.client = client;
		this.backend = backend;
	}

	static TransformJoin begin(NativeEngine engine, NativeSocket client, NativeSocket backend, Flow forth, Flow back) {
		if (client.id() == backend.id()) {
			throw new IllegalArgumentException("cannot join " + client + " with itself");
		}
		requireHeld(engine, client);
		requireHeld(engine, backend);
		Transforming transforming = new Transforming(engine.core(), client.id(), backend.id(), forth, back);
		NativeTransformJoin join = new NativeTransformJoin(engine, transforming, client.peerAddress(),
				backend.peerAddress());
		engine.core().transformed().claim(client, backend);
		transforming.start();
		return join;
	}

	private static void requireHeld(NativeEngine engine, NativeSocket socket) {
		socket.requireNothingPutBack();
		SocketInfo info = new SocketInfo();
		int result = info.read(socket.id());
		if (result < 0) {
			throw engine.core().failures().object("join", socket.toString(), result);
		}
		if (info.output() == Dx.DX_HALF_SHUT) {
			throw new DuplexClosedException("join", socket.toString(), null, "its output was shut down");
		}
		if (info.input() != Dx.DX_HALF_HELD
				|| (info.output() != Dx.DX_HALF_HELD && info.output() != Dx.DX_HALF_DRAINING)) {
			throw new SocketBusyException("join", socket.toString(), null, "it is part of a join");
		}
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
	public TransformCounts counts() {
		return this.transforming.counts();
	}

	@Override
	public TransformCounts unjoin() {
		CompletableFuture<TransformEnd> end = this.transforming.stop();
		return unjoined(Parking.get(end));
	}

	@Override
	public CompletionStage<TransformCounts> unjoinAsync() {
		return this.transforming.stop().thenApply(this::unjoined).minimalCompletionStage();
	}

	private TransformCounts unjoined(TransformEnd end) {
		if (end.reason() != JoinEndReason.UNJOINED) {
			throw new DuplexClosedException("undo", toString(), null, "it has ended: " + end.reason());
		}
		return end.counts();
	}

	@Override
	public void close() {
		this.transforming.close();
	}

	@Override
	public CompletionStage<TransformEnd> end() {
		return this.transforming.end().minimalCompletionStage();
	}

	@Override
	public String toString() {
		return "TransformJoin[" + this.client + ", " + this.backend + ", of " + this.engine + "]";
	}

}
