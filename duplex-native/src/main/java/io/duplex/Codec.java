/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;

import io.duplex.ffi.Dx;
import io.duplex.ffi.NativeCodec;
import io.duplex.ffi.ScratchPool;
import org.jspecify.annotations.Nullable;

/**
 * How the bytes of a socket become messages and back: {@link DuplexSocket#setCodec}.
 * Immutable; the methods that change something return another codec.
 */
public final class Codec {

	private static final int MAX_CHUNK = 1 << 20;

	/** The engine's default. */
	private static final int FRAME_TIMEOUT = 30_000;

	private final String name;

	private final NativeCodec struct;

	/** Null: the engine's, or none. */
	private final @Nullable MessageCodec inJava;

	private Codec(String name, NativeCodec struct, @Nullable MessageCodec inJava) {
		this.name = name;
		this.struct = struct;
		this.inJava = inJava;
	}

	private static Codec of(String name, int type, int flags) {
		return new Codec(name, new NativeCodec(type, flags), null);
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
		return of("crlf", Dx.DX_CODEC_LINE, Dx.DX_LINE_CRLF);
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
		return of("delimiter", Dx.DX_CODEC_DELIMITER, 0).with((struct) -> struct.delimiter(delimiter));
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
		return of("length", Dx.DX_CODEC_LENGTH, 0).with((struct) -> struct.prefix(prefix));
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
		return of(name, Dx.DX_CODEC_PLUGIN, 0).with((struct) -> struct.plugin(name));
	}

	/**
	 * A codec written in Java: for getting and putting, not for a
	 * {@link DuplexSocket#route}. Its messages have at most 16 MiB as they are received,
	 * with what the codec puts around them; {@link #withMaxMessage} makes that less.
	 * @param codec the codec, of one socket
	 * @return the codec
	 */
	public static Codec of(MessageCodec codec) {
		return new Codec("of " + codec.getClass().getName(), new NativeCodec(Dx.DX_CODEC_STREAM, 0),
				Objects.requireNonNull(codec));
	}

	/**
	 * What ends or begins a message stays a part of it, and messages that are put bring
	 * it: of lines, delimiters and lengths.
	 * @return the codec
	 */
	public Codec keeping() {
		return switch (this.struct.type()) {
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
		return with((struct) -> struct.at(offset, adjustment));
	}

	/**
	 * Frames and commands as they come, control frames too, which the application
	 * answers: of WebSocket and ZeroMQ.
	 * @return the codec
	 */
	public Codec frames() {
		return switch (this.struct.type()) {
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
		return with((struct) -> struct.maxMessage((bytes == Long.MAX_VALUE) ? -1 : bytes));
	}

	/**
	 * Another time in which a message that has begun to arrive must be complete, or bring
	 * another 64 KiB; 30 seconds if nothing is said.
	 * @param timeout the limit, at least a millisecond
	 * @return the codec
	 */
	public Codec withFrameTimeout(Duration timeout) {
		int millis = millis("frame timeout", timeout);
		return with((struct) -> struct.frameTimeout(millis));
	}

	/**
	 * Another time in which a WebSocket's peer must answer a route's Close; 5 seconds if
	 * nothing is said.
	 * @param timeout the limit, at least a millisecond
	 * @return the codec
	 */
	public Codec withCloseTimeout(Duration timeout) {
		require(Dx.DX_CODEC_WEBSOCKET, "withCloseTimeout()");
		int millis = millis("close timeout", timeout);
		return with((struct) -> struct.closeTimeout(millis));
	}

	/**
	 * A route pings the peer this often, of WebSocket and ZeroMQ, and ends when nothing
	 * has come from it since the last ping: {@link JoinEndReason#IDLE}. Not at all if
	 * nothing is said.
	 * @param interval the time between two pings, at least a millisecond
	 * @return the codec
	 */
	public Codec withPingInterval(Duration interval) {
		boolean isFrames = switch (this.struct.type()) {
			case Dx.DX_CODEC_WEBSOCKET -> hasFlag(Dx.DX_WEBSOCKET_FRAMES);
			case Dx.DX_CODEC_ZMTP -> hasFlag(Dx.DX_ZMTP_FRAMES);
			default -> throw refused("withPingInterval()");
		};
		if (isFrames) {
			throw refused("withPingInterval() with frames()");
		}
		int millis = millis("ping interval", interval);
		return with((struct) -> struct.pingInterval(millis));
	}

	/**
	 * Another limit of a message that a route makes of a stream's bytes; 64 KiB if
	 * nothing is said. Of HTTP chunks that is their greatest size.
	 * @param bytes the limit, 1 to 1 MiB
	 * @return the codec
	 */
	public Codec withChunkSize(int bytes) {
		if (bytes < 1 || bytes > MAX_CHUNK) {
			throw new IllegalArgumentException("the chunk size must be between 1 byte and 1 MiB: " + bytes);
		}
		return with((struct) -> struct.chunk(bytes));
	}

	private static int millis(String what, Duration duration) {
		if (duration.toMillis() < 1) {
			throw new IllegalArgumentException("the " + what + " must be at least a millisecond: " + duration);
		}
		return (int) Math.min(Integer.MAX_VALUE, duration.toMillis());
	}

	boolean isWebSocket() {
		return this.struct.type() == Dx.DX_CODEC_WEBSOCKET;
	}

	/**
	 * At which end of a WebSocket.
	 * @return whether it is the client's
	 */
	boolean isWebSocketClient() {
		return isWebSocket() && hasFlag(Dx.DX_WEBSOCKET_CLIENT);
	}

	private boolean hasFlag(int flag) {
		return (this.struct.flags() & flag) != 0;
	}

	private Codec with(Consumer<NativeCodec> change) {
		NativeCodec changed = new NativeCodec(this.struct);
		change.accept(changed);
		return new Codec(this.name, changed, this.inJava);
	}

	private Codec withFlag(int flag) {
		return with((struct) -> struct.addFlag(flag));
	}

	private void require(int type, String method) {
		if (this.struct.type() != type) {
			throw refused(method);
		}
	}

	private IllegalStateException refused(String method) {
		return new IllegalStateException(method + " means nothing to the codec '" + this.name + "'");
	}

	boolean isZmtp() {
		return this.struct.type() == Dx.DX_CODEC_ZMTP;
	}

	/**
	 * Whether no worker can run it.
	 * @return true when it is written in Java
	 */
	boolean isInJava() {
		return this.inJava != null;
	}

	/**
	 * What gets and puts the messages of a socket with this codec.
	 * @param scratch memory
	 * @param socket the socket
	 * @return the messages
	 */
	MessageStream open(ScratchPool scratch, long socket) {
		if (this.inJava == null) {
			return new SocketMessages(scratch, socket);
		}
		long most = this.struct.maxMessage();
		int timeout = (this.struct.frameTimeout() != 0) ? this.struct.frameTimeout() : FRAME_TIMEOUT;
		return new JavaMessages(scratch, socket, this.inJava,
				(most > 0) ? (int) Math.min(most, Dx.MAX_READ_AHEAD) : Dx.MAX_READ_AHEAD, Duration.ofMillis(timeout));
	}

	/**
	 * The struct that the engine takes, not to be changed: of a stream for a codec in
	 * Java.
	 */
	byte[] encode() {
		return this.struct.array();
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof Codec codec && this.inJava == codec.inJava && Arrays.equals(encode(), codec.encode());
	}

	@Override
	public int hashCode() {
		return Arrays.hashCode(encode());
	}

	@Override
	public String toString() {
		return this.name;
	}

}
