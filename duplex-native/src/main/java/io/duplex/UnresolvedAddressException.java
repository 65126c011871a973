/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * A host's name has no address, or the name service did not answer.
 */
public class UnresolvedAddressException extends DuplexException {

	private static final long serialVersionUID = 1L;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the address whose host has a name
	 * @param cause what the name service said, or null
	 */
	public UnresolvedAddressException(String operation, DuplexAddress address, @Nullable Throwable cause) {
		super(operation, address.toString(), null, "the name '" + address.host() + "' has no address", cause);
	}

}
