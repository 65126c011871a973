/*
 * SPDX-License-Identifier: Apache-2.0
 */

import io.duplex.DuplexEngine;
import io.duplex.DuplexSocket;

/**
 * Two socket pairs joined into one: who connects to the first address talks to who
 * connects to the second.
 */
class Pairs {

	public static void main(String[] arguments) {
		if (arguments.length != 2) {
			System.err.println("usage: Pairs tcp://127.0.0.1:5001 tcp://127.0.0.1:5002");
			System.exit(2);
		}
		try (DuplexEngine engine = DuplexEngine.create()) {
			DuplexSocket left = engine.socket();
			DuplexSocket right = engine.socket();
			System.out.println("listening on " + left.bind(arguments[0]) + " and " + right.bind(arguments[1]));
			while (true) {
				engine.join(left.accept(), right.accept());
			}
		}
		catch (RuntimeException ex) {
			System.err.println(ex.getMessage());
			System.exit(1);
		}
	}

}
