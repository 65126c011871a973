/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Sockets that were adopted from everywhere are joined, fanned out and in, mirrored,
 * transformed, limited and taken apart again in random order, while bytes flow. Each byte
 * is accounted for: what an undone join has moved is what its sinks receive next.
 */
@Timeout(120)
class SwitchingTests {

	private static final int ROUNDS = 300;

	private static final int WARM_UP = 100;

	private static final int MOST = 200_000;

	/** What the JVM may have added for itself. */
	private static final long LEAK = 8 << 20;

	@Test
	void noByteIsLostOverRandomSwitchesAndNothingIsLeft() throws Exception {
		long seed = new SplittableRandom().nextLong();
		// The first time loads classes and libraries, and fills pools.
		switchAround(new SplittableRandom(seed), WARM_UP, "seed " + seed);
		long descriptors = ProcessState.descriptors();
		long threads = ProcessState.engineThreads();
		long allocated = NativeHeap.allocated();
		switchAround(new SplittableRandom(~seed), ROUNDS, "seed " + ~seed);
		await().untilAsserted(() -> {
			assertThat(ProcessState.descriptors()).as("descriptors").isLessThanOrEqualTo(descriptors);
			assertThat(ProcessState.engineThreads()).as("threads").isLessThanOrEqualTo(threads);
			assertThat(NativeHeap.allocated() - allocated).as("bytes of native memory").isLessThan(LEAK);
		});
	}

	private static void switchAround(SplittableRandom random, int rounds, String seed) throws Exception {
		try (DuplexEngine engine = DuplexEngine.create(); AdoptedEnds adopted = new AdoptedEnds(engine)) {
			List<End> ends = new ArrayList<>();
			for (AdoptedEnds.Adopted end : adopted.open()) {
				ends.add(new End(end, random.nextLong()));
			}
			for (int round = 0; round < rounds; round++) {
				List<End> chosen = choose(ends, random);
				String description = seed + ", round " + round + ", " + chosen;
				switch (random.nextInt(7)) {
					case 0 -> transform(engine, chosen, random, description);
					case 1 -> fanOut(engine, chosen, random, description);
					case 2 -> fanIn(engine, chosen, random, description);
					case 3 -> mirror(engine, chosen, random, description);
					default -> join(engine, chosen, random, description);
				}
			}
			for (End end : ends) {
				assertThat(end.socket.isClosed()).isFalse();
				end.peer.close();
				end.socket.close();
			}
			await().untilAsserted(() -> {
				EngineStatistics left = engine.statistics();
				assertThat(left.sockets()).as("sockets").isZero();
				assertThat(left.joinsActive()).as("joins").isZero();
				assertThat(left.pipesInUse()).as("pipes").isZero();
			});
		}
	}

	private static List<End> choose(List<End> ends, SplittableRandom random) {
		List<End> rest = new ArrayList<>(ends);
		List<End> chosen = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			chosen.add(rest.remove(random.nextInt(rest.size())));
		}
		return chosen;
	}

	private static void join(DuplexEngine engine, List<End> ends, SplittableRandom random, String description) {
		End a = ends.get(0);
		End b = ends.get(1);
		Join join = engine.join(a.socket, b.socket, JoinOptions.of(JoinOption.NO_CLOSE).withLimits(limits(random)));
		CompletableFuture<Void> forth = a.write(random.nextInt(MOST));
		CompletableFuture<Void> back = b.write(random.nextInt(MOST));
		linger(random);
		if (random.nextBoolean()) {
			join.limit(JoinLimits.NONE);
		}
		UnjoinResult result = join.unjoin();
		b.receive(a, a.consume(result.bytesFromClient() + result.pendingFromClient()), description);
		a.receive(b, b.consume(result.bytesFromBackend() + result.pendingFromBackend()), description);
		a.drain(forth, description);
		b.drain(back, description);
	}

	private static void fanOut(DuplexEngine engine, List<End> ends, SplittableRandom random, String description) {
		End source = ends.get(0);
		List<Join> joins = new ArrayList<>();
		for (End sink : ends.subList(1, ends.size())) {
			joins.add(engine.join(source.socket, sink.socket, oneWay(random)));
		}
		CompletableFuture<Void> written = source.write(random.nextInt(MOST));
		linger(random);
		long most = 0;
		long from = source.consumed;
		for (int i = 0; i < joins.size(); i++) {
			UnjoinResult result = joins.get(i).unjoin();
			long moved = result.bytesFromClient() + result.pendingFromClient();
			// All began with the same byte; the last to be undone has got the most.
			ends.get(i + 1).receive(source, new Range(from, moved), description);
			most = Math.max(most, moved);
		}
		source.consume(most);
		source.drain(written, description);
	}

	/** A lossy sink may be a mebibyte behind, and is never. */
	private static JoinOptions oneWay(SplittableRandom random) {
		JoinOptions options = random.nextInt(3) != 0 ? JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.NO_CLOSE)
				: JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.NO_CLOSE, JoinOption.LOSSY);
		return options.withLimits(limits(random));
	}

	private static JoinLimits limits(SplittableRandom random) {
		return random.nextBoolean() ? JoinLimits.NONE
				: JoinLimits.NONE.withRates(5_000_000 + random.nextInt(50_000_000), 0);
	}

	private static void fanIn(DuplexEngine engine, List<End> ends, SplittableRandom random, String description) {
		End sink = ends.get(0);
		List<End> sources = ends.subList(1, 3);
		List<Join> joins = new ArrayList<>();
		List<CompletableFuture<Void>> written = new ArrayList<>();
		for (End source : sources) {
			joins.add(engine.join(source.socket, sink.socket,
					JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.NO_CLOSE)));
			written.add(source.write(random.nextInt(MOST)));
		}
		linger(random);
		List<byte[]> moved = new ArrayList<>();
		for (int i = 0; i < joins.size(); i++) {
			UnjoinResult result = joins.get(i).unjoin();
			End source = sources.get(i);
			moved.add(source.bytes(source.consume(result.bytesFromClient() + result.pendingFromClient())));
		}
		byte[] received = sink.read(moved.get(0).length + moved.get(1).length);
		assertThat(isMerged(received, moved.get(0), moved.get(1))).as(description).isTrue();
		for (int i = 0; i < sources.size(); i++) {
			sources.get(i).drain(written.get(i), description);
		}
	}

	/** Whether all of two streams is there, each in its order. */
	private static boolean isMerged(byte[] all, byte[] one, byte[] other) {
		// How much of the one may have been read: seldom more than one number.
		Set<Integer> counts = Set.of(0);
		for (int i = 0; i < all.length && !counts.isEmpty(); i++) {
			Set<Integer> next = new HashSet<>();
			for (int count : counts) {
				if (count < one.length && one[count] == all[i]) {
					next.add(count + 1);
				}
				if (i - count < other.length && other[i - count] == all[i]) {
					next.add(count);
				}
			}
			counts = next;
		}
		return counts.contains(one.length);
	}

	private static void mirror(DuplexEngine engine, List<End> ends, SplittableRandom random, String description) {
		End a = ends.get(0);
		End b = ends.get(1);
		End mirror = ends.get(2);
		Join join = engine.join(a.socket, b.socket, JoinOptions.of(JoinOption.NO_CLOSE).withLimits(limits(random)));
		Tee tee = join.tee(mirror.socket, TeeDirection.CLIENT_TO_BACKEND);
		long from = a.consumed;
		CompletableFuture<Void> forth = a.write(random.nextInt(MOST));
		CompletableFuture<Void> back = b.write(random.nextInt(MOST));
		linger(random);
		if (random.nextBoolean()) {
			tee.close();
			linger(random);
		}
		UnjoinResult result = join.unjoin();
		TeeCounts counts = tee.end().toCompletableFuture().join().counts();
		mirror.receive(a, new Range(from, counts.bytesFromClient() + counts.pendingFromClient()), description);
		b.receive(a, a.consume(result.bytesFromClient() + result.pendingFromClient()), description);
		a.receive(b, b.consume(result.bytesFromBackend() + result.pendingFromBackend()), description);
		a.drain(forth, description);
		b.drain(back, description);
	}

	private static void transform(DuplexEngine engine, List<End> ends, SplittableRandom random, String description) {
		End a = ends.get(0);
		End b = ends.get(1);
		TransformJoin join = engine.joinThrough(a.socket, b.socket, ByteBuffer::duplicate, Transform.identity());
		CompletableFuture<Void> forth = a.write(random.nextInt(MOST));
		CompletableFuture<Void> back = b.write(random.nextInt(MOST));
		linger(random);
		CompletableFuture<TransformCounts> undone = join.unjoinAsync().toCompletableFuture();
		// What it has received it still sends, and the peers may have to make room.
		CompletableFuture<byte[]> atA = a.receiveUntil(undone.thenApply(TransformCounts::sentToClient));
		CompletableFuture<byte[]> atB = b.receiveUntil(undone.thenApply(TransformCounts::sentToBackend));
		TransformCounts counts = undone.join();
		b.check(a, a.consume(counts.receivedFromClient()), atB.join(), description);
		a.check(b, b.consume(counts.receivedFromBackend()), atA.join(), description);
		a.drain(forth, description);
		b.drain(back, description);
	}

	/** For a random number of steps, which is a random but short time. */
	private static void linger(SplittableRandom random) {
		for (int i = random.nextInt(2000); i > 0; i--) {
			Thread.onSpinWait();
		}
	}

	private record Range(long from, long length) {

	}

	/** A managed socket and its peer, whose stream is known by seed and offset. */
	private static final class End {

		private final String kind;

		private final DuplexSocket socket;

		private final InputStream in;

		private final OutputStream out;

		private final Closeable peer;

		private final long seed;

		private long written;

		private long consumed;

		End(AdoptedEnds.Adopted adopted, long seed) {
			this.kind = adopted.kind();
			this.socket = adopted.socket();
			this.in = adopted.in();
			this.out = adopted.out();
			this.peer = adopted.peer();
			this.seed = seed;
		}

		@Override
		public String toString() {
			return this.kind;
		}

		private byte[] bytes(Range range) {
			byte[] bytes = new byte[(int) range.length()];
			for (int i = 0; i < bytes.length; i++) {
				long offset = range.from() + i;
				bytes[i] = (byte) ((this.seed + (offset >> 8)) * 0x9E3779B97F4A7C15L >>> ((offset & 7) * 8));
			}
			return bytes;
		}

		CompletableFuture<Void> write(int length) {
			byte[] bytes = bytes(new Range(this.written, length));
			this.written += length;
			return Async.run(() -> {
				try {
					this.out.write(bytes);
				}
				catch (IOException ex) {
					throw new UncheckedIOException(ex);
				}
			});
		}

		Range consume(long length) {
			Range range = new Range(this.consumed, length);
			this.consumed += length;
			return range;
		}

		/** What no join took is the application's. */
		void drain(CompletableFuture<Void> writing, String description) {
			Range rest = consume(this.written - this.consumed);
			ByteBuffer buffer = ByteBuffer.allocate((int) rest.length());
			while (buffer.hasRemaining()) {
				assertThat(this.socket.receive(buffer)).as(description).isPositive();
			}
			writing.join();
			assertThat(buffer.array()).as(description).isEqualTo(bytes(rest));
		}

		void receive(End source, Range range, String description) {
			check(source, range, read((int) range.length()), description);
		}

		void check(End source, Range range, byte[] received, String description) {
			assertThat(received).as(description).isEqualTo(source.bytes(range));
		}

		private byte[] read(int length) {
			try {
				return this.in.readNBytes(length);
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		/** Reads while bytes come, and then as many as it turns out to be. */
		CompletableFuture<byte[]> receiveUntil(CompletableFuture<Long> length) {
			return Async.supply(() -> {
				ByteArrayOutputStream all = new ByteArrayOutputStream();
				try {
					while (!length.isDone() || all.size() < length.join()) {
						int available = this.in.available();
						if (available > 0) {
							all.writeBytes(read(available));
						}
						else {
							Thread.onSpinWait();
						}
					}
				}
				catch (IOException ex) {
					throw new UncheckedIOException(ex);
				}
				return all.toByteArray();
			});
		}

	}

}
