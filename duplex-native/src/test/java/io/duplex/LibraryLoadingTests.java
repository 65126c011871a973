/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(120)
class LibraryLoadingTests {

	@Test
	void aTemporaryFolderThatDoesNotWorkIsNamed() {
		assertThat(ChildJvm.run(Create.class, "-Djna.tmpdir=/proc/self/nowhere")).contains("TEMPORARY_FOLDER")
			.contains("/proc/self/nowhere")
			.contains("jna.tmpdir")
			.contains("the second time: TEMPORARY_FOLDER");
	}

	@Test
	void aPlatformWithoutALibraryIsNamed() {
		assertThat(ChildJvm.run(Create.class, "-Djna.prefix=linux-vax")).contains("UNSUPPORTED_PLATFORM")
			.contains("linux-vax")
			.contains("x86-64")
			.contains("the second time: UNSUPPORTED_PLATFORM");
	}

	@Test
	void theLibraryWorksHere() {
		assertThat(ChildJvm.run(Create.class)).startsWith("works");
	}

	static final class Create {

		private Create() {
		}

		public static void main(String[] arguments) {
			try (DuplexEngine engine = DuplexEngine.create()) {
				System.out.println("works: " + engine.version());
			}
			catch (NativeLibraryException ex) {
				System.out.println(ex.getKind() + " " + ex.getPlatform() + " " + ex.getMessage());
				again();
			}
		}

		private static void again() {
			try {
				DuplexEngine.create().close();
			}
			catch (NativeLibraryException ex) {
				System.out.println("the second time: " + ex.getKind());
			}
		}

	}

}
