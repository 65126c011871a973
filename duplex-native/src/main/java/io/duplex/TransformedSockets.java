/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.HashSet;
import java.util.Set;

/**
 * The sockets of an engine's joins through functions. To the engine they are held, as
 * those that nobody uses.
 */
final class TransformedSockets {

	private final Set<Long> sockets = new HashSet<>();

	/**
	 * Claim two sockets for a join through functions.
	 * @param client one
	 * @param backend the other
	 * @throws SocketBusyException when one is part of such a join already
	 */
	synchronized void claim(NativeSocket client, NativeSocket backend) {
		requireFree(client, client, backend);
		requireFree(backend, client, backend);
		this.sockets.add(client.id());
		this.sockets.add(backend.id());
	}

	private void requireFree(NativeSocket socket, NativeSocket client, NativeSocket backend) {
		if (this.sockets.contains(socket.id())) {
			throw new SocketBusyException("join", client + " with " + backend, null,
					socket + " is part of a join through functions");
		}
	}

	/**
	 * Give both back.
	 * @param client id of one
	 * @param backend id of the other
	 */
	synchronized void leave(long client, long backend) {
		this.sockets.remove(client);
		this.sockets.remove(backend);
	}

}
