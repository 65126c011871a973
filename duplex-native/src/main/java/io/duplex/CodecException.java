/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * A peer has sent what the socket's codec refuses, or a message was to be put that it
 * cannot express.
 */
public class CodecException extends DuplexException {

	private static final long serialVersionUID = 1L;

	private final int code;

	private final long offset;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the socket's peer
	 * @param code {@code enum dx_codec_error}
	 * @param offset bytes that were decoded before the offending one, or -1
	 * @param reason what went wrong, in words
	 */
	public CodecException(String operation, String address, int code, long offset, String reason) {
		this(operation, address, code, offset, reason, null);
	}

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the socket's peer
	 * @param code {@code enum dx_codec_error}
	 * @param offset bytes that were decoded before the offending one, or -1
	 * @param reason what went wrong, in words
	 * @param cause what a codec in Java threw, or null
	 */
	public CodecException(String operation, String address, int code, long offset, String reason,
			@Nullable Throwable cause) {
		super(operation, address, null, reason + ((offset >= 0) ? ", at byte " + offset : ""), cause);
		this.code = code;
		this.offset = offset;
	}

	/**
	 * Which error it is.
	 * @return {@code enum dx_codec_error} of {@code duplex.h}
	 */
	public int getCode() {
		return this.code;
	}

	/**
	 * Where in the stream, from where the codec was set.
	 * @return bytes that were decoded before the offending one; -1 for a message that was
	 * to be put
	 */
	public long getOffset() {
		return this.offset;
	}

}
