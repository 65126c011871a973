/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * Joins that share sockets, mirrors, limits and transforms.
 */
@Timeout(60)
class SharedJoinTests {

	private static final JoinOptions ONE_WAY = JoinOptions.of(JoinOption.HALF_DUPLEX);

	private final DuplexEngine engine = DuplexEngine.create();

	@AfterEach
	void closeEngine() {
		this.engine.close();
	}

	@Test
	void oneSourceGoesToEightSinks() {
		try (Pair source = Pair.open(this.engine)) {
			List<Pair> sinks = new ArrayList<>();
			List<Join> joins = new ArrayList<>();
			for (int i = 0; i < 8; i++) {
				Pair sink = Pair.open(this.engine);
				sinks.add(sink);
				joins.add(this.engine.join(source.socket(), sink.socket(), ONE_WAY));
			}
			List<CompletableFuture<byte[]>> received = sinks.stream()
				.map((sink) -> Async.supply(() -> readAll(sink)))
				.toList();
			byte[] sent = stream(5_000_000);
			write(source, sent);
			source.endOutput();
			received.forEach((bytes) -> assertThat(bytes.join()).isEqualTo(sent));
			joins.forEach((join) -> assertThat(end(join).bytesFromClient()).isEqualTo(sent.length));
			sinks.forEach(Pair::close);
		}
	}

	@Test
	void aLossySinkThatStallsIsDroppedAndTheOthersGoOn() {
		try (Pair source = Pair.open(this.engine);
				Pair stalled = Pair.open(this.engine);
				Pair sink = Pair.open(this.engine)) {
			this.engine.join(source.socket(), sink.socket(), ONE_WAY);
			Join lossy = this.engine.join(source.socket(), stalled.socket(),
					JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.LOSSY).withMaxLag(100_000));
			CompletableFuture<byte[]> received = Async.supply(() -> readAll(sink));
			byte[] sent = stream(30_000_000);
			write(source, sent);
			source.endOutput();
			assertThat(received.join()).isEqualTo(sent);
			assertThat(end(lossy).reason()).isEqualTo(JoinEndReason.BEHIND);
		}
	}

	@Test
	void severalSourcesGoIntoOneSinkAndTheLastOneEndsIt() {
		try (Pair first = Pair.open(this.engine);
				Pair second = Pair.open(this.engine);
				Pair sink = Pair.open(this.engine)) {
			this.engine.join(first.socket(), sink.socket(), ONE_WAY);
			Join last = this.engine.join(second.socket(), sink.socket(), ONE_WAY);
			first.write("one");
			assertThat(sink.read(3)).isEqualTo("one");
			second.write("two");
			assertThat(sink.read(3)).isEqualTo("two");
			first.endOutput();
			second.write("three");
			assertThat(sink.read(5)).isEqualTo("three");
			second.endOutput();
			assertThat(sink.ended()).isTrue();
			assertThat(end(last).reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
		}
	}

	@Test
	void joiningTwiceIsRefused() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine)) {
			this.engine.join(a.socket(), b.socket());
			assertThatExceptionOfType(SocketBusyException.class)
				.isThrownBy(() -> this.engine.join(a.socket(), b.socket(), ONE_WAY))
				.withMessageContaining("joined already");
			a.write("x");
			assertThat(b.read(1)).isEqualTo("x");
		}
	}

	@Test
	void aTeeMirrorsOneDirectionAndStops() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine); Pair mirror = Pair.open(this.engine)) {
			Join join = this.engine.join(a.socket(), b.socket());
			Tee tee = join.tee(mirror.socket(), TeeDirection.CLIENT_TO_BACKEND);
			a.write("seen");
			b.write("unseen");
			assertThat(b.read(4)).isEqualTo("seen");
			assertThat(a.read(6)).isEqualTo("unseen");
			assertThat(mirror.read(4)).isEqualTo("seen");
			Tee back = join.tee(mirror.socket(), TeeDirection.BACKEND_TO_CLIENT);
			b.write("both");
			assertThat(mirror.read(4)).isEqualTo("both");
			tee.close();
			a.write("more");
			assertThat(b.read(4)).isEqualTo("more");
			assertThatIllegalArgumentException().isThrownBy(() -> join.tee(a.socket(), TeeDirection.BACKEND_TO_CLIENT));
			join.unjoin();
			assertThat(Peers.soon(back.end()).reason()).isEqualTo(TeeEndReason.JOIN_ENDED);
			mirror.socket().send("mine".getBytes(StandardCharsets.UTF_8));
			assertThat(mirror.read(4)).isEqualTo("mine");
			assertThatExceptionOfType(DuplexClosedException.class)
				.isThrownBy(() -> join.tee(mirror.socket(), TeeDirection.CLIENT_TO_BACKEND));
		}
	}

	@Test
	void aDeadMirrorDisturbsNobodyAndTheJoinSplicesAgain() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine); Pair mirror = Pair.open(this.engine)) {
			Join join = this.engine.join(a.socket(), b.socket());
			Tee tee = join.tee(mirror.socket(), TeeDirection.CLIENT_TO_BACKEND);
			CompletableFuture<byte[]> received = Async.supply(() -> readAll(b));
			write(a, stream(1_000_000));
			mirror.resetConnection();
			byte[] sent = stream(20_000_000);
			write(a, sent);
			assertThat(Peers.soon(tee.end()).reason()).isIn(TeeEndReason.MIRROR_GONE, TeeEndReason.BEHIND);
			await().until(() -> {
				write(a, stream(1_000_000));
				return join.snapshot().pathFromClient() == DataPath.SPLICE;
			});
			a.endOutput();
			assertThat(received.join()).hasSizeGreaterThan(21_000_000);
		}
	}

	@Test
	void theConnectionsOfAListenerInheritItsJoin() {
		DuplexSocket hub = this.engine.socket();
		DuplexAddress address = hub.bind("tcp://127.0.0.1:0");
		try (Pair shared = Pair.open(this.engine)) {
			Join listening = this.engine.join(hub, shared.socket());
			assertThat(listening.state()).isEqualTo(JoinState.LISTENING);
			DuplexSocket one = this.engine.connect(address.toString());
			DuplexSocket two = this.engine.connect(address.toString());
			one.send("1".getBytes(StandardCharsets.UTF_8));
			assertThat(shared.read(1)).isEqualTo("1");
			two.send("2".getBytes(StandardCharsets.UTF_8));
			assertThat(shared.read(1)).isEqualTo("2");
			shared.write("all");
			assertThat(read(one, 3)).isEqualTo("all");
			assertThat(read(two, 3)).isEqualTo("all");
			one.close();
			two.send("still".getBytes(StandardCharsets.UTF_8));
			assertThat(shared.read(5)).isEqualTo("still");
			listening.unjoin();
			DuplexSocket three = this.engine.connect(address.toString());
			hub.accept().send("mine".getBytes(StandardCharsets.UTF_8));
			assertThat(read(three, 4)).isEqualTo("mine");
			shared.write("two");
			assertThat(read(two, 3)).isEqualTo("two");
		}
	}

	@Test
	void aRateSlowsAJoinAndIsLiftedWhileItRuns() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine)) {
			Join join = this.engine.join(a.socket(), b.socket(),
					JoinOptions.DEFAULTS.withLimits(JoinLimits.NONE.withRates(1_000_000, 0)));
			CompletableFuture<byte[]> received = Async.supply(() -> readAll(b));
			long began = System.nanoTime();
			CompletableFuture<Void> written = Async.run(() -> {
				write(a, stream(50_000_000));
				a.endOutput();
			});
			await().until(() -> join.snapshot().bytesFromClient() > 1_000_000);
			assertThat(System.nanoTime() - began).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(900));
			join.limit(JoinLimits.NONE);
			written.join();
			assertThat(received.join()).isEqualTo(stream(50_000_000));
		}
	}

	@Test
	void aJoinEndsAfterExactlySoManyBytes() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine)) {
			Join join = this.engine.join(a.socket(), b.socket(),
					JoinOptions.DEFAULTS.withLimits(JoinLimits.NONE.withMaxBytes(123_457)));
			CompletableFuture<byte[]> received = Async.supply(() -> readAll(b));
			write(a, stream(123_457));
			JoinEnd end = end(join);
			assertThat(end.reason()).isEqualTo(JoinEndReason.BYTES);
			assertThat(end.bytesFromClient()).isEqualTo(123_457);
			assertThat(received.join()).isEqualTo(stream(123_457));
		}
	}

	@Test
	void transformsAreAppliedToEachDirection() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine)) {
			TransformJoin join = this.engine.joinThrough(a.socket(), b.socket(), (chunk) -> StandardCharsets.UTF_8
				.encode(StandardCharsets.UTF_8.decode(chunk).toString().toUpperCase(Locale.ROOT)), null);
			a.write("quiet");
			assertThat(b.read(5)).isEqualTo("QUIET");
			b.write("plain");
			assertThat(a.read(5)).isEqualTo("plain");
			a.endOutput();
			assertThat(b.ended()).isTrue();
			b.write("rest");
			assertThat(a.read(4)).isEqualTo("rest");
			b.endOutput();
			TransformEnd end = join.end().toCompletableFuture().join();
			assertThat(end.reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
			assertThat(end.counts()).isEqualTo(new TransformCounts(5, 5, 9, 9));
		}
	}

	@Test
	void aTransformThatThrowsEndsTheJoinAndAStoppedOneGivesTheSocketsBack() {
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine)) {
			TransformJoin join = this.engine.joinThrough(a.socket(), b.socket(), null, (chunk) -> {
				throw new IllegalStateException("no");
			});
			a.write("through");
			assertThat(b.read(7)).isEqualTo("through");
			b.write("x");
			TransformEnd end = join.end().toCompletableFuture().join();
			assertThat(end.reason()).isEqualTo(JoinEndReason.ERROR);
			assertThat(end.cause()).hasMessage("no");
		}
		try (Pair a = Pair.open(this.engine); Pair b = Pair.open(this.engine)) {
			TransformJoin join = this.engine.joinThrough(a.socket(), b.socket(), null, null);
			a.write("1");
			assertThat(b.read(1)).isEqualTo("1");
			assertThat(join.unjoin()).isEqualTo(new TransformCounts(1, 1, 0, 0));
			a.write("2");
			assertThat(read(a.socket(), 1)).isEqualTo("2");
			this.engine.join(a.socket(), b.socket());
			a.write("3");
			assertThat(b.read(1)).isEqualTo("3");
		}
	}

	private static JoinEnd end(Join join) {
		return join.end().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
	}

	private static byte[] stream(int length) {
		byte[] bytes = new byte[length];
		new java.util.SplittableRandom(7).nextBytes(bytes);
		return bytes;
	}

	private static void write(Pair pair, byte[] bytes) {
		try {
			pair.peer().getOutputStream().write(bytes);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static byte[] readAll(Pair pair) {
		try {
			return pair.peer().getInputStream().readAllBytes();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String read(DuplexSocket socket, int length) {
		ByteBuffer buffer = ByteBuffer.allocate(length);
		while (buffer.hasRemaining()) {
			assertThat(socket.receive(buffer, Duration.ofSeconds(30))).isPositive();
		}
		return new String(buffer.array(), StandardCharsets.UTF_8);
	}

}
