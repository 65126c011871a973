/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_proxy_options}. Times are milliseconds.
 *
 * @param flags {@code DX_PROXY_…}
 * @param connectTimeout for one attempt
 * @param connectAttempts backends tried for a connection
 * @param idleTimeout of a join; 0 is off
 * @param halfCloseTimeout of a join; 0 is the idle timeout
 * @param maxLifetime of a join; 0 is off
 * @param maxConnections at a time; 0: as descriptors allow
 * @param maxPending connections that await a decision
 * @param decisionTimeout for each of them
 */
public record ProxyOptions(int flags, int connectTimeout, int connectAttempts, long idleTimeout, long halfCloseTimeout,
		long maxLifetime, int maxConnections, int maxPending, int decisionTimeout) {

	static final int SIZEOF = 56;

	static final int FLAGS = 4;

	static final int CONNECT_TIMEOUT = 8;

	static final int CONNECT_ATTEMPTS = 12;

	static final int IDLE_TIMEOUT = 16;

	static final int HALF_CLOSE_TIMEOUT = 24;

	static final int MAX_LIFETIME = 32;

	static final int MAX_CONNECTIONS = 40;

	static final int MAX_PENDING = 44;

	static final int DECISION_TIMEOUT = 48;

	/**
	 * Write the struct.
	 * @return the struct
	 */
	public byte[] encode() {
		ByteBuffer struct = Layout.struct(SIZEOF);
		struct.putInt(FLAGS, this.flags);
		struct.putInt(CONNECT_TIMEOUT, this.connectTimeout);
		struct.putInt(CONNECT_ATTEMPTS, this.connectAttempts);
		struct.putLong(IDLE_TIMEOUT, this.idleTimeout);
		struct.putLong(HALF_CLOSE_TIMEOUT, this.halfCloseTimeout);
		struct.putLong(MAX_LIFETIME, this.maxLifetime);
		struct.putInt(MAX_CONNECTIONS, this.maxConnections);
		struct.putInt(MAX_PENDING, this.maxPending);
		struct.putInt(DECISION_TIMEOUT, this.decisionTimeout);
		return struct.array();
	}

}
