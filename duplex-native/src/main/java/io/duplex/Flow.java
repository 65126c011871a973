/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;

import io.duplex.ffi.Event;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TransformPump} moves from one socket through a function to another: bytes
 * or messages. One piece is on its way at a time. Used by one thread at a time, but for
 * {@link #isInside()} and {@link #counts()}.
 */
interface Flow {

	/**
	 * Receive a piece.
	 * @return what is positive for a piece, 0 at the end of the stream, or a negative
	 * errno
	 */
	long receive();

	/**
	 * Give what was received, or the end, to the function; what that returns is to be
	 * sent.
	 * @throws Exception what the function throws
	 */
	void transform() throws Exception;

	/**
	 * Send what there is to send.
	 * @return 0 when nothing is left, {@code -EAGAIN} when more does not fit, or another
	 * negative errno
	 */
	long send();

	/**
	 * Leave some of what there is to send to the engine.
	 * @return the engine's answer, for {@link #left()}; null when there has to be room
	 */
	@Nullable CompletableFuture<Event> leave();

	/**
	 * The engine has taken what was left to it.
	 */
	void left();

	/**
	 * What follows when all is sent.
	 * @return how the source has ended
	 */
	Ending ending();

	/**
	 * Whether a piece has begun to arrive that cannot be given back.
	 * @return true when the source is not to be left yet
	 */
	boolean isInside();

	/**
	 * When to receive again although nothing has come.
	 * @return milliseconds, or -1 for never
	 */
	long millisUntilLate();

	/**
	 * What a codec has refused.
	 * @param result what {@link #receive()} or {@link #send()} has returned
	 * @param isInput whether it came from the source
	 * @return the exception, or null when it was no codec
	 */
	@Nullable DuplexException refusal(long result, boolean isInput);

	Counts counts();

	/**
	 * How a source ends.
	 */
	enum Ending {

		/** There may be more. */
		NOT_YET,

		/** The sink's stream is to end, too. */
		END_OF_STREAM,

		/** The sink was told by a message, and its peer has to answer with one. */
		END_OF_MESSAGES,

		/** Neither direction goes on. */
		CLOSED,

		/** The messages are complete, the streams go on. */
		FINISHED

	}

	/**
	 * What was moved up to now.
	 *
	 * @param received bytes
	 * @param sent bytes
	 * @param messagesReceived messages
	 * @param messagesSent messages
	 */
	record Counts(long received, long sent, long messagesReceived, long messagesSent) {

	}

}
