/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import io.duplex.DuplexProxy;

import org.springframework.context.ApplicationEvent;

/**
 * Event about a proxy of the {@link DuplexProxyRegistry}.
 */
public abstract class DuplexProxyEvent extends ApplicationEvent {

	private static final long serialVersionUID = 1L;

	DuplexProxyEvent(DuplexProxy proxy) {
		super(proxy);
	}

	/**
	 * The proxy.
	 * @return the proxy
	 */
	public DuplexProxy getProxy() {
		return (DuplexProxy) getSource();
	}

	@Override
	public String toString() {
		return getClass().getSimpleName() + "[proxy=" + getProxy().name() + ", address=" + getProxy().address() + "]";
	}

}
