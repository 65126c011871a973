/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What this end tells in a ZeroMQ handshake.
 *
 * @param type what kind of socket it is
 * @param identity how a ROUTER shall call it; empty for none. At most 255 bytes, the
 * first of which is not 0
 * @param properties further metadata, by names of 1 to 255 letters, digits and
 * {@code -_.+}, whose case means nothing; sent as UTF-8
 * @param timeout for the handshake; zero: none
 * @param codec {@link Codec#zmtp()}, possibly with other limits
 */
public record ZmtpOptions(ZmtpSocketType type, ByteBuffer identity, Map<String, String> properties, Duration timeout,
		Codec codec) {

	private static final Duration TIMEOUT = Duration.ofSeconds(30);

	private static final int MOST = 255;

	/** Room for what is sent beside the properties. */
	private static final int MOST_PROPERTIES = 32768;

	/**
	 * Check the options.
	 * @throws IllegalArgumentException for an identity or a property that cannot be sent
	 */
	public ZmtpOptions {
		if (identity.remaining() > MOST || (identity.hasRemaining() && identity.get(identity.position()) == 0)) {
			throw new IllegalArgumentException("an identity has at most 255 bytes and does not begin with 0");
		}
		identity = ByteBuffer.allocate(identity.remaining()).put(identity.duplicate()).flip().asReadOnlyBuffer();
		Map<String, String> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
		int size = 0;
		for (Map.Entry<String, String> property : properties.entrySet()) {
			String name = property.getKey();
			if (!name.matches("[A-Za-z0-9_.+-]{1,255}") || name.equalsIgnoreCase(ZmtpReady.SOCKET_TYPE)
					|| name.equalsIgnoreCase(ZmtpReady.IDENTITY)) {
				throw new IllegalArgumentException("no name of a further property: '" + name + "'");
			}
			copy.put(name, property.getValue());
			size += name.length() + 3 * property.getValue().length();
		}
		if (size > MOST_PROPERTIES) {
			throw new IllegalArgumentException("the properties are longer than " + MOST_PROPERTIES + " bytes");
		}
		properties = Collections.unmodifiableMap(copy);
		if (timeout.isNegative()) {
			throw new IllegalArgumentException("timeout must not be negative: " + timeout);
		}
		if (!codec.isZmtp()) {
			throw new IllegalArgumentException("the codec must be Codec.zmtp(): " + codec);
		}
	}

	/**
	 * A socket without identity and further properties, and 30 seconds for the handshake.
	 * @param type what kind of socket it is
	 * @return the options
	 */
	public static ZmtpOptions of(ZmtpSocketType type) {
		return new ZmtpOptions(type, ByteBuffer.allocate(0), Map.of(), TIMEOUT, Codec.zmtp());
	}

	/**
	 * The same with an identity.
	 * @param identity 1 to 255 bytes, the first of which is not 0
	 * @return the options
	 */
	public ZmtpOptions withIdentity(byte[] identity) {
		return new ZmtpOptions(this.type, ByteBuffer.wrap(identity), this.properties, this.timeout, this.codec);
	}

	/**
	 * The same with another property.
	 * @param name letters, digits and {@code -_.+}; those of an application begin with
	 * {@code X-}
	 * @param value the value
	 * @return the options
	 */
	public ZmtpOptions withProperty(String name, String value) {
		Map<String, String> more = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
		more.putAll(this.properties);
		more.put(name, value);
		return new ZmtpOptions(this.type, this.identity, more, this.timeout, this.codec);
	}

	/**
	 * The same with another time limit.
	 * @param timeout for the handshake; zero: none
	 * @return the options
	 */
	public ZmtpOptions withTimeout(Duration timeout) {
		return new ZmtpOptions(this.type, this.identity, this.properties, timeout, this.codec);
	}

	/**
	 * The same with another codec.
	 * @param codec {@link Codec#zmtp()} with other limits, or its frames
	 * @return the options
	 */
	public ZmtpOptions withCodec(Codec codec) {
		return new ZmtpOptions(this.type, this.identity, this.properties, this.timeout, codec);
	}

}
