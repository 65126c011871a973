/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

/**
 * What the bits of an id tell.
 */
public final class Ids {

	private static final int ENGINE_SHIFT = 44;

	private static final long ENGINE_MASK = 0xffff;

	private Ids() {
	}

	/**
	 * Whether two ids are of one engine. A command on another engine's object would be
	 * answered by that engine's events.
	 * @param a an id
	 * @param b an id, perhaps made up
	 * @return true when they are
	 */
	public static boolean ofSameEngine(long a, long b) {
		return ((a ^ b) >>> ENGINE_SHIFT & ENGINE_MASK) == 0;
	}

}
