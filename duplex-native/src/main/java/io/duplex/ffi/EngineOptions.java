/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_engine_options}.
 */
public final class EngineOptions {

	static final int SIZEOF = 32;

	static final int WORKERS = 4;

	static final int PIPE_SIZE = 8;

	static final int MAX_DESCRIPTORS = 12;

	static final int RESERVED_DESCRIPTORS = 16;

	static final int MESSAGE_BUDGET = 24;

	private EngineOptions() {
	}

	/**
	 * Write the struct.
	 * @param workers threads; 0: one a processor
	 * @param pipeSize bytes; 0: the default
	 * @param maxDescriptors limit; 0: as many as can be had
	 * @param reservedDescriptors left to the JVM; 0: the default
	 * @param messageBudget bytes; 0: the default
	 * @return the struct
	 */
	public static byte[] encode(int workers, int pipeSize, int maxDescriptors, int reservedDescriptors,
			long messageBudget) {
		ByteBuffer struct = Layout.struct(SIZEOF);
		struct.putInt(WORKERS, workers);
		struct.putInt(PIPE_SIZE, pipeSize);
		struct.putInt(MAX_DESCRIPTORS, maxDescriptors);
		struct.putInt(RESERVED_DESCRIPTORS, reservedDescriptors);
		struct.putLong(MESSAGE_BUDGET, messageBudget);
		return struct.array();
	}

}
