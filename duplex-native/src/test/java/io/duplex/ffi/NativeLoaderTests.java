/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.io.IOException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class NativeLoaderTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					LIBC             | Error loading shared library ld-linux-x86-64.so.2: No such file or directory
					LIBC             | /tmp/jna1.tmp: version `GLIBC_2.34' not found
					LIBC             | Error relocating /tmp/jna1.tmp: __memcpy_chk: symbol not found
					TEMPORARY_FOLDER | /tmp/jna1.tmp: failed to map segment from shared object
					TEMPORARY_FOLDER | Failed to create temporary file for /linux-x86-64/libduplex.so library: Read-only file system
					TEMPORARY_FOLDER | JNA temporary directory '/nowhere' does not exist
					TEMPORARY_FOLDER | No space left on device
					NOT_LOADABLE     | /tmp/jna1.tmp: invalid ELF header
					""")
	void whatTheLinkerSaysTellsWhatIsInTheWay(LoadFailure.Kind kind, String message) {
		LoadFailure failure = NativeLoader.explain(new UnsatisfiedLinkError(message));
		assertThat(failure.kind()).isEqualTo(kind);
		assertThat(failure).hasMessageContaining(message);
	}

	@Test
	void aTemporaryFolderThatDoesNotWorkIsNamedWithThePropertyThatChangesIt() {
		LoadFailure failure = NativeLoader.explain(new IOException("Read-only file system"));
		assertThat(failure).hasMessageContaining(NativeLoader.temporaryFolder()).hasMessageContaining("jna.tmpdir");
	}

	@Test
	void theMessageOfACauseCounts() {
		LoadFailure failure = NativeLoader
			.explain(new ExceptionInInitializerError(new UnsatisfiedLinkError("libc.so.6: cannot open")));
		assertThat(failure.kind()).isEqualTo(LoadFailure.Kind.LIBC);
	}

}
