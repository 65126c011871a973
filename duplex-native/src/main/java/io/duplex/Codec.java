/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.Arrays;

import io.duplex.ffi.Dx;
import io.duplex.ffi.NativeCodec;
import org.jspecify.annotations.Nullable;

/**
 * How the bytes of a socket become messages and back: {@link DuplexSocket#setCodec}.
 * Immutable; the methods that change something return another codec.
 */
public final class Codec {

	private final String name;

	private final Settings settings;

	private Codec(String name, Settings settings) {
		this.name = name;
		this.settings = settings;
	}

	private static Codec of(String name, int type, int flags) {
		return new Codec(name, new Settings(type, flags, new byte[0], 0, 0, 0, 0, Duration.ZERO, null));
	}

	/**
	 * Lines, ended by LF or CR LF when they are read, by LF when they are written. The
	 * end is no part of the message.
	 * @return the codec
	 */
	public static Codec line() {
		return of("line", Dx.DX_CODEC_LINE, 0);
	}

	/**
	 * Lines that only CR LF ends.
	 * @return the codec
	 */
	public static Codec crlf() {
		return of("line", Dx.DX_CODEC_LINE, Dx.DX_LINE_CRLF);
	}

	/**
	 * Messages ended by some bytes, which are no part of them.
	 * @param delimiter 1 to 16 bytes
	 * @return the codec
	 */
	public static Codec delimiter(byte... delimiter) {
		if (delimiter.length == 0 || delimiter.length > 16) {
			throw new IllegalArgumentException("a delimiter has 1 to 16 bytes, not " + delimiter.length);
		}
		Settings settings = of("delimiter", Dx.DX_CODEC_DELIMITER, 0).settings;
		return new Codec("delimiter",
				new Settings(settings.type, settings.flags, delimiter.clone(), 0, 0, 0, 0, Duration.ZERO, null));
	}

	/**
	 * Messages that begin with their length, in network byte order.
	 * @param prefix bytes of the length: 1, 2, 3, 4 or 8
	 * @return the codec
	 */
	public static Codec length(int prefix) {
		if ((prefix < 1 || prefix > 4) && prefix != 8) {
			throw new IllegalArgumentException("a length has 1, 2, 3, 4 or 8 bytes, not " + prefix);
		}
		return new Codec("length",
				new Settings(Dx.DX_CODEC_LENGTH, 0, new byte[0], prefix, 0, 0, 0, Duration.ZERO, null));
	}

	/**
	 * Messages that begin with their length as a base 128 varint, as protobuf's delimited
	 * messages do.
	 * @return the codec
	 */
	public static Codec varint() {
		return of("varint", Dx.DX_CODEC_VARINT, 0);
	}

	/**
	 * HTTP/1.1's chunked transfer coding (RFC 9112 section 7.1): a chunk is a message,
	 * the last one, which is empty, has the trailers.
	 * @return the codec
	 */
	public static Codec chunked() {
		return of("chunked", Dx.DX_CODEC_CHUNKED, 0);
	}

	/**
	 * WebSocket (RFC 6455) at the server's end, behind the handshake, which
	 * {@link WebSockets#accept(DuplexSocket)} does: fragments are put together, pings
	 * answered, the close handshake is done.
	 * @return the codec
	 */
	public static Codec webSocketServer() {
		return of("websocket", Dx.DX_CODEC_WEBSOCKET, 0);
	}

	/**
	 * WebSocket at the client's end, behind {@link WebSockets#connect}.
	 * @return the codec
	 */
	public static Codec webSocketClient() {
		return of("websocket", Dx.DX_CODEC_WEBSOCKET, Dx.DX_WEBSOCKET_CLIENT);
	}

	/**
	 * ZeroMQ's frames (ZMTP 3.0 and 3.1), behind the handshake: pings are answered.
	 * @return the codec
	 */
	public static Codec zmtp() {
		return of("zmtp", Dx.DX_CODEC_ZMTP, 0);
	}

	/**
	 * A codec in C that was registered with {@code dx_codec_register()}.
	 * @param name its name
	 * @return the codec
	 */
	public static Codec plugin(String name) {
		if (!name.matches("[a-z0-9-]{1,31}")) {
			throw new IllegalArgumentException("no name of a codec: '" + name + "'");
		}
		return new Codec(name, new Settings(Dx.DX_CODEC_PLUGIN, 0, new byte[0], 0, 0, 0, 0, Duration.ZERO, name));
	}

	/**
	 * What ends or begins a message stays a part of it, and messages that are put bring
	 * it: of lines, delimiters and lengths.
	 * @return the codec
	 */
	public Codec keeping() {
		return switch (this.settings.type) {
			case Dx.DX_CODEC_LINE, Dx.DX_CODEC_DELIMITER -> withFlag(Dx.DX_CODEC_KEEP);
			case Dx.DX_CODEC_LENGTH -> withFlag(Dx.DX_LENGTH_KEEP);
			default -> throw refused("keeping()");
		};
	}

	/**
	 * Lengths in little endian.
	 * @return the codec
	 */
	public Codec littleEndian() {
		require(Dx.DX_CODEC_LENGTH, "littleEndian()");
		return withFlag(Dx.DX_LENGTH_LITTLE);
	}

	/**
	 * Lengths that count the prefix itself and what stands before it.
	 * @return the codec
	 */
	public Codec inclusive() {
		require(Dx.DX_CODEC_LENGTH, "inclusive()");
		return withFlag(Dx.DX_LENGTH_INCLUSIVE);
	}

	/**
	 * Lengths that do not stand at the beginning, or count something else.
	 * @param offset bytes before the length, 0 to 64
	 * @param adjustment added to the length's value to get the length of what follows it
	 * @return the codec
	 */
	public Codec at(int offset, int adjustment) {
		require(Dx.DX_CODEC_LENGTH, "at()");
		if (offset < 0 || offset > 64) {
			throw new IllegalArgumentException("the offset must be between 0 and 64 bytes: " + offset);
		}
		Settings old = this.settings;
		return new Codec(this.name, new Settings(old.type, old.flags, old.delimiter, old.prefix, offset, adjustment,
				old.maxMessage, old.frameTimeout, old.plugin));
	}

	/**
	 * Frames and commands as they come, control frames too, which the application
	 * answers: of WebSocket and ZeroMQ.
	 * @return the codec
	 */
	public Codec frames() {
		return switch (this.settings.type) {
			case Dx.DX_CODEC_WEBSOCKET -> withFlag(Dx.DX_WEBSOCKET_FRAMES);
			case Dx.DX_CODEC_ZMTP -> withFlag(Dx.DX_ZMTP_FRAMES);
			default -> throw refused("frames()");
		};
	}

	/**
	 * WebSocket messages whose kind is not told are text rather than binary.
	 * @return the codec
	 */
	public Codec asText() {
		require(Dx.DX_CODEC_WEBSOCKET, "asText()");
		return withFlag(Dx.DX_WEBSOCKET_TEXT);
	}

	/**
	 * Another limit of a message's size; 16 MiB if nothing is said.
	 * @param bytes the limit, {@code Long.MAX_VALUE} for none
	 * @return the codec
	 */
	public Codec withMaxMessage(long bytes) {
		if (bytes < 1) {
			throw new IllegalArgumentException("the greatest message must have at least 1 byte: " + bytes);
		}
		Settings old = this.settings;
		return new Codec(this.name, new Settings(old.type, old.flags, old.delimiter, old.prefix, old.offset,
				old.adjustment, (bytes == Long.MAX_VALUE) ? -1 : bytes, old.frameTimeout, old.plugin));
	}

	/**
	 * Another time in which a message that has begun to arrive must be complete, or bring
	 * another 64 KiB; 30 seconds if nothing is said.
	 * @param timeout the limit, at least a millisecond
	 * @return the codec
	 */
	public Codec withFrameTimeout(Duration timeout) {
		if (timeout.toMillis() < 1) {
			throw new IllegalArgumentException("the frame timeout must be at least a millisecond: " + timeout);
		}
		Settings old = this.settings;
		return new Codec(this.name, new Settings(old.type, old.flags, old.delimiter, old.prefix, old.offset,
				old.adjustment, old.maxMessage, timeout, old.plugin));
	}

	private Codec withFlag(int flag) {
		Settings old = this.settings;
		return new Codec(this.name, new Settings(old.type, old.flags | flag, old.delimiter, old.prefix, old.offset,
				old.adjustment, old.maxMessage, old.frameTimeout, old.plugin));
	}

	private void require(int type, String method) {
		if (this.settings.type != type) {
			throw refused(method);
		}
	}

	private IllegalStateException refused(String method) {
		return new IllegalStateException(method + " means nothing to the codec '" + this.name + "'");
	}

	boolean isWebSocket() {
		return this.settings.type == Dx.DX_CODEC_WEBSOCKET;
	}

	/**
	 * At which end of a WebSocket.
	 * @return whether it is the client's
	 */
	boolean isWebSocketClient() {
		return isWebSocket() && (this.settings.flags & Dx.DX_WEBSOCKET_CLIENT) != 0;
	}

	/**
	 * The struct that the engine takes.
	 */
	byte[] encode() {
		NativeCodec struct = new NativeCodec(this.settings.type, this.settings.flags);
		struct.limits(this.settings.maxMessage,
				(int) Math.min(Integer.MAX_VALUE, Millis.limitOrOff(this.settings.frameTimeout)), 0, 0);
		struct.delimiter(this.settings.delimiter);
		struct.length(this.settings.prefix, this.settings.offset, this.settings.adjustment);
		if (this.settings.plugin != null) {
			struct.plugin(this.settings.plugin);
		}
		return struct.array();
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof Codec codec && Arrays.equals(encode(), codec.encode());
	}

	@Override
	public int hashCode() {
		return Arrays.hashCode(encode());
	}

	@Override
	public String toString() {
		return this.name;
	}

	private record Settings(int type, int flags, byte[] delimiter, int prefix, int offset, int adjustment,
			long maxMessage, Duration frameTimeout, @Nullable String plugin) {

	}

}
