/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Dx;

/**
 * ZeroMQ's protocol on connected sockets: the handshake of ZMTP 3.0 (RFC 23) and 3.1 (RFC
 * 37) with the mechanism NULL, which is the same for who has connected and who was
 * connected to. Behind it the socket has {@link Codec#zmtp()}: {@link Message#more()}
 * tells the parts of a message, pings are answered.
 */
public final class Zmtp {

	private static final int MOST_CONTEXT = 16;

	private static final long MOST_TTL = 0xffff;

	private Zmtp() {
	}

	/**
	 * Shake hands, parking until it is done. A socket with which it fails is closed; the
	 * peer is told why where the protocol has a way to.
	 * @param socket a connected socket, whose peer has said nothing or no more than its
	 * part of the handshake
	 * @param options what this end is
	 * @return what the other end is
	 * @throws ZmtpException when the peer speaks another protocol or version, wants
	 * another mechanism, has a type that does not fit, or refuses
	 * @throws DuplexTimeoutException when it was not done in time
	 * @throws ConnectionResetException when the peer reset the connection
	 * @throws SocketBusyException when the socket is joined
	 */
	public static ZmtpPeer handshake(DuplexSocket socket, ZmtpOptions options) {
		CompletableFuture<ZmtpPeer> peer = begin(socket, options);
		try {
			Parking.await(peer.handle((done, ex) -> true), Deadline.NEVER);
			return peer.join();
		}
		catch (InterruptedException ex) {
			socket.close();
			throw Parking.interrupted("shake hands with", socket.toString(), 0);
		}
		catch (CompletionException ex) {
			if (ex.getCause() instanceof RuntimeException cause) {
				throw cause;
			}
			throw ex;
		}
	}

	/**
	 * {@link #handshake} without waiting, and without a thread that does.
	 * @param socket a connected socket
	 * @param options what this end is
	 * @return completes on the engine's executor
	 */
	public static CompletionStage<ZmtpPeer> handshakeAsync(DuplexSocket socket, ZmtpOptions options) {
		return begin(socket, options).minimalCompletionStage();
	}

	private static CompletableFuture<ZmtpPeer> begin(DuplexSocket socket, ZmtpOptions options) {
		NativeSocket own = NativeSocket.of(socket, "shake hands on");
		// Known from now on, also when it is closed.
		own.peerAddress();
		return ZmtpHandshake.begin(own, options).thenApply((peer) -> {
			own.setCodec(options.codec());
			return peer;
		}).whenComplete((peer, ex) -> {
			// What is part of a join is its.
			if (ex != null && !(NameResolver.cause(ex) instanceof SocketBusyException)) {
				own.close();
			}
		});
	}

	/**
	 * A heartbeat (RFC 37), to be put; the codec drops its answer, unless it shows
	 * frames.
	 * @param timeToLive after which the peer may take this end for dead when nothing
	 * came; told in tenths of a second, zero for never
	 * @param context at most 16 bytes that the answer brings back
	 * @return the message
	 */
	public static Message ping(Duration timeToLive, byte[] context) {
		long tenths = timeToLive.toMillis() / 100;
		if (tenths < 0 || tenths > MOST_TTL || context.length > MOST_CONTEXT) {
			throw new IllegalArgumentException(
					"a ping has a time to live of at most 6553.5 s, and at most 16 bytes of context");
		}
		return command("PING", ByteBuffer.allocate(2 + context.length).putShort((short) tenths).put(context).flip());
	}

	/**
	 * Any command.
	 * @param name its name
	 * @param data what follows the name
	 * @return the message
	 */
	static Message command(String name, ByteBuffer data) {
		byte[] head = ZmtpReady.name(name);
		ByteBuffer payload = ByteBuffer.allocate(head.length + data.remaining()).put(head).put(data.duplicate());
		return new Message(payload.flip(), Dx.DX_ZMTP_COMMAND, false, true, false, ByteBuffer.allocate(0));
	}

}
