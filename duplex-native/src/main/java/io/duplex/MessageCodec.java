/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

import org.jspecify.annotations.Nullable;

/**
 * A codec written in Java, for getting and putting messages:
 * {@code socket.setCodec(Codec.of(myCodec))}. An instance serves one socket. No worker
 * can run it, so that a {@link DuplexSocket#route} is refused;
 * {@link DuplexEngine#routeThrough} takes its place.
 * <p>
 * Bytes stay in the socket until they belong to a whole message: a join, a receive or
 * another codec finds those that were not decoded, in their order. Decoding is done by
 * one thread at a time, encoding too, but both may happen at once. Neither may block, or
 * call the socket.
 */
public interface MessageCodec {

	/**
	 * Decode a message, if one is whole.
	 * @param bytes what was received and not decoded yet, at least one byte, from
	 * position to limit; read-only, and valid during the call alone
	 * @return the message, in memory of its own: then the buffer's position is behind its
	 * last byte, and by at least one. Or null when more bytes are needed: then all of
	 * them are shown again, wherever the position is, with more behind them
	 * @throws Exception when the peer sends what is not to be sent. The position tells
	 * where. It is said by a {@link CodecException} from then on, every time
	 */
	@Nullable Message decode(ByteBuffer bytes) throws Exception;

	/**
	 * Encode a message.
	 * @param message the message; its buffers' positions are not to be moved
	 * @return the bytes, from position to limit; not to be changed any more. They may
	 * never be sent, when whoever puts does not wait for room
	 * @throws Exception when it cannot be expressed: nothing is sent then, and it is said
	 * by a {@link CodecException}
	 */
	ByteBuffer encode(Message message) throws Exception;

	/**
	 * The stream has ended.
	 * @param rest what was received and not decoded, possibly nothing
	 * @return a last message, or null for none
	 * @throws Exception when the stream may not end here; by default when something is
	 * left
	 */
	default @Nullable Message finish(ByteBuffer rest) throws Exception {
		if (rest.hasRemaining()) {
			throw new IllegalStateException("the stream ended inside a message");
		}
		return null;
	}

}
