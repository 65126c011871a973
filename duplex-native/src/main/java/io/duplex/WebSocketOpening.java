/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

import io.duplex.ffi.Errno;

/**
 * The opening handshake on a connected socket, and nothing beyond it: neither does it set
 * the codec nor close the socket. It holds no thread while it waits. What has come behind
 * the peer's head is the socket's next input.
 * <p>
 * The future fails with a {@link WebSocketHandshakeException}; with what the socket says
 * when it is joined, closed or reset; or with a {@link DuplexInterruptedException}.
 */
abstract class WebSocketOpening {

	private final NativeSocket socket;

	private final WebSocketOptions options;

	private final String operation;

	private final CompletableFuture<Stop> stop = new CompletableFuture<>();

	private final CompletableFuture<WebSocketHandshake> handshake = new CompletableFuture<>();

	WebSocketOpening(NativeSocket socket, WebSocketOptions options, String operation) {
		this.socket = socket;
		this.options = options;
		this.operation = operation;
	}

	/**
	 * Begin at the server's end. A refusal has been sent when the future fails.
	 * @param socket a connected socket
	 * @param options what to accept
	 * @return the handshake under way
	 */
	static WebSocketOpening accept(NativeSocket socket, WebSocketOptions options) {
		WebSocketOpening opening = new WebSocketServerOpening(socket, options);
		opening.start();
		return opening;
	}

	/**
	 * Begin at the client's end.
	 * @param socket a connected socket
	 * @param uri where to
	 * @param options what to offer
	 * @return the handshake under way
	 * @throws IllegalArgumentException when the URI is none of a WebSocket
	 */
	static WebSocketOpening connect(NativeSocket socket, URI uri, WebSocketOptions options) {
		WebSocketOpening opening = new WebSocketClientOpening(socket, WebSocketOffer.of(uri, options), options);
		opening.start();
		return opening;
	}

	/**
	 * What it will have agreed on.
	 * @return completes on the engine's executor, or is complete
	 */
	CompletableFuture<WebSocketHandshake> handshake() {
		return this.handshake;
	}

	/**
	 * Give up, unless it is over already. What was received is given back, so that a
	 * server that has not answered can begin again.
	 */
	void interrupt() {
		this.stop.complete(Stop.INTERRUPTED);
	}

	private void start() {
		Deadline deadline = Deadline.afterOrNever(this.options.timeout());
		if (deadline.limited()) {
			Future<?> timer = this.socket.core()
				.threads()
				.after(Duration.ofNanos(deadline.remainingNanos()), () -> this.stop.complete(Stop.TIME_OVER));
			this.handshake.whenComplete((done, ex) -> timer.cancel(false));
		}
		try {
			this.socket.requireNothingPutBack();
			begin();
		}
		catch (RuntimeException ex) {
			fail(ex);
		}
	}

	abstract void begin();

	/**
	 * The peer's head is here.
	 * @param head its head
	 * @throws WebSocketFault when it is refused
	 */
	abstract void received(HttpHead head) throws WebSocketFault;

	/**
	 * What has come is refused.
	 * @param fault what is wrong with it
	 */
	abstract void faulty(WebSocketFault fault);

	/** Nothing complete has come in time. */
	abstract void late();

	/**
	 * Receive a head: {@link #received} comes next.
	 * @param receiver takes it
	 * @param what a request or a response
	 */
	void receive(HttpHeadReceiver receiver, String what) {
		guard(this.socket.input().run(() -> isStopped() ? stopped(receiver) : receiver.receive(), (result) -> {
			if (result > 0) {
				take(receiver);
			}
			else if (result == 0) {
				fail(exception(0, "the stream ended after " + receiver.length() + " bytes, before the " + what
						+ " was complete"));
			}
			else if (isInterrupted()) {
				fail(interrupted(0));
			}
			else if (isStopped() && Errno.EAGAIN.is(result)) {
				late();
			}
			else {
				fail(this.socket.failure(this.operation, result));
			}
			return null;
		}, this.stop));
	}

	private long stopped(HttpHeadReceiver receiver) {
		if (isInterrupted()) {
			receiver.giveBack();
		}
		return -Errno.EAGAIN.number();
	}

	private void take(HttpHeadReceiver receiver) {
		try {
			received(receiver.head());
		}
		catch (WebSocketFault ex) {
			faulty(ex);
		}
	}

	/**
	 * Send all of a request or a response.
	 * @param bytes the bytes
	 * @param then comes next
	 * @param unsent comes instead when it was interrupted before the first byte
	 */
	void send(byte[] bytes, Runnable then, Runnable unsent) {
		ByteBuffer buffer = ByteBuffer.wrap(bytes);
		guard(this.socket.output().run(() -> this.socket.bytes().sendAll(buffer), (result) -> {
			if (result == 0) {
				then.run();
			}
			else if (!isStopped() || !Errno.EAGAIN.is(result)) {
				fail(this.socket.failure(this.operation, result));
			}
			else if (isInterrupted()) {
				if (buffer.position() == 0) {
					unsent.run();
				}
				fail(interrupted(buffer.position()));
			}
			else {
				fail(exception(0, "the peer did not take all of it in " + this.options.timeout()));
			}
			return null;
		}, this.stop));
	}

	/** What nobody has expected fails the handshake too. */
	private void guard(CompletableFuture<?> step) {
		step.whenComplete((done, ex) -> {
			if (ex != null) {
				fail(ex);
			}
		});
	}

	/**
	 * A time limit of a step of its own.
	 * @param limit how long
	 * @param step the step, ended when time is over
	 */
	void limit(Duration limit, LimitedStep step) {
		CompletableFuture<Void> over = new CompletableFuture<>();
		Future<?> timer = this.socket.core().threads().after(limit, () -> over.complete(null));
		step.run(over).whenComplete((done, ex) -> timer.cancel(false));
	}

	void complete(WebSocketHandshake agreed) {
		this.handshake.complete(agreed);
	}

	void fail(Throwable cause) {
		this.handshake.completeExceptionally(cause);
	}

	WebSocketHandshakeException exception(int status, String reason) {
		return new WebSocketHandshakeException(this.operation, subject(), status, reason);
	}

	/** Whoever reads of a refusal wants to know whose it was. */
	private String subject() {
		try {
			this.socket.peerAddress();
		}
		catch (DuplexException ex) {
			// It is closed, and has a number still.
		}
		return this.socket.subject();
	}

	/** The thread that was interrupted is another one. */
	private DuplexInterruptedException interrupted(int sent) {
		return new DuplexInterruptedException(this.operation, this.socket.subject(), "the thread was interrupted",
				sent);
	}

	private boolean isStopped() {
		return this.stop.isDone();
	}

	private boolean isInterrupted() {
		return this.stop.getNow(Stop.TIME_OVER) == Stop.INTERRUPTED;
	}

	NativeSocket socket() {
		return this.socket;
	}

	WebSocketOptions options() {
		return this.options;
	}

	private enum Stop {

		TIME_OVER, INTERRUPTED

	}

	/**
	 * A step with a time limit.
	 */
	@FunctionalInterface
	interface LimitedStep {

		CompletableFuture<?> run(CompletableFuture<Void> over);

	}

}
