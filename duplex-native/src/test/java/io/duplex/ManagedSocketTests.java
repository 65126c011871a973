/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Sockets that begin fresh.
 */
@Timeout(60)
class ManagedSocketTests {

	private final DuplexEngine engine = DuplexEngine.create();

	@TempDir
	private Path folder;

	@AfterEach
	void closeEngine() {
		this.engine.close();
	}

	@Test
	void aFreshSocketIsBoundAcceptsAndAnotherConnects() {
		DuplexSocket server = this.engine.socket();
		DuplexAddress address = server.bind("tcp://127.0.0.1:0");
		DuplexSocket client = this.engine.socket();
		client.connect(address.toString());
		DuplexSocket accepted = server.accept(Duration.ofSeconds(10));
		client.send(bytes("hello"));
		assertThat(text(accepted, 5)).isEqualTo("hello");
		assertThat(client.peerAddress()).isEqualTo(address);
		assertThat(server.localAddress()).isEqualTo(address);
	}

	@Test
	void bindingAgainAddsAListenerAndAcceptTakesFromBoth() {
		DuplexSocket server = this.engine.socket();
		DuplexAddress tcp = server.bind("tcp://127.0.0.1:0");
		DuplexAddress unix = server.bind("unix://" + this.folder.resolve("socket"));
		CompletableFuture<DuplexSocket> first = server.acceptAsync().toCompletableFuture();
		this.engine.connect(unix.toString()).send(bytes("unix"));
		assertThat(text(first.join(), 4)).isEqualTo("unix");
		this.engine.connect(tcp.toString()).send(bytes("tcp!"));
		assertThat(text(server.accept(), 4)).isEqualTo("tcp!");
		server.close();
		assertThat(this.folder.resolve("socket")).doesNotExist();
	}

	@Test
	void aListenerThatIsAddedWhileSomebodyAcceptsIsSeen() {
		DuplexSocket server = this.engine.socket();
		server.bind("tcp://127.0.0.1:0");
		CompletableFuture<DuplexSocket> accepting = Async.supply(server::accept);
		DuplexAddress second = server.bind("tcp://127.0.0.1:0");
		this.engine.connect(second.toString()).send(bytes("x"));
		assertThat(text(accepting.join(), 1)).isEqualTo("x");
	}

	@Test
	void connectingABoundSocketMakesAForwarderThatLosesNoWaitingConnection() throws Exception {
		try (EchoServer echo = new EchoServer('E')) {
			DuplexSocket forwarder = this.engine.socket();
			DuplexAddress address = forwarder.bind("tcp://127.0.0.1:0");
			DuplexSocket early = this.engine.connect(address.toString());
			early.send(bytes("early"));
			forwarder.connect("tcp://127.0.0.1:" + echo.port());
			DuplexSocket late = this.engine.connect(address.toString());
			late.send(bytes("late!"));
			assertThat(text(early, 6)).isEqualTo("Eearly");
			assertThat(text(late, 6)).isEqualTo("Elate!");
			assertThatExceptionOfType(DuplexException.class).isThrownBy(forwarder::accept)
				.withMessageContaining("forwarder");
			assertThat(this.engine.proxies()).isEmpty();
			forwarder.close();
			assertThatExceptionOfType(ConnectFailedException.class)
				.isThrownBy(() -> this.engine.connect(address.toString()));
		}
	}

	@Test
	void theWrongStateIsNamed() {
		DuplexSocket fresh = this.engine.socket();
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> fresh.send(bytes("x")))
			.withMessageContaining("not connected");
		assertThatExceptionOfType(DuplexException.class).isThrownBy(fresh::accept).withMessageContaining("not bound");
		DuplexAddress address = fresh.bind("tcp://127.0.0.1:0");
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> fresh.receive(new byte[1]))
			.withMessageContaining("accept()");
		DuplexSocket client = this.engine.socket();
		client.connect(address.toString());
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> client.bind("tcp://127.0.0.1:0"))
			.withMessageContaining("connected already");
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> client.connect(address.toString()))
			.withMessageContaining("connected already");
		DuplexSocket second = this.engine.socket();
		assertThatExceptionOfType(AddressInUseException.class).isThrownBy(() -> second.bind(address))
			.withMessageContaining(address.toString());
		assertThatIllegalArgumentException().isThrownBy(() -> second.bind("tcp://127.0.0.1"))
			.withMessageContaining("port is missing");
		fresh.close();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(fresh::accept);
	}

	@Test
	void aFailedConnectLeavesTheSocketFresh() {
		DuplexSocket server = this.engine.socket();
		DuplexAddress address = server.bind("tcp://127.0.0.1:0");
		server.close();
		DuplexSocket socket = this.engine.socket();
		assertThatExceptionOfType(ConnectFailedException.class).isThrownBy(() -> socket.connect(address.toString()));
		DuplexAddress bound = socket.bind("tcp://127.0.0.1:0");
		assertThat(bound.port()).isPositive();
	}

	@Test
	void theSourceAddressIsChosenAndAWrongOneRefused() {
		DuplexSocket server = this.engine.socket();
		DuplexAddress address = server.bind("tcp://127.0.0.1:0");
		DuplexSocket client = this.engine.socket();
		client.connect(address, ConnectOptions.DEFAULTS.withSource(DuplexAddress.of("tcp://127.0.0.2:0")));
		assertThat(client.localAddress().host()).isEqualTo("127.0.0.2");
		DuplexSocket other = this.engine.socket();
		assertThatExceptionOfType(DuplexException.class).isThrownBy(
				() -> other.connect(address, ConnectOptions.DEFAULTS.withSource(DuplexAddress.of("tcp://[::1]:0"))));
	}

	@Test
	void optionsAreSetReadAndInherited() {
		DuplexSocket server = this.engine.socket();
		server.setOption(DuplexSocketOption.KEEP_ALIVE_IDLE, Duration.ofSeconds(77));
		DuplexAddress address = server.bind("tcp://127.0.0.1:0");
		DuplexSocket client = this.engine.socket();
		client.setOption(DuplexSocketOption.NO_DELAY, false);
		client.setOption(DuplexSocketOption.USER_TIMEOUT, Duration.ofMillis(12_345));
		client.connect(address.toString());
		DuplexSocket accepted = server.accept();
		assertThat(accepted.getOption(DuplexSocketOption.KEEP_ALIVE_IDLE)).isEqualTo(Duration.ofSeconds(77));
		assertThat(client.getOption(DuplexSocketOption.NO_DELAY)).isFalse();
		assertThat(client.getOption(DuplexSocketOption.USER_TIMEOUT)).isEqualTo(Duration.ofMillis(12_345));
		assertThat(accepted.getOption(DuplexSocketOption.NO_DELAY)).isTrue();
		client.setOption(DuplexSocketOption.SEND_BUFFER, 100_000);
		assertThat(client.getOption(DuplexSocketOption.SEND_BUFFER)).isGreaterThanOrEqualTo(100_000);
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> client.setOption(DuplexSocketOption.KEEP_ALIVE_COUNT, -1))
			.withMessageContaining("KEEP_ALIVE_COUNT")
			.withMessageContaining("-1");
	}

	@Test
	void aFileIsSentWholeAndAShortOneIsNamed() throws Exception {
		byte[] content = new byte[3_000_001];
		new Random(1).nextBytes(content);
		Path file = Files.write(this.folder.resolve("file"), content);
		DuplexSocket server = this.engine.socket();
		DuplexSocket client = this.engine.connect(server.bind("tcp://127.0.0.1:0").toString());
		DuplexSocket accepted = server.accept();
		CompletableFuture<byte[]> received = Async.supply(() -> read(accepted, 3_000_000));
		client.sendFile(file, 1, 3_000_000);
		assertThat(received.get(30, TimeUnit.SECONDS)).isEqualTo(java.util.Arrays.copyOfRange(content, 1, 3_000_001));
		try (FileChannel channel = FileChannel.open(file)) {
			CompletableFuture<byte[]> again = Async.supply(() -> read(accepted, 3_000_001));
			client.sendFileAsync(channel, 0, 3_000_001).toCompletableFuture().get(30, TimeUnit.SECONDS);
			assertThat(again.get(30, TimeUnit.SECONDS)).isEqualTo(content);
			assertThatExceptionOfType(DuplexTimeoutException.class).isThrownBy(() -> fillWith(client, channel))
				.satisfies((ex) -> assertThat(ex.getBytesTransferred()).isLessThan(3_000_001));
		}
		DuplexSocket second = this.engine.connect(server.localAddress().toString());
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> second.sendFile(file, 3_000_000, 2))
			.withMessageContaining("ended after 1 bytes");
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> second.sendFile(this.folder.resolve("nothing"), 0, 1))
			.withMessageContaining("nothing");
	}

	@Test
	void aFileIsSentByItsNameWithoutWaiting() throws Exception {
		byte[] content = new byte[20_000_000];
		new SplittableRandom(2).nextBytes(content);
		Path file = Files.write(this.folder.resolve("large"), content);
		DuplexSocket server = this.engine.socket();
		DuplexSocket client = this.engine.connect(server.bind("tcp://127.0.0.1:0").toString());
		DuplexSocket accepted = server.accept();
		CompletableFuture<Void> sent = client.sendFileAsync(file, 5, content.length - 5).toCompletableFuture();
		assertThat(sent).isNotDone();
		assertThat(openFiles()).contains(file);
		assertThat(read(accepted, content.length - 5)).isEqualTo(Arrays.copyOfRange(content, 5, content.length));
		sent.get(30, TimeUnit.SECONDS);
		assertThat(openFiles()).doesNotContain(file);
		assertThat(client.sendFileAsync(file, content.length - 1, 2)).failsWithin(Duration.ofSeconds(30))
			.withThrowableThat()
			.withCauseInstanceOf(DuplexException.class)
			.withMessageContaining("ended after 1 bytes");
		assertThat(client.sendFileAsync(this.folder.resolve("nothing"), 0, 1)).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withCauseInstanceOf(DuplexException.class)
			.withMessageContaining("nothing");
		assertThatIllegalArgumentException().isThrownBy(() -> client.sendFileAsync(file, -1, 1));
		assertThat(openFiles()).doesNotContain(file);
	}

	private static List<Path> openFiles() throws IOException {
		List<Path> open = new ArrayList<>();
		try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
			for (Path descriptor : descriptors) {
				try {
					open.add(Files.readSymbolicLink(descriptor));
				}
				catch (NoSuchFileException ex) {
					// Closed meanwhile.
				}
			}
		}
		return open;
	}

	private static void fillWith(DuplexSocket socket, FileChannel channel) {
		while (true) {
			socket.sendFile(channel, 0, 3_000_001, Duration.ofMillis(50));
		}
	}

	@Test
	void tryingNeverWaits() {
		DuplexSocket server = this.engine.socket();
		DuplexSocket client = this.engine.connect(server.bind("tcp://127.0.0.1:0").toString());
		DuplexSocket accepted = server.accept();
		ByteBuffer buffer = ByteBuffer.allocate(10);
		assertThat(client.tryReceive(buffer)).isZero();
		ByteBuffer much = ByteBuffer.allocateDirect(64 << 20);
		int taken = client.trySend(much);
		assertThat(taken).isPositive().isEqualTo(much.position()).isLessThan(64 << 20);
		assertThat(client.trySend(much)).isZero();
		client.shutdownOutputAsync().toCompletableFuture().join();
		assertThat(read(accepted, taken)).hasSize(taken);
		assertThat(accepted.receive(ByteBuffer.allocate(1))).isEqualTo(-1);
	}

	@Test
	void aSocketIsPassedToAnotherEngineWithItsUnreadBytes() throws Exception {
		try (DuplexEngine other = DuplexEngine.create()) {
			DuplexSocket meeting = this.engine.socket();
			DuplexSocket carrier = this.engine
				.connect(meeting.bind("unix://" + this.folder.resolve("carrier")).toString());
			DuplexSocket there = other.adopt(meeting.accept().release().descriptor());
			try (Pair pair = Pair.open(this.engine)) {
				pair.write("0123456789");
				assertThat(text(pair.socket(), 1)).isEqualTo("0");
				ReleasedSocket released = pair.socket().release();
				DuplexSocket ahead = this.engine.adopt(released.descriptor(), bytes("ahead "));
				ahead.passTo(carrier, Duration.ofSeconds(10));
				DuplexSocket taken = other.take(there, Duration.ofSeconds(10));
				assertThat(text(taken, 15)).isEqualTo("ahead 123456789");
				taken.send(bytes("from there"));
				assertThat(pair.read(10)).isEqualTo("from there");
				assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> ahead.send(bytes("x")));
				assertThatExceptionOfType(DuplexTimeoutException.class)
					.isThrownBy(() -> other.take(there, Duration.ofMillis(20)));
				DuplexSocket tcp = other.connect(other.socket().bind("tcp://127.0.0.1:0").toString());
				assertThatExceptionOfType(DuplexException.class)
					.isThrownBy(() -> taken.passTo(tcp, Duration.ofSeconds(1)))
					.withMessageContaining("unix");
				taken.close();
			}
		}
	}

	@Test
	void aConnectionBecomesASocketChannelAgain() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			pair.write("first");
			DuplexSocket adopted = this.engine.adopt(pair.socket().release().descriptor(), bytes("unread "));
			try (ReleasedChannelCloser closer = new ReleasedChannelCloser(adopted.toSocketChannel())) {
				ReleasedChannel released = closer.released();
				assertThat(StandardCharsets.UTF_8.decode(released.unread()).toString()).isEqualTo("unread ");
				ByteBuffer buffer = ByteBuffer.allocate(5);
				while (buffer.hasRemaining()) {
					released.channel().read(buffer);
				}
				assertThat(new String(buffer.array(), StandardCharsets.UTF_8)).isEqualTo("first");
				released.channel().write(bytes("back"));
				assertThat(pair.read(4)).isEqualTo("back");
				assertThat(released.channel().isConnected()).isTrue();
				assertThat(released.channel().getRemoteAddress()).isEqualTo(pair.peer().getLocalSocketAddress());
			}
		}
	}

	private record ReleasedChannelCloser(ReleasedChannel released) implements AutoCloseable {

		@Override
		public void close() throws Exception {
			this.released.channel().close();
		}

	}

	@Test
	void inheritedDescriptorsAreFoundByNumberAndByName() {
		Map<String, String> environment = Map.of("LISTEN_FDS", "2", "LISTEN_PID", "17", "LISTEN_FDNAMES", "web:admin");
		assertThat(InheritedDescriptors.resolve(DuplexAddress.of("fd://12"), Map.of(), 1)).isEqualTo(12);
		assertThat(InheritedDescriptors.resolve(DuplexAddress.of("fd://admin"), environment, 17)).isEqualTo(4);
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> InheritedDescriptors.resolve(DuplexAddress.of("fd://admin"), environment, 18))
			.withMessageContaining("LISTEN_PID");
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> InheritedDescriptors.resolve(DuplexAddress.of("fd://other"), environment, 17))
			.withMessageContaining("[web, admin]");
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> InheritedDescriptors.resolve(DuplexAddress.of("fd://web"), Map.of(), 17))
			.withMessageContaining("LISTEN_FDS");
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.engine.socket().bind("fd://999999"));
		assertThatIllegalArgumentException().isThrownBy(() -> this.engine.socket().connect("fd://3"));
	}

	@Test
	void aProxyListensWithAnInheritedDescriptor() {
		DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");
		DuplexAddress address = listener.address();
		int descriptor = ((NativeListener) listener).release();
		try (EchoServer echo = new EchoServer('E');
				DuplexProxy proxy = this.engine.createProxy(DuplexProxyDefinition.builder("activated")
					.listen("fd://" + descriptor)
					.backends(echo.address())
					.build())) {
			proxy.start();
			assertThat(proxy.address()).isEqualTo(address);
			DuplexSocket client = this.engine.connect(address.toString());
			client.send(bytes("x"));
			assertThat(text(client, 2)).isEqualTo("Ex");
			proxy.stop();
			proxy.start();
			assertThat(text(this.engine.connect(address.toString()), 1)).isEqualTo("E");
		}
	}

	private static ByteBuffer bytes(String text) {
		return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
	}

	private static String text(DuplexSocket socket, int length) {
		return new String(read(socket, length), StandardCharsets.UTF_8);
	}

	private static byte[] read(DuplexSocket socket, int length) {
		ByteBuffer buffer = ByteBuffer.allocate(length);
		while (buffer.hasRemaining()) {
			assertThat(socket.receive(buffer, Duration.ofSeconds(30))).isPositive();
		}
		return buffer.array();
	}

}
