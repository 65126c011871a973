/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * The engine could not do what it was asked to. Subclasses are the kinds that a caller
 * may want to handle differently.
 */
public class DuplexException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final String operation;

	private final @Nullable String address;

	private final @Nullable SystemError error;

	/**
	 * Create an exception.
	 * @param operation what was tried, for example {@code listen}
	 * @param address the address or object that it was about, or null
	 * @param error what the operating system said, or null
	 * @param reason what went wrong, in words
	 * @param cause the cause, or null
	 */
	public DuplexException(String operation, @Nullable String address, @Nullable SystemError error, String reason,
			@Nullable Throwable cause) {
		super("cannot " + operation + ((address != null) ? " " + address : "") + ": " + reason
				+ ((error != null) ? " (" + error.name() + ")" : ""), cause);
		this.operation = operation;
		this.address = address;
		this.error = error;
	}

	/**
	 * What was tried.
	 * @return for example {@code listen on}
	 */
	public String getOperation() {
		return this.operation;
	}

	/**
	 * The address or object that it was about.
	 * @return for example {@code tcp://0.0.0.0:80}, or null
	 */
	public @Nullable String getAddress() {
		return this.address;
	}

	/**
	 * What the operating system said.
	 * @return the error, or null when it was not the operating system (or after
	 * serialization)
	 */
	public @Nullable SystemError getError() {
		return this.error;
	}

}
