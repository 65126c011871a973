/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

/**
 * How long, how much and how fast a join may move bytes. Immutable; begin with
 * {@link #NONE}.
 *
 * @param idleTimeout ends the join when no byte has moved in either direction for so
 * long; zero is off
 * @param halfCloseTimeout the same once one direction has ended; zero is
 * {@code idleTimeout}
 * @param maxLifetime ends the join at this age; zero is off
 * @param maxBytes ends the join when exactly so many bytes were moved, both directions
 * together; 0 is off
 * @param rateFromClient most bytes a second from the first socket to the second, spread
 * evenly; 0 is off
 * @param rateFromBackend most bytes a second from the second socket to the first; 0 is
 * off
 */
public record JoinLimits(Duration idleTimeout, Duration halfCloseTimeout, Duration maxLifetime, long maxBytes,
		long rateFromClient, long rateFromBackend) {

	/**
	 * No limits.
	 */
	public static final JoinLimits NONE = new JoinLimits(Duration.ZERO, Duration.ZERO, Duration.ZERO, 0, 0, 0);

	/**
	 * Create limits.
	 * @throws IllegalArgumentException when one is negative
	 */
	public JoinLimits {
		requireNotNegative("idleTimeout", idleTimeout.isNegative(), idleTimeout);
		requireNotNegative("halfCloseTimeout", halfCloseTimeout.isNegative(), halfCloseTimeout);
		requireNotNegative("maxLifetime", maxLifetime.isNegative(), maxLifetime);
		requireNotNegative("maxBytes", maxBytes < 0, maxBytes);
		requireNotNegative("rateFromClient", rateFromClient < 0, rateFromClient);
		requireNotNegative("rateFromBackend", rateFromBackend < 0, rateFromBackend);
	}

	/**
	 * These limits with another idle limit.
	 * @param timeout the limit; zero is off
	 * @return the new limits
	 */
	public JoinLimits withIdleTimeout(Duration timeout) {
		return new JoinLimits(timeout, this.halfCloseTimeout, this.maxLifetime, this.maxBytes, this.rateFromClient,
				this.rateFromBackend);
	}

	/**
	 * These limits with another idle limit for a join of which one direction has ended.
	 * @param timeout the limit; zero is the idle limit
	 * @return the new limits
	 */
	public JoinLimits withHalfCloseTimeout(Duration timeout) {
		return new JoinLimits(this.idleTimeout, timeout, this.maxLifetime, this.maxBytes, this.rateFromClient,
				this.rateFromBackend);
	}

	/**
	 * These limits with another greatest age.
	 * @param lifetime the limit; zero is off
	 * @return the new limits
	 */
	public JoinLimits withMaxLifetime(Duration lifetime) {
		return new JoinLimits(this.idleTimeout, this.halfCloseTimeout, lifetime, this.maxBytes, this.rateFromClient,
				this.rateFromBackend);
	}

	/**
	 * These limits with another number of bytes.
	 * @param bytes both directions together; 0 is off
	 * @return the new limits
	 */
	public JoinLimits withMaxBytes(long bytes) {
		return new JoinLimits(this.idleTimeout, this.halfCloseTimeout, this.maxLifetime, bytes, this.rateFromClient,
				this.rateFromBackend);
	}

	/**
	 * These limits with other rates.
	 * @param fromClient bytes a second from the first socket to the second; 0 is off
	 * @param fromBackend bytes a second from the second socket to the first; 0 is off
	 * @return the new limits
	 */
	public JoinLimits withRates(long fromClient, long fromBackend) {
		return new JoinLimits(this.idleTimeout, this.halfCloseTimeout, this.maxLifetime, this.maxBytes, fromClient,
				fromBackend);
	}

	private static void requireNotNegative(String name, boolean negative, Object value) {
		if (negative) {
			throw new IllegalArgumentException(name + " must not be negative: " + value);
		}
	}

}
