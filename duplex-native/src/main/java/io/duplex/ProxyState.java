/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * What a proxy does.
 */
public enum ProxyState {

	/**
	 * It does not listen.
	 */
	STOPPED,

	/**
	 * It listens.
	 */
	STARTED,

	/**
	 * It listens, but is full or out of descriptors: connections wait in the backlog.
	 */
	PAUSED,

	/**
	 * It takes what is in the backlog, then stops.
	 */
	STOPPING,

	/**
	 * It does not listen; connections are left.
	 */
	DRAINING,

	/**
	 * It is of no more use.
	 */
	CLOSED

}
