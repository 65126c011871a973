/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_proxy_info}: a proxy's state and counters.
 */
public final class ProxyInfo {

	static final int SIZEOF = 248;

	static final int STATE = 4;

	static final int PORT = 8;

	static final int ACCEPTED = 16;

	static final int ACTIVE = 24;

	static final int PENDING = 32;

	static final int JOINED = 40;

	static final int CONNECT_FAILED = 48;

	static final int REFUSED_BY_ROUTER = 56;

	static final int REFUSED_BY_FAILURE = 64;

	static final int REFUSED_BY_TIMEOUT = 72;

	static final int REFUSED_EXHAUSTED = 80;

	static final int CLIENT_GONE = 88;

	static final int BYTES_FROM_CLIENT = 96;

	static final int BYTES_FROM_BACKEND = 104;

	static final int ENDED = 112;

	static final int REFUSED_BY_HANDSHAKE = 240;

	private final ByteBuffer struct;

	/**
	 * An empty struct.
	 */
	public ProxyInfo() {
		this.struct = Layout.struct(SIZEOF);
	}

	/**
	 * Fill the struct.
	 * @param proxy the proxy
	 * @return 0 or a negative errno
	 */
	public int read(long proxy) {
		return LibDuplex.dx_proxy_info(proxy, this.struct.array());
	}

	public int state() {
		return this.struct.getInt(STATE);
	}

	public int port() {
		return this.struct.getInt(PORT);
	}

	public long accepted() {
		return this.struct.getLong(ACCEPTED);
	}

	public long active() {
		return this.struct.getLong(ACTIVE);
	}

	public long pending() {
		return this.struct.getLong(PENDING);
	}

	public long joined() {
		return this.struct.getLong(JOINED);
	}

	public long connectFailed() {
		return this.struct.getLong(CONNECT_FAILED);
	}

	public long refusedByRouter() {
		return this.struct.getLong(REFUSED_BY_ROUTER);
	}

	public long refusedByFailure() {
		return this.struct.getLong(REFUSED_BY_FAILURE);
	}

	public long refusedByTimeout() {
		return this.struct.getLong(REFUSED_BY_TIMEOUT);
	}

	public long refusedByHandshake() {
		return this.struct.getLong(REFUSED_BY_HANDSHAKE);
	}

	public long refusedExhausted() {
		return this.struct.getLong(REFUSED_EXHAUSTED);
	}

	public long clientGone() {
		return this.struct.getLong(CLIENT_GONE);
	}

	public long bytesFromClient() {
		return this.struct.getLong(BYTES_FROM_CLIENT);
	}

	public long bytesFromBackend() {
		return this.struct.getLong(BYTES_FROM_BACKEND);
	}

	public long ended(int reason) {
		return this.struct.getLong(ENDED + Long.BYTES * reason);
	}

}
