/*
 * SPDX-License-Identifier: Apache-2.0
 */

import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

import io.duplex.DuplexEngine;
import io.duplex.DuplexException;
import io.duplex.DuplexSocket;

/**
 * A port of a machine behind a firewall, forwarded to a public one. The half behind the
 * firewall opens connections in advance; the public half wakes one with a byte when a
 * client comes, and joins the two; the other end then connects to the service, joins, and
 * opens a new one.
 */
class PortForward {

	private static final int POOL = 4;

	public static void main(String[] arguments) throws InterruptedException {
		if (arguments.length != 3) {
			System.err.println("usage: PortForward public tcp://0.0.0.0:8080 tcp://0.0.0.0:7000");
			System.err.println("       PortForward inner tcp://public.example:7000 tcp://127.0.0.1:80");
			System.exit(2);
		}
		try (DuplexEngine engine = DuplexEngine.create()) {
			if (arguments[0].equals("public")) {
				publicHalf(engine, arguments[1], arguments[2]);
			}
			else {
				innerHalf(engine, arguments[1], arguments[2]);
			}
		}
		catch (RuntimeException ex) {
			System.err.println(ex.getMessage());
			System.exit(1);
		}
	}

	private static void publicHalf(DuplexEngine engine, String clients, String pool) throws InterruptedException {
		DuplexSocket clientDoor = engine.socket();
		DuplexSocket poolDoor = engine.socket();
		System.out.println("listening on " + clientDoor.bind(clients) + " and " + poolDoor.bind(pool));
		BlockingQueue<DuplexSocket> waiting = new LinkedBlockingQueue<>();
		daemon(() -> {
			while (true) {
				waiting.add(poolDoor.accept());
			}
		});
		while (true) {
			DuplexSocket client = clientDoor.accept();
			boolean joined = false;
			while (!joined) {
				joined = wakeAndJoin(engine, client, waiting.take());
			}
		}
	}

	private static boolean wakeAndJoin(DuplexEngine engine, DuplexSocket client, DuplexSocket inner) {
		try {
			if (inner.tryReceive(ByteBuffer.allocate(1)) != 0) {
				// The other half has ended meanwhile: the next one.
				inner.close();
				return false;
			}
			inner.send(new byte[] { 1 });
			engine.join(client, inner);
			return true;
		}
		catch (DuplexException ex) {
			// It has died while it waited: the next one.
			inner.close();
			return client.isClosed();
		}
	}

	private static void innerHalf(DuplexEngine engine, String pool, String service) throws InterruptedException {
		Thread[] threads = new Thread[POOL];
		for (int i = 0; i < POOL; i++) {
			threads[i] = daemon(() -> {
				while (true) {
					DuplexSocket outer = engine.connect(pool);
					if (outer.receive(new byte[1]) != 1 || !serve(engine, outer, service)) {
						outer.close();
					}
				}
			});
		}
		System.out.println(POOL + " connections wait at " + pool);
		for (Thread thread : threads) {
			thread.join();
		}
		throw new DuplexException("reach", pool, null, "all connections have ended", null);
	}

	private static boolean serve(DuplexEngine engine, DuplexSocket outer, String service) {
		try {
			engine.join(outer, engine.connect(service));
			return true;
		}
		catch (DuplexException ex) {
			System.err.println(ex.getMessage());
			return false;
		}
	}

	private static Thread daemon(Runnable task) {
		Thread thread = new Thread(() -> {
			try {
				task.run();
			}
			catch (DuplexException ex) {
				System.err.println(ex.getMessage());
			}
		});
		thread.setDaemon(true);
		thread.start();
		return thread;
	}

}
