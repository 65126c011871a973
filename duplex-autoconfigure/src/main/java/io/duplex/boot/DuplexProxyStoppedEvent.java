/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import io.duplex.DuplexProxy;

/**
 * Published when a proxy no longer listens. After a drain it has no connection left
 * either.
 */
public class DuplexProxyStoppedEvent extends DuplexProxyEvent {

	private static final long serialVersionUID = 1L;

	/**
	 * Create a new event.
	 * @param proxy the proxy that was stopped
	 */
	public DuplexProxyStoppedEvent(DuplexProxy proxy) {
		super(proxy);
	}

}
