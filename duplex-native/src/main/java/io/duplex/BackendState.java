/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * What a proxy thinks of a backend.
 */
public enum BackendState {

	/**
	 * Its host's name has no address yet; it is passed over.
	 */
	UNRESOLVED,

	/**
	 * The last connect succeeded, or none was tried.
	 */
	UP,

	/**
	 * The last connect failed.
	 */
	FAILING

}
