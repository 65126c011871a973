/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

/**
 * Why the library does not work here. The causes differ in what a user can do about them.
 */
public final class LoadFailure extends Exception {

	private static final long serialVersionUID = 1L;

	private final Kind kind;

	LoadFailure(Kind kind, String message, Throwable cause) {
		super(message, cause);
		this.kind = kind;
	}

	LoadFailure(Kind kind, String message) {
		super(message);
		this.kind = kind;
	}

	public Kind kind() {
		return this.kind;
	}

	/**
	 * What is in the way.
	 */
	public enum Kind {

		UNSUPPORTED_PLATFORM, LIBC, TEMPORARY_FOLDER, NOT_LOADABLE

	}

}
