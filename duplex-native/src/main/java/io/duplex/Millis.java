/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

/**
 * Durations as the C functions take them: whole milliseconds, where 0 means something
 * else than a short time.
 */
final class Millis {

	private static final long NANOS = 1_000_000;

	private Millis() {
	}

	/**
	 * A time limit.
	 * @param duration the limit
	 * @return milliseconds, rounded up, 1 to 2^31 - 1
	 */
	static int limit(Duration duration) {
		return (int) Math.min(Integer.MAX_VALUE, Math.max(1, roundUp(duration)));
	}

	/**
	 * A time limit that zero switches off.
	 * @param duration the limit
	 * @return milliseconds, rounded up; 0 for zero
	 */
	static long limitOrOff(Duration duration) {
		return duration.isZero() ? 0 : Math.max(1, roundUp(duration));
	}

	private static long roundUp(Duration duration) {
		try {
			return duration.plusNanos(NANOS - 1).toMillis();
		}
		catch (ArithmeticException ex) {
			return Long.MAX_VALUE;
		}
	}

}
