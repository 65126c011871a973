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
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;

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
		write(seed, (done) -> done < length, length, out);
	}

	/**
	 * Write a stream until told to stop.
	 * @param seed tells the bytes
	 * @param more given the number of bytes that are written, says whether to go on
	 * @param out takes them, in pieces of random size
	 * @return the number of bytes
	 */
	static long write(long seed, LongPredicate more, OutputStream out) {
		return write(seed, more, Long.MAX_VALUE, out);
	}

	private static long write(long seed, LongPredicate more, long most, OutputStream out) {
		SplittableRandom bytes = new SplittableRandom(seed);
		SplittableRandom sizes = new SplittableRandom(~seed);
		byte[] chunk = new byte[CHUNK];
		long done = 0;
		try {
			while (more.test(done)) {
				bytes.nextBytes(chunk);
				int end = (int) Math.min(CHUNK, most - done);
				int start = 0;
				while (start < end) {
					int size = Math.min(end - start, 1 + sizes.nextInt(sizes.nextBoolean() ? 200 : CHUNK));
					out.write(chunk, start, size);
					start += size;
				}
				done += end;
			}
			return done;
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
		long verified = verifySome(seed, length, in);
		if (verified < length) {
			throw new AssertionError("byte " + verified + " of seed " + seed + " is missing");
		}
	}

	private static long verifySome(long seed, long most, InputStream in) {
		SplittableRandom bytes = new SplittableRandom(seed);
		byte[] expected = new byte[CHUNK];
		long done = 0;
		try {
			while (done < most) {
				bytes.nextBytes(expected);
				int end = (int) Math.min(CHUNK, most - done);
				byte[] actual = in.readNBytes(end);
				int mismatch = Arrays.mismatch(expected, 0, actual.length, actual, 0, actual.length);
				if (mismatch >= 0) {
					throw new AssertionError("byte " + (done + mismatch) + " of seed " + seed + " is wrong");
				}
				done += actual.length;
				if (actual.length < end) {
					break;
				}
			}
			return done;
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

	/**
	 * Read a stream to its end and compare every byte.
	 * @param seed tells the bytes
	 * @param in has them
	 * @return the number of bytes
	 */
	static CompletableFuture<Long> verifyToEndAsync(long seed, InputStream in) {
		AtomicLong length = new AtomicLong();
		return inThread(() -> length.set(verifySome(seed, Long.MAX_VALUE, in))).thenApply((done) -> length.get());
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
