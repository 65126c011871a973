/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import com.sun.jna.JNIEnv;
import org.jspecify.annotations.Nullable;

/**
 * Looks into objects of the JDK and of others, through JNI, which asks no module for
 * leave. A path leads from field to field: {@code name:signature} with slashes between
 * them, {@code name?:} where the field may be missing. Fields of type int, boolean or
 * long (1 when it is not 0) are read by {@link #dx_java_int}. The rest is what can be
 * done with the descriptors that are found there.
 */
public final class JavaObjects {

	private JavaObjects() {
	}

	static native @Nullable Object dx_java_object(JNIEnv env, Object object, String path);

	static native int dx_java_int(JNIEnv env, Object object, String path);

	static native @Nullable Object dx_java_channel(JNIEnv env, Object provider, Object family, int descriptor,
			Object address);

	public static native int dx_java_dup(int descriptor);

	public static native int dx_java_dead();

	public static native int dx_java_bury(int descriptor, int dead);

	public static native int dx_java_unwatch(int epoll, int descriptor);

	public static native int dx_java_close(int descriptor);

	/**
	 * The object that a field holds.
	 * @param object where the path begins
	 * @param path the way to the field
	 * @return the object, or null when there is none
	 */
	public static @Nullable Object field(Object object, String path) {
		return dx_java_object(JNIEnv.CURRENT, object, path);
	}

	/**
	 * The number that a field holds; booleans are 0 and 1.
	 * @param object where the path begins
	 * @param path the way to the field
	 * @return the number, or -2 (ENOENT) when there is no such field
	 */
	public static int number(Object object, String path) {
		return dx_java_int(JNIEnv.CURRENT, object, path);
	}

	/**
	 * A channel around a connected descriptor.
	 * @param provider the JDK's selector provider
	 * @param family the descriptor's family
	 * @param descriptor the descriptor, the channel's from now on
	 * @param address the peer
	 * @return the channel, or null when this JDK does not make them so
	 */
	public static @Nullable Object channel(Object provider, Object family, int descriptor, Object address) {
		return dx_java_channel(JNIEnv.CURRENT, provider, family, descriptor, address);
	}

}
