/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * A ZeroMQ handshake has failed: the peer speaks something else, wants what is not there,
 * or does not want this end.
 */
public class ZmtpException extends DuplexException {

	private static final long serialVersionUID = 1L;

	private final String reason;

	/**
	 * Create an exception.
	 * @param address the socket's peer
	 * @param reason what went wrong, in words
	 */
	public ZmtpException(String address, String reason) {
		super("shake hands with", address, null, reason, null);
		this.reason = reason;
	}

	/**
	 * What went wrong.
	 * @return the reason alone
	 */
	public String getReason() {
		return this.reason;
	}

}
