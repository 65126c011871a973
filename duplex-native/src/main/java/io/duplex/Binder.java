/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.SocketInfo;

/**
 * Makes listeners: binds an address, or takes over a listener that the process has
 * inherited.
 */
final class Binder {

	private final NativeEngine engine;

	private final EngineCore core;

	private final Connector connector;

	/**
	 * Create what binds.
	 * @param engine the engine
	 * @param connector resolves names
	 */
	Binder(NativeEngine engine, Connector connector) {
		this.engine = engine;
		this.core = engine.core();
		this.connector = connector;
	}

	NativeListener listen(DuplexAddress address) {
		return address.isInherited() ? inherit(address) : bind(address);
	}

	private NativeListener bind(DuplexAddress address) {
		long[] listener = new long[1];
		require(address, LibDuplex.dx_listen(this.core.id(), this.connector.resolveToListen(address), 0, listener));
		SocketInfo info = new SocketInfo();
		require(address, info.read(listener[0]));
		return new NativeListener(this.engine, listener[0], address.withPort(info.local().port()));
	}

	private NativeListener inherit(DuplexAddress address) {
		long[] listener = new long[1];
		require(address, LibDuplex.dx_adopt_listener(this.core.id(), InheritedDescriptors.resolve(address), listener));
		SocketInfo info = new SocketInfo();
		DuplexAddress local = (info.read(listener[0]) < 0) ? null : AddressCodec.decode(info.local());
		return new NativeListener(this.engine, listener[0], (local != null) ? local : DuplexAddress.unnamed());
	}

	private void require(DuplexAddress address, int result) {
		if (result < 0) {
			throw this.core.failures().listen(address, result);
		}
	}

}
