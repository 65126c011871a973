/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_codec_failure}.
 */
public final class NativeCodecFailure {

	static final int SIZEOF = 24;

	static final int TYPE = 4;

	static final int INPUT = 8;

	static final int OUTPUT = 12;

	static final int INPUT_OFFSET = 16;

	private final ByteBuffer struct = Layout.struct(SIZEOF);

	/**
	 * Ask.
	 * @param socket the socket
	 * @return 0 or a negative errno
	 */
	public int read(long socket) {
		return LibDuplex.dx_codec_failure(socket, this.struct.array());
	}

	/**
	 * The socket's codec.
	 * @return {@code enum dx_codec_type}
	 */
	public int type() {
		return this.struct.getInt(TYPE);
	}

	public int input() {
		return this.struct.getInt(INPUT);
	}

	public int output() {
		return this.struct.getInt(OUTPUT);
	}

	public long inputOffset() {
		return this.struct.getLong(INPUT_OFFSET);
	}

}
