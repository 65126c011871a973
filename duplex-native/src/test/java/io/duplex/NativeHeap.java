/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Structure;

/**
 * What the process has allocated outside of Java's heap.
 */
public final class NativeHeap {

	private static final int MAPPED = 4;

	private static final int USED = 7;

	private static final C LIBRARY = Native.load("c", C.class);

	private NativeHeap() {
	}

	/**
	 * Bytes that {@code malloc} has given out, to the JVM too.
	 * @return their number
	 */
	static long allocated() {
		Mallinfo info = LIBRARY.mallinfo2();
		return info.sizes[USED] + info.sizes[MAPPED];
	}

	/**
	 * Of libc.
	 */
	public interface C extends Library {

		/**
		 * See mallinfo(3).
		 * @return ten numbers
		 */
		Mallinfo mallinfo2();

	}

	/**
	 * {@code struct mallinfo2}: arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks,
	 * uordblks, fordblks, keepcost.
	 */
	@Structure.FieldOrder("sizes")
	public static class Mallinfo extends Structure implements Structure.ByValue {

		/**
		 * The numbers, in this order.
		 */
		public long[] sizes = new long[10];

	}

}
