/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two streams cross a pair of sockets while a random schedule joins them, undoes that,
 * adds sinks and mirrors, changes limits and puts functions in between: every byte
 * arrives everywhere, once and in order. {@code -Dduplex.seed=…} repeats a schedule.
 */
@Timeout(300)
class JoinTortureTests {

	private static final Logger logger = LoggerFactory.getLogger(JoinTortureTests.class);

	private static final int ROUNDS = Integer.getInteger("duplex.rounds", 150);

	private static final Duration LONG = Duration.ofSeconds(120);

	/**
	 * A kind of connection.
	 */
	interface Wire {

		/**
		 * Connect.
		 * @param engine whose the near end is
		 * @return both ends
		 * @throws IOException when that fails
		 */
		Ends open(DuplexEngine engine) throws IOException;

	}

	/**
	 * Both ends of a connection.
	 *
	 * @param socket the engine's
	 * @param in what the far end reads
	 * @param out what the far end writes
	 * @param endOutput ends the far end's output
	 * @param close closes the far end
	 */
	record Ends(DuplexSocket socket, InputStream in, OutputStream out, Runnable endOutput, Runnable close) {

		static Ends of(Pair pair) throws IOException {
			return new Ends(pair.socket(), pair.peer().getInputStream(), pair.peer().getOutputStream(), pair::endOutput,
					pair::close);
		}

	}

	enum Kind {

		ACCEPTED((engine) -> Ends.of(Pair.open(engine))), CONNECTED(Kind::connected), UNIX(JoinTortureTests::unix),
		HANDED_OVER(Kind::handedOver);

		private final Wire wire;

		Kind(Wire wire) {
			this.wire = wire;
		}

		/** A channel of Java's is handed over. */
		private static Ends handedOver(DuplexEngine engine) throws IOException {
			try (ServerSocketChannel server = ServerSocketChannel.open()) {
				server.bind(new InetSocketAddress("127.0.0.1", 0));
				SocketChannel far = SocketChannel.open(server.getLocalAddress());
				return new Ends(engine.adopt(server.accept(), ByteBuffer.allocate(0)), in(far), out(far),
						() -> quietly(far::shutdownOutput), () -> quietly(far::close));
			}
		}

		private static Ends connected(DuplexEngine engine) throws IOException {
			try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
				DuplexSocket socket = engine.connect("tcp://127.0.0.1:" + server.getLocalPort());
				return Ends.of(new Pair(socket, server.accept()));
			}
		}

	}

	@ParameterizedTest
	@EnumSource
	void everyByteArrivesWhateverIsDoneToTheJoin(Kind kind) throws IOException {
		long seed = Long.getLong("duplex.seed", System.nanoTime());
		logger.info("{}: -Dduplex.seed={}", kind, seed);
		try (DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(3))) {
			Ends a = kind.wire.open(engine);
			Ends b = kind.wire.open(engine);
			new Schedule(engine, a, b, new SplittableRandom(seed)).run();
			a.close.run();
			b.close.run();
		}
		catch (Throwable ex) {
			throw new AssertionError("seed " + seed, ex);
		}
	}

	/**
	 * One schedule.
	 */
	private static final class Schedule {

		private final DuplexEngine engine;

		private final Ends a;

		private final Ends b;

		private final SplittableRandom random;

		private final AtomicLong readByB = new AtomicLong();

		private final AtomicLong readByA = new AtomicLong();

		/** What went from a to b, as joins have told it. */
		private long forth;

		private long back;

		Schedule(DuplexEngine engine, Ends a, Ends b, SplittableRandom random) {
			this.engine = engine;
			this.a = a;
			this.b = b;
			this.random = random;
		}

		void run() {
			AtomicBoolean enough = new AtomicBoolean();
			long seed = this.random.nextLong();
			CompletableFuture<Long> fromA = write(seed, this.a, enough);
			CompletableFuture<Long> fromB = write(seed + 1, this.b, enough);
			CompletableFuture<Long> atB = RandomStream.verifyToEndAsync(seed, counting(this.b.in, this.readByB));
			CompletableFuture<Long> atA = RandomStream.verifyToEndAsync(seed + 1, counting(this.a.in, this.readByA));
			for (int i = 0; i < ROUNDS; i++) {
				switch (this.random.nextInt(5)) {
					case 0 -> through();
					case 1 -> plain(this::fan);
					case 2 -> plain(this::tee);
					case 3 -> plain(this::limit);
					default -> plain((join) -> letFlow());
				}
			}
			Join last = this.engine.join(this.a.socket(), this.b.socket());
			enough.set(true);
			long forthWritten = soon(fromA);
			long backWritten = soon(fromB);
			assertThat(atB).succeedsWithin(LONG).isEqualTo(forthWritten);
			assertThat(atA).succeedsWithin(LONG).isEqualTo(backWritten);
			JoinEnd end = soon(last.end());
			assertThat(this.forth + end.bytesFromClient()).isEqualTo(forthWritten);
			assertThat(this.back + end.bytesFromBackend()).isEqualTo(backWritten);
		}

		private static CompletableFuture<Long> write(long seed, Ends ends, AtomicBoolean enough) {
			AtomicLong written = new AtomicLong();
			return RandomStream.inThread(() -> {
				written.set(RandomStream.write(seed, (done) -> !enough.get(), ends.out));
				ends.endOutput.run();
			}).thenApply((done) -> written.get());
		}

		/** Either at once, or when some bytes have come through. */
		private void letFlow() {
			if (this.random.nextBoolean()) {
				long before = this.readByA.get() + this.readByB.get();
				long more = this.random.nextInt(200_000);
				await().pollInterval(Duration.ofMillis(1))
					.until(() -> this.readByA.get() + this.readByB.get() > before + more);
			}
		}

		private void plain(Consumer<Join> action) {
			boolean swapped = this.random.nextBoolean();
			Join join = swapped ? this.engine.join(this.b.socket(), this.a.socket())
					: this.engine.join(this.a.socket(), this.b.socket());
			action.accept(join);
			UnjoinResult result = join.unjoin();
			long fromClient = result.bytesFromClient() + result.pendingFromClient();
			long fromBackend = result.bytesFromBackend() + result.pendingFromBackend();
			this.forth += swapped ? fromBackend : fromClient;
			this.back += swapped ? fromClient : fromBackend;
		}

		private void through() {
			Transform flip = (bytes) -> {
				for (int i = bytes.position(); i < bytes.limit(); i++) {
					bytes.put(i, (byte) ~bytes.get(i));
				}
				return bytes;
			};
			TransformJoin join = this.engine.joinThrough(this.a.socket(), this.b.socket(), flip.andThen(flip),
					this.random.nextBoolean() ? null : flip.andThen(flip));
			letFlow();
			TransformCounts counts = join.unjoin();
			assertThat(counts.sentToBackend()).isEqualTo(counts.receivedFromClient());
			assertThat(counts.sentToClient()).isEqualTo(counts.receivedFromBackend());
			this.forth += counts.sentToBackend();
			this.back += counts.sentToClient();
		}

		/** Another sink for what a sends, which makes the pace with b. */
		private void fan(Join join) {
			List<Pair> sinks = new ArrayList<>();
			for (int i = this.random.nextInt(3); i >= 0; i--) {
				Pair sink = Pair.open(this.engine);
				sinks.add(sink);
				JoinOptions options = this.random.nextBoolean() ? JoinOptions.of(JoinOption.HALF_DUPLEX)
						: JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.LOSSY).withMaxLag(64 * 1024);
				Join side = this.engine.join(this.a.socket(), sink.socket(), options);
				CompletableFuture<Long> drained = drain(sink);
				letFlow();
				side.unjoinAsync().handle((result, ex) -> true).toCompletableFuture().join();
				JoinEnd end = soon(side.end());
				assertThat(end.reason()).isIn(JoinEndReason.UNJOINED, JoinEndReason.BEHIND);
				sink.socket().shutdownOutput();
				assertThat(soon(drained)).isEqualTo(end.bytesFromClient() + end.pendingFromClient());
			}
			sinks.forEach(Pair::close);
		}

		private void tee(Join join) {
			try (Pair mirror = Pair.open(this.engine)) {
				TeeDirection[] directions = TeeDirection.values();
				Tee tee = join.tee(mirror.socket(), directions[this.random.nextInt(directions.length)],
						this.random.nextInt(1, 1_000_000));
				CompletableFuture<Long> drained = drain(mirror);
				letFlow();
				if (this.random.nextBoolean()) {
					mirror.socket().reset();
					assertThat(soon(tee.end()).reason()).isIn(TeeEndReason.MIRROR_GONE, TeeEndReason.BEHIND);
					return;
				}
				TeeEnd end = soon(tee.closeAsync());
				assertThat(end.reason()).isIn(TeeEndReason.STOPPED, TeeEndReason.BEHIND);
				mirror.socket().shutdownOutput();
				TeeCounts counts = end.counts();
				assertThat(soon(drained)).isEqualTo(counts.bytesFromClient() + counts.bytesFromBackend()
						+ counts.pendingFromClient() + counts.pendingFromBackend());
			}
		}

		private void limit(Join join) {
			join.limit(JoinLimits.NONE.withRates(1 + this.random.nextInt(1_000_000), this.random.nextInt(1_000_000))
				.withMaxBytes(Long.MAX_VALUE)
				.withIdleTimeout(Duration.ofHours(1)));
			assertThat(join.state()).isEqualTo(JoinState.OPEN);
			join.limit(JoinLimits.NONE);
			letFlow();
		}

		private static CompletableFuture<Long> drain(Pair pair) {
			AtomicLong count = new AtomicLong();
			return RandomStream.inThread(() -> {
				try {
					count.set(pair.peer().getInputStream().transferTo(OutputStream.nullOutputStream()));
				}
				catch (IOException ex) {
					// A mirror that was reset.
				}
			}).thenApply((done) -> count.get());
		}

		private static InputStream counting(InputStream in, AtomicLong count) {
			return new InputStream() {

				@Override
				public int read() throws IOException {
					int one = in.read();
					count.addAndGet((one >= 0) ? 1 : 0);
					return one;
				}

				@Override
				public int read(byte[] bytes, int offset, int length) throws IOException {
					int number = in.read(bytes, offset, length);
					count.addAndGet(Math.max(0, number));
					return number;
				}

			};
		}

	}

	private static Ends unix(DuplexEngine engine) throws IOException {
		Path folder = Files.createTempDirectory("duplex-torture");
		Path path = folder.resolve("wire");
		try (DuplexListener listener = engine.listen("unix://" + path)) {
			SocketChannel far = SocketChannel.open(UnixDomainSocketAddress.of(path));
			return new Ends(listener.accept(), in(far), out(far), () -> quietly(far::shutdownOutput),
					() -> quietly(far::close));
		}
		finally {
			Files.deleteIfExists(path);
			Files.deleteIfExists(folder);
		}
	}

	/* Not those of Channels, which share a lock. */

	private static OutputStream out(SocketChannel channel) {
		return new OutputStream() {

			@Override
			public void write(int one) throws IOException {
				write(new byte[] { (byte) one }, 0, 1);
			}

			@Override
			public void write(byte[] bytes, int offset, int length) throws IOException {
				ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
				while (buffer.hasRemaining()) {
					channel.write(buffer);
				}
			}

		};
	}

	private static InputStream in(SocketChannel channel) {
		return new InputStream() {

			@Override
			public int read() throws IOException {
				byte[] one = new byte[1];
				return (read(one, 0, 1) < 0) ? -1 : one[0] & 0xff;
			}

			@Override
			public int read(byte[] bytes, int offset, int length) throws IOException {
				return channel.read(ByteBuffer.wrap(bytes, offset, length));
			}

		};
	}

	private static void quietly(Closing action) {
		try {
			action.run();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Something that may fail.
	 */
	private interface Closing {

		void run() throws IOException;

	}

}
