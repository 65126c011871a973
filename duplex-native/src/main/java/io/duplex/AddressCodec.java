/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;

import io.duplex.ffi.Dx;
import io.duplex.ffi.NativeAddress;
import org.jspecify.annotations.Nullable;

/**
 * Addresses on their way to and from the engine, which knows numbers only.
 */
final class AddressCodec {

	private AddressCodec() {
	}

	/**
	 * Write an address that needs no name service.
	 * @param address no name
	 * @return one struct
	 */
	static byte[] encode(DuplexAddress address) {
		if (!address.isTcp()) {
			return NativeAddress.encode(NativeAddress.unix(path(address.path())));
		}
		InetAddress ip = address.ip().orElseThrow(() -> new IllegalArgumentException(address + " is not resolved"));
		return NativeAddress.encode(tcp(ip, address.port()));
	}

	/**
	 * Write the addresses of a host.
	 * @param addresses what the name service said; those after the 64th are left out
	 * @param port the port
	 * @return the structs
	 */
	static byte[] encode(List<InetAddress> addresses, int port) {
		return NativeAddress.encode(addresses.stream()
			.limit(Dx.MAX_ADDRESSES)
			.map((address) -> tcp(address, port))
			.toArray(NativeAddress[]::new));
	}

	/**
	 * Read an address.
	 * @param address the address
	 * @return the address, or null for none
	 */
	static @Nullable DuplexAddress decode(NativeAddress address) {
		return switch (address.family()) {
			case Dx.DX_FAMILY_IPV4, Dx.DX_FAMILY_IPV6 ->
				DuplexAddress.tcp(IpText.of(address.ip(), address.scope()), address.port());
			case Dx.DX_FAMILY_UNIX -> DuplexAddress.unixFromKernel(path(address.path()));
			default -> null;
		};
	}

	private static NativeAddress tcp(InetAddress ip, int port) {
		int scope = (ip instanceof Inet6Address ipv6) ? ipv6.getScopeId() : 0;
		return NativeAddress.tcp(ip.getAddress(), scope, port);
	}

	private static byte[] path(String path) {
		byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
		if (bytes.length > 0 && bytes[0] == '@') {
			bytes[0] = 0;
		}
		return bytes;
	}

	private static String path(byte[] bytes) {
		if (bytes.length > 0 && bytes[0] == 0) {
			return "@" + new String(bytes, 1, bytes.length - 1, StandardCharsets.UTF_8);
		}
		return new String(bytes, StandardCharsets.UTF_8);
	}

}
