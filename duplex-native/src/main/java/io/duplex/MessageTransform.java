/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What {@link DuplexEngine#routeThrough} does to the messages of one direction. It is
 * called for one message after the other, never by two threads at once, and sees what it
 * did before; an instance that has state serves one direction of one route. It may block.
 * <p>
 * A message that is returned as it was given is passed on as a route does: its kind and
 * what is extra go along between codecs of one type, and control messages do not go to
 * another type. Any other is put as it is, so that {@code Message.of(…)} is a message of
 * the kind that the other side's codec makes by default.
 */
@FunctionalInterface
public interface MessageTransform {

	/**
	 * Transform a message.
	 * @param message the message; the function's to change and to keep
	 * @return what is put instead, possibly the same, or null for nothing. Not to be
	 * changed any more
	 * @throws Exception ends the route
	 */
	@Nullable Message apply(Message message) throws Exception;

	/**
	 * Transform a message into any number of them: this is what a route calls. By default
	 * it is {@link #apply}.
	 * @param message the message
	 * @return what is put instead, in this order
	 * @throws Exception ends the route
	 */
	default List<Message> applyToMany(Message message) throws Exception {
		Message result = apply(message);
		return (result != null) ? List.of(result) : List.of();
	}

	/**
	 * The direction's messages have ended: a last chance to put some. They go ahead of
	 * the end, and of a message that says so (a Close, the last chunk), with which
	 * {@link #apply} is called behind this. Not called when the route is undone or
	 * breaks.
	 * @return what is put ahead of the end; by default nothing
	 * @throws Exception ends the route
	 */
	default List<Message> finish() throws Exception {
		return List.of();
	}

	/**
	 * A function that changes nothing.
	 * @return the function
	 */
	static MessageTransform identity() {
		return (message) -> message;
	}

}
