/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Peers that do not accept and peers that do not read.
 */
@Timeout(60)
class SlowPeerTests {

	private static final Duration SOON = Duration.ofSeconds(20);

	private static final Duration SHORT = Duration.ofMillis(20);

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	@Test
	void aConnectToAFullBacklogTimesOutOrIsInterruptedOrEndsWithTheEngine(@TempDir Path folder) throws IOException {
		Path path = folder.resolve("full");
		List<SocketChannel> clients = new ArrayList<>();
		try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
			server.bind(UnixDomainSocketAddress.of(path), 1);
			for (int i = 0; i < 2; i++) {
				clients.add(SocketChannel.open(UnixDomainSocketAddress.of(path)));
			}
			String address = "unix://" + path;
			assertThatExceptionOfType(DuplexTimeoutException.class)
				.isThrownBy(() -> this.engine.connect(address, SHORT))
				.withMessageContaining(address);
			assertThat(this.engine.connectAsync(address, SHORT).toCompletableFuture()).failsWithin(SOON)
				.withThrowableOfType(ExecutionException.class)
				.withCauseInstanceOf(DuplexTimeoutException.class);
			interrupt(() -> this.engine.connect(address));
			await().until(() -> this.engine.statistics().sockets() == 0);
			CompletableFuture<Void> connecting = RandomStream.inThread(() -> this.engine.connect(address));
			await().until(() -> this.engine.statistics().sockets() == 1);
			this.engine.close();
			assertThat(connecting).failsWithin(SOON)
				.withThrowableOfType(ExecutionException.class)
				.withCauseInstanceOf(DuplexClosedException.class);
		}
		for (SocketChannel client : clients) {
			client.close();
		}
	}

	private static void interrupt(Runnable wait) {
		AtomicReference<Thread> thread = new AtomicReference<>();
		CompletableFuture<Void> interrupted = RandomStream.inThread(() -> {
			thread.set(Thread.currentThread());
			wait.run();
		});
		await().until(() -> thread.get() != null && thread.get().getState() == Thread.State.WAITING);
		thread.get().interrupt();
		assertThat(interrupted).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(DuplexInterruptedException.class);
	}

	@Test
	void aSendThatIsInterruptedTellsHowMuchIsSent() {
		try (Pair pair = Pair.open(this.engine)) {
			ByteBuffer buffer = ByteBuffer.allocate(64 << 20);
			interrupt(() -> {
				try {
					pair.socket().send(buffer);
				}
				catch (DuplexInterruptedException ex) {
					assertThat(ex.getBytesTransferred()).isEqualTo(buffer.position()).isPositive();
					throw ex;
				}
			});
			assertThat(buffer.hasRemaining()).isTrue();
		}
	}

	@Test
	void aReleaseThatTimesOutLosesNothing() {
		int[] source = Posix.socketPair();
		int[] sink = Posix.socketPair();
		DuplexSocket a = this.engine.adopt(source[0]);
		DuplexSocket b = this.engine.adopt(sink[0], ByteBuffer.wrap(new byte[] { 1, 2, 3 }));
		Join join = this.engine.join(a, b, JoinOption.HALF_DUPLEX);
		byte[] block = new byte[100_000];
		CompletableFuture<Void> written = RandomStream.inThread(() -> {
			for (int i = 0; i < 20; i++) {
				Posix.write(source[1], block);
			}
			Posix.close(source[1]);
		});
		await().until(() -> join.snapshot().pendingFromClient() > 0);
		UnjoinResult result = join.unjoin();
		assertThat(result.pendingFromClient()).isPositive();
		assertThatExceptionOfType(DuplexTimeoutException.class).isThrownBy(() -> b.release(SHORT));
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.engine.join(a, b))
			.withMessageContaining("unread");
		byte[] unread = new byte[2];
		assertThat(b.receive(unread)).isEqualTo(2);
		assertThat(unread).containsExactly(1, 2);
		CompletableFuture<Long> read = new CompletableFuture<>();
		RandomStream.inThread(() -> read.complete(readAll(sink[1])));
		ReleasedSocket released = b.release();
		assertThat(released.unread()).isEqualTo(ByteBuffer.wrap(new byte[] { 3 }));
		Posix.close(released.descriptor());
		assertThat(read).succeedsWithin(SOON).isEqualTo(result.bytesFromClient() + result.pendingFromClient());
		Posix.close(sink[1]);
		a.reset();
		await().until(written::isDone);
	}

	private static long readAll(int descriptor) {
		long count = 0;
		int last;
		do {
			last = Posix.read(descriptor, 100_000).length;
			count += last;
		}
		while (last > 0);
		return count;
	}

	@Test
	void whatIsPendingAfterAnUnjoinIsSentBeforeAnythingElse() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine)) {
			Join join = this.engine.join(a.socket(), b.socket());
			CompletableFuture<Void> written = RandomStream.inThread(() -> a.write("x".repeat(16 << 20)));
			await().until(() -> join.snapshot().pendingFromClient() > 0);
			UnjoinResult result = join.unjoin();
			CompletableFuture<Void> sent = b.socket()
				.sendAsync(ByteBuffer.wrap("the end".getBytes()))
				.toCompletableFuture();
			int moved = Math.toIntExact(result.bytesFromClient() + result.pendingFromClient());
			assertThat(b.read(moved)).isEqualTo("x".repeat(moved));
			assertThat(b.read(7)).isEqualTo("the end");
			assertThat(sent).succeedsWithin(SOON);
			a.socket().reset();
			await().until(written::isDone);
		}
	}

}
