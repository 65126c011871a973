/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * The socket is part of a join, or another call has it: undo the join first.
 */
public class SocketBusyException extends DuplexException {

	private static final long serialVersionUID = 1L;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the address or object that it was about, or null
	 * @param error what the operating system said, or null
	 * @param reason what went wrong, in words
	 */
	public SocketBusyException(String operation, @Nullable String address, @Nullable SystemError error, String reason) {
		super(operation, address, error, reason, null);
	}

}
