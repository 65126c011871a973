/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * The engine, socket, listener, join or proxy is closed or has ended.
 */
public class DuplexClosedException extends DuplexException {

	private static final long serialVersionUID = 1L;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the address or object that it was about, or null
	 * @param error what the operating system said, or null
	 * @param reason what went wrong, in words
	 */
	public DuplexClosedException(String operation, @Nullable String address, @Nullable SystemError error,
			String reason) {
		super(operation, address, error, reason, null);
	}

}
