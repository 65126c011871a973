/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.NativeAddress;
import io.duplex.ffi.SocketInfo;
import org.jspecify.annotations.Nullable;

/**
 * What a connected socket of the engine is known by: its number, its addresses, what
 * exceptions call it, and whether the application has let it go. Whatever works on the
 * socket holds it.
 */
final class SocketHandle {

	/**
	 * Keeps the engine from being taken for leaked, also when all that is left of the
	 * socket is somebody who waits for it.
	 */
	private final NativeEngine engine;

	private final EngineCore core;

	private final long id;

	private volatile @Nullable Addresses addresses;

	private volatile boolean letGo;

	SocketHandle(NativeEngine engine, long id) {
		this.engine = engine;
		this.core = engine.core();
		this.id = id;
	}

	NativeEngine engine() {
		return this.engine;
	}

	EngineCore core() {
		return this.core;
	}

	long id() {
		return this.id;
	}

	DuplexAddress localAddress() {
		return addresses("tell the local address of").local;
	}

	DuplexAddress peerAddress() {
		return addresses("tell the peer of").peer;
	}

	private Addresses addresses(String operation) {
		Addresses known = this.addresses;
		if (known != null) {
			return known;
		}
		SocketInfo info = info(operation);
		Addresses fresh = new Addresses(decode(info.local()), decode(info.peer()));
		this.addresses = fresh;
		return fresh;
	}

	/**
	 * A socket that was reset meanwhile has no addresses any more, and is described as
	 * unnamed.
	 */
	private static DuplexAddress decode(NativeAddress address) {
		DuplexAddress decoded = AddressCodec.decode(address);
		return (decoded != null) ? decoded : DuplexAddress.unnamed();
	}

	/**
	 * Look at it.
	 * @param operation what needs it
	 * @return how it is at this moment
	 */
	SocketInfo info(String operation) {
		SocketInfo info = new SocketInfo();
		int result = info.read(this.id);
		if (result < 0) {
			throw failure(operation, result);
		}
		return info;
	}

	/**
	 * The application closes it, takes it back or passes it on.
	 */
	void letGo() {
		this.letGo = true;
	}

	boolean isLetGo() {
		return this.letGo;
	}

	/**
	 * Whether it is of no more use.
	 * @return true when the application has let it go, or its engine is closed
	 */
	boolean isClosed() {
		return this.letGo || this.core.isClosed();
	}

	/**
	 * What exceptions call it.
	 * @return its peer, or its id
	 */
	String subject() {
		Addresses known = this.addresses;
		return (known != null && !known.peer.isUnnamed()) ? known.peer.toString() : "socket " + this.id;
	}

	/**
	 * Something could not be done.
	 * @param operation what
	 * @param result a negative errno
	 * @return the exception
	 */
	DuplexException failure(String operation, long result) {
		if (Errno.EPIPE.is(result) && isOutputShut()) {
			return new DuplexClosedException(operation, subject(), Failures.error(result), "its output was shut down");
		}
		return this.core.failures().object(operation, subject(), result);
	}

	private boolean isOutputShut() {
		SocketInfo info = new SocketInfo();
		return info.read(this.id) == 0 && info.output() == Dx.DX_HALF_SHUT;
	}

	private record Addresses(DuplexAddress local, DuplexAddress peer) {

	}

}
