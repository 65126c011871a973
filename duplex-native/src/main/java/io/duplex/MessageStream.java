/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.List;

/**
 * The messages of a held socket, one attempt at a time: what {@link NativeSocket} and a
 * route through functions get from and put to.
 */
interface MessageStream {

	/**
	 * Get what is there.
	 * @param into takes the messages
	 * @param max how many at most
	 * @return their number, 0 at the end, or a negative errno
	 */
	long get(List<Message> into, int max);

	/**
	 * When to get again although nothing has come.
	 * @return milliseconds until the message that has begun to arrive will be too late,
	 * or a negative number when none has
	 */
	long millisUntilLate();

	/**
	 * Whether part of a message has been taken out of the socket, or will have been by
	 * the time that anybody can tell.
	 * @return true when others would miss the beginning of a message
	 */
	boolean isInside();

	/**
	 * Put as many as there is room for.
	 * @param messages the messages
	 * @return their number, or a negative errno
	 */
	long put(List<Message> messages);

	/**
	 * What the codec has refused.
	 * @param operation what was tried
	 * @param subject the socket
	 * @param isInput whether it came from the peer
	 * @return the exception
	 */
	CodecException failure(String operation, String subject, boolean isInput);

	/**
	 * Which codec it is.
	 * @return {@code enum dx_codec_type}
	 */
	int type();

}
