/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BiFunction;

import io.duplex.Codec;
import io.duplex.InvalidProxyDefinitionException;
import io.duplex.WebSocketOptions;
import io.duplex.ZmtpOptions;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;
import org.springframework.util.unit.DataSize;

/**
 * Makes codecs, and how WebSockets are opened, of properties. What is wrong with one
 * names it.
 *
 * @param proxy the proxy's name
 * @param attribute the property of the proxy that the others lie below
 */
record CodecProperties(String proxy, String attribute) {

	private static final String ZMTP = "zmtp";

	/**
	 * Make the codec of a side that is no WebSocket.
	 * @param properties what was set, or null
	 * @return the codec, or null
	 */
	@Nullable Codec codec(DuplexProperties.@Nullable Codec properties) {
		if (properties == null) {
			return null;
		}
		Codec codec = ofType(properties);
		codec = set(codec, "keep", properties.keep(), (known, keep) -> keep ? known.keeping() : known);
		codec = set(codec, "littleEndian", properties.littleEndian(),
				(known, little) -> little ? known.littleEndian() : known);
		codec = set(codec, "inclusive", properties.inclusive(),
				(known, inclusive) -> inclusive ? known.inclusive() : known);
		int adjustment = (properties.adjustment() != null) ? properties.adjustment() : 0;
		int offset = (properties.offset() != null) ? properties.offset() : 0;
		codec = set(codec, "adjustment", properties.adjustment(), (known, value) -> known.at(0, value));
		codec = set(codec, "offset", properties.offset(), (known, value) -> known.at(offset, adjustment));
		codec = set(codec, "maxMessage", properties.maxMessage(),
				(known, size) -> known.withMaxMessage(size.toBytes()));
		codec = set(codec, "frameTimeout", properties.frameTimeout(), Codec::withFrameTimeout);
		codec = set(codec, "pingInterval", properties.pingInterval(), Codec::withPingInterval);
		return set(codec, "chunkSize", properties.chunkSize(), (known, size) -> known.withChunkSize(bytes(size)));
	}

	/**
	 * What this end is to a ZeroMQ socket.
	 * @param properties what was set, or null
	 * @param codec the codec that was made of it, or null
	 * @return the options, or null where the codec is another one
	 */
	@Nullable ZmtpOptions zmtp(DuplexProperties.@Nullable Codec properties, @Nullable Codec codec) {
		if (properties == null || codec == null || !ZMTP.equals(properties.type())) {
			return null;
		}
		return ZmtpOptions.of(required("socketType", properties.socketType())).withCodec(codec);
	}

	private Codec ofType(DuplexProperties.Codec properties) {
		String type = properties.type();
		if (!StringUtils.hasText(type)) {
			throw invalid("type", null, "must be set: line, crlf, delimiter, length, varint, chunked or zmtp");
		}
		only("delimiter", properties.delimiter(), "delimiter", type);
		only("prefix", properties.prefix(), "length", type);
		only("socketType", properties.socketType(), ZMTP, type);
		return switch (type) {
			case "line" -> Codec.line();
			case "crlf" -> Codec.crlf();
			case "delimiter" -> set(Codec.line(), "delimiter", required("delimiter", properties.delimiter()),
					(none, text) -> Codec.delimiter(text.getBytes(StandardCharsets.UTF_8)));
			case "length" -> set(Codec.line(), "prefix", required("prefix", properties.prefix()),
					(none, bytes) -> Codec.length(bytes));
			case "varint" -> Codec.varint();
			case "chunked" -> Codec.chunked();
			case "websocket" -> throw invalid("type", type,
					"needs a handshake: write ws:// in 'listen' or 'backends', and its options below 'websocket'");
			case ZMTP -> Codec.zmtp();
			default -> set(Codec.line(), "type", type, (none, name) -> Codec.plugin(name));
		};
	}

	/**
	 * Make the codec of a WebSocket.
	 * @param codec that of the role
	 * @param properties what was set
	 * @return the codec
	 */
	Codec webSocket(Codec codec, DuplexProperties.WebSocket properties) {
		Codec of = properties.isText() ? codec.asText() : codec;
		of = set(of, "maxMessage", properties.getMaxMessage(), (known, size) -> known.withMaxMessage(size.toBytes()));
		of = set(of, "frameTimeout", properties.getFrameTimeout(), Codec::withFrameTimeout);
		of = set(of, "closeTimeout", properties.getCloseTimeout(), Codec::withCloseTimeout);
		Duration interval = properties.getPingInterval();
		if (interval.isNegative()) {
			throw invalid("pingInterval", interval, "must not be negative; 0 is off");
		}
		return set(of, "pingInterval", interval, (known, time) -> time.isZero() ? known : known.withPingInterval(time));
	}

	/**
	 * Make the options of a WebSocket's handshake.
	 * @param properties what was set
	 * @return the options
	 */
	WebSocketOptions options(DuplexProperties.WebSocket properties) {
		WebSocketOptions options = set(WebSocketOptions.DEFAULTS, "subprotocols", properties.getSubprotocols(),
				(known, names) -> known.withSubprotocols(names.toArray(String[]::new)));
		options = set(options, "origins", properties.getOrigins(),
				(known, origins) -> known.withOrigins(origins.toArray(String[]::new)));
		return set(options, "maxHeaderSize", properties.getMaxHeaderSize(),
				(known, size) -> known.withMaxHeaderSize(bytes(size)));
	}

	private <C, T> C set(C of, String option, @Nullable T value, BiFunction<C, T, C> setter) {
		if (value == null) {
			return of;
		}
		try {
			return setter.apply(of, value);
		}
		catch (IllegalArgumentException | IllegalStateException ex) {
			throw new InvalidProxyDefinitionException(this.proxy, this.attribute + "." + option, value,
					"cannot be: " + ex.getMessage());
		}
	}

	private <T> T required(String option, @Nullable T value) {
		if (value == null) {
			throw invalid(option, null, "must be set for this type of codec");
		}
		return value;
	}

	private void only(String option, @Nullable Object value, String owner, String type) {
		if (value != null && !type.equals(owner)) {
			throw invalid(option, value, "means nothing to the codec '" + type + "': it belongs to '" + owner + "'");
		}
	}

	private static int bytes(DataSize size) {
		return (int) Math.min(Integer.MAX_VALUE, size.toBytes());
	}

	private InvalidProxyDefinitionException invalid(String option, @Nullable Object value, String reason) {
		return new InvalidProxyDefinitionException(this.proxy, this.attribute + "." + option, value, reason);
	}

}
