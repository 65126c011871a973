/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The commands of a handshake with the mechanism NULL, in bytes: READY with its metadata,
 * and ERROR (RFC 23, "The NULL Security Mechanism").
 */
final class ZmtpReady {

	static final String SOCKET_TYPE = "Socket-Type";

	static final String IDENTITY = "Identity";

	static final String READY = "READY";

	static final String ERROR = "ERROR";

	private static final byte COMMAND = 4;

	private static final byte LONG_COMMAND = 6;

	private static final int MOST_SHORT = 255;

	private ZmtpReady() {
	}

	/**
	 * A frame with READY.
	 * @param options what it tells
	 * @return the bytes
	 */
	static ByteBuffer encode(ZmtpOptions options) {
		ByteBuffer body = ByteBuffer.allocate(65536);
		body.put(name(READY));
		property(body, SOCKET_TYPE, options.type().name().getBytes(StandardCharsets.US_ASCII));
		switch (options.type()) {
			case REQ, DEALER, ROUTER -> identity(body, options.identity());
			default -> {
				if (options.identity().hasRemaining()) {
					identity(body, options.identity());
				}
			}
		}
		options.properties().forEach((name, value) -> property(body, name, value.getBytes(StandardCharsets.UTF_8)));
		return frame(body.flip());
	}

	private static void identity(ByteBuffer body, ByteBuffer identity) {
		byte[] bytes = new byte[identity.remaining()];
		identity.get(identity.position(), bytes);
		property(body, IDENTITY, bytes);
	}

	private static void property(ByteBuffer body, String name, byte[] value) {
		body.put(name(name)).putInt(value.length).put(value);
	}

	/** A frame with ERROR. */
	static ByteBuffer error(String reason) {
		byte[] text = reason.getBytes(StandardCharsets.US_ASCII);
		int length = Math.min(text.length, MOST_SHORT);
		return frame(ByteBuffer.allocate(7 + length).put(name(ERROR)).put((byte) length).put(text, 0, length).flip());
	}

	/** A name behind its length. */
	static byte[] name(String name) {
		byte[] text = name.getBytes(StandardCharsets.US_ASCII);
		return ByteBuffer.allocate(1 + text.length).put((byte) text.length).put(text).array();
	}

	private static ByteBuffer frame(ByteBuffer body) {
		int length = body.remaining();
		ByteBuffer frame = ByteBuffer.allocate(9 + length);
		if (length > MOST_SHORT) {
			frame.put(LONG_COMMAND).putLong(length);
		}
		else {
			frame.put(COMMAND).put((byte) length);
		}
		return frame.put(body).flip();
	}

	/**
	 * Read a name behind its length.
	 * @param body its position moves behind it
	 * @return the name
	 * @throws BufferUnderflowException when it is not whole
	 */
	static String readName(ByteBuffer body) {
		return readText(body, body.get() & 0xff);
	}

	private static String readText(ByteBuffer body, int length) {
		if (length < 0 || length > body.remaining()) {
			throw new BufferUnderflowException();
		}
		byte[] text = new byte[length];
		body.get(text);
		return new String(text, StandardCharsets.UTF_8);
	}

	/**
	 * Read READY's metadata.
	 * @param body behind the command's name
	 * @param minorVersion of both
	 * @return what the peer tells
	 * @throws BufferUnderflowException when it is malformed
	 * @throws IllegalArgumentException when it is something else, which the message says
	 */
	static ZmtpPeer decode(ByteBuffer body, int minorVersion) {
		Map<String, String> properties = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
		ByteBuffer identity = ByteBuffer.allocate(0);
		while (body.hasRemaining()) {
			String name = readName(body);
			int length = body.getInt();
			if (name.equalsIgnoreCase(IDENTITY)) {
				byte[] bytes = new byte[Math.max(0, Math.min(length, body.remaining()))];
				body.duplicate().get(bytes);
				identity = ByteBuffer.wrap(bytes);
			}
			if (name.isEmpty() || properties.put(name, readText(body, length)) != null) {
				throw new IllegalArgumentException("its READY has the property '" + name + "' twice, or without name");
			}
		}
		properties.remove(IDENTITY);
		String type = properties.remove(SOCKET_TYPE);
		if (type == null) {
			throw new IllegalArgumentException("its READY has no Socket-Type");
		}
		if (identity.remaining() > MOST_SHORT) {
			throw new IllegalArgumentException("its identity is longer than 255 bytes");
		}
		return new ZmtpPeer(minorVersion, type(type), identity.asReadOnlyBuffer(),
				Collections.unmodifiableMap(properties));
	}

	private static ZmtpSocketType type(String name) {
		for (ZmtpSocketType type : ZmtpSocketType.values()) {
			if (type.name().equals(name)) {
				return type;
			}
		}
		throw new IllegalArgumentException("its socket type is unknown: '" + name + "'");
	}

}
