/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;

import io.duplex.ffi.JavaObjects;

/**
 * Makes channels of descriptors.
 */
final class Channels {

	private Channels() {
	}

	/**
	 * Make a blocking channel of a connected descriptor.
	 * @param descriptor the descriptor, which is closed when this fails
	 * @param peer the peer
	 * @return the channel
	 */
	static SocketChannel open(int descriptor, DuplexAddress peer) {
		Object channel = JavaObjects.channel(SelectorProvider.provider(), family(peer), descriptor, address(peer));
		if (!(channel instanceof SocketChannel socket)) {
			JavaObjects.dx_java_close(descriptor);
			throw new DuplexException("make a SocketChannel of the connection to", peer.toString(), null,
					"this JVM makes its channels in another way: use release()", null);
		}
		try {
			// The descriptor may be in either mode, and a new channel takes itself for
			// blocking.
			socket.configureBlocking(false);
			socket.configureBlocking(true);
			return socket;
		}
		catch (IOException ex) {
			JavaObjects.dx_java_close(descriptor);
			throw new DuplexException("make a SocketChannel of the connection to", peer.toString(), null, ex.toString(),
					ex);
		}
	}

	private static ProtocolFamily family(DuplexAddress peer) {
		if (!peer.isTcp()) {
			return StandardProtocolFamily.UNIX;
		}
		boolean ipv6 = peer.ip().map((ip) -> ip.getAddress().length == 16).orElse(false);
		return ipv6 ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
	}

	private static SocketAddress address(DuplexAddress peer) {
		if (!peer.isTcp()) {
			return UnixDomainSocketAddress.of(peer.path().startsWith("@") ? "" : peer.path());
		}
		return new InetSocketAddress(peer.ip().orElseThrow(), peer.port());
	}

}
