/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

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
	 * @param client the first socket
	 * @param backend the second socket
	 * @param options flags and time limits
	 * @return the join
	 * @throws IllegalArgumentException when both are one socket, or one belongs to
	 * another engine
	 * @throws SocketBusyException when one is part of another join
	 * @throws DuplexClosedException when one is closed, or an output that is needed was
	 * shut down
	 */
	Join join(DuplexSocket client, DuplexSocket backend, JoinOptions options);

	/**
	 * {@link #join(DuplexSocket, DuplexSocket, JoinOptions)} without waiting.
	 * @param client the first socket
	 * @param backend the second socket
	 * @param options flags and time limits
	 * @return completes on the engine's executor; what is wrong with the arguments is
	 * thrown at once
	 */
	CompletionStage<Join> joinAsync(DuplexSocket client, DuplexSocket backend, JoinOptions options);

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
	 * Look at one join. Parks until a worker has answered.
	 * @param id {@link Join#id()}
	 * @return the join, or empty when it has ended or never was
	 */
	Optional<JoinSnapshot> findJoin(long id);

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
	 * End a join and close both sockets in order. Parks until a worker has answered.
	 * @param id {@link Join#idText()}
	 * @return false when it has ended or never was, also when the text is no id
	 */
	boolean closeJoin(String id);

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

}
