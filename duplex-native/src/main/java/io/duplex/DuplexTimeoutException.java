/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * A time limit was over. What waited is as usable as before, and nothing is lost.
 */
public class DuplexTimeoutException extends DuplexException {

	private static final long serialVersionUID = 1L;

	private final long bytesTransferred;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the address or object that it was about, or null
	 * @param reason what went wrong, in words
	 * @param bytesTransferred bytes that a send had sent
	 */
	public DuplexTimeoutException(String operation, @Nullable String address, String reason, long bytesTransferred) {
		super(operation, address, null, reason, null);
		this.bytesTransferred = bytesTransferred;
	}

	/**
	 * How many bytes a send had sent.
	 * @return bytes; 0 for whatever does not send
	 */
	public long getBytesTransferred() {
		return this.bytesTransferred;
	}

}
