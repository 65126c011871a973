/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;

import org.jspecify.annotations.Nullable;

/**
 * IP addresses as text, without ever asking a name server.
 */
final class IpText {

	private static final int GROUPS = 8;

	private IpText() {
	}

	/**
	 * Read four decimal numbers.
	 * @param text for example {@code 127.0.0.1}
	 * @return the address, or null when it is none
	 */
	static @Nullable InetAddress parseIpv4(String text) {
		String[] parts = text.split("\\.", -1);
		if (parts.length != 4) {
			return null;
		}
		byte[] bytes = new byte[4];
		for (int i = 0; i < parts.length; i++) {
			String part = parts[i];
			if (part.isEmpty() || part.length() > 3 || !part.chars().allMatch((c) -> c >= '0' && c <= '9')
					|| (part.length() > 1 && part.charAt(0) == '0')) {
				return null;
			}
			int number = Integer.parseInt(part);
			if (number > 255) {
				return null;
			}
			bytes[i] = (byte) number;
		}
		return of(bytes);
	}

	/**
	 * Read an IPv6 address, perhaps with a scope.
	 * @param text for example {@code ::1} or {@code fe80::1%eth0}
	 * @return the address, an IPv4 one when it was mapped, or null when it is none or its
	 * scope names no interface
	 */
	static @Nullable InetAddress parseIpv6(String text) {
		int percent = text.indexOf('%');
		String number = (percent >= 0) ? text.substring(0, percent) : text;
		if (number.indexOf(':') < 0 || !number.chars().allMatch(IpText::isIpv6Character)) {
			return null;
		}
		try {
			// A text with a colon is never looked up.
			InetAddress address = InetAddress.getByName(number);
			return (percent >= 0) ? withScope(address, text.substring(percent + 1)) : address;
		}
		catch (UnknownHostException ex) {
			return null;
		}
	}

	private static boolean isIpv6Character(int c) {
		return c == ':' || c == '.' || Character.digit(c, 16) >= 0;
	}

	private static @Nullable InetAddress withScope(InetAddress address, String scope) throws UnknownHostException {
		int index = scopeIndex(scope);
		return (index > 0) ? Inet6Address.getByAddress(null, address.getAddress(), index) : null;
	}

	private static int scopeIndex(String scope) {
		try {
			if (!scope.isEmpty() && scope.chars().allMatch((c) -> c >= '0' && c <= '9')) {
				return Integer.parseInt(scope);
			}
			NetworkInterface networkInterface = NetworkInterface.getByName(scope);
			return (networkInterface != null) ? networkInterface.getIndex() : -1;
		}
		catch (SocketException | NumberFormatException ex) {
			return -1;
		}
	}

	/**
	 * An address from its bytes.
	 * @param bytes 4 or 16 of them, in network byte order
	 * @return the address, an IPv4 one when it was mapped
	 */
	static InetAddress of(byte[] bytes) {
		return of(bytes, 0);
	}

	/**
	 * An address from its bytes and its scope.
	 * @param bytes 4 or 16 of them, in network byte order
	 * @param scope index of the interface of an IPv6 address, or 0
	 * @return the address, an IPv4 one when it was mapped
	 */
	static InetAddress of(byte[] bytes, int scope) {
		try {
			return (scope > 0) ? Inet6Address.getByAddress(null, bytes, scope) : InetAddress.getByAddress(bytes);
		}
		catch (UnknownHostException ex) {
			throw new IllegalArgumentException("no IP address has " + bytes.length + " bytes", ex);
		}
	}

	/**
	 * Write an address, an IPv6 one as RFC 5952 says, with its scope's number if it has
	 * one.
	 * @param address the address
	 * @return the text
	 */
	static String format(InetAddress address) {
		if (address instanceof Inet4Address) {
			return address.getHostAddress();
		}
		int scope = ((Inet6Address) address).getScopeId();
		return formatIpv6(address.getAddress()) + ((scope > 0) ? "%" + scope : "");
	}

	private static String formatIpv6(byte[] bytes) {
		int[] groups = new int[GROUPS];
		for (int i = 0; i < GROUPS; i++) {
			groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
		}
		int zerosAt = -1;
		int zeros = 1;
		for (int i = 0; i < GROUPS; i++) {
			int end = i;
			while (end < GROUPS && groups[end] == 0) {
				end++;
			}
			if (end - i > zeros) {
				zerosAt = i;
				zeros = end - i;
			}
		}
		StringBuilder text = new StringBuilder();
		for (int i = 0; i < GROUPS; i++) {
			if (i == zerosAt) {
				text.append("::");
				i += zeros - 1;
				continue;
			}
			if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
				text.append(':');
			}
			text.append(Integer.toHexString(groups[i]));
		}
		return text.toString();
	}

}
