/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.SocketInfo;

/**
 * Passes a socket on to another process, over a unix socket that carries it there. The
 * other end is {@link Taking}.
 */
final class Passing {

	private static final String PASS = "pass on the connection to";

	private final SocketHandle socket;

	private final ReadyLoop output;

	/**
	 * Create what passes on.
	 * @param socket the socket
	 * @param output its output half
	 */
	Passing(SocketHandle socket, ReadyLoop output) {
		this.socket = socket;
		this.output = output;
	}

	void pass(NativeSocket carrier, Deadline deadline) {
		try {
			passed(await(carrier, deadline));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(PASS, this.socket.subject(), 0);
		}
	}

	CompletionStage<Void> passAsync(NativeSocket carrier, Deadline deadline) {
		return this.socket.core().later(() -> passed(Parking.orCancelled(() -> await(carrier, deadline))));
	}

	/**
	 * Wait until the carrier takes this socket: in turn with what is sent to this one,
	 * which goes out first, and with what is sent over the carrier.
	 */
	private long await(NativeSocket carrier, Deadline deadline) throws InterruptedException {
		List<CompletableFuture<Event>> answer = new ArrayList<>(1);
		long result;
		do {
			result = this.output.await(this::outputDrained, deadline);
			if (result < 0) {
				return result;
			}
			result = carrier.output().await(() -> tryToPass(carrier, answer), deadline);
		}
		while (Errno.ENOTEMPTY.is(result));
		return (result < 0) ? result : Parking.get(answer.get(0)).result();
	}

	private long outputDrained() {
		SocketInfo info = new SocketInfo();
		int result = info.read(this.socket.id());
		return (result == 0 && info.output() == Dx.DX_HALF_DRAINING) ? -Errno.EAGAIN.number() : result;
	}

	private long tryToPass(NativeSocket carrier, List<CompletableFuture<Event>> answer) {
		int[] result = new int[1];
		CompletableFuture<Event> given = this.socket.core().commands().submit((token) -> {
			result[0] = LibDuplex.dx_pass(this.socket.id(), carrier.id(), token);
			return result[0];
		});
		if (result[0] == 0) {
			answer.add(given);
		}
		return result[0];
	}

	private void passed(long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(PASS, this.socket.subject(), "the other process did not take it in time",
					0);
		}
		if (Errno.EOPNOTSUPP.is(result)) {
			throw new DuplexException(PASS, this.socket.subject(), Failures.error(result),
					"descriptors travel over unix sockets alone", null);
		}
		if (result < 0) {
			throw this.socket.failure(PASS, result);
		}
		this.socket.letGo();
	}

}
