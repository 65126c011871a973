/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * The opening handshake of a WebSocket (RFC 6455 section 4) has failed: it was refused
 * here or by the peer, what the peer said is none, or it was not over in time.
 */
public class WebSocketHandshakeException extends DuplexException {

	private static final long serialVersionUID = 1L;

	private final int status;

	/**
	 * Create an exception.
	 * @param operation what was tried
	 * @param address the socket's peer
	 * @param status the HTTP status that was sent or received, or 0
	 * @param reason what went wrong, in words
	 */
	public WebSocketHandshakeException(String operation, String address, int status, String reason) {
		super(operation, address, null, reason, null);
		this.status = status;
	}

	/**
	 * The HTTP status.
	 * @return what a server has sent to refuse the request, or a client has received; 0
	 * when there was none
	 */
	public int status() {
		return this.status;
	}

}
