/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * Somebody listens there already, perhaps another instance of the same application.
 */
public class AddressInUseException extends DuplexException {

	private static final long serialVersionUID = 1L;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the address or object that it was about, or null
	 * @param error what the operating system said, or null
	 * @param reason what went wrong, in words
	 */
	public AddressInUseException(String operation, @Nullable String address, @Nullable SystemError error,
			String reason) {
		super(operation, address, error, reason, null);
	}

}
