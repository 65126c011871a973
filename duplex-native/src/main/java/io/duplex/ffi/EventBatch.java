/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Room for the events that one wait returns. Of one thread.
 */
public final class EventBatch {

	private static final int CAPACITY = 256;

	private static final int FOR_EVER = -1;

	private final ByteBuffer records = ByteBuffer.allocateDirect(CAPACITY * Event.SIZEOF)
		.order(ByteOrder.nativeOrder());

	/**
	 * Block until there are events: the one wait inside native code.
	 * @param engine the engine
	 * @return their number, or a negative errno
	 */
	public int await(long engine) {
		return LibDuplex.dx_events_wait(engine, this.records, CAPACITY, FOR_EVER);
	}

	/**
	 * Read an event.
	 * @param index less than what {@link #await} returned
	 * @return the event
	 */
	public Event get(int index) {
		return Event.read(this.records, index * Event.SIZEOF);
	}

}
