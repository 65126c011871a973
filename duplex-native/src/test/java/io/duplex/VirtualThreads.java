/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ThreadFactory;

/**
 * Virtual threads where this JVM has them, other threads where not.
 */
final class VirtualThreads {

	private VirtualThreads() {
	}

	static ThreadFactory factory() {
		if (Runtime.version().feature() < 21) {
			return Thread::new;
		}
		try {
			Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
			return (ThreadFactory) Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
		}
		catch (ClassNotFoundException | NoSuchMethodException | IllegalAccessException | InvocationTargetException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
