/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.EnumSet;
import java.util.Set;

/**
 * The types of ZeroMQ's sockets (RFC 23, "The Socket Type property"). Which messages may
 * be sent when is a matter of the application.
 */
public enum ZmtpSocketType {

	/** One other, both ways. */
	PAIR,

	/** Sends to those who have subscribed. */
	PUB,

	/** As {@link #PUB}; the application sees the subscriptions. */
	XPUB,

	/** Subscribes. */
	SUB,

	/** As {@link #SUB}; the application makes the subscriptions' messages. */
	XSUB,

	/** Asks, and waits for the answer. */
	REQ,

	/** Answers. */
	REP,

	/** Asks without waiting. */
	DEALER,

	/** Answers whom it likes. */
	ROUTER,

	/** Sends work. */
	PUSH,

	/** Takes work. */
	PULL;

	/**
	 * Whether two may talk to each other.
	 * @param other the peer's type
	 * @return true when RFC 23 says so
	 */
	public boolean isCompatibleWith(ZmtpSocketType other) {
		return peers().contains(other);
	}

	private Set<ZmtpSocketType> peers() {
		return switch (this) {
			case PAIR -> EnumSet.of(PAIR);
			case PUB, XPUB -> EnumSet.of(SUB, XSUB);
			case SUB, XSUB -> EnumSet.of(PUB, XPUB);
			case REQ -> EnumSet.of(REP, ROUTER);
			case REP -> EnumSet.of(REQ, DEALER);
			case DEALER -> EnumSet.of(REP, DEALER, ROUTER);
			case ROUTER -> EnumSet.of(REQ, DEALER, ROUTER);
			case PUSH -> EnumSet.of(PULL);
			case PULL -> EnumSet.of(PUSH);
		};
	}

}
