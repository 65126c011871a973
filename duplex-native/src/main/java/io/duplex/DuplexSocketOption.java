/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.function.Function;

import io.duplex.ffi.Dx;

/**
 * An option of a managed socket, with the type of its values. Options of TCP are refused
 * by unix sockets.
 *
 * @param <T> type of the values
 */
public final class DuplexSocketOption<T> {

	/**
	 * Send small messages at once ({@code TCP_NODELAY}).
	 */
	public static final DuplexSocketOption<Boolean> NO_DELAY = flag("NO_DELAY", Dx.DX_OPTION_NO_DELAY);

	/**
	 * Ask a silent peer whether it is still there ({@code SO_KEEPALIVE}).
	 */
	public static final DuplexSocketOption<Boolean> KEEP_ALIVE = flag("KEEP_ALIVE", Dx.DX_OPTION_KEEP_ALIVE);

	/**
	 * Silence before the first keep-alive probe, in whole seconds ({@code TCP_KEEPIDLE}).
	 */
	public static final DuplexSocketOption<Duration> KEEP_ALIVE_IDLE = seconds("KEEP_ALIVE_IDLE",
			Dx.DX_OPTION_KEEP_ALIVE_IDLE);

	/**
	 * Time between two probes, in whole seconds ({@code TCP_KEEPINTVL}).
	 */
	public static final DuplexSocketOption<Duration> KEEP_ALIVE_INTERVAL = seconds("KEEP_ALIVE_INTERVAL",
			Dx.DX_OPTION_KEEP_ALIVE_INTERVAL);

	/**
	 * Probes without an answer after which the connection is broken
	 * ({@code TCP_KEEPCNT}).
	 */
	public static final DuplexSocketOption<Integer> KEEP_ALIVE_COUNT = number("KEEP_ALIVE_COUNT",
			Dx.DX_OPTION_KEEP_ALIVE_COUNT);

	/**
	 * How long sent data may stay without an answer, in milliseconds; zero is the
	 * kernel's default ({@code TCP_USER_TIMEOUT}, RFC 5482).
	 */
	public static final DuplexSocketOption<Duration> USER_TIMEOUT = new DuplexSocketOption<>("USER_TIMEOUT",
			Dx.DX_OPTION_USER_TIMEOUT, (value) -> (int) Math.min(value.toMillis(), Integer.MAX_VALUE),
			Duration::ofMillis);

	/**
	 * The kernel's receive buffer in bytes ({@code SO_RCVBUF}); the kernel doubles what
	 * is set, and tells that.
	 */
	public static final DuplexSocketOption<Integer> RECEIVE_BUFFER = number("RECEIVE_BUFFER",
			Dx.DX_OPTION_RECEIVE_BUFFER);

	/**
	 * The kernel's send buffer in bytes ({@code SO_SNDBUF}); the kernel doubles what is
	 * set, and tells that.
	 */
	public static final DuplexSocketOption<Integer> SEND_BUFFER = number("SEND_BUFFER", Dx.DX_OPTION_SEND_BUFFER);

	/**
	 * How long {@link DuplexSocket#close()} waits in the background for the peer, in
	 * whole seconds; zero makes it a reset, a negative duration is the default of two
	 * seconds. Never {@code SO_LINGER}, which would block.
	 */
	public static final DuplexSocketOption<Duration> LINGER = new DuplexSocketOption<>("LINGER", Dx.DX_OPTION_LINGER,
			(value) -> value.isNegative() ? -1 : wholeSeconds(value), Duration::ofSeconds);

	private final String name;

	private final int number;

	private final Function<T, Integer> encoder;

	private final Function<Integer, T> decoder;

	private DuplexSocketOption(String name, int number, Function<T, Integer> encoder, Function<Integer, T> decoder) {
		this.name = name;
		this.number = number;
		this.encoder = encoder;
		this.decoder = decoder;
	}

	private static DuplexSocketOption<Boolean> flag(String name, int number) {
		return new DuplexSocketOption<>(name, number, (value) -> value ? 1 : 0, (value) -> value != 0);
	}

	private static DuplexSocketOption<Integer> number(String name, int number) {
		return new DuplexSocketOption<>(name, number, Function.identity(), Function.identity());
	}

	private static DuplexSocketOption<Duration> seconds(String name, int number) {
		return new DuplexSocketOption<>(name, number, DuplexSocketOption::wholeSeconds, Duration::ofSeconds);
	}

	/** Rounded up: no time is cut short. */
	private static int wholeSeconds(Duration value) {
		return (int) Math.min(value.plusNanos(999_999_999).toSeconds(), Integer.MAX_VALUE);
	}

	int number() {
		return this.number;
	}

	int encode(T value) {
		return this.encoder.apply(value);
	}

	T decode(int value) {
		return this.decoder.apply(value);
	}

	/**
	 * The option's name.
	 * @return for example {@code NO_DELAY}
	 */
	@Override
	public String toString() {
		return this.name;
	}

}
