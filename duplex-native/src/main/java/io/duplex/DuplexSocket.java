/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * A connected socket that the engine manages. The application receives and sends, for
 * example for a handshake, until the socket is joined; then a worker moves its bytes, and
 * both calls say {@link SocketBusyException} until the join is undone.
 * <p>
 * Safe for use by any number of threads. Sends do not interleave, and receives are served
 * in their order. Calls that wait park the calling thread, which may be a virtual one; a
 * wait that times out or is interrupted ({@link DuplexInterruptedException}) leaves the
 * socket usable and loses nothing.
 * <p>
 * A socket that nobody closes stays open until its peer and the engine are gone.
 */
public interface DuplexSocket extends AutoCloseable {

	/**
	 * The socket's number: positive and never used twice in an engine.
	 * @return the id
	 */
	long id();

	/**
	 * The local address.
	 * @return the address
	 * @throws DuplexClosedException when the socket is closed and nobody had asked before
	 */
	DuplexAddress localAddress();

	/**
	 * The peer's address.
	 * @return the address
	 * @throws DuplexClosedException when the socket is closed and nobody had asked before
	 */
	DuplexAddress peerAddress();

	/**
	 * Wait for bytes and receive what is there.
	 * @param buffer takes the bytes at its position, which moves
	 * @return number of bytes, -1 at the end of the stream, 0 only when the buffer is
	 * full
	 * @throws SocketBusyException when the socket is joined
	 * @throws ConnectionResetException when the peer reset the connection
	 * @throws DuplexClosedException when the socket or the engine is closed
	 */
	int receive(ByteBuffer buffer);

	/**
	 * {@link #receive(ByteBuffer)} with a time limit.
	 * @param buffer takes the bytes
	 * @param timeout the limit; zero only looks
	 * @return number of bytes or -1
	 * @throws DuplexTimeoutException when no byte came in time; nothing is lost
	 */
	int receive(ByteBuffer buffer, Duration timeout);

	/**
	 * {@link #receive(ByteBuffer)} into an array.
	 * @param bytes takes the bytes from its beginning
	 * @return number of bytes or -1
	 */
	default int receive(byte[] bytes) {
		return receive(ByteBuffer.wrap(bytes));
	}

	/**
	 * {@link #receive(ByteBuffer, Duration)} into an array.
	 * @param bytes takes the bytes from its beginning
	 * @param timeout the limit
	 * @return number of bytes or -1
	 */
	default int receive(byte[] bytes, Duration timeout) {
		return receive(ByteBuffer.wrap(bytes), timeout);
	}

	/**
	 * {@link #receive(ByteBuffer)} without waiting. The buffer belongs to the engine
	 * until this completes.
	 * @param buffer takes the bytes
	 * @return the number of bytes or -1; completes on the engine's executor, or is
	 * complete already
	 */
	CompletionStage<Integer> receiveAsync(ByteBuffer buffer);

	/**
	 * Send all of a buffer, waiting as often as needed.
	 * @param buffer holds the bytes; its position moves by those that were taken, also
	 * when this fails
	 * @throws SocketBusyException when the socket is joined
	 * @throws ConnectionResetException when the peer has gone
	 * @throws DuplexClosedException when the output was shut down, or the socket or the
	 * engine closed
	 */
	void send(ByteBuffer buffer);

	/**
	 * {@link #send(ByteBuffer)} with a time limit.
	 * @param buffer holds the bytes
	 * @param timeout the limit; zero sends what fits
	 * @throws DuplexTimeoutException when not all could be sent in time; the buffer's
	 * position and {@link DuplexTimeoutException#getBytesTransferred()} tell how much was
	 */
	void send(ByteBuffer buffer, Duration timeout);

	/**
	 * {@link #send(ByteBuffer)} of an array.
	 * @param bytes the bytes
	 */
	default void send(byte[] bytes) {
		send(ByteBuffer.wrap(bytes));
	}

	/**
	 * {@link #send(ByteBuffer)} without waiting. The buffer belongs to the engine until
	 * this completes.
	 * @param buffer holds the bytes
	 * @return completes on the engine's executor, or is complete already
	 */
	CompletionStage<Void> sendAsync(ByteBuffer buffer);

	/**
	 * End the output: when what is queued has gone out, the peer reads the end of the
	 * stream. Receiving goes on. Parks until it is done.
	 * @throws SocketBusyException when the output is joined
	 */
	void shutdownOutput();

	/**
	 * Take the bare descriptor back from the engine, with its flags as they were. What is
	 * queued for the peer is delivered first; parks until then.
	 * @return the descriptor, now the caller's, and the bytes that were received from it
	 * but not read
	 * @throws SocketBusyException when the socket is joined
	 */
	ReleasedSocket release();

	/**
	 * {@link #release()} with a time limit.
	 * @param timeout for the queued bytes
	 * @return the descriptor and its unread bytes
	 * @throws DuplexTimeoutException when the peer did not take them in time; the socket
	 * stays managed
	 */
	ReleasedSocket release(Duration timeout);

	/**
	 * Close in order, in the background: a join that the socket is part of ends, what is
	 * queued goes out, the peer is told the end, and within two seconds the descriptor is
	 * closed. Returns at once. Closing again does nothing.
	 */
	@Override
	void close();

	/**
	 * {@link #close()} with a time limit of one's own, and an answer.
	 * @param timeout for delivering what is queued and for the peer to end its stream;
	 * then the descriptor is closed anyway
	 * @return the number of queued bytes that were lost, when the descriptor is closed
	 */
	CompletionStage<Long> closeAsync(Duration timeout);

	/**
	 * Reset the connection at once: queued and unread bytes are gone.
	 */
	void reset();

	/**
	 * Whether this socket was closed or released through this object, or its engine
	 * closed. A socket that a join has closed is noticed with the next call.
	 * @return true when it is of no more use
	 */
	boolean isClosed();

}
