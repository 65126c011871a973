/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A listener whose connections are joined to backends. One with fixed backends runs
 * without any work in the JVM. Safe for use by any number of threads.
 */
public interface DuplexProxy extends AutoCloseable {

	/**
	 * What the proxy does.
	 * @return the definition that it was created with
	 */
	DuplexProxyDefinition definition();

	/**
	 * What the proxy is called.
	 * @return the definition's name
	 */
	default String name() {
		return definition().name();
	}

	/**
	 * Bind and listen; parks until that is done. After a stop the same port is bound
	 * again, also where it was 0. Starting a started proxy does nothing. Backends whose
	 * names do not resolve yet are tried again later.
	 * @throws AddressInUseException when somebody listens there already
	 * @throws PortPermissionException when the port needs a privilege
	 * @throws DuplexClosedException when the proxy or the engine is closed
	 */
	void start();

	/**
	 * {@link #start()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> startAsync();

	/**
	 * Accept what is in the backlog, then stop listening: new peers are refused. Joins
	 * live on. Parks until that is done. Stopping a stopped proxy does nothing.
	 */
	void stop();

	/**
	 * {@link #stop()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> stopAsync();

	/**
	 * Stop, and wait for the connections to end.
	 * @param grace how long; the rest is closed then with
	 * {@link JoinEndReason#SHUT_DOWN}. Zero closes at once
	 * @return the number of connections that had to be closed, when none is left;
	 * completes on the engine's executor
	 */
	CompletionStage<Long> drain(Duration grace);

	/**
	 * Stop, close all connections and forget the proxy. Parks until that is done. Closing
	 * again does nothing.
	 */
	@Override
	void close();

	/**
	 * {@link #close()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> closeAsync();

	/**
	 * What the proxy does at the moment.
	 * @return the state
	 */
	ProxyState state();

	/**
	 * Where it listens, with the port that was bound, if it was.
	 * @return the address
	 */
	DuplexAddress address();

	/**
	 * The bound port.
	 * @return the port; 0 before the first start, and for a unix socket
	 */
	int port();

	/**
	 * The proxy's counters; the last ones when it is closed.
	 * @return what they say
	 */
	ProxyStatistics statistics();

	/**
	 * The backends, in the order of the definition; none for a proxy with a router.
	 * @return their status; the last one when the proxy is closed
	 */
	List<BackendStatus> backends();

}
