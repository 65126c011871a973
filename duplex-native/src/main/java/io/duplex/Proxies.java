/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * The proxies of an engine that were created and not closed.
 */
final class Proxies {

	private final ReentrantLock lock = new ReentrantLock();

	/** In the order of creation; null while a proxy is being made. */
	private final Map<String, @Nullable NativeProxy> byName = new LinkedHashMap<>();

	private final ConcurrentHashMap<Long, NativeProxy> byId = new ConcurrentHashMap<>();

	/**
	 * Create a proxy if its name is free.
	 * @param definition what it does
	 * @param factory makes it
	 * @return the proxy
	 */
	NativeProxy create(DuplexProxyDefinition definition, Supplier<NativeProxy> factory) {
		reserve(definition.name());
		NativeProxy proxy = null;
		try {
			proxy = factory.get();
			return proxy;
		}
		finally {
			settle(definition.name(), proxy);
		}
	}

	private void reserve(String name) {
		this.lock.lock();
		try {
			if (this.byName.containsKey(name)) {
				throw new InvalidProxyDefinitionException(name, "name", name, "is that of another proxy");
			}
			this.byName.put(name, null);
		}
		finally {
			this.lock.unlock();
		}
	}

	private void settle(String name, @Nullable NativeProxy proxy) {
		this.lock.lock();
		try {
			if (proxy != null) {
				this.byName.put(name, proxy);
				this.byId.put(proxy.id(), proxy);
			}
			else {
				this.byName.remove(name);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	void remove(NativeProxy proxy) {
		this.lock.lock();
		try {
			this.byName.remove(proxy.name(), proxy);
			this.byId.remove(proxy.id());
		}
		finally {
			this.lock.unlock();
		}
	}

	@Nullable NativeProxy find(String name) {
		this.lock.lock();
		try {
			return this.byName.get(name);
		}
		finally {
			this.lock.unlock();
		}
	}

	@Nullable NativeProxy find(long id) {
		return this.byId.get(id);
	}

	List<NativeProxy> all() {
		List<NativeProxy> all = new ArrayList<>();
		this.lock.lock();
		try {
			for (NativeProxy proxy : this.byName.values()) {
				if (proxy != null) {
					all.add(proxy);
				}
			}
		}
		finally {
			this.lock.unlock();
		}
		return all;
	}

}
