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

	/**
	 * Begin with what another says.
	 * @param other the other
	 */
	public NativeCodec(NativeCodec other) {
		this.struct.put(0, other.struct.array());
	}

	public int type() {
		return this.struct.getInt(TYPE);
	}

	public int flags() {
		return this.struct.getInt(FLAGS);
	}

	public void addFlag(int flag) {
		this.struct.putInt(FLAGS, flags() | flag);
	}

	public long maxMessage() {
		return this.struct.getLong(MAX_MESSAGE);
	}

	public int frameTimeout() {
		return this.struct.getInt(FRAME_TIMEOUT);
	}

	public void maxMessage(long bytes) {
		this.struct.putLong(MAX_MESSAGE, bytes);
	}

	public void frameTimeout(int millis) {
		this.struct.putInt(FRAME_TIMEOUT, millis);
	}

	public void closeTimeout(int millis) {
		this.struct.putInt(CLOSE_TIMEOUT, millis);
	}

	public void pingInterval(int millis) {
		this.struct.putInt(PING_INTERVAL, millis);
	}

	public void chunk(int bytes) {
		this.struct.putInt(CHUNK, bytes);
	}

	public void delimiter(byte[] delimiter) {
		this.struct.putInt(DELIMITER_LENGTH, delimiter.length);
		this.struct.put(DELIMITER, delimiter);
	}

	public void prefix(int bytes) {
		this.struct.putInt(PREFIX, bytes);
	}

	public void at(int offset, int adjustment) {
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
