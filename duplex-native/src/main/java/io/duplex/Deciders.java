/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.lang.ref.WeakReference;
import java.util.concurrent.ConcurrentHashMap;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;

/**
 * The deciders of an engine's proxies, by the proxies' ids. They belong to their proxies
 * and are only known here: a router that can reach its engine must not keep a leaked one
 * alive.
 */
final class Deciders {

	private final ConcurrentHashMap<Long, WeakReference<Decider>> byProxy = new ConcurrentHashMap<>();

	void add(long proxy, Decider decider) {
		this.byProxy.put(proxy, new WeakReference<>(decider));
	}

	void remove(long proxy) {
		this.byProxy.remove(proxy);
	}

	/**
	 * A connection awaits its decision.
	 * @param event tells the connection and its proxy
	 */
	void decide(Event event) {
		WeakReference<Decider> reference = this.byProxy.get(event.value());
		Decider decider = (reference != null) ? reference.get() : null;
		if (decider != null) {
			decider.decide(event);
		}
		else {
			LibDuplex.dx_proxy_refuse(event.object(), Dx.DX_REFUSED_BY_FAILURE);
		}
	}

}
