/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * How to connect. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param timeout for all of it, the name's resolution included; zero: the kernel's
 * @param attemptDelay head start of an address before the next one is tried beside it,
 * 250 ms by default (RFC 8305 section 5, "Connection Attempt Delay"); zero: each address
 * waits until the one before has failed
 * @param source local address, port 0 for any; null: the kernel's choice
 */
public record ConnectOptions(Duration timeout, Duration attemptDelay, @Nullable DuplexAddress source) {

	/**
	 * The kernel's time limit, a head start of 250 ms, any local address.
	 */
	public static final ConnectOptions DEFAULTS = new ConnectOptions(Duration.ZERO, Duration.ofMillis(250), null);

	/**
	 * Create options.
	 * @throws IllegalArgumentException when a duration is negative, or the source is a
	 * host's name
	 */
	public ConnectOptions {
		if (timeout.isNegative() || attemptDelay.isNegative()) {
			throw new IllegalArgumentException("timeout and attemptDelay must not be negative");
		}
		if (source != null && (!source.isTcp() || source.isName())) {
			throw new IllegalArgumentException("source must be an IP address of this machine: " + source);
		}
	}

	/**
	 * These options with another time limit.
	 * @param timeout for all of it; zero: the kernel's
	 * @return the new options
	 */
	public ConnectOptions withTimeout(Duration timeout) {
		return new ConnectOptions(timeout, this.attemptDelay, this.source);
	}

	/**
	 * These options with another head start.
	 * @param attemptDelay the head start; zero: addresses take turns
	 * @return the new options
	 */
	public ConnectOptions withAttemptDelay(Duration attemptDelay) {
		return new ConnectOptions(this.timeout, attemptDelay, this.source);
	}

	/**
	 * These options with another local address.
	 * @param source an IP address, port 0 for any
	 * @return the new options
	 */
	public ConnectOptions withSource(DuplexAddress source) {
		return new ConnectOptions(this.timeout, this.attemptDelay, source);
	}

}
