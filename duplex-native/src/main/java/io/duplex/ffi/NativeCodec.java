/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * {@code struct dx_codec_options}.
 */
public final class NativeCodec {

	static final int SIZEOF = 104;

	static final int TYPE = 4;

	static final int FLAGS = 8;

	static final int FRAME_TIMEOUT = 12;

	static final int MAX_MESSAGE = 16;

	static final int DELIMITER_LENGTH = 24;

	static final int DELIMITER = 28;

	static final int PREFIX = 44;

	static final int OFFSET = 48;

	static final int ADJUSTMENT = 52;

	static final int CHUNK = 56;

	static final int CLOSE_TIMEOUT = 60;

	static final int PING_INTERVAL = 64;

	static final int PLUGIN = 68;

	private final ByteBuffer struct = Layout.struct(SIZEOF);

	/**
	 * Begin with a type and its defaults.
	 * @param type {@code DX_CODEC_…}
	 * @param flags of the type
	 */
	public NativeCodec(int type, int flags) {
		this.struct.putInt(TYPE, type);
		this.struct.putInt(FLAGS, flags);
	}

	public void limits(long maxMessage, int frameTimeout, int chunk, int closeTimeout) {
		this.struct.putLong(MAX_MESSAGE, maxMessage);
		this.struct.putInt(FRAME_TIMEOUT, frameTimeout);
		this.struct.putInt(CHUNK, chunk);
		this.struct.putInt(CLOSE_TIMEOUT, closeTimeout);
	}

	public void pingInterval(int millis) {
		this.struct.putInt(PING_INTERVAL, millis);
	}

	public void delimiter(byte[] delimiter) {
		this.struct.putInt(DELIMITER_LENGTH, delimiter.length);
		this.struct.put(DELIMITER, delimiter);
	}

	public void length(int prefix, int offset, int adjustment) {
		this.struct.putInt(PREFIX, prefix);
		this.struct.putInt(OFFSET, offset);
		this.struct.putInt(ADJUSTMENT, adjustment);
	}

	public void plugin(String name) {
		this.struct.put(PLUGIN, name.getBytes(StandardCharsets.US_ASCII));
	}

	public byte[] array() {
		return this.struct.array();
	}

}
