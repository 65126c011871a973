/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * A native engine that joins sockets and moves their bytes inside the kernel.
 * <p>
 * Safe for use by any number of threads. Calls that wait park the calling thread, which
 * may be a virtual one, and never hold it inside native code; an interrupt ends the wait
 * with {@link DuplexInterruptedException}. Futures complete on the executor of
 * {@link DuplexEngineOptions}. Calls after {@link #close()} say
 * {@link DuplexClosedException}. Sockets of another engine, or ones that no engine made,
 * are refused with {@link IllegalArgumentException}.
 * <p>
 * An engine must be closed. One that nobody can reach any more is logged and closed by
 * the garbage collector, some time.
 */
public interface DuplexEngine extends AutoCloseable {

	/**
	 * Open an engine with the defaults.
	 * @return the engine
	 * @throws NativeLibraryException when the native library does not work here
	 * @throws ResourceExhaustedException when there are no descriptors, no memory or no
	 * threads for it
	 */
	static DuplexEngine create() {
		return create(DuplexEngineOptions.DEFAULTS);
	}

	/**
	 * Open an engine.
	 * @param options how it is made
	 * @return the engine
	 * @throws NativeLibraryException when the native library does not work here
	 * @throws ResourceExhaustedException when there are no descriptors, no memory or no
	 * threads for it
	 */
	static DuplexEngine create(DuplexEngineOptions options) {
		return NativeEngine.open(options);
	}

	/**
	 * Manage a connected TCP or unix stream descriptor.
	 * @param descriptor the file descriptor; the engine's when this returns, still the
	 * caller's when it throws
	 * @return the socket
	 * @throws DuplexException when it is no connected stream socket
	 * @throws ResourceExhaustedException at a limit of descriptors
	 */
	DuplexSocket adopt(int descriptor);

	/**
	 * Manage a connected descriptor from which some bytes have been read already.
	 * @param descriptor the file descriptor; the engine's when this returns, still the
	 * caller's when it throws
	 * @param alreadyRead bytes, at most 16 MiB, that are received or joined ahead of the
	 * descriptor's own. Copied; the buffer's position moves to its limit
	 * @return the socket
	 */
	DuplexSocket adopt(int descriptor, ByteBuffer alreadyRead);

	/**
	 * A fresh socket, to be connected or bound.
	 * @return the socket
	 */
	DuplexSocket socket();

	/**
	 * Take a connection over from a socket of Java's, which is closed by that and can
	 * reach the connection no more. No other thread may be using it.
	 * @param socket a plain, connected socket; {@code SSLSocket} is refused
	 * @return the socket
	 * @throws DuplexException when it is not connected, or encrypted, or a thread is
	 * blocked in it: nothing has changed then
	 */
	default DuplexSocket adopt(Socket socket) {
		return adopt(socket, ByteBuffer.allocate(0));
	}

	/**
	 * {@link #adopt(Socket)} of one from which some bytes have been read already, for
	 * example by a buffered reader.
	 * @param socket a plain, connected socket
	 * @param alreadyRead bytes that are received or joined first
	 * @return the socket
	 */
	DuplexSocket adopt(Socket socket, ByteBuffer alreadyRead);

	/**
	 * Take a connection over from a channel, TCP or unix, blocking or not, also while it
	 * is registered with selectors: its keys are cancelled. The channel is closed by that
	 * and can reach the connection no more. No other thread may be reading or writing.
	 * @param channel a connected channel
	 * @return the socket
	 * @throws DuplexException when it is not connected, or a thread is blocked in it:
	 * nothing has changed then
	 */
	default DuplexSocket adopt(SocketChannel channel) {
		return adopt(channel, ByteBuffer.allocate(0));
	}

	/**
	 * {@link #adopt(SocketChannel)} of one from which some bytes have been read already.
	 * @param channel a connected channel
	 * @param alreadyRead bytes that are received or joined first
	 * @return the socket
	 */
	DuplexSocket adopt(SocketChannel channel, ByteBuffer alreadyRead);

	/**
	 * Take a connection over from an asynchronous channel on which no read or write is
	 * pending. {@link #adopt(SocketChannel)} tells more.
	 * @param channel a connected channel
	 * @param alreadyRead bytes that are received or joined first
	 * @return the socket
	 */
	DuplexSocket adopt(AsynchronousSocketChannel channel, ByteBuffer alreadyRead);

	/**
	 * Take over a socket that another process has passed on ({@link DuplexSocket#passTo},
	 * or C's {@code dx_pass_wait}). Parks until one comes.
	 * @param carrier a managed unix socket to that process, whose input is not joined
	 * @param timeout the limit; zero: none
	 * @return the socket, with the bytes that were unread there
	 * @throws DuplexTimeoutException when none came in time; it can be taken later
	 * @throws DuplexException when something else came, or the carrier ended
	 */
	DuplexSocket take(DuplexSocket carrier, Duration timeout);

	/**
	 * {@link #take(DuplexSocket, Duration)} without waiting.
	 * @param carrier a managed unix socket
	 * @param timeout the limit; zero: none
	 * @return completes on the engine's executor
	 */
	CompletionStage<DuplexSocket> takeAsync(DuplexSocket carrier, Duration timeout);

	/**
	 * Connect, within the kernel's own time limit.
	 * {@link #connect(DuplexAddress, Duration)} tells more.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @return the socket
	 */
	default DuplexSocket connect(String address) {
		return connect(DuplexAddress.of(address), Duration.ZERO);
	}

	/**
	 * Connect. {@link #connect(DuplexAddress, Duration)} tells more.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @param timeout for all of it; zero: the kernel's
	 * @return the socket
	 */
	default DuplexSocket connect(String address, Duration timeout) {
		return connect(DuplexAddress.of(address), timeout);
	}

	/**
	 * Connect to the first address of a host that answers. Host names are resolved by the
	 * JVM. TCP sockets get {@code TCP_NODELAY} and keep-alive.
	 * @param address where to
	 * @param timeout for all of it; zero: the kernel's
	 * @return the socket
	 * @throws ConnectFailedException when nobody answered
	 * @throws UnresolvedAddressException when the host's name has no address
	 * @throws DuplexTimeoutException when time was over
	 * @throws ResourceExhaustedException when there is no descriptor, memory or port for
	 * it
	 */
	DuplexSocket connect(DuplexAddress address, Duration timeout);

	/**
	 * {@link #connect(String)} without waiting.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @return completes on the engine's executor
	 */
	default CompletionStage<DuplexSocket> connectAsync(String address) {
		return connectAsync(DuplexAddress.of(address), Duration.ZERO);
	}

	/**
	 * {@link #connect(DuplexAddress, Duration)} without waiting.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @param timeout for all of it; zero: the kernel's
	 * @return completes on the engine's executor
	 */
	default CompletionStage<DuplexSocket> connectAsync(String address, Duration timeout) {
		return connectAsync(DuplexAddress.of(address), timeout);
	}

	/**
	 * {@link #connect(DuplexAddress, Duration)} without waiting.
	 * @param address where to
	 * @param timeout for all of it; zero: the kernel's
	 * @return completes on the engine's executor
	 */
	CompletionStage<DuplexSocket> connectAsync(DuplexAddress address, Duration timeout);

	/**
	 * Listen. {@link #listen(DuplexAddress)} tells more.
	 * @param address as {@link DuplexAddress#of} reads it
	 * @return the listener
	 */
	default DuplexListener listen(String address) {
		return listen(DuplexAddress.of(address));
	}

	/**
	 * Listen, for connections that the application accepts itself. Port 0 picks one. A
	 * unix path that exists is replaced only if it is a socket on which nobody listens.
	 * @param address where
	 * @return the listener
	 * @throws AddressInUseException when somebody listens there already
	 * @throws PortPermissionException when the port needs a privilege
	 */
	DuplexListener listen(DuplexAddress address);

	/**
	 * {@link #listen(DuplexAddress)} without waiting, which it does while a host's name
	 * is resolved.
	 * @param address where
	 * @return completes on the engine's executor
	 */
	CompletionStage<DuplexListener> listenAsync(DuplexAddress address);

	/**
	 * Join two sockets. {@link #join(DuplexSocket, DuplexSocket, JoinOptions)} tells
	 * more.
	 * @param client the first socket
	 * @param backend the second socket
	 * @param options what makes the join different from a plain one
	 * @return the join
	 */
	default Join join(DuplexSocket client, DuplexSocket backend, JoinOption... options) {
		return join(client, backend, JoinOptions.of(options));
	}

	/**
	 * Join two sockets: what one receives is sent to the other, until the join is undone
	 * or ends. Bytes that were received and not read go first. The end of one side's
	 * stream is passed on while the other direction goes on; when both have ended, both
	 * sockets are closed. Parks until a worker has the sockets.
	 * <p>
	 * A socket may be part of several joins. What it receives goes to all of them
	 * (fan-out; the slowest sets the pace, but for {@link JoinOption#LOSSY} ones), and
	 * several may be sent to it (fan-in; what one read gave stays together). A bound
	 * socket may be one of the two:
	 * {@link #join(DuplexListener, DuplexSocket, JoinOptions)}.
	 * @param client the first socket
	 * @param backend the second socket
	 * @param options flags and limits
	 * @return the join
	 * @throws IllegalArgumentException when both are one socket, or one belongs to
	 * another engine
	 * @throws SocketBusyException when these two are joined already
	 * @throws DuplexClosedException when one is closed, or an output that is needed was
	 * shut down
	 */
	Join join(DuplexSocket client, DuplexSocket backend, JoinOptions options);

	/**
	 * {@link #join(DuplexSocket, DuplexSocket, JoinOptions)} without waiting.
	 * @param client the first socket
	 * @param backend the second socket
	 * @param options flags and limits
	 * @return completes on the engine's executor; what is wrong with the arguments is
	 * thrown at once
	 */
	CompletionStage<Join> joinAsync(DuplexSocket client, DuplexSocket backend, JoinOptions options);

	/**
	 * Join all connections of a listener with a socket.
	 * {@link #join(DuplexListener, DuplexSocket, JoinOptions)} tells more.
	 * @param clients the listener
	 * @param backend the second socket of each join
	 * @param options what makes the joins different from plain ones
	 * @return the join
	 */
	default Join join(DuplexListener clients, DuplexSocket backend, JoinOption... options) {
		return join(clients, backend, JoinOptions.of(options));
	}

	/**
	 * Join all connections that a listener accepts from now on with a socket: what each
	 * sends goes to the socket, and what the socket sends goes to all of them. A worker
	 * accepts, without any work in the JVM, and joins each connection with these options;
	 * its end is not passed on to the socket. The join of the listener is in state
	 * {@link JoinState#LISTENING} and moves nothing itself. Undoing it ends the
	 * accepting, and the connections keep their joins, which are listed by
	 * {@link #joins(JoinQuery)} and ended by {@link #closeJoin(long)}. It ends by itself
	 * when the socket is closed, released or passed on; and with the next connection when
	 * an output that is needed was shut down. Parks until a worker has both.
	 * @param clients the listener; cannot be accepted from while it is joined
	 * @param backend the second socket of each join
	 * @param options flags and limits of each join
	 * @return the join of the listener
	 * @throws IllegalArgumentException when one belongs to another engine
	 * @throws SocketBusyException when the two are joined already, or the socket is being
	 * released
	 * @throws DuplexClosedException when one is closed, or an output that is needed was
	 * shut down
	 */
	Join join(DuplexListener clients, DuplexSocket backend, JoinOptions options);

	/**
	 * {@link #join(DuplexListener, DuplexSocket, JoinOptions)} without waiting.
	 * @param clients the listener
	 * @param backend the second socket of each join
	 * @param options flags and limits of each join
	 * @return completes on the engine's executor; what is wrong with the arguments is
	 * thrown at once
	 */
	CompletionStage<Join> joinAsync(DuplexListener clients, DuplexSocket backend, JoinOptions options);

	/**
	 * Join a socket with all connections of a listener.
	 * {@link #join(DuplexSocket, DuplexListener, JoinOptions)} tells more.
	 * @param client the first socket of each join
	 * @param backends the listener
	 * @param options what makes the joins different from plain ones
	 * @return the join
	 */
	default Join join(DuplexSocket client, DuplexListener backends, JoinOption... options) {
		return join(client, backends, JoinOptions.of(options));
	}

	/**
	 * {@link #join(DuplexListener, DuplexSocket, JoinOptions)} the other way round: the
	 * connections are the second sockets. With {@link JoinOption#HALF_DUPLEX} this
	 * broadcasts what the socket sends to everybody who connects; with
	 * {@link JoinOption#LOSSY} nobody holds up the others.
	 * @param client the first socket of each join
	 * @param backends the listener; cannot be accepted from while it is joined
	 * @param options flags and limits of each join
	 * @return the join of the listener
	 */
	Join join(DuplexSocket client, DuplexListener backends, JoinOptions options);

	/**
	 * {@link #join(DuplexSocket, DuplexListener, JoinOptions)} without waiting.
	 * @param client the first socket of each join
	 * @param backends the listener
	 * @param options flags and limits of each join
	 * @return completes on the engine's executor; what is wrong with the arguments is
	 * thrown at once
	 */
	CompletionStage<Join> joinAsync(DuplexSocket client, DuplexListener backends, JoinOptions options);

	/**
	 * Join two sockets through functions of the application: each piece that one receives
	 * is given to a function, and what that returns is sent to the other. This is the
	 * slow path: every byte passes through the JVM's heap and one of its threads. No
	 * thread waits for bytes, though, and a socket that does not take them stops the
	 * reading of the other. Ends are passed on as a join does; a function that throws
	 * ends it.
	 * <p>
	 * The functions run on {@link DuplexEngineOptions#decisionExecutor()}. Until it is
	 * undone or ends, both sockets are to be left alone: the application's own calls
	 * would take bytes out of the stream, and joining one of them ends this.
	 * @param client the first socket
	 * @param backend the second socket
	 * @param fromClient is given what the first socket receives; null changes nothing
	 * @param fromBackend is given what the second socket receives; null changes nothing
	 * @return the join
	 * @throws IllegalArgumentException when both are one socket, or one belongs to
	 * another engine
	 * @throws SocketBusyException when one is part of a join, also of one through
	 * functions
	 * @throws DuplexClosedException when one is closed, or its output was shut down
	 */
	TransformJoin joinThrough(DuplexSocket client, DuplexSocket backend, @Nullable Transform fromClient,
			@Nullable Transform fromBackend);

	/**
	 * Route messages between two sockets through functions of the application: each
	 * message that one's codec decodes is given to a function, and what that returns is
	 * put to the other. This is the slow path beside {@link DuplexSocket#route}, as
	 * {@link #joinThrough} is beside {@link #join}: every message passes through the JVM.
	 * The next message is got when what came of the one before was put, so that a socket
	 * that takes nothing stops the reading of the other; no thread waits for messages,
	 * though. A socket without a codec is a stream: what one read brings is a message.
	 * <p>
	 * It ends as a route does: a WebSocket's Close ends both directions, the end of the
	 * other side becomes a Close, behind the last chunk both sockets are the
	 * application's again ({@link JoinEndReason#FINISHED}). What a codec refuses ends it
	 * with {@link JoinEndReason#PROTOCOL}, a function that throws with
	 * {@link JoinEndReason#ERROR}; both sockets are closed in order then.
	 * {@link TransformJoin#unjoin()} gives both sockets back between two messages: one
	 * that has begun to arrive is waited for (the codec's frame timeout limits that), and
	 * the sinks have to take what was got.
	 * <p>
	 * The functions run on {@link DuplexEngineOptions#decisionExecutor()}. Until it is
	 * undone or ends, both sockets are to be left alone.
	 * @param client the first socket
	 * @param backend the second socket
	 * @param fromClient is given the messages of the first socket; null passes them on
	 * @param fromBackend is given the messages of the second socket; null passes them on
	 * @return the route
	 * @throws IllegalArgumentException when both are one socket, or one belongs to
	 * another engine
	 * @throws SocketBusyException when one is part of a join, also of one through
	 * functions
	 * @throws DuplexClosedException when one is closed, or its output was shut down
	 */
	TransformJoin routeThrough(DuplexSocket client, DuplexSocket backend, @Nullable MessageTransform fromClient,
			@Nullable MessageTransform fromBackend);

	/**
	 * List joins, those of proxies and those that the application made, a page at a time.
	 * Parks until workers have answered.
	 * @param query which
	 * @return the page; empty when there is no such proxy
	 * @throws IllegalArgumentException when {@link JoinQuery#after()} is the cursor of no
	 * page
	 */
	JoinPage joins(JoinQuery query);

	/**
	 * {@link #joins(JoinQuery)} without waiting.
	 * @param query which
	 * @return completes on the engine's executor
	 */
	CompletionStage<JoinPage> joinsAsync(JoinQuery query);

	/**
	 * Look at one join. Parks until a worker has answered.
	 * @param id {@link Join#id()}
	 * @return the join, or empty when it has ended or never was
	 */
	Optional<JoinSnapshot> findJoin(long id);

	/**
	 * {@link #findJoin(long)} without waiting.
	 * @param id {@link Join#id()}
	 * @return completes on the engine's executor
	 */
	CompletionStage<Optional<JoinSnapshot>> findJoinAsync(long id);

	/**
	 * Look at one join. Parks until a worker has answered.
	 * @param id {@link Join#idText()}
	 * @return the join, or empty when it has ended or never was, also when the text is no
	 * id
	 */
	Optional<JoinSnapshot> findJoin(String id);

	/**
	 * End a join and close both sockets in order. Parks until a worker has answered.
	 * @param id {@link Join#id()}
	 * @return false when it has ended or never was
	 */
	boolean closeJoin(long id);

	/**
	 * {@link #closeJoin(long)} without waiting.
	 * @param id {@link Join#id()}
	 * @return completes on the engine's executor
	 */
	CompletionStage<Boolean> closeJoinAsync(long id);

	/**
	 * End a join and close both sockets in order. Parks until a worker has answered.
	 * @param id {@link Join#idText()}
	 * @return false when it has ended or never was, also when the text is no id
	 */
	boolean closeJoin(String id);

	/**
	 * Change the limits of a join while it runs, also of a proxy's.
	 * {@link Join#limit(JoinLimits)} tells more.
	 * @param id {@link Join#id()}
	 * @param limits all of them, not only those that change
	 * @return false when it has ended or never was
	 * @throws DuplexException when it is a proxy's and has no backend yet
	 */
	boolean limitJoin(long id, JoinLimits limits);

	/**
	 * {@link #limitJoin(long, JoinLimits)} without waiting.
	 * @param id {@link Join#id()}
	 * @param limits all of them, not only those that change
	 * @return completes on the engine's executor
	 */
	CompletionStage<Boolean> limitJoinAsync(long id, JoinLimits limits);

	/**
	 * Change the limits of a join while it runs, also of a proxy's.
	 * {@link Join#limit(JoinLimits)} tells more.
	 * @param id {@link Join#idText()}
	 * @param limits all of them, not only those that change
	 * @return false when it has ended or never was, also when the text is no id
	 * @throws DuplexException when it is a proxy's and has no backend yet
	 */
	boolean limitJoin(String id, JoinLimits limits);

	/**
	 * Create a proxy; {@link DuplexProxy#start()} makes it listen.
	 * @param definition what it does
	 * @return the proxy
	 * @throws InvalidProxyDefinitionException when the engine has a proxy with this name
	 * @throws UnresolvedAddressException when the name of the host to listen on has no
	 * address
	 */
	DuplexProxy createProxy(DuplexProxyDefinition definition);

	/**
	 * {@link #createProxy(DuplexProxyDefinition)} without waiting.
	 * @param definition what it does
	 * @return completes on the engine's executor
	 */
	CompletionStage<DuplexProxy> createProxyAsync(DuplexProxyDefinition definition);

	/**
	 * The proxies that were created and not closed.
	 * @return a copy, in the order of their creation
	 */
	Collection<DuplexProxy> proxies();

	/**
	 * Find a proxy by its name.
	 * @param name the name
	 * @return the proxy, or empty
	 */
	Optional<DuplexProxy> findProxy(String name);

	/**
	 * The engine's counters.
	 * @return what they say now
	 */
	EngineStatistics statistics();

	/**
	 * Version of the native library.
	 * @return for example {@code "0.1.0"}
	 */
	String version();

	/**
	 * Whether {@link #close()} was called.
	 * @return true from the first call on
	 */
	boolean isClosed();

	/**
	 * End everything: proxies stop listening, joins end with
	 * {@link JoinEndReason#SHUT_DOWN}, whatever waits fails with
	 * {@link DuplexClosedException}, sockets are closed. Returns when that is done;
	 * closing again does nothing, but waits too. An interrupt does not end the wait.
	 */
	@Override
	void close();

	/**
	 * {@link #close()} without waiting.
	 * @return completes on the engine's executor
	 */
	CompletionStage<Void> closeAsync();

}
