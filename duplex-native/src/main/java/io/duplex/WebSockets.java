/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * WebSocket's opening handshake (RFC 6455 section 4) on connected sockets, for gateways.
 * Behind it the socket has a WebSocket codec: {@link DuplexSocket#get()} and
 * {@link DuplexSocket#put} move messages, {@link DuplexSocket#route} passes them on. What
 * the peer has sent behind its part of the handshake is got first. Extensions are not
 * used, {@code permessage-deflate} neither.
 * <p>
 * When a handshake fails the socket is closed in order, a server's refusal ahead of it.
 * An interrupt leaves the socket open: a server that had not answered can begin again,
 * while a client whose request has gone out has nothing to do but to close. A socket that
 * is joined is left alone.
 * <p>
 * Handshakes hold no thread while they wait; the calls that wait park theirs, which may
 * be a virtual one. Nobody else may use the socket meanwhile.
 */
public final class WebSockets {

	private WebSockets() {
	}

	/**
	 * {@link #accept(DuplexSocket, WebSocketOptions)} with the defaults.
	 * @param socket a connected socket
	 * @return what was agreed on
	 */
	public static WebSocketHandshake accept(DuplexSocket socket) {
		return accept(socket, WebSocketOptions.DEFAULTS);
	}

	/**
	 * Shake hands with a client, parking until it is done. What is no proper request is
	 * refused by its HTTP status: 400, 403 (origin), 404 (path), 405, 408 (time), 426,
	 * 431 (size) or 505.
	 * @param socket a connected socket, whose peer has its request to send
	 * @param options what to accept
	 * @return what was agreed on
	 * @throws WebSocketHandshakeException when the request was refused, or did not come
	 * @throws SocketBusyException when the socket is joined
	 * @throws ConnectionResetException when the peer reset the connection
	 * @throws DuplexInterruptedException when the thread is interrupted
	 * @throws IllegalArgumentException when the options have a client's codec
	 */
	public static WebSocketHandshake accept(DuplexSocket socket, WebSocketOptions options) {
		return beginToAccept(socket, options).await();
	}

	/**
	 * {@link #accept(DuplexSocket, WebSocketOptions)} without waiting.
	 * @param socket a connected socket
	 * @param options what to accept
	 * @return completes on the engine's executor, or is complete already
	 */
	public static CompletionStage<WebSocketHandshake> acceptAsync(DuplexSocket socket, WebSocketOptions options) {
		return beginToAccept(socket, options).result.minimalCompletionStage();
	}

	private static Opening beginToAccept(DuplexSocket socket, WebSocketOptions options) {
		Codec codec = options.codec(false);
		return new Opening(socket, codec, WebSocketOpening.accept(connected(socket), options));
	}

	/**
	 * {@link #connect(DuplexSocket, URI, WebSocketOptions)} with the defaults.
	 * @param socket a connected socket
	 * @param uri {@code ws://host:port/path?query}
	 * @return what was agreed on
	 */
	public static WebSocketHandshake connect(DuplexSocket socket, URI uri) {
		return connect(socket, uri, WebSocketOptions.DEFAULTS);
	}

	/**
	 * Shake hands with a server, parking until it is done. Redirects are not followed.
	 * @param socket a connected socket; the URI's host is what the server is told, not
	 * where to connect
	 * @param uri {@code ws://host:port/path?query}
	 * @param options what to offer
	 * @return what was agreed on
	 * @throws WebSocketHandshakeException when the server refused, with its status, when
	 * its response is none to this request, or did not come
	 * @throws SocketBusyException when the socket is joined
	 * @throws ConnectionResetException when the peer reset the connection
	 * @throws DuplexInterruptedException when the thread is interrupted
	 * @throws IllegalArgumentException when the URI is none of a WebSocket without TLS,
	 * or the options have a server's codec
	 */
	public static WebSocketHandshake connect(DuplexSocket socket, URI uri, WebSocketOptions options) {
		return beginToConnect(socket, uri, options).await();
	}

	/**
	 * {@link #connect(DuplexSocket, URI, WebSocketOptions)} without waiting.
	 * @param socket a connected socket
	 * @param uri {@code ws://host:port/path?query}
	 * @param options what to offer
	 * @return completes on the engine's executor, or is complete already
	 */
	public static CompletionStage<WebSocketHandshake> connectAsync(DuplexSocket socket, URI uri,
			WebSocketOptions options) {
		return beginToConnect(socket, uri, options).result.minimalCompletionStage();
	}

	private static Opening beginToConnect(DuplexSocket socket, URI uri, WebSocketOptions options) {
		Codec codec = options.codec(true);
		return new Opening(socket, codec, WebSocketOpening.connect(connected(socket), uri, options));
	}

	private static NativeSocket connected(DuplexSocket socket) {
		if (socket instanceof ManagedSocket managed) {
			return managed.connected("open a WebSocket on");
		}
		if (socket instanceof NativeSocket connected) {
			return connected;
		}
		throw new IllegalArgumentException(socket + " is not a socket of an engine");
	}

	/**
	 * A handshake, and what comes behind it.
	 */
	private static final class Opening {

		private final DuplexSocket socket;

		private final Codec codec;

		private final WebSocketOpening opening;

		private final CompletableFuture<WebSocketHandshake> result = new CompletableFuture<>();

		Opening(DuplexSocket socket, Codec codec, WebSocketOpening opening) {
			this.socket = socket;
			this.codec = codec;
			this.opening = opening;
			opening.handshake().whenComplete(this::opened);
		}

		private void opened(@Nullable WebSocketHandshake handshake, @Nullable Throwable failure) {
			if (handshake == null) {
				boolean untouched = failure instanceof SocketBusyException
						|| failure instanceof DuplexInterruptedException;
				fail(failure, !untouched);
				return;
			}
			try {
				this.socket.setCodec(this.codec);
				this.result.complete(handshake);
			}
			catch (RuntimeException ex) {
				// The peer waits for frames.
				fail(ex, true);
			}
		}

		private void fail(@Nullable Throwable failure, boolean closing) {
			if (closing) {
				this.socket.close();
			}
			this.result.completeExceptionally((failure != null) ? failure : new IllegalStateException());
		}

		WebSocketHandshake await() {
			CompletableFuture<Outcome> outcome = this.result.handle(Outcome::new);
			try {
				Parking.await(outcome, Deadline.NEVER);
			}
			catch (InterruptedException ex) {
				this.opening.interrupt();
				Parking.awaitUninterruptibly(outcome, Deadline.NEVER);
				Thread.currentThread().interrupt();
			}
			return outcome.join().get();
		}

	}

	private record Outcome(@Nullable WebSocketHandshake handshake, @Nullable Throwable failure) {

		WebSocketHandshake get() {
			if (this.handshake != null) {
				return this.handshake;
			}
			if (this.failure instanceof RuntimeException failed) {
				throw failed;
			}
			throw new IllegalStateException(this.failure);
		}

	}

}
