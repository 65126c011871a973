/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;

/**
 * Takes sockets that other processes pass on over a unix socket. The other end is
 * {@link Passing}.
 */
final class Taking {

	private static final String TAKE = "take a socket from";

	private final NativeEngine engine;

	Taking(NativeEngine engine) {
		this.engine = engine;
	}

	/**
	 * Wait for a socket.
	 * @param carrier what it comes over
	 * @param deadline how long
	 * @return the socket
	 */
	DuplexSocket take(NativeSocket carrier, Deadline deadline) {
		try {
			return taken(carrier, await(carrier, deadline));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(TAKE, carrier.toString(), 0);
		}
	}

	/**
	 * {@link #take} without waiting.
	 * @param carrier what it comes over
	 * @param deadline how long
	 * @return completes on the engine's executor
	 */
	CompletionStage<DuplexSocket> takeAsync(NativeSocket carrier, Deadline deadline) {
		return this.engine.core().later(() -> taken(carrier, Parking.orCancelled(() -> await(carrier, deadline))));
	}

	private long await(NativeSocket carrier, Deadline deadline) throws InterruptedException {
		return carrier.input().await(() -> {
			long[] socket = new long[1];
			int result = LibDuplex.dx_take(this.engine.core().id(), carrier.id(), socket);
			return (result < 0) ? result : socket[0];
		}, deadline);
	}

	private DuplexSocket taken(NativeSocket carrier, long result) {
		String subject = carrier.toString();
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(TAKE, subject, "none was passed in time", 0);
		}
		if (Errno.EPROTO.is(result)) {
			throw new DuplexException(TAKE, subject, Failures.error(result),
					"something else was sent, or not all of it", null);
		}
		if (Errno.ENOTCONN.is(result)) {
			throw new DuplexClosedException(TAKE, subject, Failures.error(result), "its stream has ended");
		}
		if (Errno.EOPNOTSUPP.is(result)) {
			throw new DuplexException(TAKE, subject, Failures.error(result),
					"descriptors travel over unix sockets alone", null);
		}
		if (result < 0) {
			throw this.engine.core().failures().object(TAKE, subject, result);
		}
		return new NativeSocket(this.engine, result);
	}

}
