/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Errno;

/**
 * Puts messages to a socket: for a thread that waits, for somebody who does not, and for
 * one who only tries.
 */
final class MessageOutput {

	private static final String PUT = "put a message to";

	private final SocketHandle socket;

	private final ReadyLoop loop;

	private final SocketCodec codec;

	/**
	 * Create what puts.
	 * @param socket the socket
	 * @param loop its output half
	 * @param codec its codec
	 */
	MessageOutput(SocketHandle socket, ReadyLoop loop, SocketCodec codec) {
		this.socket = socket;
		this.loop = loop;
		this.codec = codec;
	}

	void put(List<Message> messages) {
		try {
			for (int from = 0; from < messages.size();) {
				List<Message> rest = messages.subList(from, messages.size());
				from += (int) put(this.loop.await(() -> this.codec.messages().put(rest), Deadline.NEVER));
			}
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(PUT, this.socket.subject(), 0);
		}
	}

	boolean tryPut(Message message) {
		long result = this.loop.attempt(() -> this.codec.messages().put(List.of(message)));
		return !Errno.EAGAIN.is(result) && put(result) > 0;
	}

	CompletionStage<Void> putAsync(List<Message> messages) {
		int[] count = new int[1];
		CompletableFuture<Void> done = this.loop.run(() -> putAll(messages, count), (result) -> {
			put(result);
			return null;
		});
		return done.minimalCompletionStage();
	}

	private long putAll(List<Message> messages, int[] count) {
		while (count[0] < messages.size()) {
			long result = this.codec.messages().put(messages.subList(count[0], messages.size()));
			if (result < 0) {
				return result;
			}
			count[0] += (int) result;
		}
		return count[0];
	}

	private long put(long result) {
		if (Errno.EPROTO.is(result)) {
			throw this.codec.messages().failure(PUT, this.socket.subject(), false);
		}
		if (Errno.EMSGSIZE.is(result)) {
			throw new DuplexException(PUT, this.socket.subject(), Failures.error(result),
					"it is longer than the codec's greatest message", null);
		}
		if (result < 0) {
			throw this.socket.failure(PUT, result);
		}
		return result;
	}

}
