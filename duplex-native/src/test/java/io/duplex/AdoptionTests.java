/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

import javax.net.ssl.SSLSocketFactory;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Connections that are taken out of Java's own sockets and channels.
 */
@Timeout(60)
class AdoptionTests {

	private final DuplexEngine engine = DuplexEngine.create();

	@TempDir
	private static Path folder;

	@AfterEach
	void closeEngine() {
		this.engine.close();
	}

	/** A kind of socket: makes one, connected, and says how it is adopted. */
	enum Kind {

		SOCKET {
			@Override
			Adoptable connect(SocketAddress address) throws IOException {
				Socket socket = new Socket();
				socket.connect(address);
				socket.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
				return new Adoptable(socket, (engine, ahead) -> engine.adopt(socket, ahead));
			}
		},

		BLOCKING_CHANNEL {
			@Override
			Adoptable connect(SocketAddress address) throws IOException {
				SocketChannel channel = SocketChannel.open(address);
				channel.write(hello());
				return new Adoptable(channel, (engine, ahead) -> engine.adopt(channel, ahead));
			}
		},

		NON_BLOCKING_CHANNEL {
			@Override
			Adoptable connect(SocketAddress address) throws IOException {
				SocketChannel channel = SocketChannel.open(address);
				channel.write(hello());
				channel.configureBlocking(false);
				return new Adoptable(channel, (engine, ahead) -> engine.adopt(channel, ahead));
			}
		},

		SOCKET_OF_A_CHANNEL {
			@Override
			Adoptable connect(SocketAddress address) throws IOException {
				SocketChannel channel = SocketChannel.open(address);
				channel.write(hello());
				return new Adoptable(channel, (engine, ahead) -> engine.adopt(channel.socket(), ahead));
			}
		},

		REGISTERED_CHANNEL {
			@Override
			Adoptable connect(SocketAddress address) throws IOException {
				SocketChannel channel = SocketChannel.open(address);
				channel.write(hello());
				channel.configureBlocking(false);
				Selector selector = Selector.open();
				channel.register(selector, SelectionKey.OP_READ);
				selector.selectNow();
				// Still blocked in select() when the channel is taken away.
				Thread selecting = new Thread(() -> {
					try {
						while (selector.isOpen()) {
							selector.select();
							selector.selectedKeys().clear();
						}
					}
					catch (ClosedSelectorException ex) {
						// The test has ended.
					}
					catch (IOException ex) {
						throw new java.io.UncheckedIOException(ex);
					}
				});
				selecting.setDaemon(true);
				selecting.start();
				return new Adoptable(() -> {
					selector.close();
					channel.close();
				}, (engine, ahead) -> engine.adopt(channel, ahead));
			}
		},

		ASYNCHRONOUS_CHANNEL {
			@Override
			Adoptable connect(SocketAddress address) throws Exception {
				AsynchronousSocketChannel channel = AsynchronousSocketChannel.open();
				channel.connect(address).get();
				channel.write(hello()).get();
				return new Adoptable(channel, (engine, ahead) -> engine.adopt(channel, ahead));
			}
		};

		abstract Adoptable connect(SocketAddress address) throws Exception;

		static ByteBuffer hello() {
			return ByteBuffer.wrap("hello".getBytes(StandardCharsets.UTF_8));
		}

	}

	interface Adopt {

		DuplexSocket adopt(DuplexEngine engine, ByteBuffer ahead);

	}

	record Adoptable(java.io.Closeable object, Adopt adopt) {

	}

	static Stream<Kind> kinds() {
		return Stream.of(Kind.values());
	}

	@ParameterizedTest
	@MethodSource("kinds")
	void aConnectionIsTakenOverAndTheObjectCannotReachItAnyMore(Kind kind) throws Exception {
		try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
				Pair other = Pair.open(this.engine)) {
			Adoptable adoptable = kind.connect(server.getLocalSocketAddress());
			try (Socket peer = server.accept()) {
				peer.setSoTimeout(30_000);
				assertThat(peer.getInputStream().readNBytes(5)).isEqualTo("hello".getBytes(StandardCharsets.UTF_8));
				DuplexSocket socket = adoptable.adopt().adopt(this.engine, bytes("read ahead, "));
				this.engine.join(socket, other.socket());
				peer.getOutputStream().write("then this".getBytes(StandardCharsets.UTF_8));
				assertThat(other.read(21)).isEqualTo("read ahead, then this");
				// Closed by the adoption already: again, and by whoever else holds it.
				adoptable.object().close();
				System.gc();
				byte[] much = new byte[2_000_000];
				new java.util.Random(3).nextBytes(much);
				CompletableFuture<byte[]> received = Async.supply(() -> readFully(peer, much.length));
				other.peer().getOutputStream().write(much);
				assertThat(received.join()).isEqualTo(much);
			}
		}
	}

	private static byte[] readFully(Socket socket, int length) {
		try {
			return socket.getInputStream().readNBytes(length);
		}
		catch (IOException ex) {
			throw new java.io.UncheckedIOException(ex);
		}
	}

	@Test
	void anAcceptedSocketIsTakenOver() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
				Socket peer = new Socket(server.getInetAddress(), server.getLocalPort())) {
			DuplexSocket socket = this.engine.adopt(server.accept());
			socket.send("x".getBytes(StandardCharsets.UTF_8));
			assertThat(peer.getInputStream().read()).isEqualTo('x');
			assertThat(socket.peerAddress().port()).isEqualTo(peer.getLocalPort());
		}
	}

	@Test
	void aUnixChannelIsTakenOver() throws Exception {
		UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("unix"));
		try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
				SocketChannel client = SocketChannel.open(address)) {
			DuplexSocket socket = this.engine.adopt(server.accept());
			socket.send("unix".getBytes(StandardCharsets.UTF_8));
			ByteBuffer buffer = ByteBuffer.allocate(4);
			while (buffer.hasRemaining()) {
				client.read(buffer);
			}
			assertThat(new String(buffer.array(), StandardCharsets.UTF_8)).isEqualTo("unix");
		}
	}

	@Test
	void whatIsNotToBeAdoptedIsNamedAndUnchanged() throws Exception {
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.engine.adopt(new Socket()))
			.withMessageContaining("not connected");
		try (SocketChannel channel = SocketChannel.open()) {
			assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.engine.adopt(channel))
				.withMessageContaining("not connected");
		}
		SocketChannel closed = SocketChannel.open();
		closed.close();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.engine.adopt(closed))
			.withMessageContaining("closed");
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> this.engine.adopt(SSLSocketFactory.getDefault().createSocket()))
			.withMessageContaining("ciphertext");
		try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
				AsynchronousSocketChannel channel = AsynchronousSocketChannel.open()) {
			channel.connect(new InetSocketAddress(server.getInetAddress(), server.getLocalPort())).get();
			channel.read(ByteBuffer.allocate(1));
			assertThatExceptionOfType(DuplexException.class)
				.isThrownBy(() -> this.engine.adopt(channel, ByteBuffer.allocate(0)))
				.withMessageContaining("pending");
			assertThat(channel.isOpen()).isTrue();
		}
		assertThat(this.engine.statistics().sockets()).isZero();
	}

	@Test
	void aSocketThatAThreadReadsIsRefusedAndReadsOn() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
				Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
				Socket peer = server.accept()) {
			CompletableFuture<byte[]> read = Async.supply(() -> readFully(client, 5));
			Awaitility.await().untilAsserted(() -> refusedWhileRead(() -> this.engine.adopt(client)));
			peer.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
			assertThat(read.join()).isEqualTo("hello".getBytes(StandardCharsets.UTF_8));
		}
	}

	@Test
	void aChannelThatAThreadReadsIsRefusedAndReadsOn() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
				SocketChannel client = SocketChannel.open(server.getLocalSocketAddress());
				Socket peer = server.accept()) {
			ByteBuffer buffer = ByteBuffer.allocate(5);
			CompletableFuture<Void> read = Async.run(() -> readFully(client, buffer));
			Awaitility.await().untilAsserted(() -> refusedWhileRead(() -> this.engine.adopt(client)));
			peer.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
			read.join();
			assertThat(buffer.array()).isEqualTo("hello".getBytes(StandardCharsets.UTF_8));
		}
	}

	private static void refusedWhileRead(ThrowingCallable adoption) {
		// Before somebody reads it the adoption would succeed.
		assertThat(Thread.getAllStackTraces().values()).anySatisfy((frames) -> {
			assertThat(frames).anyMatch((frame) -> frame.getMethodName().equals("readFully"));
			assertThat(frames[0].isNativeMethod()).isTrue();
		});
		assertThatExceptionOfType(DuplexException.class).isThrownBy(adoption)
			.withMessageContaining("blocked in a read");
	}

	private static void readFully(SocketChannel channel, ByteBuffer buffer) {
		try {
			while (buffer.hasRemaining()) {
				channel.read(buffer);
			}
		}
		catch (IOException ex) {
			throw new java.io.UncheckedIOException(ex);
		}
	}

	@Test
	void aSelectorWhoseInterestChangesMeanwhileForgetsTheConnection() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
				Selector selector = Selector.open()) {
			AtomicReference<SelectionKey> busy = new AtomicReference<>();
			AtomicBoolean ends = new AtomicBoolean();
			CompletableFuture<Void> loop = Async.run(() -> selectWith(selector, busy, ends));
			for (int i = 0; i < 500; i++) {
				try (SocketChannel channel = SocketChannel.open(server.getLocalSocketAddress());
						Socket peer = server.accept()) {
					channel.configureBlocking(false);
					busy.set(channel.register(selector, SelectionKey.OP_READ));
					DuplexSocket socket = this.engine.adopt(channel);
					peer.getOutputStream().write("only here".getBytes(StandardCharsets.UTF_8));
					ByteBuffer received = ByteBuffer.allocate(9);
					while (received.hasRemaining()) {
						assertThat(socket.receive(received, java.time.Duration.ofSeconds(30))).isPositive();
					}
					assertThat(received.array()).isEqualTo("only here".getBytes(StandardCharsets.UTF_8));
					socket.close();
				}
			}
			ends.set(true);
			selector.wakeup();
			loop.join();
		}
	}

	/** A loop that changes its mind all the time: each change is told to epoll. */
	private static void selectWith(Selector selector, AtomicReference<SelectionKey> busy, AtomicBoolean ends) {
		try {
			for (int i = 0; !ends.get(); i++) {
				SelectionKey key = busy.get();
				if (key != null && key.isValid()) {
					key.interestOps((i % 2 != 0) ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
				}
				selector.selectNow();
				assertThat(selector.selectedKeys())
					.allMatch((selected) -> selected.isValid() || !selected.channel().isOpen());
				selector.selectedKeys().clear();
			}
		}
		catch (CancelledKeyException ex) {
			selectWith(selector, busy, ends);
		}
		catch (IOException ex) {
			throw new java.io.UncheckedIOException(ex);
		}
	}

	@Test
	void descriptorsReturnToWhereTheyWere() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
			cycle(server);
			long before = ProcessState.descriptors();
			for (int i = 0; i < 50; i++) {
				cycle(server);
			}
			Awaitility.await().until(() -> ProcessState.descriptors() <= before);
		}
	}

	private void cycle(ServerSocket server) throws IOException {
		try (SocketChannel channel = SocketChannel.open(server.getLocalSocketAddress());
				Socket peer = server.accept()) {
			DuplexSocket a = this.engine.adopt(channel);
			DuplexSocket b = this.engine.adopt(peer);
			a.close();
			b.closeAsync(java.time.Duration.ofSeconds(1)).toCompletableFuture().join();
		}
	}

	private static ByteBuffer bytes(String text) {
		return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
	}

}
