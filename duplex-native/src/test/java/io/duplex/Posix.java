/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.Arrays;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;

/**
 * What tests need of libc, to make the bare descriptors that an engine adopts.
 */
final class Posix {

	private static final int AF_UNIX = 1;

	private static final int SOCK_STREAM = 1;

	static {
		Native.register(Posix.class, "c");
	}

	private Posix() {
	}

	static native int socketpair(int domain, int type, int protocol, int[] descriptors) throws LastErrorException;

	static native int pipe(int[] descriptors) throws LastErrorException;

	static native int dup(int descriptor) throws LastErrorException;

	static native int close(int descriptor) throws LastErrorException;

	static native long write(int descriptor, byte[] data, long length) throws LastErrorException;

	static native long read(int descriptor, byte[] data, long length) throws LastErrorException;

	/** Two connected unix sockets. */
	static int[] socketPair() {
		int[] descriptors = new int[2];
		socketpair(AF_UNIX, SOCK_STREAM, 0, descriptors);
		return descriptors;
	}

	static int[] pipe() {
		int[] descriptors = new int[2];
		pipe(descriptors);
		return descriptors;
	}

	static void write(int descriptor, byte[] data) {
		write(descriptor, data, data.length);
	}

	static byte[] read(int descriptor, int most) {
		byte[] data = new byte[most];
		int count = (int) read(descriptor, data, most);
		return Arrays.copyOf(data, count);
	}

}
