/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

@Timeout(60)
class DuplexSocketTests {

	private static final Duration SOON = Duration.ofSeconds(20);

	private static final Duration SHORT = Duration.ofMillis(20);

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	@AutoClose
	private final Pair pair = Pair.open(this.engine);

	private final DuplexSocket socket = this.pair.socket();

	private static ByteBuffer bytes(String text) {
		return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
	}

	private String receive(int most) {
		byte[] bytes = new byte[most];
		int count = this.socket.receive(bytes);
		return new String(bytes, 0, count, StandardCharsets.UTF_8);
	}

	@Test
	void aSocketKnowsBothAddresses() {
		assertThat(this.socket.peerAddress()).hasToString("tcp://127.0.0.1:" + this.pair.peer().getLocalPort());
		assertThat(this.socket.localAddress()).hasToString("tcp://127.0.0.1:" + this.pair.peer().getPort());
		assertThat(this.socket.id()).isPositive();
	}

	@Test
	void addressesAreRememberedWhenTheSocketIsClosed() {
		DuplexAddress peer = this.socket.peerAddress();
		this.socket.close();
		assertThat(this.socket.peerAddress()).isEqualTo(peer);
	}

	@Test
	void whatThePeerWritesIsReceived() {
		this.pair.write("hello");
		assertThat(receive(3)).isEqualTo("hel");
		assertThat(receive(100)).isEqualTo("lo");
		this.pair.endOutput();
		assertThat(this.socket.receive(new byte[1])).isEqualTo(-1);
		assertThat(this.socket.receive(new byte[1])).isEqualTo(-1);
	}

	@Test
	void aReceiveWaitsForBytes() {
		CompletableFuture<Integer> received = new CompletableFuture<>();
		RandomStream.inThread(() -> received.complete(this.socket.receive(new byte[10])));
		this.pair.write("x");
		assertThat(received).succeedsWithin(SOON).isEqualTo(1);
	}

	@Test
	void bytesAreReceivedAtABuffersPosition() {
		this.pair.write("hello");
		for (ByteBuffer buffer : List.of(ByteBuffer.allocate(8), ByteBuffer.allocateDirect(8))) {
			buffer.position(3).limit(5);
			assertThat(this.socket.receive(buffer)).isEqualTo(2);
			assertThat(buffer.position()).isEqualTo(5);
		}
		assertThat(receive(10)).isEqualTo("o");
	}

	@Test
	void nothingIsReceivedIntoAFullBuffer() {
		assertThat(this.socket.receive(ByteBuffer.allocate(0))).isZero();
		assertThat(this.socket.receive(new byte[0])).isZero();
		assertThat(this.socket.receiveAsync(ByteBuffer.allocate(0)).toCompletableFuture()).isCompletedWithValue(0);
	}

	@Test
	void nothingIsLostToAReadOnlyBuffer() {
		this.pair.write("x");
		ByteBuffer readOnly = ByteBuffer.allocate(1).asReadOnlyBuffer();
		assertThatIllegalArgumentException().isThrownBy(() -> this.socket.receive(readOnly));
		assertThatIllegalArgumentException().isThrownBy(() -> this.socket.receiveAsync(readOnly));
		assertThat(receive(1)).isEqualTo("x");
	}

	@Test
	void aReceiveThatTimesOutLosesNothing() {
		assertThatExceptionOfType(DuplexTimeoutException.class)
			.isThrownBy(() -> this.socket.receive(new byte[1], Duration.ZERO))
			.withMessageContaining("receive from");
		assertThatExceptionOfType(DuplexTimeoutException.class)
			.isThrownBy(() -> this.socket.receive(new byte[1], SHORT));
		this.pair.write("x");
		assertThat(this.socket.receive(new byte[1], SOON)).isEqualTo(1);
	}

	@Test
	void aReceiveThatIsInterruptedLosesNothing() throws InterruptedException {
		AtomicReference<Thread> receiver = new AtomicReference<>();
		CompletableFuture<Void> interrupted = RandomStream.inThread(() -> {
			receiver.set(Thread.currentThread());
			assertThatExceptionOfType(DuplexInterruptedException.class)
				.isThrownBy(() -> this.socket.receive(new byte[1]));
			assertThat(Thread.currentThread().isInterrupted()).isTrue();
		});
		await().until(() -> receiver.get() != null && receiver.get().getState() == Thread.State.WAITING);
		receiver.get().interrupt();
		assertThat(interrupted).succeedsWithin(SOON);
		this.pair.write("x");
		assertThat(receive(1)).isEqualTo("x");
	}

	@Test
	void receivesThatDoNotWaitAreServedInTheirOrder() {
		List<ByteBuffer> buffers = new ArrayList<>();
		List<CompletableFuture<Integer>> received = new ArrayList<>();
		for (int i = 0; i < 5; i++) {
			buffers.add(ByteBuffer.allocate(1));
			received.add(this.socket.receiveAsync(buffers.get(i)).toCompletableFuture());
		}
		this.pair.write("abcde");
		assertThat(received).allSatisfy((count) -> assertThat(count).succeedsWithin(SOON).isEqualTo(1));
		assertThat(buffers).extracting((buffer) -> (char) buffer.get(0)).containsExactly('a', 'b', 'c', 'd', 'e');
	}

	@Test
	void whatIsSentIsReadByThePeer() {
		this.socket.send("hello".getBytes(StandardCharsets.UTF_8));
		ByteBuffer direct = ByteBuffer.allocateDirect(10).put(bytes("--world")).flip().position(2);
		this.socket.send(direct);
		assertThat(direct.hasRemaining()).isFalse();
		this.socket.send(bytes("!").asReadOnlyBuffer());
		assertThat(this.pair.read(11)).isEqualTo("helloworld!");
	}

	@Test
	void aSendWaitsUntilAllIsSent() throws IOException {
		int length = 20 << 20;
		CompletableFuture<Void> verified = RandomStream.verifyAsync(42, length, this.pair.peer().getInputStream());
		CompletableFuture<Void> sent = RandomStream
			.inThread(() -> RandomStream.write(42, length, new Output(this.socket)));
		assertThat(sent).succeedsWithin(SOON);
		assertThat(verified).succeedsWithin(SOON);
	}

	@Test
	void sendsDoNotInterleave() {
		int length = 4 << 20;
		List<CompletableFuture<Void>> sent = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			byte[] block = new byte[length];
			Arrays.fill(block, (byte) ('a' + i));
			ByteBuffer buffer = (i == 1) ? ByteBuffer.allocateDirect(length).put(block).flip() : ByteBuffer.wrap(block);
			sent.add(this.socket.sendAsync(buffer).toCompletableFuture());
		}
		for (int i = 0; i < 3; i++) {
			assertThat(this.pair.read(length)).isEqualTo(String.valueOf((char) ('a' + i)).repeat(length));
		}
		assertThat(sent).allSatisfy((future) -> assertThat(future).succeedsWithin(SOON));
	}

	@Test
	void aSendThatTimesOutTellsHowMuchIsSent() {
		int length = 64 << 20;
		byte[] block = new byte[length];
		new SplittableRandom(1).nextBytes(block);
		ByteBuffer buffer = ByteBuffer.wrap(block);
		assertThatExceptionOfType(DuplexTimeoutException.class).isThrownBy(() -> this.socket.send(buffer, SHORT))
			.satisfies((ex) -> assertThat(ex.getBytesTransferred()).isPositive()
				.isLessThan(length)
				.isEqualTo(buffer.position()));
		CompletableFuture<Void> rest = this.socket.sendAsync(buffer).toCompletableFuture();
		byte[] read = readBytes(length);
		assertThat(Arrays.equals(read, block)).isTrue();
		assertThat(rest).succeedsWithin(SOON);
	}

	private byte[] readBytes(int length) {
		try {
			return this.pair.peer().getInputStream().readNBytes(length);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Test
	void theOutputEndsBehindWhatIsSent() {
		byte[] block = new byte[8 << 20];
		CompletableFuture<Void> sent = this.socket.sendAsync(ByteBuffer.wrap(block)).toCompletableFuture();
		CompletableFuture<Void> shut = RandomStream.inThread(this.socket::shutdownOutput);
		assertThat(readBytes(block.length)).hasSize(block.length);
		assertThat(this.pair.ended()).isTrue();
		assertThat(sent).succeedsWithin(SOON);
		assertThat(shut).succeedsWithin(SOON);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.socket.send(new byte[1]))
			.withMessageContaining("shut down");
		this.pair.write("still");
		assertThat(receive(5)).isEqualTo("still");
	}

	@Test
	void aPeerThatResetsIsToldApart() {
		this.pair.resetConnection();
		assertThatExceptionOfType(ConnectionResetException.class).isThrownBy(() -> this.socket.receive(new byte[1]))
			.satisfies((ex) -> {
				assertThat(ex.getError()).isNotNull().extracting(SystemError::name).isEqualTo("ECONNRESET");
				assertThat(ex.getOperation()).isEqualTo("receive from");
			});
		assertThatExceptionOfType(ConnectionResetException.class).isThrownBy(() -> this.socket.send(new byte[1]));
		CompletableFuture<Integer> received = this.socket.receiveAsync(ByteBuffer.allocate(1)).toCompletableFuture();
		assertThat(received).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(ConnectionResetException.class);
	}

	@Test
	void aClosedSocketSaysSo() {
		CompletableFuture<Void> waiting = RandomStream.inThread(() -> this.socket.receive(new byte[1]));
		CompletableFuture<Integer> waitingToo = this.socket.receiveAsync(ByteBuffer.allocate(1)).toCompletableFuture();
		this.socket.close();
		this.socket.close();
		assertThat(this.socket.isClosed()).isTrue();
		assertThat(this.pair.ended()).isTrue();
		assertThat(List.of(waiting, waitingToo)).allSatisfy((future) -> assertThat(future).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(DuplexClosedException.class));
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.socket.send(new byte[1]));
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(this.socket::shutdownOutput);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(this.socket::release);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(this.socket::localAddress);
	}

	@Test
	void anOrderlyCloseTellsWhenItIsDone() {
		this.socket.send(bytes("bye"));
		CompletableFuture<Long> closed = this.socket.closeAsync(SOON).toCompletableFuture();
		assertThat(this.pair.read(3)).isEqualTo("bye");
		assertThat(this.pair.ended()).isTrue();
		this.pair.endOutput();
		assertThat(closed).succeedsWithin(SOON).isEqualTo(0L);
		assertThat(this.socket.closeAsync(SOON).toCompletableFuture()).succeedsWithin(SOON).isEqualTo(0L);
	}

	@Test
	void aResetIsAReset() {
		this.socket.reset();
		assertThat(this.pair.reset()).isTrue();
	}

	@Test
	void connectReachesAListener() throws IOException {
		try (ServerSocket server = new ServerSocket(0);
				DuplexSocket byNumber = this.engine.connect("tcp://127.0.0.1:" + server.getLocalPort());
				DuplexSocket byName = this.engine.connect("tcp://localhost:" + server.getLocalPort(), SOON)) {
			assertThat(byNumber.peerAddress()).hasToString("tcp://127.0.0.1:" + server.getLocalPort());
			assertThat(byName.peerAddress().port()).isEqualTo(server.getLocalPort());
			assertThat(this.engine.connectAsync("tcp://localhost:" + server.getLocalPort(), SOON).toCompletableFuture())
				.succeedsWithin(SOON)
				.satisfies((socket) -> assertThat(socket.peerAddress().port()).isEqualTo(server.getLocalPort()))
				.satisfies(DuplexSocket::close);
		}
	}

	@Test
	void connectSaysThatNobodyListens() throws IOException {
		int port;
		try (ServerSocket server = new ServerSocket(0)) {
			port = server.getLocalPort();
		}
		assertThatExceptionOfType(ConnectFailedException.class)
			.isThrownBy(() -> this.engine.connect("tcp://127.0.0.1:" + port))
			.withMessage("cannot connect to tcp://127.0.0.1:" + port + ": Connection refused (ECONNREFUSED)");
		assertThat(this.engine.connectAsync("tcp://127.0.0.1:" + port, SOON).toCompletableFuture()).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(ConnectFailedException.class);
		assertThatExceptionOfType(ConnectFailedException.class)
			.isThrownBy(() -> this.engine.connect("unix://@duplex-nobody-listens-here"));
		assertThatExceptionOfType(ConnectFailedException.class)
			.isThrownBy(() -> this.engine.connect("unix:///no/such/folder/socket"));
	}

	@Test
	void connectSaysThatANameIsUnknown() {
		assertThatExceptionOfType(UnresolvedAddressException.class)
			.isThrownBy(() -> this.engine.connect("tcp://no-such-host.invalid:80"))
			.withMessageContaining("no-such-host.invalid");
		assertThat(this.engine.connectAsync("tcp://no-such-host.invalid:80", SOON).toCompletableFuture())
			.failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(UnresolvedAddressException.class);
		assertThatIllegalArgumentException().isThrownBy(() -> this.engine.connect("tcp://127.0.0.1:0"));
		assertThatIllegalArgumentException().isThrownBy(() -> this.engine.connect("nonsense"));
	}

	@Test
	void anAdoptedDescriptorIsReceivedFromAndSentTo() {
		int[] descriptors = Posix.socketPair();
		try (DuplexSocket adopted = this.engine.adopt(descriptors[0])) {
			assertThat(adopted.peerAddress().isUnnamed()).isTrue();
			Posix.write(descriptors[1], new byte[] { 1, 2, 3 });
			byte[] received = new byte[3];
			assertThat(adopted.receive(received)).isEqualTo(3);
			assertThat(received).containsExactly(1, 2, 3);
			adopted.send(new byte[] { 4 });
			assertThat(Posix.read(descriptors[1], 10)).containsExactly(4);
		}
		Posix.close(descriptors[1]);
	}

	@Test
	void whatWasReadBeforeAdoptingIsReceivedFirst() {
		int[] descriptors = Posix.socketPair();
		Posix.write(descriptors[1], new byte[] { 3, 4 });
		ByteBuffer alreadyRead = ByteBuffer.wrap(new byte[] { 0, 1, 2, 9 }).position(1).limit(3);
		try (DuplexSocket adopted = this.engine.adopt(descriptors[0], alreadyRead)) {
			assertThat(alreadyRead.hasRemaining()).isFalse();
			List<Byte> received = new ArrayList<>();
			while (received.size() < 4) {
				ByteBuffer one = ByteBuffer.allocate(1);
				adopted.receive(one);
				received.add(one.get(0));
			}
			assertThat(received).containsExactly((byte) 1, (byte) 2, (byte) 3, (byte) 4);
		}
		Posix.close(descriptors[1]);
	}

	@Test
	void whatIsNoConnectedSocketIsNotAdopted() {
		int[] pipe = Posix.pipe();
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.engine.adopt(pipe[0]))
			.withMessageContaining("ENOTSOCK");
		Posix.close(pipe[0]);
		Posix.close(pipe[1]);
		// a number that no limit allows: a closed one may be in use again by any other
		// thread
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.engine.adopt(Integer.MAX_VALUE))
			.withMessageContaining("EBADF");
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.engine.adopt(-1));
		assertThatIllegalArgumentException()
			.isThrownBy(() -> this.engine.adopt(-1, ByteBuffer.allocate((16 << 20) + 1)));
	}

	@Test
	void aReleasedDescriptorComesWithItsUnreadBytes() {
		int[] descriptors = Posix.socketPair();
		DuplexSocket adopted = this.engine.adopt(descriptors[0], ByteBuffer.wrap(new byte[] { 1, 2 }));
		ReleasedSocket released = adopted.release();
		assertThat(released.descriptor()).isNotNegative();
		assertThat(released.unread()).isEqualTo(ByteBuffer.wrap(new byte[] { 1, 2 }));
		assertThat(adopted.isClosed()).isTrue();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> adopted.receive(new byte[1]));
		Posix.write(descriptors[1], new byte[] { 3 });
		assertThat(Posix.read(released.descriptor(), 10)).containsExactly(3);
		Posix.close(released.descriptor());
		Posix.close(descriptors[1]);
	}

	@Test
	void unixSocketsHaveTheirPathsAsAddresses() {
		String address = "unix://@duplex-test-" + ProcessHandle.current().pid();
		try (DuplexListener listener = this.engine.listen(address);
				DuplexSocket client = this.engine.connect(address);
				DuplexSocket server = listener.accept()) {
			assertThat(listener.address()).hasToString(address);
			assertThat(listener.port()).isZero();
			assertThat(client.peerAddress()).hasToString(address);
			assertThat(server.peerAddress().isUnnamed()).isTrue();
			client.send(bytes("hello"));
			assertThat(server.receive(new byte[10])).isEqualTo(5);
		}
	}

	/**
	 * A socket as a stream.
	 */
	private static final class Output extends OutputStream {

		private final DuplexSocket socket;

		Output(DuplexSocket socket) {
			this.socket = socket;
		}

		@Override
		public void write(int b) {
			this.socket.send(new byte[] { (byte) b });
		}

		@Override
		public void write(byte[] bytes, int offset, int length) {
			this.socket.send(ByteBuffer.wrap(bytes, offset, length));
		}

	}

}
