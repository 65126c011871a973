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
 * before: its registration belongs to the open file and would outlive the number.
 */
final class Adoption {

	private static final String DESCRIPTOR = "fd:Ljava/io/FileDescriptor;/fd:I";

	private static final String SOCKET_DESCRIPTOR = "impl:Ljava/net/SocketImpl;/delegate?:Ljava/net/SocketImpl;/"
			+ DESCRIPTOR;

	private static final String KEYS = "keys:[Ljava/nio/channels/SelectionKey;";

	private static final String PORT_EPOLL = "port:Lsun/nio/ch/Port;/epfd:I";

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
		return take(socket, socket, SOCKET_DESCRIPTOR, alreadyRead, new int[0]);
	}

	DuplexSocket adopt(SocketChannel channel, ByteBuffer alreadyRead) {
		requireConnected(channel, channel.isConnected(), !channel.isOpen());
		SelectionKey[] keys = (SelectionKey[]) JavaObjects.field(channel, KEYS);
		return take(channel, channel, DESCRIPTOR, alreadyRead, epolls(keys));
	}

	private static int[] epolls(SelectionKey @Nullable [] keys) {
		int[] epolls = new int[(keys != null) ? keys.length : 0];
		for (int i = 0; i < epolls.length; i++) {
			SelectionKey key = (keys != null) ? keys[i] : null;
			epolls[i] = (key != null) ? JavaObjects.number(key.selector(), "epfd:I") : -1;
		}
		return epolls;
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
		return take(channel, channel, DESCRIPTOR, alreadyRead, new int[] { JavaObjects.number(channel, PORT_EPOLL) });
	}

	private static void requireConnected(Object socket, boolean connected, boolean closed) {
		if (closed) {
			throw new DuplexClosedException("adopt", socket.toString(), null, "it is closed");
		}
		if (!connected) {
			throw refused(socket, "it is not connected");
		}
	}

	private static DuplexException refused(Object socket, String reason) {
		return new DuplexException("adopt", socket.toString(), null, reason, null);
	}

	private DuplexSocket take(Object subject, Closeable object, String path, ByteBuffer alreadyRead, int[] epolls) {
		String text = subject.toString();
		int descriptor = JavaObjects.number(object, path);
		if (descriptor < 0) {
			throw new DuplexException("adopt", text, null, "its descriptor is not to be found in a "
					+ object.getClass().getName() + " of this JVM: hand over a descriptor, or another kind of socket",
					null);
		}
		DuplexSocket socket = adoptDescriptor(descriptor, text, alreadyRead);
		for (int epoll : epolls) {
			if (epoll >= 0) {
				JavaObjects.dx_java_unwatch(epoll, descriptor);
			}
		}
		require("adopt", text, JavaObjects.dx_java_bury(descriptor));
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
	 * Adopt another descriptor for the same open file. The caller buries the first.
	 */
	DuplexSocket adoptDescriptor(int descriptor, String subject, ByteBuffer alreadyRead) {
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
