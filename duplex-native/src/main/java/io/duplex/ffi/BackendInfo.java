/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_backend_info}: a proxy's backend at one moment.
 */
public final class BackendInfo {

	static final int SIZEOF = 56;

	static final int STATE = 4;

	static final int ERROR = 8;

	static final int ACTIVE = 16;

	static final int JOINED = 24;

	static final int FAILED = 32;

	static final int BYTES_FROM_CLIENT = 40;

	static final int BYTES_FROM_BACKEND = 48;

	private final ByteBuffer struct;

	/**
	 * An empty struct.
	 */
	public BackendInfo() {
		this.struct = Layout.struct(SIZEOF);
	}

	/**
	 * Fill the struct.
	 * @param proxy the proxy
	 * @param backend the backend's index
	 * @return 0 or a negative errno
	 */
	public int read(long proxy, int backend) {
		return LibDuplex.dx_proxy_backend_info(proxy, backend, this.struct.array());
	}

	public int state() {
		return this.struct.getInt(STATE);
	}

	public int error() {
		return this.struct.getInt(ERROR);
	}

	public long active() {
		return this.struct.getLong(ACTIVE);
	}

	public long joined() {
		return this.struct.getLong(JOINED);
	}

	public long failed() {
		return this.struct.getLong(FAILED);
	}

	public long bytesFromClient() {
		return this.struct.getLong(BYTES_FROM_CLIENT);
	}

	public long bytesFromBackend() {
		return this.struct.getLong(BYTES_FROM_BACKEND);
	}

}
