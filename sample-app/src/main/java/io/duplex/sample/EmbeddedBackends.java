/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Runs the backends in this application, so that the sample needs nothing else.
 */
@Component
class EmbeddedBackends implements SmartLifecycle {

	private final SampleProperties properties;

	private final List<EchoServer> servers = new ArrayList<>();

	EmbeddedBackends(SampleProperties properties) {
		this.properties = properties;
	}

	@Override
	public synchronized void start() {
		try {
			for (Map.Entry<String, Integer> backend : this.properties.backends().entrySet()) {
				this.servers.add(new EchoServer(backend.getKey(), backend.getValue()));
			}
		}
		catch (IOException ex) {
			stop();
			throw new UncheckedIOException("Could not start the backends " + this.properties.backends(), ex);
		}
	}

	@Override
	public synchronized void stop() {
		try {
			for (EchoServer server : this.servers) {
				server.close();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		finally {
			this.servers.clear();
		}
	}

	@Override
	public synchronized boolean isRunning() {
		return !this.servers.isEmpty();
	}

	/**
	 * Before the proxies when starting, after them when stopping.
	 */
	@Override
	public int getPhase() {
		return 0;
	}

}
