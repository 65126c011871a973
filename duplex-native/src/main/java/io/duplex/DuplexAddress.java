/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/**
 * Where something listens or comes from. Immutable; {@link #toString()} gives what
 * {@link #of(String)} reads:
 * <ul>
 * <li>{@code tcp://host:port}, where the host is a name or a number</li>
 * <li>{@code tcp://[::1]:port}, also with a scope: {@code tcp://[fe80::1%eth0]:port}</li>
 * <li>{@code unix:///path}</li>
 * <li>{@code unix://@name}, a name in Linux's abstract namespace</li>
 * <li>{@code fd://3} or {@code fd://name}, to listen with a descriptor that the process
 * was started with: its number, or the name that systemd's socket activation gave it</li>
 * </ul>
 * IPv4 addresses that are written as IPv6 ones ({@code ::ffff:1.2.3.4}) become IPv4
 * addresses.
 */
public final class DuplexAddress {

	static final String FORMS = "tcp://host:port, unix:///path, unix://@name or fd://N"
			+ " (and of a proxy ws://host:port/path)";

	private static final String TCP = "tcp://";

	private static final String UNIX = "unix://";

	private static final String INHERITED = "fd://";

	/**
	 * What stands in a path of an inherited descriptor, which no real path begins with.
	 */
	private static final String INHERITED_PATH = "fd:";

	private static final int MAX_PORT = 65535;

	private static final int MAX_PATH = 107;

	private static final int MAX_HOST = 253;

	/** TCP alone: a name, or the text of {@link #ip}. */
	private final @Nullable String host;

	/** TCP alone: the number, when there is one. */
	private final @Nullable InetAddress ip;

	private final int port;

	/** Unix alone: a path, @ and an abstract name, or empty when unnamed. */
	private final String path;

	private DuplexAddress(@Nullable String host, @Nullable InetAddress ip, int port, String path) {
		this.host = host;
		this.ip = ip;
		this.port = port;
		this.path = path;
	}

	/**
	 * Read an address.
	 * @param text one of the forms above
	 * @return the address
	 * @throws IllegalArgumentException when it has none of these forms; the message tells
	 * the text and what is wrong
	 */
	public static DuplexAddress of(String text) {
		if (text.startsWith(TCP)) {
			return tcp(text, text.substring(TCP.length()));
		}
		if (text.startsWith(UNIX)) {
			return unix(text, text.substring(UNIX.length()));
		}
		if (text.startsWith(INHERITED)) {
			return inherited(text, text.substring(INHERITED.length()));
		}
		throw invalid(text, "expected " + FORMS);
	}

	/**
	 * A TCP address.
	 * @param host a name or a number, IPv6 without brackets
	 * @param port 0 to 65535
	 * @return the address
	 * @throws IllegalArgumentException when one of them cannot be
	 */
	public static DuplexAddress tcp(String host, int port) {
		return of(TCP + ((host.indexOf(':') >= 0) ? "[" + host + "]" : host) + ":" + port);
	}

	/**
	 * A TCP address with a number.
	 * @param ip the number
	 * @param port 0 to 65535
	 * @return the address
	 * @throws IllegalArgumentException when the port cannot be
	 */
	public static DuplexAddress tcp(InetAddress ip, int port) {
		if (port < 0 || port > MAX_PORT) {
			throw new IllegalArgumentException("port must be between 0 and " + MAX_PORT + ": " + port);
		}
		return new DuplexAddress(IpText.format(ip), ip, port, "");
	}

	/**
	 * A unix address.
	 * @param path an absolute path, at most 107 bytes long
	 * @return the address
	 * @throws IllegalArgumentException when it is not
	 */
	public static DuplexAddress unix(String path) {
		return of(UNIX + path);
	}

	/**
	 * The address of a unix socket that was never bound.
	 * @return the address
	 */
	static DuplexAddress unnamed() {
		return new DuplexAddress(null, null, 0, "");
	}

	/**
	 * A unix address as the kernel told it, without any check.
	 * @param path a path, or @ and a name
	 * @return the address
	 */
	static DuplexAddress unixFromKernel(String path) {
		return new DuplexAddress(null, null, 0, path);
	}

	private static DuplexAddress tcp(String text, String hostAndPort) {
		int colon = hostAndPort.lastIndexOf(':');
		if (colon < 0 || hostAndPort.endsWith("]")) {
			throw invalid(text, "the port is missing, expected tcp://host:port");
		}
		int port = port(text, hostAndPort.substring(colon + 1));
		String host = hostAndPort.substring(0, colon);
		if (host.startsWith("[") && host.endsWith("]")) {
			InetAddress ip = IpText.parseIpv6(host.substring(1, host.length() - 1));
			if (ip == null) {
				throw invalid(text, "what stands in the brackets is no IPv6 address of this machine's world");
			}
			return tcp(ip, port);
		}
		if (host.indexOf(':') >= 0) {
			throw invalid(text, "an IPv6 address goes in brackets");
		}
		InetAddress ip = IpText.parseIpv4(host);
		if (ip != null) {
			return tcp(ip, port);
		}
		if (!isHostName(host)) {
			throw invalid(text, "'" + host + "' is neither a host's name nor an IPv4 address");
		}
		return new DuplexAddress(host, null, port, "");
	}

	private static int port(String text, String digits) {
		if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch((c) -> c >= '0' && c <= '9')) {
			throw invalid(text, "the port is not a number between 0 and " + MAX_PORT);
		}
		int port = Integer.parseInt(digits);
		if (port > MAX_PORT) {
			throw invalid(text, "the port is not a number between 0 and " + MAX_PORT);
		}
		return port;
	}

	private static boolean isHostName(String host) {
		if (host.isEmpty() || host.length() > MAX_HOST) {
			return false;
		}
		boolean letters = false;
		for (int i = 0; i < host.length(); i++) {
			char c = host.charAt(i);
			if (!Character.isLetterOrDigit(c) && c != '-' && c != '.' && c != '_') {
				return false;
			}
			letters |= c != '.' && (c < '0' || c > '9');
		}
		return letters;
	}

	private static DuplexAddress unix(String text, String path) {
		if (!path.startsWith("/") && !path.startsWith("@")) {
			throw invalid(text, "a unix address is an absolute path, or @ and a name");
		}
		if (path.length() == 1) {
			throw invalid(text, "the path or name is empty");
		}
		if (path.indexOf('\0') >= 0) {
			throw invalid(text, "the path or name has a NUL in it");
		}
		if (path.getBytes(StandardCharsets.UTF_8).length > MAX_PATH) {
			throw invalid(text, "the path is longer than " + MAX_PATH + " bytes");
		}
		return new DuplexAddress(null, null, 0, path);
	}

	private static DuplexAddress inherited(String text, String name) {
		boolean number = !name.isEmpty() && name.chars().allMatch((c) -> c >= '0' && c <= '9');
		if (name.isEmpty() || name.indexOf(':') >= 0 || (number && name.length() > 9)) {
			throw invalid(text, "expected fd:// and a descriptor's number, or the name that socket activation gave it");
		}
		return new DuplexAddress(null, null, 0, INHERITED_PATH + name);
	}

	/**
	 * Whether this is a listener that the process has inherited.
	 * @return true for {@code fd://}
	 */
	public boolean isInherited() {
		return this.path.startsWith(INHERITED_PATH);
	}

	/**
	 * The inherited descriptor's number or name.
	 * @return what stands behind {@code fd://}
	 */
	String inherited() {
		return this.path.substring(INHERITED_PATH.length());
	}

	private static IllegalArgumentException invalid(String text, String reason) {
		return new IllegalArgumentException("'" + text + "' is no address: " + reason);
	}

	/**
	 * Whether this is a TCP address.
	 * @return true for TCP, false for unix
	 */
	public boolean isTcp() {
		return this.host != null;
	}

	/**
	 * Whether this is the address of a unix socket that was never bound, as clients of
	 * unix listeners rarely are.
	 * @return true when there is no path
	 */
	public boolean isUnnamed() {
		return this.host == null && this.path.isEmpty();
	}

	/**
	 * Whether the host is a name, which is still to be resolved.
	 * @return true for a TCP address with a name
	 */
	public boolean isName() {
		return this.host != null && this.ip == null;
	}

	/**
	 * The host: a name, or a number without brackets.
	 * @return the text, empty for a unix address
	 */
	public String host() {
		return (this.host != null) ? this.host : "";
	}

	/**
	 * The port.
	 * @return the port, 0 for a unix address
	 */
	public int port() {
		return this.port;
	}

	/**
	 * The path of a unix address, or @ and its abstract name.
	 * @return the path, empty for a TCP address and when unnamed
	 */
	public String path() {
		return this.path;
	}

	/**
	 * The host's number.
	 * @return the number, or empty for a name and for a unix address
	 */
	public Optional<InetAddress> ip() {
		return Optional.ofNullable(this.ip);
	}

	/**
	 * This address with another port.
	 * @param port 0 to 65535
	 * @return the new address; the same for a unix address
	 */
	public DuplexAddress withPort(int port) {
		if (this.host == null || port == this.port) {
			return this;
		}
		return (this.ip != null) ? tcp(this.ip, port) : tcp(this.host, port);
	}

	/**
	 * A short text that fits into a table or a URL's path: {@code host:port}, or the last
	 * part of a path.
	 * @return the text
	 */
	public String label() {
		if (isTcp()) {
			return hostAndPort();
		}
		return this.path.substring(this.path.lastIndexOf('/') + 1);
	}

	boolean isConnectable() {
		return isTcp() ? this.port != 0 : !this.path.isEmpty() && !isInherited();
	}

	private String hostAndPort() {
		String text = host();
		return ((text.indexOf(':') >= 0) ? "[" + text + "]" : text) + ":" + this.port;
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof DuplexAddress that && this.port == that.port && this.path.equals(that.path)
				&& Objects.equals(this.host, that.host);
	}

	@Override
	public int hashCode() {
		return Objects.hash(this.host, this.port, this.path);
	}

	/**
	 * The address as {@link #of(String)} reads it; {@code unix://} when unnamed.
	 */
	@Override
	public String toString() {
		if (isInherited()) {
			return INHERITED + inherited();
		}
		return isTcp() ? TCP + hostAndPort() : UNIX + this.path;
	}

}
