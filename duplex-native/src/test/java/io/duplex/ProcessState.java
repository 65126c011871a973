/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What a leak would show in.
 */
final class ProcessState {

	private ProcessState() {
	}

	/**
	 * Open sockets, pipes, epolls and so on; not files, which the JVM opens as it likes.
	 */
	static long descriptors() {
		try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
			return descriptors.filter(ProcessState::isNoFile).count();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static boolean isNoFile(Path descriptor) {
		try {
			return !Files.readSymbolicLink(descriptor).toString().startsWith("/");
		}
		catch (IOException ex) {
			// Closed meanwhile: the one that lists the others, for example.
			return false;
		}
	}

	/** Threads of engines, the native ones too, which the JVM does not know. */
	static long engineThreads() {
		File[] tasks = Objects.requireNonNull(new File("/proc/self/task").listFiles());
		return Stream.of(tasks).filter((task) -> name(task).startsWith("duplex")).count();
	}

	private static String name(File task) {
		try {
			return Files.readString(task.toPath().resolve("comm"));
		}
		catch (IOException ex) {
			return "";
		}
	}

}
