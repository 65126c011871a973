/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Lets somebody without a thread look again when a message that has begun to arrive is
 * too late. One timer at a time, however often it is set.
 */
final class FrameAlarm {

	private static final long AGAIN_MILLIS = 50;

	private final EngineThreads threads;

	private final BooleanSupplier task;

	private final AtomicBoolean isSet = new AtomicBoolean();

	/**
	 * Create an alarm.
	 * @param threads run the timer
	 * @param task looks again, quickly; tells whether that could have missed who waits,
	 * so that it has to be done once more
	 */
	FrameAlarm(EngineThreads threads, BooleanSupplier task) {
		this.threads = threads;
		this.task = task;
	}

	/**
	 * Set the alarm, unless it is set.
	 * @param millis when, from now on; nothing when negative
	 */
	void set(long millis) {
		if (millis >= 0 && this.isSet.compareAndSet(false, true)) {
			this.threads.after(Duration.ofMillis(millis), () -> {
				this.isSet.set(false);
				if (this.task.getAsBoolean()) {
					set(AGAIN_MILLIS);
				}
			});
		}
	}

}
