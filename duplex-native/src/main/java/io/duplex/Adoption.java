/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.function.IntBinaryOperator;

import javax.net.ssl.SSLSocket;

import io.duplex.ffi.Errno;
import io.duplex.ffi.JavaObjects;
import org.jspecify.annotations.Nullable;

/**
 * Takes the connection out of Java's own sockets and channels.
 * <p>
 * The engine gets a second descriptor for the open file; then a dead socket takes the
 * place of the first, so that the Java object, which is closed here, closes the dead one
 * and can reach nobody any more. A selector's epoll is told to forget the descriptor
 * before: its registration belongs to the open file and would outlive the number. All
 * that can fail comes before the first change that is not undone.
 */
final class Adoption {

	private static final String DESCRIPTOR = "fd:Ljava/io/FileDescriptor;/fd:I";

	private static final String KEYS = "keys:[Ljava/nio/channels/SelectionKey;";

	private static final String PORT_EPOLL = "port:Lsun/nio/ch/Port;/epfd:I";

	private static final String SELECTOR_EPOLL = "epfd:I";

	/** Held by a selector while it hands changes of interest to its epoll. */
	private static final String SELECTOR_UPDATES = "updateLock:Ljava/lang/Object;";

	private static final String SOCKET_IMPL = "impl:Ljava/net/SocketImpl;/delegate?:Ljava/net/SocketImpl;/";

	private static final String READER = "readerThread:J";

	private static final String WRITER = "writerThread:J";

	private final DuplexEngine engine;

	Adoption(DuplexEngine engine) {
		this.engine = engine;
	}

	DuplexSocket adopt(Socket socket, ByteBuffer alreadyRead) {
		if (socket instanceof SSLSocket) {
			throw refused(socket, "what it carries is encrypted, and an engine would pass the ciphertext on as it is:"
					+ " adopt a plain socket");
		}
		SocketChannel channel = socket.getChannel();
		if (channel != null) {
			return adopt(channel, alreadyRead);
		}
		requireConnected(socket, socket.isConnected(), socket.isClosed());
		requireUnused(socket, SOCKET_IMPL);
		return take(socket, socket, SOCKET_IMPL + DESCRIPTOR, alreadyRead, JavaObjects::dx_java_bury);
	}

	DuplexSocket adopt(SocketChannel channel, ByteBuffer alreadyRead) {
		requireConnected(channel, channel.isConnected(), !channel.isOpen());
		requireUnused(channel, "");
		SelectionKey[] keys = (SelectionKey[]) JavaObjects.field(channel, KEYS);
		return take(channel, channel, DESCRIPTOR, alreadyRead,
				(descriptor, dead) -> unwatchAndBury(keys, 0, descriptor, dead));
	}

	/**
	 * Keeps the selectors from adding the descriptor again before it is a dead one. Their
	 * keys are cancelled by the channel's close, not here: their owner may close the
	 * channel when it meets a cancelled key.
	 */
	private static int unwatchAndBury(SelectionKey @Nullable [] keys, int index, int descriptor, int dead) {
		if (keys == null || index == keys.length) {
			return JavaObjects.dx_java_bury(descriptor, dead);
		}
		SelectionKey key = keys[index];
		if (key == null) {
			return unwatchAndBury(keys, index + 1, descriptor, dead);
		}
		Object updates = JavaObjects.field(key.selector(), SELECTOR_UPDATES);
		synchronized ((updates != null) ? updates : key) {
			unwatch(JavaObjects.number(key.selector(), SELECTOR_EPOLL), descriptor);
			return unwatchAndBury(keys, index + 1, descriptor, dead);
		}
	}

	private static void unwatch(int epoll, int descriptor) {
		if (epoll >= 0) {
			JavaObjects.dx_java_unwatch(epoll, descriptor);
		}
	}

	DuplexSocket adopt(AsynchronousSocketChannel channel, ByteBuffer alreadyRead) {
		boolean connected;
		try {
			connected = channel.isOpen() && channel.getRemoteAddress() != null;
		}
		catch (IOException ex) {
			connected = false;
		}
		requireConnected(channel, connected, !channel.isOpen());
		if (JavaObjects.number(channel, "reading:Z") == 1 || JavaObjects.number(channel, "writing:Z") == 1) {
			throw refused(channel, "a read or a write is pending: wait for it first");
		}
		int epoll = JavaObjects.number(channel, PORT_EPOLL);
		return take(channel, channel, DESCRIPTOR, alreadyRead, (descriptor, dead) -> {
			unwatch(epoll, descriptor);
			return JavaObjects.dx_java_bury(descriptor, dead);
		});
	}

	private static void requireConnected(Object socket, boolean connected, boolean closed) {
		if (closed) {
			throw new DuplexClosedException("adopt", socket.toString(), null, "it is closed");
		}
		if (!connected) {
			throw refused(socket, "it is not connected");
		}
	}

	/** A thread that is blocked in it would take bytes that are the engine's. */
	private static void requireUnused(Object socket, String path) {
		if (JavaObjects.number(socket, path + READER) == 1) {
			throw refused(socket, "a thread is blocked in a read of it: end that first");
		}
		if (JavaObjects.number(socket, path + WRITER) == 1) {
			throw refused(socket, "a thread is blocked in a write to it: wait for that first");
		}
	}

	private static DuplexException refused(Object socket, String reason) {
		return new DuplexException("adopt", socket.toString(), null, reason, null);
	}

	private DuplexSocket take(Object subject, Closeable object, String path, ByteBuffer alreadyRead,
			IntBinaryOperator bury) {
		String text = subject.toString();
		int descriptor = JavaObjects.number(object, path);
		if (descriptor < 0) {
			throw new DuplexException("adopt", text, null, "its descriptor is not to be found in a "
					+ object.getClass().getName() + " of this JVM: hand over a descriptor, or another kind of socket",
					null);
		}
		DuplexSocket socket = takeDescriptor(descriptor, text, alreadyRead, bury);
		try {
			object.close();
		}
		catch (IOException ex) {
			socket.close();
			throw new UncheckedIOException(ex);
		}
		return socket;
	}

	/**
	 * Take the connection behind a descriptor.
	 * @param bury makes epolls forget the descriptor (its first argument) and puts a dead
	 * one (its second) in its place
	 */
	private DuplexSocket takeDescriptor(int descriptor, String subject, ByteBuffer alreadyRead,
			IntBinaryOperator bury) {
		int dead = JavaObjects.dx_java_dead();
		require("adopt", subject, dead);
		try {
			DuplexSocket socket = adoptCopy(descriptor, subject, alreadyRead);
			int buried = bury.applyAsInt(descriptor, dead);
			if (buried < 0) {
				// One owner: the engine lets go of the connection without ending it.
				JavaObjects.dx_java_close(socket.release().descriptor());
				require("adopt", subject, buried);
			}
			return socket;
		}
		finally {
			JavaObjects.dx_java_close(dead);
		}
	}

	private DuplexSocket adoptCopy(int descriptor, String subject, ByteBuffer alreadyRead) {
		int copy = JavaObjects.dx_java_dup(descriptor);
		require("adopt", subject, copy);
		try {
			return this.engine.adopt(copy, alreadyRead);
		}
		catch (RuntimeException ex) {
			JavaObjects.dx_java_close(copy);
			throw ex;
		}
	}

	/**
	 * The descriptor of a file.
	 * @param file an open file
	 * @return its number, still the channel's
	 */
	static int descriptor(FileChannel file) {
		if (!file.isOpen()) {
			throw new DuplexClosedException("send", file.toString(), null, "the file is closed");
		}
		int descriptor = JavaObjects.number(file, DESCRIPTOR);
		if (descriptor < 0) {
			throw new DuplexException("send", file.toString(), null,
					"a " + file.getClass().getName() + " has no descriptor: open it with FileChannel.open()", null);
		}
		return descriptor;
	}

	private static void require(String operation, String subject, int result) {
		if (result < 0) {
			Errno errno = Errno.of(result);
			throw new DuplexException(operation, subject, Failures.error(result),
					(errno != null) ? errno.text() : "error " + -result, null);
		}
	}

}
