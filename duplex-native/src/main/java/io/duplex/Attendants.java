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
 * The attendants of an engine's proxies, by the proxies' ids. They belong to their
 * proxies and are only known here: a router that can reach its engine must not keep a
 * leaked one alive.
 */
final class Attendants {

	private final ConcurrentHashMap<Long, WeakReference<Attendant>> byProxy = new ConcurrentHashMap<>();

	void add(long proxy, Attendant attendant) {
		this.byProxy.put(proxy, new WeakReference<>(attendant));
	}

	void remove(long proxy) {
		this.byProxy.remove(proxy);
	}

	/**
	 * A connection awaits the JVM.
	 * @param event tells the connection, its proxy and what for
	 */
	void attend(Event event) {
		WeakReference<Attendant> reference = this.byProxy.get(event.value());
		Attendant attendant = (reference != null) ? reference.get() : null;
		if (attendant == null) {
			LibDuplex.dx_proxy_refuse(event.object(), Dx.DX_REFUSED_BY_FAILURE);
		}
		else if (event.type() == Dx.DX_EVENT_CONNECTED) {
			attendant.connected(event);
		}
		else {
			attendant.accepted(event);
		}
	}

}
