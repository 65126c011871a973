/*
 * SPDX-License-Identifier: Apache-2.0
 */

import java.util.concurrent.CountDownLatch;

import io.duplex.DuplexEngine;
import io.duplex.DuplexSocket;

/**
 * A proxy: a socket that is bound, and then connected, forwards.
 */
class Proxy {

	public static void main(String[] arguments) throws InterruptedException {
		if (arguments.length != 2) {
			System.err.println("usage: Proxy tcp://127.0.0.1:5000 tcp://127.0.0.1:6379");
			System.exit(2);
		}
		try (DuplexEngine engine = DuplexEngine.create()) {
			DuplexSocket socket = engine.socket();
			System.out.println("listening on " + socket.bind(arguments[0]));
			socket.connect(arguments[1]);
			new CountDownLatch(1).await();
		}
		catch (RuntimeException ex) {
			System.err.println(ex.getMessage());
			System.exit(1);
		}
	}

}
