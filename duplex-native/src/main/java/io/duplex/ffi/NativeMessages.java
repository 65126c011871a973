/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * An array of {@code struct dx_message}.
 */
public final class NativeMessages {

	static final int SIZEOF = 40;

	static final int KIND = 0;

	static final int FLAGS = 4;

	static final int OFFSET = 8;

	static final int LENGTH = 16;

	static final int EXTRA_LENGTH = 24;

	private final ByteBuffer structs;

	public NativeMessages(int count) {
		this.structs = Layout.bytes(new byte[SIZEOF * count]);
	}

	public void set(int index, int kind, int flags, long offset, long length, long extraLength) {
		int at = SIZEOF * index;
		this.structs.putInt(at + KIND, kind);
		this.structs.putInt(at + FLAGS, flags);
		this.structs.putLong(at + OFFSET, offset);
		this.structs.putLong(at + LENGTH, length);
		this.structs.putLong(at + EXTRA_LENGTH, extraLength);
	}

	public int kind(int index) {
		return this.structs.getInt(SIZEOF * index + KIND);
	}

	public int flags(int index) {
		return this.structs.getInt(SIZEOF * index + FLAGS);
	}

	public int offset(int index) {
		return (int) this.structs.getLong(SIZEOF * index + OFFSET);
	}

	public long length(int index) {
		return this.structs.getLong(SIZEOF * index + LENGTH);
	}

	public long extraLength(int index) {
		return this.structs.getLong(SIZEOF * index + EXTRA_LENGTH);
	}

	public byte[] array() {
		return this.structs.array();
	}

}
