/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.channels.FileChannel;
import java.util.function.LongSupplier;

import io.duplex.ffi.Errno;
import io.duplex.ffi.LibDuplex;

/**
 * A part of a file on its way: each attempt sends what fits.
 */
final class FileTransfer implements LongSupplier {

	private final long socket;

	private final FileChannel file;

	private final int descriptor;

	private final long offset;

	private final long count;

	private volatile long sent;

	private volatile boolean ended;

	FileTransfer(long socket, FileChannel file, long offset, long count) {
		if (offset < 0 || count < 0) {
			throw new IllegalArgumentException("offset and count must not be negative: " + offset + ", " + count);
		}
		this.socket = socket;
		this.file = file;
		this.descriptor = Adoption.descriptor(file);
		this.offset = offset;
		this.count = count;
	}

	/**
	 * Send what fits now.
	 * @return 0 when all is sent or the file has ended, {@code -EAGAIN} when more does
	 * not fit, or another negative errno
	 */
	@Override
	public long getAsLong() {
		while (this.sent < this.count) {
			// Closed meanwhile, the number may be another file's.
			if (!this.file.isOpen()) {
				return -Errno.EBADF.number();
			}
			long result = LibDuplex.dx_send_file(this.socket, this.descriptor, this.offset + this.sent,
					this.count - this.sent);
			if (result < 0) {
				return result;
			}
			if (result == 0) {
				this.ended = true;
				return 0;
			}
			this.sent += result;
		}
		return 0;
	}

	long sent() {
		return this.sent;
	}

	/**
	 * Whether the file ended before.
	 * @return true when fewer bytes were there
	 */
	boolean isShort() {
		return this.ended;
	}

}
