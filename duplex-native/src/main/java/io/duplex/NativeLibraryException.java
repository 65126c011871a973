/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * The native library does not work here.
 */
public class NativeLibraryException extends DuplexException {

	private static final long serialVersionUID = 1L;

	private final Kind kind;

	private final String platform;

	private final String temporaryFolder;

	/**
	 * Create an exception.
	 * @param kind what is in the way
	 * @param platform the operating system and processor, for example
	 * {@code linux-x86-64}
	 * @param temporaryFolder the folder that libraries are unpacked to
	 * @param reason what went wrong, in words
	 * @param cause the cause, or null
	 */
	public NativeLibraryException(Kind kind, String platform, String temporaryFolder, String reason,
			@Nullable Throwable cause) {
		super("load the native library for", platform, null, reason, cause);
		this.kind = kind;
		this.platform = platform;
		this.temporaryFolder = temporaryFolder;
	}

	/**
	 * What is in the way.
	 * @return the kind
	 */
	public Kind getKind() {
		return this.kind;
	}

	/**
	 * The operating system and processor.
	 * @return for example {@code linux-x86-64}
	 */
	public String getPlatform() {
		return this.platform;
	}

	/**
	 * The folder that libraries are unpacked to: the system property {@code jna.tmpdir}.
	 * @return the path
	 */
	public String getTemporaryFolder() {
		return this.temporaryFolder;
	}

	/**
	 * What can be in the way.
	 */
	public enum Kind {

		/**
		 * There is no library for the operating system and processor.
		 */
		UNSUPPORTED_PLATFORM,

		/**
		 * The C library is not glibc, or too old.
		 */
		LIBC,

		/**
		 * The folder that libraries are unpacked to is read-only, full or mounted with
		 * {@code noexec}.
		 */
		TEMPORARY_FOLDER,

		/**
		 * The library is there and cannot be loaded, for another reason.
		 */
		NOT_LOADABLE

	}

}
