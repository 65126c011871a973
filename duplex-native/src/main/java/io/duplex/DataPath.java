/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * How the bytes of one direction of a join move at the moment.
 */
public enum DataPath {

	/**
	 * The direction does not exist or has ended.
	 */
	NONE,

	/**
	 * Through a buffer in user space, which is best for small messages.
	 */
	COPY,

	/**
	 * Inside the kernel, which is best for bulk.
	 */
	SPLICE

}
