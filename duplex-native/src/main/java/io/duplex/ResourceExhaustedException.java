/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * Out of descriptors, memory, threads or ports. The same call may succeed later.
 */
public class ResourceExhaustedException extends DuplexException {

	private static final long serialVersionUID = 1L;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the address or object that it was about, or null
	 * @param error what the operating system said, or null
	 * @param reason what went wrong, in words
	 */
	public ResourceExhaustedException(String operation, @Nullable String address, @Nullable SystemError error,
			String reason) {
		super(operation, address, error, reason, null);
	}

}
