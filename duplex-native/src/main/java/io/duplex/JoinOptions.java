/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * How two sockets are joined. Immutable; begin with {@link #DEFAULTS} or
 * {@link #of(JoinOption...)}.
 *
 * @param flags what makes the join different from a plain one
 * @param limits how long, how much, how fast; they can be changed while the join runs
 * @param maxLag with {@link JoinOption#LOSSY}: bytes of memory that may wait for the
 * second socket; 0: 1 MiB
 */
public record JoinOptions(Set<JoinOption> flags, JoinLimits limits, long maxLag) {

	/**
	 * A plain join without limits.
	 */
	public static final JoinOptions DEFAULTS = new JoinOptions(Set.of(), JoinLimits.NONE, 0);

	/**
	 * Create options.
	 * @throws IllegalArgumentException when the lag is negative
	 */
	public JoinOptions {
		flags = Set.copyOf(flags);
		if (maxLag < 0) {
			throw new IllegalArgumentException("maxLag must not be negative: " + maxLag);
		}
	}

	/**
	 * Options with these flags and no limits.
	 * @param flags any number of flags
	 * @return the options
	 */
	public static JoinOptions of(JoinOption... flags) {
		Set<JoinOption> set = EnumSet.noneOf(JoinOption.class);
		set.addAll(Set.of(flags));
		return new JoinOptions(set, JoinLimits.NONE, 0);
	}

	/**
	 * These options with other limits.
	 * @param limits the limits
	 * @return the new options
	 */
	public JoinOptions withLimits(JoinLimits limits) {
		return new JoinOptions(this.flags, limits, this.maxLag);
	}

	/**
	 * These options with other limits that are made of the present ones, for example
	 * {@code withLimits((limits) -> limits.withMaxBytes(1000).withRates(100, 0))}.
	 * @param change makes them
	 * @return the new options
	 */
	public JoinOptions withLimits(UnaryOperator<JoinLimits> change) {
		return withLimits(change.apply(this.limits));
	}

	/**
	 * These options with another lag.
	 * @param bytes memory that may wait for the second socket; 0: 1 MiB
	 * @return the new options
	 */
	public JoinOptions withMaxLag(long bytes) {
		return new JoinOptions(this.flags, this.limits, bytes);
	}

	/**
	 * These options with another idle limit.
	 * @param timeout the limit; zero is off
	 * @return the new options
	 */
	public JoinOptions withIdleTimeout(Duration timeout) {
		return withLimits(this.limits.withIdleTimeout(timeout));
	}

	/**
	 * These options with another idle limit for a join of which one direction has ended.
	 * @param timeout the limit; zero is the idle limit
	 * @return the new options
	 */
	public JoinOptions withHalfCloseTimeout(Duration timeout) {
		return withLimits(this.limits.withHalfCloseTimeout(timeout));
	}

	/**
	 * These options with another greatest age.
	 * @param lifetime the limit; zero is off
	 * @return the new options
	 */
	public JoinOptions withMaxLifetime(Duration lifetime) {
		return withLimits(this.limits.withMaxLifetime(lifetime));
	}

}
