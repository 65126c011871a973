/*
 * SPDX-License-Identifier: Apache-2.0
 */

import java.util.ArrayList;
import java.util.List;

import io.duplex.DuplexClosedException;
import io.duplex.DuplexEngine;
import io.duplex.DuplexSocket;

/**
 * All who connect to a port are joined: two have met, more hear what each of them says.
 */
class Connector {

	public static void main(String[] arguments) {
		if (arguments.length != 1) {
			System.err.println("usage: Connector tcp://127.0.0.1:5000");
			System.exit(2);
		}
		try (DuplexEngine engine = DuplexEngine.create()) {
			DuplexSocket door = engine.socket();
			System.out.println("listening on " + door.bind(arguments[0]));
			List<DuplexSocket> members = new ArrayList<>();
			while (true) {
				DuplexSocket newcomer = door.accept();
				members.removeIf((member) -> !join(engine, member, newcomer));
				members.add(newcomer);
				System.out.println(members.size() + " connected");
			}
		}
		catch (RuntimeException ex) {
			System.err.println(ex.getMessage());
			System.exit(1);
		}
	}

	private static boolean join(DuplexEngine engine, DuplexSocket member, DuplexSocket newcomer) {
		try {
			engine.join(member, newcomer);
			return true;
		}
		catch (DuplexClosedException ex) {
			// The member has left.
			return false;
		}
	}

}
