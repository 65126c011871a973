/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;
import io.duplex.ffi.SocketInfo;
import org.jspecify.annotations.Nullable;

/**
 * A socket of the native engine.
 */
final class NativeSocket implements DuplexSocket {

	/** Keeps the engine from being taken for leaked. */
	private final NativeEngine engine;

	private final EngineCore core;

	private final long id;

	private final SocketBytes bytes;

	private final ReadyLoop input;

	private final ReadyLoop output;

	private final PutBack putBack = new PutBack();

	private final AtomicBoolean closed = new AtomicBoolean();

	private volatile @Nullable Addresses addresses;

	NativeSocket(NativeEngine engine, long id) {
		this.engine = engine;
		this.core = engine.core();
		this.id = id;
		this.bytes = new SocketBytes(this.core.scratch(), id);
		this.input = new ReadyLoop(this.core, id, Dx.DX_READABLE);
		this.output = new ReadyLoop(this.core, id, Dx.DX_WRITABLE);
	}

	NativeEngine engine() {
		return this.engine;
	}

	@Override
	public long id() {
		return this.id;
	}

	@Override
	public DuplexAddress localAddress() {
		return addresses("tell the local address of").local;
	}

	@Override
	public DuplexAddress peerAddress() {
		return addresses("tell the peer of").peer;
	}

	private Addresses addresses(String operation) {
		Addresses known = this.addresses;
		if (known != null) {
			return known;
		}
		SocketInfo info = new SocketInfo();
		int result = info.read(this.id);
		if (result < 0) {
			throw failure(operation, result);
		}
		Addresses fresh = new Addresses(decode(info.local()), decode(info.peer()));
		this.addresses = fresh;
		return fresh;
	}

	/**
	 * A socket that was reset meanwhile has no addresses any more, and is described as
	 * unnamed.
	 */
	private static DuplexAddress decode(NativeAddress address) {
		DuplexAddress decoded = AddressCodec.decode(address);
		return (decoded != null) ? decoded : DuplexAddress.unnamed();
	}

	@Override
	public int receive(ByteBuffer buffer) {
		return receive(buffer, Deadline.NEVER);
	}

	@Override
	public int receive(ByteBuffer buffer, Duration timeout) {
		return receive(buffer, Deadline.after(timeout));
	}

	private int receive(ByteBuffer buffer, Deadline deadline) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return 0;
		}
		try {
			return received(this.input.await(() -> tryToReceive(buffer), deadline));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("receive from", subject(), 0);
		}
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return CompletableFuture.completedStage(0);
		}
		return this.input.run(() -> tryToReceive(buffer), this::received).minimalCompletionStage();
	}

	private static void requireWritable(ByteBuffer buffer) {
		if (buffer.isReadOnly()) {
			throw new IllegalArgumentException("cannot receive into a read-only buffer");
		}
	}

	private int received(long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException("receive from", subject(), "no byte came in time", 0);
		}
		if (result < 0) {
			throw failure("receive from", result);
		}
		return (result == 0) ? -1 : (int) result;
	}

	@Override
	public void send(ByteBuffer buffer) {
		send(buffer, Deadline.NEVER);
	}

	@Override
	public void send(ByteBuffer buffer, Duration timeout) {
		send(buffer, Deadline.after(timeout));
	}

	private void send(ByteBuffer buffer, Deadline deadline) {
		int start = buffer.position();
		try {
			long result = this.output.await(() -> this.bytes.sendAll(buffer), deadline);
			if (Errno.EAGAIN.is(result)) {
				throw new DuplexTimeoutException("send to", subject(), "not all bytes could be sent in time",
						buffer.position() - start);
			}
			sent(result);
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("send to", subject(), buffer.position() - start);
		}
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer) {
		CompletableFuture<Void> sent = this.output.run(() -> this.bytes.sendAll(buffer), (result) -> {
			sent(result);
			return null;
		});
		return sent.minimalCompletionStage();
	}

	private void sent(long result) {
		if (result < 0) {
			throw failure("send to", result);
		}
	}

	@Override
	public void shutdownOutput() {
		String operation = "shut down the output to";
		List<CompletableFuture<Event>> answer = new ArrayList<>(1);
		try {
			// In turn, behind what is being sent; but the wait for what is queued is
			// nobody's turn.
			this.output.await(() -> {
				answer.add(this.core.commands().submit((token) -> LibDuplex.dx_shutdown(this.id, token)));
				return 0;
			}, Deadline.NEVER);
			Parking.await(answer.get(0), Deadline.NEVER);
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(operation, subject(), 0);
		}
		int result = answer.get(0).join().result();
		if (result < 0) {
			throw failure(operation, result);
		}
	}

	@Override
	public ReleasedSocket release() {
		return release(0);
	}

	@Override
	public ReleasedSocket release(Duration timeout) {
		return release(Millis.limit(timeout));
	}

	private ReleasedSocket release(int millis) {
		// Not to be interrupted: nobody would own the descriptor.
		Event event;
		do {
			this.putBack.add(readAhead());
			CompletableFuture<Event> answer = this.core.commands()
				.submit((token) -> LibDuplex.dx_release(this.id, millis, token));
			Parking.awaitUninterruptibly(answer, Deadline.NEVER);
			event = answer.join();
		}
		while (Errno.ENOTEMPTY.is(event.result()));
		if (Errno.ETIMEDOUT.is(event.result())) {
			throw new DuplexTimeoutException("release the connection to", subject(),
					"the peer did not take what was queued for it in time", 0);
		}
		if (event.result() < 0) {
			throw failure("release the connection to", event.result());
		}
		this.closed.set(true);
		return new ReleasedSocket((int) event.value(), this.putBack.takeAll().asReadOnlyBuffer());
	}

	private ByteBuffer readAhead() {
		SocketInfo info = new SocketInfo();
		int result = info.read(this.id);
		if (result < 0) {
			throw failure("release", result);
		}
		ByteBuffer queued = ByteBuffer.allocate(Math.toIntExact(info.inputQueued()));
		long count = 1;
		while (queued.hasRemaining() && count > 0) {
			count = this.bytes.receiveQueued(queued);
		}
		return queued.flip();
	}

	@Override
	public void close() {
		close(0, 0);
	}

	@Override
	public void reset() {
		close(Dx.DX_CLOSE_RESET, 0);
	}

	@Override
	public CompletionStage<Long> closeAsync(Duration timeout) {
		return this.core.completions().map(close(0, Millis.limit(timeout)), Event::value);
	}

	private CompletableFuture<Event> close(int flags, int millis) {
		this.closed.set(true);
		return this.core.commands().submit((token) -> LibDuplex.dx_close(this.id, flags, millis, token));
	}

	@Override
	public boolean isClosed() {
		return this.closed.get() || this.core.isClosed();
	}

	/**
	 * Make sure that a join moves all that was received and not read.
	 * @throws SocketBusyException when there are bytes that only {@link #receive} can see
	 */
	void requireNothingPutBack() {
		if (!this.putBack.isEmpty()) {
			throw new SocketBusyException("join", subject(), null,
					"a release that timed out has left unread bytes: receive them first");
		}
	}

	private long tryToReceive(ByteBuffer buffer) {
		int count = this.putBack.take(buffer);
		return (count > 0) ? count : this.bytes.receive(buffer);
	}

	private String subject() {
		Addresses known = this.addresses;
		return (known != null && !known.peer.isUnnamed()) ? known.peer.toString() : "socket " + this.id;
	}

	private DuplexException failure(String operation, long result) {
		if (Errno.EPIPE.is(result) && isOutputShut()) {
			return new DuplexClosedException(operation, subject(), Failures.error(result), "its output was shut down");
		}
		return this.core.failures().object(operation, subject(), result);
	}

	private boolean isOutputShut() {
		SocketInfo info = new SocketInfo();
		return info.read(this.id) == 0 && info.output() == Dx.DX_HALF_SHUT;
	}

	@Override
	public String toString() {
		return "DuplexSocket[" + subject() + "]";
	}

	private record Addresses(DuplexAddress local, DuplexAddress peer) {

	}

}
