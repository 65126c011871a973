/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import io.duplex.DuplexProxy;

/**
 * Published when a proxy listens. {@link DuplexProxy#port()} is the port that was bound.
 */
public class DuplexProxyStartedEvent extends DuplexProxyEvent {

	private static final long serialVersionUID = 1L;

	/**
	 * Create a new event.
	 * @param proxy the proxy that was started
	 */
	public DuplexProxyStartedEvent(DuplexProxy proxy) {
		super(proxy);
	}

}
