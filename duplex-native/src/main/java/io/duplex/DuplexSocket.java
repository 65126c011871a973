/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * A socket that the engine manages. One of {@link DuplexEngine#socket()} is fresh: it is
 * connected by {@link #connect}, or listens by {@link #bind}; the others are connected.
 * The application receives and sends, for example for a handshake, until the socket is
 * joined; then a worker moves its bytes, and both calls say {@link SocketBusyException}
 * until the join is undone.
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
	 * Connect a fresh socket: {@link #connect(DuplexAddress, ConnectOptions)} with the
	 * defaults.
	 * @param address as {@link DuplexAddress#of} reads it
	 */
	default void connect(String address) {
		connect(DuplexAddress.of(address), ConnectOptions.DEFAULTS);
	}

	/**
	 * Connect a fresh socket: {@link #connect(DuplexAddress, ConnectOptions)} with a time
	 * limit.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @param timeout for all of it; zero: the kernel's
	 */
	default void connect(String address, Duration timeout) {
		connect(DuplexAddress.of(address), ConnectOptions.DEFAULTS.withTimeout(timeout));
	}

	/**
	 * Connect a fresh socket to the first address of a host that answers; or make a
	 * forwarder of one that is bound.
	 * <p>
	 * Host names are resolved by the JVM. Their addresses race as RFC 8305 says: families
	 * alternate, each address gets a head start, and the first connection that is
	 * established wins. TCP sockets get {@code TCP_NODELAY} and keep-alive, unless
	 * options were set. When it fails the socket is fresh again.
	 * <p>
	 * A bound socket accepts no more connections for the application: each, also of those
	 * that wait already, is joined by a worker to a new connection to this address, until
	 * the socket is closed.
	 * @param address where to
	 * @param options time limit, head start, local address
	 * @throws ConnectFailedException when nobody answered
	 * @throws UnresolvedAddressException when the host's name has no address
	 * @throws DuplexTimeoutException when time was over
	 * @throws ResourceExhaustedException when there is no descriptor, memory or port
	 * @throws DuplexException when it is connected already, or a forwarder
	 */
	void connect(DuplexAddress address, ConnectOptions options);

	/**
	 * {@link #connect(String)} without waiting.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @return completes on the engine's executor
	 */
	default CompletionStage<Void> connectAsync(String address) {
		return connectAsync(DuplexAddress.of(address), ConnectOptions.DEFAULTS);
	}

	/**
	 * {@link #connect(String, Duration)} without waiting.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @param timeout for all of it; zero: the kernel's
	 * @return completes on the engine's executor
	 */
	default CompletionStage<Void> connectAsync(String address, Duration timeout) {
		return connectAsync(DuplexAddress.of(address), ConnectOptions.DEFAULTS.withTimeout(timeout));
	}

	/**
	 * {@link #connect(DuplexAddress, ConnectOptions)} without waiting.
	 * @param address where to
	 * @param options time limit, head start, local address
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> connectAsync(DuplexAddress address, ConnectOptions options);

	/**
	 * Listen: {@link #bind(DuplexAddress)}.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @return where it listens, with the port that was bound
	 */
	default DuplexAddress bind(String address) {
		return bind(DuplexAddress.of(address));
	}

	/**
	 * Listen, at once; the kernel's backlog is the queue of {@link #accept()}. Binding
	 * again adds a listener. Port 0 picks one. A unix path that exists is replaced only
	 * if it is a socket on which nobody listens; it is removed on close. {@code fd://}
	 * takes over a listener that the process has inherited.
	 * @param address where
	 * @return where it listens, with the port that was bound
	 * @throws AddressInUseException when somebody listens there already
	 * @throws PortPermissionException when the port needs a privilege
	 * @throws DuplexException when the socket is connected, or a forwarder
	 */
	DuplexAddress bind(DuplexAddress address);

	/**
	 * {@link #bind(String)} without waiting.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @return completes on the engine's executor
	 */
	default CompletionStage<DuplexAddress> bindAsync(String address) {
		return bindAsync(DuplexAddress.of(address));
	}

	/**
	 * {@link #bind(DuplexAddress)} without waiting, which it does while a host's name is
	 * resolved.
	 * @param address where
	 * @return completes on the engine's executor
	 */
	CompletionStage<DuplexAddress> bindAsync(DuplexAddress address);

	/**
	 * Wait for a connection to any of the addresses that were bound. TCP connections have
	 * {@code TCP_NODELAY} and keep-alive, and the options that were set.
	 * @return the connection
	 * @throws DuplexException when the socket is not bound, or a forwarder
	 * @throws DuplexClosedException when the socket or the engine is closed
	 */
	DuplexSocket accept();

	/**
	 * {@link #accept()} with a time limit.
	 * @param timeout the limit; zero only looks
	 * @return the connection
	 * @throws DuplexTimeoutException when none came in time
	 */
	DuplexSocket accept(Duration timeout);

	/**
	 * {@link #accept()} without waiting.
	 * @return completes on the engine's executor, or is complete already
	 */
	CompletionStage<DuplexSocket> acceptAsync();

	/**
	 * {@link #accept(Duration)} without waiting.
	 * @param timeout the limit; zero only looks
	 * @return completes on the engine's executor, or is complete already
	 */
	CompletionStage<DuplexSocket> acceptAsync(Duration timeout);

	/**
	 * Join with another socket:
	 * {@link DuplexEngine#join(DuplexSocket, DuplexSocket, JoinOption...)}.
	 * @param other the second socket
	 * @param options what makes the join different from a plain one
	 * @return the join
	 */
	Join join(DuplexSocket other, JoinOption... options);

	/**
	 * {@link #join(DuplexSocket, JoinOption...)} without waiting.
	 * @param other the second socket
	 * @param options what makes the join different from a plain one
	 * @return completes on the engine's executor; what is wrong with the arguments is
	 * thrown at once
	 */
	CompletionStage<Join> joinAsync(DuplexSocket other, JoinOption... options);

	/**
	 * Set an option; a fresh or bound socket passes it on to the connections that it
	 * makes or accepts.
	 * @param <T> type of the value
	 * @param option the option
	 * @param value the value
	 * @throws DuplexException when the kernel refuses it
	 */
	<T> void setOption(DuplexSocketOption<T> option, T value);

	/**
	 * The value of an option.
	 * @param <T> type of the value
	 * @param option the option
	 * @return the value, as the kernel tells it
	 * @throws DuplexException when the socket has none
	 */
	<T> T getOption(DuplexSocketOption<T> option);

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
	 * {@link #receive(ByteBuffer, Duration)} without waiting. The buffer belongs to the
	 * engine until this completes.
	 * @param buffer takes the bytes
	 * @param timeout the limit; zero only looks
	 * @return the number of bytes or -1; completes on the engine's executor, or is
	 * complete already, exceptionally with {@link DuplexTimeoutException} when no byte
	 * came in time
	 */
	CompletionStage<Integer> receiveAsync(ByteBuffer buffer, Duration timeout);

	/**
	 * Receive what is there, without waiting.
	 * @param buffer takes the bytes
	 * @return number of bytes, 0 when there are none yet, -1 at the end of the stream
	 */
	int tryReceive(ByteBuffer buffer);

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
	 * {@link #send(ByteBuffer, Duration)} without waiting. The buffer belongs to the
	 * engine until this completes.
	 * @param buffer holds the bytes
	 * @param timeout the limit; zero sends what fits
	 * @return completes on the engine's executor, or is complete already, exceptionally
	 * with {@link DuplexTimeoutException}, which tells how much was sent
	 */
	CompletionStage<Void> sendAsync(ByteBuffer buffer, Duration timeout);

	/**
	 * Send what fits now, without waiting.
	 * @param buffer holds the bytes; its position moves by those that were taken
	 * @return number of bytes taken, 0 when none fits
	 */
	int trySend(ByteBuffer buffer);

	/**
	 * Send a part of a file, all of it, without bringing it into the JVM
	 * ({@code sendfile}).
	 * @param file the file
	 * @param offset bytes from its beginning
	 * @param count bytes
	 * @throws DuplexException when the file cannot be read, or ends before: the message
	 * tells how many bytes were sent
	 */
	void sendFile(Path file, long offset, long count);

	/**
	 * {@link #sendFile(Path, long, long)} of an open file, whose position is not used.
	 * @param file the file
	 * @param offset bytes from its beginning
	 * @param count bytes
	 */
	default void sendFile(FileChannel file, long offset, long count) {
		sendFile(file, offset, count, Duration.ofDays(Integer.MAX_VALUE));
	}

	/**
	 * {@link #sendFile(FileChannel, long, long)} with a time limit.
	 * @param file the file
	 * @param offset bytes from its beginning
	 * @param count bytes
	 * @param timeout the limit
	 * @throws DuplexTimeoutException when not all could be sent in time;
	 * {@link DuplexTimeoutException#getBytesTransferred()} tells how much was
	 */
	void sendFile(FileChannel file, long offset, long count, Duration timeout);

	/**
	 * {@link #sendFile(Path, long, long)} without waiting. The file is opened at once,
	 * and closed before this completes.
	 * @param file the file
	 * @param offset bytes from its beginning
	 * @param count bytes
	 * @return completes on the engine's executor, or is complete already; exceptionally
	 * when the file cannot be read
	 */
	CompletionStage<Void> sendFileAsync(Path file, long offset, long count);

	/**
	 * {@link #sendFile(FileChannel, long, long)} without waiting. The file must stay open
	 * until this completes.
	 * @param file the file
	 * @param offset bytes from its beginning
	 * @param count bytes
	 * @return completes on the engine's executor, or is complete already
	 */
	default CompletionStage<Void> sendFileAsync(FileChannel file, long offset, long count) {
		return sendFileAsync(file, offset, count, Duration.ofDays(Integer.MAX_VALUE));
	}

	/**
	 * {@link #sendFile(FileChannel, long, long, Duration)} without waiting. The file must
	 * stay open until this completes.
	 * @param file the file
	 * @param offset bytes from its beginning
	 * @param count bytes
	 * @param timeout the limit
	 * @return completes on the engine's executor, or is complete already
	 */
	CompletionStage<Void> sendFileAsync(FileChannel file, long offset, long count, Duration timeout);

	/**
	 * End the output: when what is queued has gone out, the peer reads the end of the
	 * stream. Receiving goes on. Parks until it is done.
	 * @throws SocketBusyException when the output is joined
	 */
	void shutdownOutput();

	/**
	 * {@link #shutdownOutput()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> shutdownOutputAsync();

	/**
	 * Pass the socket on to another process, with the bytes that were received and not
	 * read, over a unix socket to it: it takes the socket with {@link DuplexEngine#take}
	 * or C's {@code dx_take_wait}. What is queued for the peer is delivered first. This
	 * object is of no more use when it returns, which is when the carrier has it: it is
	 * delivered ahead of whatever is sent over that next. Parks until then.
	 * @param carrier a managed unix socket of the same engine whose output is not joined
	 * @param timeout the limit; zero: none
	 * @throws SocketBusyException when the socket or the carrier is joined
	 * @throws DuplexTimeoutException when time was over; nothing has changed
	 */
	void passTo(DuplexSocket carrier, Duration timeout);

	/**
	 * {@link #passTo(DuplexSocket, Duration)} without waiting.
	 * @param carrier a managed unix socket
	 * @param timeout the limit; zero: none
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> passToAsync(DuplexSocket carrier, Duration timeout);

	/**
	 * Make it a blocking {@link java.nio.channels.SocketChannel} again.
	 * {@link #release()} tells more.
	 * @return the channel, and the bytes that were received but not read
	 * @throws SocketBusyException when the socket is joined
	 */
	ReleasedChannel toSocketChannel();

	/**
	 * {@link #toSocketChannel()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<ReleasedChannel> toSocketChannelAsync();

	/**
	 * Set, change or take off the codec. Bytes that were received and not decoded are
	 * decoded by the new one. It concerns {@link #get()}, {@link #put} and {@link #route}
	 * alone; the other methods move bytes as they are.
	 * @param codec the codec, also one of one's own ({@link Codec#of(MessageCodec)}), or
	 * null for none
	 * @throws SocketBusyException while a join uses the socket, or in the middle of a
	 * message that is being got
	 */
	void setCodec(@Nullable Codec codec);

	/**
	 * Get a message, parking until one is whole.
	 * @return the message, or null at the end of the stream (or behind a message that is
	 * the last)
	 * @throws CodecException when the peer sends what the codec refuses, this time and
	 * every time; a codec that can tells the peer so
	 */
	@Nullable Message get();

	/**
	 * {@link #get()} with a time limit. What has arrived of a message stays.
	 * @param timeout the limit
	 * @return the message, or null at the end
	 * @throws DuplexTimeoutException when none was whole in time
	 */
	@Nullable Message get(Duration timeout);

	/**
	 * Get the messages that are there, at least one, parking for that.
	 * @param into takes them
	 * @param max how many at most
	 * @return their number, or -1 at the end
	 */
	int get(List<Message> into, int max);

	/**
	 * Get a message if one is there.
	 * @return the message, or null
	 */
	@Nullable Message tryGet();

	/**
	 * {@link #get()} without waiting.
	 * @return the message; null at the end
	 */
	CompletionStage<@Nullable Message> getAsync();

	/**
	 * {@link #get(Duration)} without waiting.
	 * @param timeout the limit
	 * @return the message; null at the end
	 */
	CompletionStage<@Nullable Message> getAsync(Duration timeout);

	/**
	 * {@link #get(List, int)} without waiting.
	 * @param into takes them; not to be used until this completes
	 * @param max how many at most
	 * @return their number, or -1 at the end
	 */
	CompletionStage<Integer> getAsync(List<Message> into, int max);

	/**
	 * Put a message, parking until there is room for its beginning. What does not fit
	 * then is delivered in the background, ahead of whatever comes next.
	 * @param message the message
	 * @throws CodecException for a message that the codec cannot express: nothing was
	 * sent
	 */
	default void put(Message message) {
		put(List.of(message));
	}

	/**
	 * Put messages, in their order, parking for each as long as needed.
	 * @param messages the messages
	 */
	void put(List<Message> messages);

	/**
	 * Put a message if there is room.
	 * @param message the message
	 * @return whether it was put
	 */
	boolean tryPut(Message message);

	/**
	 * {@link #put(Message)} without waiting.
	 * @param message the message, not to be changed until it is put
	 * @return completes when it is
	 */
	default CompletionStage<Void> putAsync(Message message) {
		return putAsync(List.of(message));
	}

	/**
	 * {@link #put(List)} without waiting.
	 * @param messages the messages, not to be changed until they are put
	 * @return completes when all are
	 */
	CompletionStage<Void> putAsync(List<Message> messages);

	/**
	 * Join with another socket, message by message: what is received here is decoded by
	 * this socket's codec and encoded by the other's, and the other way round, without
	 * any work in the JVM. A socket without a codec is a stream: messages are sent to it
	 * as their payloads, and what one read brings is a message.
	 * @param other the other socket
	 * @param options {@link JoinOption#HALF_DUPLEX} for one direction
	 * @return the join; undone between two messages
	 * @throws DuplexException when one of the codecs is written in Java:
	 * {@link DuplexEngine#routeThrough} takes its place
	 */
	default Join route(DuplexSocket other, JoinOption... options) {
		JoinOption[] all = Arrays.copyOf(options, options.length + 1);
		all[options.length] = JoinOption.ROUTE;
		return join(other, all);
	}

	/**
	 * {@link #route} without waiting.
	 * @param other the other socket
	 * @param options {@link JoinOption#HALF_DUPLEX} for one direction
	 * @return completes on the engine's executor; what is wrong with the arguments is
	 * thrown at once
	 */
	default CompletionStage<Join> routeAsync(DuplexSocket other, JoinOption... options) {
		JoinOption[] all = Arrays.copyOf(options, options.length + 1);
		all[options.length] = JoinOption.ROUTE;
		return joinAsync(other, all);
	}

	/**
	 * Take the bare descriptor back from the engine, with its flags as they were. What is
	 * queued for the peer is delivered first; parks until then.
	 * @return the descriptor, now the caller's, and the bytes that were received from it
	 * but not read
	 * @throws SocketBusyException when the socket is joined
	 */
	ReleasedSocket release();

	/**
	 * {@link #release()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<ReleasedSocket> releaseAsync();

	/**
	 * {@link #release()} with a time limit.
	 * @param timeout for the queued bytes
	 * @return the descriptor and its unread bytes
	 * @throws DuplexTimeoutException when the peer did not take them in time; the socket
	 * stays managed
	 */
	ReleasedSocket release(Duration timeout);

	/**
	 * {@link #release(Duration)} without waiting.
	 * @param timeout for the queued bytes
	 * @return completes on the engine's executor
	 */
	CompletionStage<ReleasedSocket> releaseAsync(Duration timeout);

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
