/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import org.jspecify.annotations.Nullable;

/**
 * Finds libduplex in the jar, under the folder that JNA has for the platform, unpacks it
 * where JNA unpacks itself, and binds {@link LibDuplex}. A library of this name that
 * happens to be installed on the machine is never used.
 */
public final class NativeLoader {

	private static final String TEMPORARY_FOLDER_PROPERTY = "jna.tmpdir";

	/**
	 * What the dynamic linkers of glibc and musl say when there is not the libc that a
	 * library was made for.
	 */
	private static final Pattern LIBC = Pattern
		.compile("ld-linux|ld-musl|GLIBC_|libc\\.so\\.6|Error relocating|symbol not found");

	/**
	 * What JNA and the dynamic linker say about a folder that is read-only, full or
	 * mounted with noexec.
	 */
	private static final Pattern TEMPORARY_FOLDER = Pattern
		.compile("failed to map segment|Operation not permitted|temporary|Read-only file system|No space left"
				+ "|Permission denied|Disk quota exceeded");

	/** What JDK 24 and later say under --illegal-native-access=deny. */
	private static final String NO_NATIVE_ACCESS = "Illegal native access";

	private NativeLoader() {
	}

	/**
	 * Bind {@link LibDuplex}, once.
	 * @throws LoadFailure when that did not work, now or the first time
	 */
	public static void load() throws LoadFailure {
		LoadFailure failure = Outcome.FAILURE;
		if (failure != null) {
			throw new LoadFailure(failure.kind(), String.valueOf(failure.getMessage()), failure);
		}
	}

	/**
	 * The platform as JNA calls it.
	 * @return for example {@code linux-x86-64}
	 */
	public static String platform() {
		return Platform.RESOURCE_PREFIX;
	}

	/**
	 * Where JNA unpacks libraries.
	 * @return the folder's path
	 */
	public static String temporaryFolder() {
		String configured = System.getProperty(TEMPORARY_FOLDER_PROPERTY);
		if (configured != null) {
			return configured;
		}
		String cache = System.getenv("XDG_CACHE_HOME");
		File folder = new File(
				(cache != null && !cache.isBlank()) ? cache : System.getProperty("user.home") + "/.cache", "JNA/temp");
		return folder.canWrite() ? folder.getPath() : System.getProperty("java.io.tmpdir");
	}

	private static @Nullable LoadFailure tryToLoad() {
		String resource = "/" + platform() + "/libduplex.so";
		URL url = LibDuplex.class.getResource(resource);
		if (url == null) {
			return new LoadFailure(LoadFailure.Kind.UNSUPPORTED_PLATFORM,
					"there is none; Linux on x86-64 or aarch64 with glibc is needed");
		}
		try {
			File file = Native.extractFromResourcePath(resource, LibDuplex.class.getClassLoader());
			try {
				NativeLibrary library = NativeLibrary.getInstance(file.getAbsolutePath(),
						Map.of(Library.OPTION_ALLOW_OBJECTS, Boolean.TRUE));
				Native.register(LibDuplex.class, library);
				Native.register(JavaObjects.class, library);
			}
			finally {
				deleteUnpacked(file, url);
			}
			return null;
		}
		catch (IOException | Error ex) {
			// JNA throws plain errors too, for example when it finds a native part of
			// another version of itself.
			return explain(ex);
		}
	}

	/**
	 * The mapping stays when the file is gone, and a killed process leaves nothing
	 * behind.
	 */
	private static void deleteUnpacked(File file, URL url) {
		if (!"file".equals(url.getProtocol()) && !file.delete()) {
			file.deleteOnExit();
		}
	}

	/**
	 * Tell from what JNA or the dynamic linker said what is in the way.
	 * @param cause what was thrown
	 * @return the failure
	 */
	static LoadFailure explain(Throwable cause) {
		String message = messages(cause);
		if (LIBC.matcher(message).find()) {
			return new LoadFailure(LoadFailure.Kind.LIBC, "the C library is not glibc, or too old: " + message, cause);
		}
		if (TEMPORARY_FOLDER.matcher(message).find()) {
			return new LoadFailure(
					LoadFailure.Kind.TEMPORARY_FOLDER, "libraries cannot be unpacked to and run from "
							+ temporaryFolder() + " (the system property jna.tmpdir names another folder): " + message,
					cause);
		}
		if (message.contains(NO_NATIVE_ACCESS)) {
			return new LoadFailure(LoadFailure.Kind.NOT_LOADABLE,
					"the JVM was started without --enable-native-access=ALL-UNNAMED: " + message, cause);
		}
		return new LoadFailure(LoadFailure.Kind.NOT_LOADABLE, message, cause);
	}

	private static String messages(Throwable throwable) {
		List<String> messages = new ArrayList<>();
		for (Throwable cause = throwable; cause != null; cause = cause.getCause()) {
			if (cause.getMessage() != null) {
				messages.add(cause.getMessage());
			}
		}
		return messages.isEmpty() ? throwable.toString() : String.join(": ", messages);
	}

	/** Loaded, or not, once for all. */
	private static final class Outcome {

		private static final @Nullable LoadFailure FAILURE = tryToLoad();

	}

}
