/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * How two sockets are joined. Immutable; begin with {@link #DEFAULTS} or
 * {@link #of(JoinOption...)}.
 *
 * @param flags what makes the join different from a plain one
 * @param idleTimeout ends the join when no byte has moved in either direction for so
 * long; zero is off
 * @param halfCloseTimeout the same once one direction has ended; zero is
 * {@code idleTimeout}
 * @param maxLifetime ends the join at this age; zero is off
 */
public record JoinOptions(Set<JoinOption> flags, Duration idleTimeout, Duration halfCloseTimeout,
		Duration maxLifetime) {

	/**
	 * A plain join without time limits.
	 */
	public static final JoinOptions DEFAULTS = new JoinOptions(Set.of(), Duration.ZERO, Duration.ZERO, Duration.ZERO);

	/**
	 * Create options.
	 * @throws IllegalArgumentException when a time limit is negative
	 */
	public JoinOptions {
		flags = Set.copyOf(flags);
		requireNotNegative("idleTimeout", idleTimeout);
		requireNotNegative("halfCloseTimeout", halfCloseTimeout);
		requireNotNegative("maxLifetime", maxLifetime);
	}

	/**
	 * Options with these flags and no time limits.
	 * @param flags any number of flags
	 * @return the options
	 */
	public static JoinOptions of(JoinOption... flags) {
		Set<JoinOption> set = EnumSet.noneOf(JoinOption.class);
		set.addAll(Set.of(flags));
		return new JoinOptions(set, Duration.ZERO, Duration.ZERO, Duration.ZERO);
	}

	/**
	 * These options with another idle limit.
	 * @param timeout the limit; zero is off
	 * @return the new options
	 */
	public JoinOptions withIdleTimeout(Duration timeout) {
		return new JoinOptions(this.flags, timeout, this.halfCloseTimeout, this.maxLifetime);
	}

	/**
	 * These options with another idle limit for a join of which one direction has ended.
	 * @param timeout the limit; zero is the idle limit
	 * @return the new options
	 */
	public JoinOptions withHalfCloseTimeout(Duration timeout) {
		return new JoinOptions(this.flags, this.idleTimeout, timeout, this.maxLifetime);
	}

	/**
	 * These options with another greatest age.
	 * @param lifetime the limit; zero is off
	 * @return the new options
	 */
	public JoinOptions withMaxLifetime(Duration lifetime) {
		return new JoinOptions(this.flags, this.idleTimeout, this.halfCloseTimeout, lifetime);
	}

	private static void requireNotNegative(String name, Duration value) {
		if (value.isNegative()) {
			throw new IllegalArgumentException(name + " must not be negative: " + value);
		}
	}

}
