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
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Sockets that were adopted from everywhere are joined, fanned out, transformed, limited
 * and taken apart again in random order, while bytes flow. Each byte is accounted for:
 * what an undone join has moved is what its sinks receive next.
 */
@Timeout(120)
class SwitchingTests {

	private static final int ROUNDS = 300;

	private static final int MOST = 200_000;

	@Test
	void noByteIsLostOverRandomSwitches() throws Exception {
		long seed = new SplittableRandom().nextLong();
		SplittableRandom random = new SplittableRandom(seed);
		try (DuplexEngine engine = DuplexEngine.create();
				ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
			List<End> ends = new ArrayList<>();
			for (AdoptionTests.Kind kind : AdoptionTests.Kind.values()) {
				ends.add(new End(engine, kind, server, random.nextLong()));
			}
			for (int round = 0; round < ROUNDS; round++) {
				String description = "seed " + seed + ", round " + round;
				List<End> chosen = choose(ends, random);
				switch (random.nextInt(4)) {
					case 0 -> transform(engine, chosen, random, description);
					case 1 -> fanOut(engine, chosen, random, description);
					default -> join(engine, chosen, random, description);
				}
			}
			for (End end : ends) {
				assertThat(end.socket.isClosed()).isFalse();
				end.peer.close();
				end.socket.close();
			}
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
		JoinLimits limits = random.nextBoolean() ? JoinLimits.NONE
				: JoinLimits.NONE.withRates(5_000_000 + random.nextInt(50_000_000), 0);
		Join join = engine.join(a.socket, b.socket, JoinOptions.of(JoinOption.NO_CLOSE).withLimits(limits));
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
			joins.add(engine.join(source.socket, sink.socket,
					JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.NO_CLOSE)));
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

		private final DuplexSocket socket;

		private final Socket peer;

		private final long seed;

		private long written;

		private long consumed;

		End(DuplexEngine engine, AdoptionTests.Kind kind, ServerSocket server, long seed) throws Exception {
			AdoptionTests.Adoptable adoptable = kind.connect(server.getLocalSocketAddress());
			this.peer = server.accept();
			this.peer.setSoTimeout(30_000);
			assertThat(this.peer.getInputStream().readNBytes(5)).hasSize(5);
			this.socket = adoptable.adopt().adopt(engine, ByteBuffer.allocate(0));
			this.seed = seed;
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
					this.peer.getOutputStream().write(bytes);
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
				return this.peer.getInputStream().readNBytes(length);
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		/** Reads while bytes come, and then as many as it turns out to be. */
		CompletableFuture<byte[]> receiveUntil(CompletableFuture<Long> length) {
			return Async.supply(() -> {
				java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
				try {
					while (!length.isDone() || all.size() < length.join()) {
						int available = this.peer.getInputStream().available();
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
