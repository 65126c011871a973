/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.Map;

/**
 * What the other end has told in a ZeroMQ handshake.
 *
 * @param minorVersion the minor number of ZMTP 3 that both speak: 0 or 1
 * @param type what kind of socket it is
 * @param identity how it wants to be called; empty for none
 * @param properties further metadata, by name (whose case means nothing), read as UTF-8
 */
public record ZmtpPeer(int minorVersion, ZmtpSocketType type, ByteBuffer identity, Map<String, String> properties) {

	/**
	 * The message that subscribes with this publisher: a command of ZMTP 3.1, or an
	 * ordinary message of 3.0.
	 * @param prefix what the first part of a message has to begin with; nothing for all
	 * @return to be put
	 */
	public Message subscribe(byte[] prefix) {
		return new ZmtpSubscription(true, ByteBuffer.wrap(prefix)).message(this.minorVersion);
	}

	/**
	 * The message that takes a subscription back.
	 * @param prefix as it was given to {@link #subscribe}
	 * @return to be put
	 */
	public Message cancel(byte[] prefix) {
		return new ZmtpSubscription(false, ByteBuffer.wrap(prefix)).message(this.minorVersion);
	}

}
