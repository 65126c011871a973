/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

import org.jspecify.annotations.Nullable;

/**
 * One ZeroMQ handshake. No thread waits; never more is received than belongs to it, so
 * that what follows is left to the codec.
 */
final class ZmtpHandshake {

	private static final int GREETING = 64;

	/** Bytes that tell a version. */
	private static final int VERSION = 11;

	private static final int MECHANISM = 12;

	private static final int MECHANISM_LENGTH = 20;

	private static final String NULL = "NULL";

	private static final int COMMAND = 4;

	private static final int LONG_COMMAND = 6;

	/** Bytes of a READY that is read. */
	private static final int MOST = 65536;

	private final NativeSocket socket;

	private final ZmtpOptions options;

	private final CompletableFuture<ZmtpPeer> result = new CompletableFuture<>();

	private final AtomicBoolean isOver = new AtomicBoolean();

	/** What a refusal is told with: ERROR, once the peer can read it. */
	private volatile boolean canTell;

	private ZmtpHandshake(NativeSocket socket, ZmtpOptions options) {
		this.socket = socket;
		this.options = options;
	}

	/**
	 * Begin, and do nothing beyond it: neither is the codec set nor the socket closed.
	 * @param socket a connected socket
	 * @param options what this end is
	 * @return what the other end is
	 */
	static CompletableFuture<ZmtpPeer> begin(NativeSocket socket, ZmtpOptions options) {
		ZmtpHandshake handshake = new ZmtpHandshake(socket, options);
		handshake.begin();
		return handshake.result;
	}

	private void begin() {
		if (!this.options.timeout().isZero()) {
			EngineCore core = this.socket.engine().core();
			Future<?> timer = core.threads()
				.after(this.options.timeout(), () -> core.completions().execute(this::timeOut));
			this.result.whenComplete((peer, ex) -> timer.cancel(false));
		}
		this.socket.sendAsync(greeting())
			.thenCompose((sent) -> receive(1))
			.thenCompose(this::checkProtocol)
			.thenCompose(this::checkVersion)
			.thenCompose(this::exchangeReady)
			.whenComplete(this::done);
	}

	private static ByteBuffer greeting() {
		ByteBuffer greeting = ByteBuffer.allocate(GREETING);
		greeting.put(0, (byte) 0xff).put(9, (byte) 0x7f).put(10, (byte) 3).put(11, (byte) 1);
		return greeting.put(MECHANISM, NULL.getBytes(StandardCharsets.US_ASCII));
	}

	/** One byte at first: peers of ZMTP 1.0 may send no more than two. */
	private CompletionStage<ByteBuffer> checkProtocol(ByteBuffer first) {
		if (first.get(0) != (byte) 0xff) {
			throw refusal("it speaks ZMTP 1.0 or no ZMTP at all: its first byte is 0x%02x".formatted(first.get(0)));
		}
		return receive(VERSION - 1);
	}

	private CompletionStage<Greeting> checkVersion(ByteBuffer bytes) {
		if ((bytes.get(VERSION - 3) & 1) == 0) {
			throw refusal("it speaks ZMTP 1.0 or no ZMTP at all: its signature does not end in 0x7f");
		}
		int major = bytes.get(VERSION - 2) & 0xff;
		if (major < 3) {
			throw refusal(
					"it speaks ZMTP " + ((major == 1) ? "2.0" : "of revision " + major) + ", which is older than 3.0");
		}
		return receive(GREETING - VERSION).thenApply((rest) -> new Greeting(major, rest));
	}

	private CompletionStage<ZmtpPeer> exchangeReady(Greeting greeting) {
		String mechanism = greeting.mechanism();
		if (!mechanism.equals(NULL)) {
			throw refusal("it wants the mechanism '" + mechanism + "', and there is NULL alone");
		}
		this.canTell = true;
		return this.socket.sendAsync(ZmtpReady.encode(this.options))
			.thenCompose((sent) -> receive(2))
			.thenCompose(this::readLength)
			.thenCompose((length) -> (length == 0) ? CompletableFuture.completedFuture(ByteBuffer.allocate(0))
					: receive(length))
			.thenApply((body) -> readCommand(body, greeting.minorVersion()));
	}

	private CompletionStage<Integer> readLength(ByteBuffer head) {
		int flags = head.get(0);
		if (flags != COMMAND && flags != LONG_COMMAND) {
			throw refusal("it sent something else than READY, with the flags 0x%02x".formatted(head.get(0)));
		}
		int first = head.get(1) & 0xff;
		if (flags == COMMAND) {
			return CompletableFuture.completedFuture(first);
		}
		return receive(7).thenApply((rest) -> {
			long length = first;
			while (rest.hasRemaining() && length <= MOST) {
				length = (length << 8) | (rest.get() & 0xff);
			}
			if (length > MOST) {
				throw refusal("it sent a READY of more than " + MOST + " bytes");
			}
			return (int) length;
		});
	}

	private ZmtpPeer readCommand(ByteBuffer body, int minorVersion) {
		try {
			String name = ZmtpReady.readName(body);
			if (name.equals(ZmtpReady.ERROR)) {
				this.canTell = false;
				throw refusal("it refuses: " + ZmtpReady.readName(body));
			}
			if (!name.equals(ZmtpReady.READY)) {
				throw refusal("it sent the command '" + name + "' instead of READY");
			}
			return checkType(ZmtpReady.decode(body, minorVersion));
		}
		catch (BufferUnderflowException ex) {
			throw refusal("it sent a malformed command");
		}
		catch (IllegalArgumentException ex) {
			throw refusal(String.valueOf(ex.getMessage()));
		}
	}

	private ZmtpPeer checkType(ZmtpPeer peer) {
		if (!this.options.type().isCompatibleWith(peer.type())) {
			throw refusal("a " + peer.type() + " socket cannot talk to a " + this.options.type() + " socket");
		}
		return peer;
	}

	private CompletionStage<ByteBuffer> receive(int count) {
		return receive(ByteBuffer.allocate(count));
	}

	private CompletionStage<ByteBuffer> receive(ByteBuffer buffer) {
		return this.socket.receiveAsync(buffer).thenCompose((count) -> {
			if (count < 0) {
				throw refusal("it ended its stream inside the handshake");
			}
			return buffer.hasRemaining() ? receive(buffer) : CompletableFuture.completedFuture(buffer.flip());
		});
	}

	private ZmtpException refusal(String reason) {
		return new ZmtpException(this.socket.subject(), reason);
	}

	private void timeOut() {
		if (this.isOver.compareAndSet(false, true)) {
			this.result.completeExceptionally(new DuplexTimeoutException("shake hands with", this.socket.subject(),
					"the handshake was not done in time", 0));
		}
	}

	private void done(@Nullable ZmtpPeer peer, @Nullable Throwable failure) {
		if (!this.isOver.compareAndSet(false, true)) {
			return;
		}
		if (peer != null) {
			this.result.complete(peer);
			return;
		}
		Throwable cause = (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause()
				: failure;
		if (this.canTell && cause instanceof ZmtpException refusal) {
			this.socket.sendAsync(ZmtpReady.error(refusal.getReason()))
				.whenComplete((sent, ex) -> this.result.completeExceptionally(refusal));
		}
		else {
			this.result.completeExceptionally(Objects.requireNonNull(cause));
		}
	}

	/**
	 * What follows the version's major number.
	 *
	 * @param major the number, at least 3
	 * @param rest the bytes
	 */
	private record Greeting(int major, ByteBuffer rest) {

		int minorVersion() {
			return (this.major > 3) ? 1 : Math.min(1, this.rest.get(0) & 0xff);
		}

		String mechanism() {
			byte[] name = new byte[MECHANISM_LENGTH];
			this.rest.get(1, name);
			return new String(name, StandardCharsets.US_ASCII).replaceAll("\0+$", "");
		}

	}

}
