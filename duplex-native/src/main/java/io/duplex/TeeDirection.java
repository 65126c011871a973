/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * Which bytes of a join are mirrored.
 */
public enum TeeDirection {

	/**
	 * What the first socket sends to the second.
	 */
	CLIENT_TO_BACKEND,

	/**
	 * What the second socket sends to the first.
	 */
	BACKEND_TO_CLIENT,

	/**
	 * Both, into the same mirror, in the order in which they pass.
	 */
	BOTH

}
