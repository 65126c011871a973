/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;

/**
 * Holds the JVM while proxies run: they have no Java thread that would, and the threads
 * of an application that enabled virtual ones are all daemons. Not safe for use by
 * several threads at once.
 */
class KeepAlive {

	private @Nullable Holder holder;

	/**
	 * Hold the JVM, or let it go.
	 * @param needed whether it is to be held
	 */
	void set(boolean needed) {
		if (needed && this.holder == null) {
			this.holder = new Holder();
			this.holder.start();
		}
		else if (!needed && this.holder != null) {
			this.holder.release();
			this.holder = null;
		}
	}

	private static final class Holder extends Thread {

		private volatile boolean released;

		Holder() {
			super("duplex-keep-alive");
			setDaemon(false);
		}

		@Override
		public void run() {
			while (!this.released) {
				LockSupport.park(this);
				Thread.interrupted(); // or park would return at once for ever
			}
		}

		void release() {
			this.released = true;
			LockSupport.unpark(this);
		}

	}

}
