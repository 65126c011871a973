/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

/**
 * When a wait is over.
 *
 * @param nanoTime as {@link System#nanoTime()} counts
 * @param limited false for a wait that has no end
 */
record Deadline(long nanoTime, boolean limited) {

	static final Deadline NEVER = new Deadline(0, false);

	/**
	 * Longer than anybody waits, and short enough for {@code nanoTime} to be compared.
	 */
	private static final Duration LONGEST = Duration.ofDays(36500);

	static Deadline after(Duration timeout) {
		if (timeout.isNegative()) {
			throw new IllegalArgumentException("timeout must not be negative: " + timeout);
		}
		if (timeout.compareTo(LONGEST) >= 0) {
			return NEVER;
		}
		return new Deadline(System.nanoTime() + timeout.toNanos(), true);
	}

	/**
	 * The same, but zero means that there is no limit.
	 * @param timeout the limit
	 * @return the deadline
	 */
	static Deadline afterOrNever(Duration timeout) {
		return timeout.isZero() ? NEVER : after(timeout);
	}

	/**
	 * What is left.
	 * @return nanoseconds, at least 0; meaningless without a limit
	 */
	long remainingNanos() {
		return Math.max(0, this.nanoTime - System.nanoTime());
	}

	/**
	 * What is left, as the C functions want it.
	 * @return milliseconds, at least 1; 0 without a limit
	 */
	int remainingMillis() {
		return this.limited ? Millis.limit(Duration.ofNanos(remainingNanos())) : 0;
	}

	/**
	 * The one that comes first.
	 * @param other another
	 * @return this one or the other
	 */
	Deadline earlier(Deadline other) {
		if (!this.limited || !other.limited) {
			return this.limited ? this : other;
		}
		return (this.nanoTime - other.nanoTime <= 0) ? this : other;
	}

	boolean isOver() {
		return this.limited && remainingNanos() == 0;
	}

}
