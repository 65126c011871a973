/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;

/**
 * Reads and writes the options of a socket or listener.
 */
final class SocketOptions {

	private SocketOptions() {
	}

	static <T> void set(long socket, String subject, Failures failures, DuplexSocketOption<T> option, T value) {
		require("set " + option + " of", subject, failures, option, value,
				LibDuplex.dx_option_set(socket, option.number(), option.encode(value)));
	}

	static <T> T get(long socket, String subject, Failures failures, DuplexSocketOption<T> option) {
		int[] value = new int[1];
		require("get " + option + " of", subject, failures, option, "",
				LibDuplex.dx_option_get(socket, option.number(), value));
		return option.decode(value[0]);
	}

	private static void require(String operation, String subject, Failures failures, DuplexSocketOption<?> option,
			Object value, int result) {
		if (Errno.EINVAL.is(result)) {
			throw new DuplexException(operation, subject, Failures.error(result), "it cannot be " + value, null);
		}
		if (Errno.EOPNOTSUPP.is(result)) {
			throw new DuplexException(operation, subject, Failures.error(result),
					"unix sockets have no option " + option, null);
		}
		if (result < 0) {
			throw failures.object(operation, subject, result);
		}
	}

}
