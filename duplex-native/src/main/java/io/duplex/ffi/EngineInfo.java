/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

/**
 * {@code struct dx_engine_info}: an engine's counters.
 */
public final class EngineInfo {

	static final int SIZEOF = 128;

	static final int WORKERS = 4;

	static final int UPTIME_NS = 8;

	static final int SOCKETS = 16;

	static final int JOINS_ACTIVE = 24;

	static final int JOINS_TOTAL = 32;

	static final int BYTES = 40;

	static final int BYTES_SPLICED = 48;

	static final int PIPES_IN_USE = 56;

	static final int PIPES_POOLED = 64;

	static final int PIPES_REFUSED = 72;

	static final int DESCRIPTORS = 80;

	static final int DESCRIPTORS_MAX = 88;

	static final int EXHAUSTED = 96;

	static final int PIPE_SIZE = 104;

	static final int STOPPED = 108;

	static final int MESSAGE_MEMORY = 112;

	static final int MESSAGE_BUDGET = 120;

	private final ByteBuffer struct;

	/**
	 * An empty struct.
	 */
	public EngineInfo() {
		this.struct = Layout.struct(SIZEOF);
	}

	/**
	 * Fill the struct.
	 * @param engine the engine
	 * @return 0 or a negative errno
	 */
	public int read(long engine) {
		return LibDuplex.dx_engine_info(engine, this.struct.array());
	}

	public int workers() {
		return this.struct.getInt(WORKERS);
	}

	public long uptimeNanos() {
		return this.struct.getLong(UPTIME_NS);
	}

	public long sockets() {
		return this.struct.getLong(SOCKETS);
	}

	public long joinsActive() {
		return this.struct.getLong(JOINS_ACTIVE);
	}

	public long joinsTotal() {
		return this.struct.getLong(JOINS_TOTAL);
	}

	public long bytes() {
		return this.struct.getLong(BYTES);
	}

	public long bytesSpliced() {
		return this.struct.getLong(BYTES_SPLICED);
	}

	public long pipesInUse() {
		return this.struct.getLong(PIPES_IN_USE);
	}

	public long pipesPooled() {
		return this.struct.getLong(PIPES_POOLED);
	}

	public long pipesRefused() {
		return this.struct.getLong(PIPES_REFUSED);
	}

	public long descriptors() {
		return this.struct.getLong(DESCRIPTORS);
	}

	public long descriptorsMax() {
		return this.struct.getLong(DESCRIPTORS_MAX);
	}

	public long exhausted() {
		return this.struct.getLong(EXHAUSTED);
	}

	public int pipeSize() {
		return this.struct.getInt(PIPE_SIZE);
	}

	public long messageMemory() {
		return this.struct.getLong(MESSAGE_MEMORY);
	}

	public long messageBudget() {
		return this.struct.getLong(MESSAGE_BUDGET);
	}

}
