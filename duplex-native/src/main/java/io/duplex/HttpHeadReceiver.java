/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

import io.duplex.ffi.ScratchPool;
import org.jspecify.annotations.Nullable;

/**
 * Receives the head of a request or a response, one attempt at a time, and gives back
 * what has come behind it.
 */
final class HttpHeadReceiver {

	/** Most bytes that are received at once, of which few are given back. */
	private static final int PIECE = 4096;

	private final SocketBytes bytes;

	private final ScratchPool scratch;

	private final HttpHeadReader reader;

	private @Nullable WebSocketFault fault;

	HttpHeadReceiver(NativeSocket socket, int max, boolean skipsEmptyLines) {
		this.bytes = socket.bytes();
		this.scratch = socket.core().scratch();
		this.reader = new HttpHeadReader(max, skipsEmptyLines);
	}

	/**
	 * Receive what is there, up to the head's end.
	 * @return positive when the head is complete or cannot become one, 0 at the end of
	 * the stream, or a negative errno
	 */
	long receive() {
		ByteBuffer data = this.scratch.take();
		try {
			while (true) {
				long count = this.bytes.receive(data.clear().limit(PIECE));
				if (count <= 0) {
					return count;
				}
				if (this.reader.read(data.flip())) {
					byte[] behind = new byte[data.remaining()];
					data.get(behind);
					long result = this.bytes.giveBack(behind);
					return (result < 0) ? result : count;
				}
			}
		}
		catch (WebSocketFault ex) {
			this.fault = ex;
			return 1;
		}
		finally {
			this.scratch.give(data);
		}
	}

	/**
	 * Give back what was received, as if nothing had been.
	 */
	void giveBack() {
		this.bytes.giveBack(this.reader.taken());
	}

	/**
	 * The head, once it is complete.
	 * @return the head
	 * @throws WebSocketFault what is wrong with it
	 */
	HttpHead head() throws WebSocketFault {
		if (this.fault != null) {
			throw this.fault;
		}
		return this.reader.head();
	}

	/**
	 * How much of it has arrived.
	 * @return bytes
	 */
	int length() {
		return this.reader.length();
	}

}
