/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.function.Consumer;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.EventBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event thread's work: read events until the last one. It knows nothing of the
 * objects that the application holds, so that an engine which nobody can reach any more
 * is found by the garbage collector.
 */
final class EventLoop implements Runnable {

	private static final Logger logger = LoggerFactory.getLogger(EventLoop.class);

	private final long engine;

	private final Consumer<Event> handler;

	private final Runnable end;

	/**
	 * Create a loop.
	 * @param engine the engine
	 * @param handler is given each event, and must be quick
	 * @param end is called after the last one
	 */
	EventLoop(long engine, Consumer<Event> handler, Runnable end) {
		this.engine = engine;
		this.handler = handler;
		this.end = end;
	}

	@Override
	public void run() {
		try {
			EventBatch batch = new EventBatch();
			boolean stopped = false;
			while (!stopped) {
				int count = batch.await(this.engine);
				if (count < 0 && !Errno.EINTR.is(count)) {
					stopped = true;
					if (!Errno.ESHUTDOWN.is(count)) {
						logger.error("No more events from the engine: {}", Failures.error(count));
					}
				}
				for (int i = 0; i < count; i++) {
					stopped |= handle(batch.get(i));
				}
			}
		}
		finally {
			this.end.run();
		}
	}

	private boolean handle(Event event) {
		try {
			this.handler.accept(event);
		}
		catch (RuntimeException | Error ex) {
			// Whatever it is, the others' events must go on.
			logger.error("Event of type {} was not handled", event.type(), ex);
		}
		return event.type() == Dx.DX_EVENT_STOPPED;
	}

}
