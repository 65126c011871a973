/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_socket_info}: a socket at one moment.
 */
public final class SocketInfo {

	static final int SIZEOF = 312;

	static final int LOCAL = 8;

	static final int PEER = 144;

	static final int INPUT = 280;

	static final int OUTPUT = 284;

	static final int INPUT_QUEUED = 288;

	static final int OUTPUT_QUEUED = 296;

	static final int ERROR = 304;

	private final ByteBuffer struct;

	/**
	 * An empty struct.
	 */
	public SocketInfo() {
		this.struct = Layout.struct(SIZEOF);
	}

	/**
	 * Fill the struct.
	 * @param socket the socket or listener
	 * @return 0 or a negative errno
	 */
	public int read(long socket) {
		return LibDuplex.dx_socket_info(socket, this.struct.array());
	}

	public NativeAddress local() {
		return NativeAddress.read(this.struct, LOCAL);
	}

	public NativeAddress peer() {
		return NativeAddress.read(this.struct, PEER);
	}

	/**
	 * State of the output half.
	 * @return {@code DX_HALF_…}
	 */
	public int input() {
		return this.struct.getInt(INPUT);
	}

	public int output() {
		return this.struct.getInt(OUTPUT);
	}

	public long inputQueued() {
		return this.struct.getLong(INPUT_QUEUED);
	}

	public long outputQueued() {
		return this.struct.getLong(OUTPUT_QUEUED);
	}

}
