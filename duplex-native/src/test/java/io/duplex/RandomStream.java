/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/**
 * A stream of random bytes of which every single one is checked: the same seed makes the
 * same bytes.
 */
final class RandomStream {

	private static final int CHUNK = 16 * 1024;

	private RandomStream() {
	}

	/**
	 * Write a stream.
	 * @param seed tells the bytes
	 * @param length their number
	 * @param out takes them, in pieces of random size
	 */
	static void write(long seed, long length, OutputStream out) {
		SplittableRandom bytes = new SplittableRandom(seed);
		SplittableRandom sizes = new SplittableRandom(~seed);
		byte[] chunk = new byte[CHUNK];
		try {
			for (long left = length; left > 0; left -= CHUNK) {
				bytes.nextBytes(chunk);
				int end = (int) Math.min(CHUNK, left);
				int start = 0;
				while (start < end) {
					int size = Math.min(end - start, 1 + sizes.nextInt(sizes.nextBoolean() ? 200 : CHUNK));
					out.write(chunk, start, size);
					start += size;
				}
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Read a stream and compare every byte.
	 * @param seed tells the bytes
	 * @param length their number
	 * @param in has them
	 */
	static void verify(long seed, long length, InputStream in) {
		SplittableRandom bytes = new SplittableRandom(seed);
		byte[] expected = new byte[CHUNK];
		try {
			for (long done = 0; done < length; done += CHUNK) {
				bytes.nextBytes(expected);
				int end = (int) Math.min(CHUNK, length - done);
				byte[] actual = in.readNBytes(end);
				int mismatch = Arrays.mismatch(expected, 0, end, actual, 0, actual.length);
				if (mismatch >= 0) {
					throw new AssertionError("byte " + (done + mismatch) + " of seed " + seed
							+ ((mismatch == actual.length) ? " is missing" : " is wrong"));
				}
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	static CompletableFuture<Void> writeAsync(long seed, long length, OutputStream out) {
		return inThread(() -> write(seed, length, out));
	}

	static CompletableFuture<Void> verifyAsync(long seed, long length, InputStream in) {
		return inThread(() -> verify(seed, length, in));
	}

	static CompletableFuture<Void> inThread(Runnable task) {
		CompletableFuture<Void> done = new CompletableFuture<>();
		Thread thread = new Thread(() -> {
			try {
				task.run();
				done.complete(null);
			}
			catch (Throwable ex) {
				done.completeExceptionally(ex);
			}
		}, "test-stream");
		thread.setDaemon(true);
		thread.start();
		return done;
	}

}
