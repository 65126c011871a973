/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;

/**
 * Sends bytes to a socket's peer, and the end of the stream behind them: for a thread
 * that waits, for somebody who does not, and for one who sends what fits.
 */
final class ByteOutput {

	private static final String SEND = "send to";

	private static final String SHUT_DOWN = "shut down the output to";

	private final SocketHandle socket;

	private final ReadyLoop loop;

	private final SocketBytes bytes;

	/**
	 * Create what sends.
	 * @param socket the socket
	 * @param loop its output half
	 * @param bytes makes the system calls
	 */
	ByteOutput(SocketHandle socket, ReadyLoop loop, SocketBytes bytes) {
		this.socket = socket;
		this.loop = loop;
		this.bytes = bytes;
	}

	void send(ByteBuffer buffer, Deadline deadline) {
		int start = buffer.position();
		try {
			sent(this.loop.await(() -> this.bytes.sendAll(buffer), deadline), buffer.position() - start);
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(SEND, this.socket.subject(), buffer.position() - start);
		}
	}

	int trySend(ByteBuffer buffer) {
		int start = buffer.position();
		long result = this.loop.attempt(() -> this.bytes.sendAll(buffer));
		if (!Errno.EAGAIN.is(result)) {
			sent(result, buffer.position() - start);
		}
		return buffer.position() - start;
	}

	CompletionStage<Void> sendAsync(ByteBuffer buffer, Deadline deadline) {
		int start = buffer.position();
		CompletableFuture<Void> sent = this.loop.run(() -> this.bytes.sendAll(buffer), (result) -> {
			sent(result, buffer.position() - start);
			return null;
		}, deadline);
		return sent.minimalCompletionStage();
	}

	private void sent(long result, long count) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(SEND, this.socket.subject(), "not all bytes could be sent in time", count);
		}
		if (result < 0) {
			throw this.socket.failure(SEND, result);
		}
	}

	void shutdown() {
		List<CompletableFuture<Event>> answer = new ArrayList<>(1);
		try {
			// In turn, behind what is being sent; but the wait for what is queued is
			// nobody's turn.
			this.loop.await(() -> {
				answer.add(giveShutdown());
				return 0;
			}, Deadline.NEVER);
			Parking.await(answer.get(0), Deadline.NEVER);
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(SHUT_DOWN, this.socket.subject(), 0);
		}
		shutDown(answer.get(0).join());
	}

	CompletionStage<Void> shutdownAsync() {
		CompletableFuture<CompletableFuture<Event>> given = new CompletableFuture<>();
		CompletableFuture<Void> turn = this.loop.run(() -> {
			given.complete(giveShutdown());
			return 0;
		}, (result) -> null);
		return turn.thenCompose((done) -> given)
			.thenCompose((answer) -> this.socket.core().completions().map(answer, (event) -> {
				shutDown(event);
				return null;
			}));
	}

	private CompletableFuture<Event> giveShutdown() {
		return this.socket.core().commands().submit((token) -> LibDuplex.dx_shutdown(this.socket.id(), token));
	}

	private void shutDown(Event event) {
		if (event.result() < 0) {
			throw this.socket.failure(SHUT_DOWN, event.result());
		}
	}

}
