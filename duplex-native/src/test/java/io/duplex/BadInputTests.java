/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;

import javax.net.ssl.SSLSocketFactory;

import io.duplex.ffi.JavaObjects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * What is wrong is told by name, again and again, and nothing changes and nothing leaks.
 */
@Timeout(60)
class BadInputTests {

	private static final int TIMES = 20;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	@AutoClose
	private final DuplexEngine otherEngine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	@TempDir
	private Path folder;

	private Pair one;

	private Pair two;

	@BeforeEach
	void connect() {
		this.one = this.peers.open();
		this.two = this.peers.open();
	}

	/** Both connections are as they were. */
	@AfterEach
	void bothWorkStill() {
		for (Pair pair : List.of(this.one, this.two)) {
			pair.write("in");
			ByteBuffer in = ByteBuffer.allocate(2);
			while (in.hasRemaining()) {
				assertThat(pair.socket().receive(in, SOON)).isPositive();
			}
			pair.socket().send("out".getBytes());
			assertThat(pair.read(3)).isEqualTo("out");
		}
	}

	private void refused(Class<? extends Exception> type, ThrowingCallable call, String... words) {
		// Classes and threads that the first time needs.
		assertThatThrownBy(call).isInstanceOf(type).hasMessageContainingAll(words);
		long descriptors = ProcessState.descriptors();
		long sockets = this.engine.statistics().sockets();
		for (int i = 0; i < TIMES; i++) {
			assertThatThrownBy(call).isInstanceOf(type).hasMessageContainingAll(words);
		}
		await().untilAsserted(() -> assertThat(ProcessState.descriptors()).isLessThanOrEqualTo(descriptors));
		assertThat(this.engine.statistics().sockets()).isLessThanOrEqualTo(sockets);
	}

	@Test
	void aFlowingHalfIsTheWorkers() {
		String client = this.one.socket().peerAddress().toString();
		Join join = this.engine.join(this.one.socket(), this.two.socket());
		ByteBuffer bytes = ByteBuffer.wrap(new byte[3]);
		refused(SocketBusyException.class, () -> this.one.socket().receive(bytes), "receive from", client,
				"part of a join");
		refused(SocketBusyException.class, () -> this.one.socket().receive(bytes, SOON), client);
		refused(SocketBusyException.class, () -> this.one.socket().tryReceive(bytes), client);
		refused(SocketBusyException.class, () -> soonOrCause(this.one.socket().receiveAsync(bytes)), client);
		refused(SocketBusyException.class, () -> this.one.socket().send(bytes), "send to", client, "part of a join");
		refused(SocketBusyException.class, () -> this.one.socket().trySend(bytes), client);
		refused(SocketBusyException.class, () -> soonOrCause(this.one.socket().sendAsync(bytes)), client);
		refused(SocketBusyException.class, () -> this.one.socket().sendFile(file(), 0, 1), client);
		refused(SocketBusyException.class, () -> this.one.socket().shutdownOutput(), client);
		refused(SocketBusyException.class, () -> this.one.socket().release(), client);
		assertThat(bytes.position()).isZero();
		this.one.write("still flows");
		assertThat(this.two.read(11)).isEqualTo("still flows");
		join.unjoin();
	}

	private Path file() {
		try {
			return Files.write(this.folder.resolve("file"), new byte[1]);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void soonOrCause(CompletionStage<?> stage) throws Throwable {
		try {
			stage.toCompletableFuture().get();
		}
		catch (ExecutionException ex) {
			throw ex.getCause();
		}
	}

	@Test
	void theHeldHalvesOfAHalfDuplexJoinAreNotRefused() {
		Join join = this.engine.join(this.one.socket(), this.two.socket(), JoinOption.HALF_DUPLEX);
		refused(SocketBusyException.class, () -> this.one.socket().receive(new byte[1]), "receive from");
		refused(SocketBusyException.class, () -> this.two.socket().send(new byte[1]), "send to");
		this.one.socket().send("held".getBytes());
		assertThat(this.one.read(4)).isEqualTo("held");
		join.unjoin();
	}

	@Test
	void aSocketIsNotJoinedWithItself() {
		DuplexSocket socket = this.one.socket();
		String peer = socket.peerAddress().toString();
		refused(IllegalArgumentException.class, () -> this.engine.join(socket, socket), peer, "with itself");
		refused(IllegalArgumentException.class, () -> this.engine.joinAsync(socket, socket, JoinOptions.DEFAULTS),
				"with itself");
		refused(IllegalArgumentException.class, () -> this.engine.joinThrough(socket, socket, null, null), peer,
				"with itself");
		Join join = this.engine.join(socket, this.two.socket());
		refused(SocketBusyException.class, () -> this.engine.join(socket, this.two.socket()), peer, "joined already");
		refused(IllegalArgumentException.class, () -> join.tee(socket, TeeDirection.BOTH), peer, "part of the join");
		join.unjoin();
	}

	@Test
	void socketsOfAnotherEngineAreRefused() {
		try (Pair foreign = Pair.open(this.otherEngine)) {
			String peer = foreign.socket().peerAddress().toString();
			refused(IllegalArgumentException.class, () -> this.engine.join(this.one.socket(), foreign.socket()), peer,
					"this engine");
			refused(IllegalArgumentException.class, () -> this.engine.join(foreign.socket(), this.one.socket()), peer,
					"this engine");
			refused(IllegalArgumentException.class,
					() -> this.engine.joinThrough(this.one.socket(), foreign.socket(), null, null), peer);
			refused(IllegalArgumentException.class, () -> this.one.socket().passTo(foreign.socket(), SOON), peer);
			refused(IllegalArgumentException.class, () -> this.engine.take(foreign.socket(), SOON), peer);
		}
	}

	@Test
	void aDescriptorThatIsNoConnectionIsNamed() throws Exception {
		try (DatagramChannel datagrams = DatagramChannel.open().bind(null);
				ServerSocketChannel listening = ServerSocketChannel.open().bind(null);
				SocketChannel fresh = SocketChannel.open()) {
			refusedDescriptor(datagrams, "stream socket");
			refusedDescriptor(listening, "it listens");
			refusedDescriptor(fresh, "not connected");
		}
		refused(DuplexException.class, () -> this.engine.adopt(-1), "adopt", "descriptor -1");
		int[] pipe = Posix.pipe();
		refused(DuplexException.class, () -> this.engine.adopt(pipe[0]), "descriptor " + pipe[0], "no socket");
		refused(DuplexException.class, () -> this.engine.listen("fd://" + pipe[0]), "listen on", "fd://" + pipe[0],
				"no socket");
		Posix.close(pipe[0]);
		Posix.close(pipe[1]);
	}

	private void refusedDescriptor(NetworkChannel channel, String word) {
		int descriptor = JavaObjects.number(channel, "fd:Ljava/io/FileDescriptor;/fd:I");
		refused(DuplexException.class, () -> this.engine.adopt(descriptor), "adopt", "descriptor " + descriptor, word);
		if (!(channel instanceof ServerSocketChannel)) {
			refused(DuplexException.class, () -> this.engine.listen("fd://" + descriptor), "fd://" + descriptor);
		}
		assertThat(channel.isOpen()).isTrue();
	}

	@Test
	void javaSocketsThatAreNoPlainConnectionsAreNamed() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
			SocketChannel closed = SocketChannel.open(server.getLocalSocketAddress());
			closed.close();
			refused(DuplexClosedException.class, () -> this.engine.adopt(closed), "adopt", "it is closed");
			Socket closedSocket = new Socket(server.getInetAddress(), server.getLocalPort());
			closedSocket.close();
			refused(DuplexClosedException.class, () -> this.engine.adopt(closedSocket), "adopt", "it is closed");
			AsynchronousSocketChannel closedToo = AsynchronousSocketChannel.open();
			closedToo.close();
			refused(DuplexClosedException.class, () -> this.engine.adopt(closedToo, ByteBuffer.allocate(0)),
					"it is closed");
			try (Socket encrypted = SSLSocketFactory.getDefault()
				.createSocket(server.getInetAddress(), server.getLocalPort())) {
				refused(DuplexException.class, () -> this.engine.adopt(encrypted), "adopt", "ciphertext");
				assertThat(encrypted.isClosed()).isFalse();
			}
			try (Socket layered = new Socket(server.getInetAddress(), server.getLocalPort());
					Socket encrypted = ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(layered, "x", 1,
							true)) {
				refused(DuplexException.class, () -> this.engine.adopt(encrypted), "ciphertext");
				assertThat(layered.isClosed()).isFalse();
			}
		}
	}

	@Test
	void wrongAddressesAreNamed() {
		DuplexSocket socket = this.engine.socket();
		for (String address : List.of("tcp://localhost", "tcp://[::1]", "tcp://127.0.0.1")) {
			refused(IllegalArgumentException.class, () -> socket.connect(address), address, "port is missing");
			refused(IllegalArgumentException.class, () -> socket.bind(address), address, "port is missing");
		}
		refused(IllegalArgumentException.class, () -> socket.connect("tcp://localhost:"), "tcp://localhost:", "port");
		refused(IllegalArgumentException.class, () -> socket.connect("tcp://localhost:0"), "tcp://localhost:0");
		refused(IllegalArgumentException.class, () -> socket.connect("localhost:80"), "localhost:80",
				"tcp://host:port");
		String longPath = "unix:///" + "x".repeat(107);
		refused(IllegalArgumentException.class, () -> socket.bind(longPath), longPath, "longer than 107 bytes");
		refused(IllegalArgumentException.class, () -> socket.connect(longPath), longPath, "longer than 107 bytes");
		refused(UnresolvedAddressException.class, () -> socket.connect("tcp://nobody.invalid:80"),
				"tcp://nobody.invalid:80", "connect to");
		refused(UnresolvedAddressException.class, () -> socket.bind("tcp://nobody.invalid:80"),
				"tcp://nobody.invalid:80", "listen on");
		refused(DuplexException.class, () -> socket.connect("unix://" + this.folder.resolve("nothing")),
				this.folder.resolve("nothing").toString());
		refused(DuplexException.class, () -> socket.bind("unix://" + this.folder.resolve("no/folder")),
				this.folder.resolve("no/folder").toString());
		refused(DuplexException.class, () -> socket.bind("unix://" + file()), file().toString());
		assertThat(file()).isRegularFile();
		// As fresh as ever.
		assertThat(socket.bind("tcp://127.0.0.1:0").port()).isPositive();
		socket.close();
	}

	@Test
	void thePortOfAnotherIsRefusedAndTheListenersStay() {
		DuplexSocket bound = this.engine.socket();
		String tcp = bound.bind("tcp://127.0.0.1:0").toString();
		String unix = bound.bind("unix://" + this.folder.resolve("listener")).toString();
		String name = bound.bind("unix://@duplex-test-" + ProcessHandle.current().pid()).toString();
		DuplexSocket other = this.engine.socket();
		for (String address : List.of(tcp, unix, name)) {
			refused(AddressInUseException.class, () -> bound.bind(address), "listen on", address, "in use");
			refused(AddressInUseException.class, () -> other.bind(address), "listen on", address, "in use");
			refused(AddressInUseException.class, () -> this.engine.listen(address), address);
			soon(this.engine.connectAsync(address)).close();
			bound.accept(SOON).close();
		}
		bound.close();
		assertThat(this.folder.resolve("listener")).doesNotExist();
	}

	@Test
	void optionsThatCannotBeLeaveAFreshSocketFresh() {
		DuplexSocket listener = this.engine.socket();
		String unix = listener.bind("unix://" + this.folder.resolve("options")).toString();
		DuplexSocket socket = this.engine.socket();
		socket.setOption(DuplexSocketOption.USER_TIMEOUT, Duration.ofSeconds(1));
		// Each time somebody has connected, and goes.
		refused(DuplexException.class, () -> socket.connect(unix), "USER_TIMEOUT");
		refused(DuplexException.class, () -> soonOrCause(socket.connectAsync(unix)), "USER_TIMEOUT");
		socket.connect("tcp://127.0.0.1:" + tcpPort());
		listener.close();
		socket.close();
	}

	private int tcpPort() {
		return this.engine.listen("tcp://127.0.0.1:0").port();
	}

	@Test
	void wrongNumbersAreNamed() {
		DuplexSocket socket = this.one.socket();
		refused(IllegalArgumentException.class, () -> socket.receive(new byte[1], Duration.ofMillis(-1)), "timeout");
		refused(IllegalArgumentException.class, () -> socket.send(ByteBuffer.allocate(1), Duration.ofMillis(-1)),
				"timeout");
		refused(IllegalArgumentException.class, () -> socket.sendAsync(ByteBuffer.allocate(1), Duration.ofMillis(-1)),
				"timeout");
		refused(IllegalArgumentException.class, () -> socket.sendFile(file(), -1, 1), "offset");
		refused(IllegalArgumentException.class, () -> socket.sendFile(file(), 0, -1), "count");
	}

}
