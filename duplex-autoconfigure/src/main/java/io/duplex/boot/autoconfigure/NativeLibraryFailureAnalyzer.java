/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.NativeLibraryException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * A {@code FailureAnalyzer} for machines on which the native library does not work.
 */
class NativeLibraryFailureAnalyzer extends AbstractFailureAnalyzer<NativeLibraryException> {

	private static final String PLATFORMS = "Duplex works on Linux with glibc, on x86-64 and aarch64 processors.";

	private static final String DISABLE = "Set duplex.enabled=false to run the application without Duplex: it then has "
			+ "no engine, no proxies and no endpoints.";

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, NativeLibraryException cause) {
		return new FailureAnalysis(description(cause), action(cause), cause);
	}

	private String description(NativeLibraryException cause) {
		String problem = switch (cause.getKind()) {
			case UNSUPPORTED_PLATFORM -> "there is none for the platform " + cause.getPlatform() + ". " + PLATFORMS;
			case LIBC -> "it needs another C library than the one of this machine. " + PLATFORMS;
			case TEMPORARY_FOLDER -> "it cannot be unpacked to and loaded from the temporary folder "
					+ cause.getTemporaryFolder() + ", which is read-only, full or mounted with noexec.";
			case NOT_LOADABLE -> "it cannot be loaded on " + cause.getPlatform() + ".";
		};
		return "The native library of Duplex does not work here: %s%n%n%s".formatted(problem, cause.getMessage());
	}

	private String action(NativeLibraryException cause) {
		String action = switch (cause.getKind()) {
			case UNSUPPORTED_PLATFORM, LIBC -> "Run the application on a platform that works.";
			case TEMPORARY_FOLDER ->
				"Name a folder that is writable and not mounted with noexec: " + "-Djna.tmpdir=/path/to/folder.";
			case NOT_LOADABLE -> "Check the error above.";
		};
		return action + " " + DISABLE;
	}

}
