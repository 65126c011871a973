/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * The codec that a socket has at the moment, and the socket's messages as that one has
 * them.
 */
final class SocketCodec {

	private static final String SET = "set the codec of";

	private final SocketHandle socket;

	private final PutBack putBack;

	private volatile MessageStream messages;

	private volatile boolean inJava;

	/**
	 * Create what has no codec yet.
	 * @param socket the socket
	 * @param putBack bytes that no codec would see
	 */
	SocketCodec(SocketHandle socket, PutBack putBack) {
		this.socket = socket;
		this.putBack = putBack;
		this.messages = open(socket, null);
	}

	void set(@Nullable Codec codec) {
		this.putBack.requireEmpty(this.socket);
		int result = LibDuplex.dx_codec_set(this.socket.id(), (codec != null) ? codec.encode() : null);
		if (Errno.EINVAL.is(result) || (Errno.ENOENT.is(result) && codec != null && !this.socket.isLetGo())) {
			throw new DuplexException(SET, this.socket.subject(), Failures.error(result),
					"the engine does not know the codec '" + codec + "'", null);
		}
		if (result < 0) {
			throw this.socket.failure(SET, result);
		}
		this.messages = open(this.socket, codec);
		this.inJava = codec != null && codec.isInJava();
	}

	private static MessageStream open(SocketHandle socket, @Nullable Codec codec) {
		return (codec != null) ? codec.open(socket.core().scratch(), socket.id())
				: new SocketMessages(socket.core().scratch(), socket.id());
	}

	MessageStream messages() {
		return this.messages;
	}

	/**
	 * Make sure that a worker can decode and encode the messages.
	 * @throws DuplexException when the codec is written in Java
	 */
	void requireNotInJava() {
		if (this.inJava) {
			throw new DuplexException("route", this.socket.subject(), null,
					"its codec is written in Java, which no worker can run: use DuplexEngine.routeThrough()", null);
		}
	}

}
