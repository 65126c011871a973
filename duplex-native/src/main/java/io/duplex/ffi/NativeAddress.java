/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * {@code struct dx_address}: a numeric address.
 *
 * @param family {@code DX_FAMILY_…}
 * @param port TCP port
 * @param scope IPv6 scope id, or 0
 * @param ip 4 or 16 bytes in network byte order; none for unix
 * @param path unix: the path; an abstract name begins with a NUL byte
 */
public record NativeAddress(int family, int port, int scope, byte[] ip, byte[] path) {

	static final int SIZEOF = 136;

	static final int FAMILY = 0;

	static final int PORT = 2;

	static final int SCOPE = 4;

	static final int IP = 8;

	static final int PATH_LENGTH = 24;

	static final int PATH = 26;

	private static final int MAX_PATH = 108;

	private static final byte[] NOTHING = {};

	/**
	 * An IP address with a port.
	 * @param ip 4 or 16 bytes
	 * @param scope IPv6 scope id, or 0
	 * @param port the port
	 * @return the address
	 */
	public static NativeAddress tcp(byte[] ip, int scope, int port) {
		return new NativeAddress((ip.length == 4) ? Dx.DX_FAMILY_IPV4 : Dx.DX_FAMILY_IPV6, port, scope, ip, NOTHING);
	}

	/**
	 * A unix address.
	 * @param path the path, or a NUL byte and a name
	 * @return the address
	 */
	public static NativeAddress unix(byte[] path) {
		return new NativeAddress(Dx.DX_FAMILY_UNIX, 0, 0, NOTHING, path);
	}

	/**
	 * Write addresses one after the other.
	 * @param addresses some addresses
	 * @return the structs
	 */
	public static byte[] encode(NativeAddress... addresses) {
		byte[] structs = new byte[addresses.length * SIZEOF];
		ByteBuffer out = Layout.bytes(structs);
		for (int i = 0; i < addresses.length; i++) {
			addresses[i].write(out, i * SIZEOF);
		}
		return structs;
	}

	/**
	 * Count the structs that {@link #encode} has written.
	 * @param structs the structs
	 * @return their number
	 */
	public static int count(byte[] structs) {
		return structs.length / SIZEOF;
	}

	/**
	 * Let the families take turns, beginning with the first one's (RFC 8305 section 4).
	 * @param structs addresses as {@link #encode} writes them
	 * @return the same addresses
	 */
	public static byte[] interleaved(byte[] structs) {
		int count = count(structs);
		ByteBuffer in = Layout.bytes(structs);
		byte[] ordered = new byte[structs.length];
		boolean[] used = new boolean[count];
		int family = (count > 0) ? Layout.unsigned(in, FAMILY) : 0;
		for (int i = 0; i < count; i++) {
			int next = next(in, used, family);
			used[next] = true;
			System.arraycopy(structs, next * SIZEOF, ordered, i * SIZEOF, SIZEOF);
			family = (Layout.unsigned(in, next * SIZEOF + FAMILY) == Dx.DX_FAMILY_IPV6) ? Dx.DX_FAMILY_IPV4
					: Dx.DX_FAMILY_IPV6;
		}
		return ordered;
	}

	/** The first that is left of this family, or of any. */
	private static int next(ByteBuffer structs, boolean[] used, int family) {
		int any = -1;
		for (int i = 0; i < used.length; i++) {
			if (!used[i] && Layout.unsigned(structs, i * SIZEOF + FAMILY) == family) {
				return i;
			}
			any = (any < 0 && !used[i]) ? i : any;
		}
		return any;
	}

	/**
	 * The first of the structs that {@link #encode} has written.
	 * @param structs at least one struct
	 * @return one struct
	 */
	public static byte[] first(byte[] structs) {
		return Arrays.copyOf(structs, SIZEOF);
	}

	private void write(ByteBuffer struct, int at) {
		struct.putShort(at + FAMILY, (short) this.family);
		struct.putShort(at + PORT, (short) this.port);
		struct.putInt(at + SCOPE, this.scope);
		struct.put(at + IP, this.ip);
		struct.putShort(at + PATH_LENGTH, (short) this.path.length);
		struct.put(at + PATH, this.path);
	}

	static NativeAddress read(ByteBuffer struct, int at) {
		int family = Layout.unsigned(struct, at + FAMILY);
		byte[] path = new byte[Math.min(Layout.unsigned(struct, at + PATH_LENGTH), MAX_PATH)];
		struct.get(at + PATH, path);
		return new NativeAddress(family, Layout.unsigned(struct, at + PORT), struct.getInt(at + SCOPE),
				ip(struct, at + IP, family), path);
	}

	/**
	 * Read the bytes of an IP address.
	 * @param struct a struct that has it
	 * @param at where
	 * @param family of which family it is
	 * @return 4, 16 or no bytes
	 */
	static byte[] ip(ByteBuffer struct, int at, int family) {
		byte[] ip = switch (family) {
			case Dx.DX_FAMILY_IPV4 -> new byte[4];
			case Dx.DX_FAMILY_IPV6 -> new byte[16];
			default -> NOTHING;
		};
		struct.get(at, ip);
		return ip;
	}

}
