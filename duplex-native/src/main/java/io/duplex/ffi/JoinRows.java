/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory that a worker writes joins to. It is lent to the engine until the command is
 * answered and must stay reachable until then.
 */
public final class JoinRows {

	private final ByteBuffer memory;

	private final int capacity;

	/**
	 * Room for some rows.
	 * @param capacity their number, at most {@link Dx#DX_JOINS_PAGE}
	 */
	public JoinRows(int capacity) {
		this.capacity = capacity;
		this.memory = ByteBuffer.allocateDirect(capacity * JoinRow.SIZEOF).order(ByteOrder.nativeOrder());
	}

	/**
	 * Ask for a page.
	 * @param engine the engine
	 * @param proxy only this proxy's; 0: all
	 * @param after 0, or the cursor of the page before
	 * @param token comes back with the answer
	 * @return 0 or a negative errno
	 */
	public int list(long engine, long proxy, long after, long token) {
		return LibDuplex.dx_joins(engine, proxy, after, this.memory, this.capacity, token);
	}

	/**
	 * Ask for one join.
	 * @param join the join
	 * @param token comes back with the answer
	 * @return 0 or a negative errno
	 */
	public int describe(long join, long token) {
		return LibDuplex.dx_join_info(join, this.memory, token);
	}

	/**
	 * Read a row, once the answer is there.
	 * @param index less than the number in the answer
	 * @return the row
	 */
	public JoinRow get(int index) {
		return JoinRow.read(this.memory, index * JoinRow.SIZEOF);
	}

}
