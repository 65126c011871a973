/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A JVM of one's own, the same as this one, for what can be tried only once in a process.
 */
final class ChildJvm {

	private static final int LIMIT_SECONDS = 100;

	private ChildJvm() {
	}

	/**
	 * Start a class.
	 * @param main has a main method
	 * @param arguments for it
	 * @return the process, whose standard output nobody reads
	 */
	static Process start(Class<?> main, String... arguments) {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
						System.getProperty("java.class.path"), "--enable-native-access=ALL-UNNAMED", main.getName()));
		command.addAll(List.of(arguments));
		try {
			return new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.redirectError(ProcessBuilder.Redirect.INHERIT)
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Run a class.
	 * @param main has a main method that ends well
	 * @param options of the JVM
	 * @return what it wrote to its standard output
	 */
	static String run(Class<?> main, String... options) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.addAll(List.of(options));
		command.addAll(List.of("-cp", System.getProperty("java.class.path"), "--enable-native-access=ALL-UNNAMED",
				main.getName()));
		try {
			Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
			boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
			String output = ended ? new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8) : "";
			process.destroyForcibly();
			assertThat(ended).as("ended in time").isTrue();
			assertThat(process.exitValue()).as(output).isZero();
			return output;
		}
		catch (IOException | InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
