/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

@Timeout(120)
class JoinTests {

	private static final Duration SOON = Duration.ofSeconds(30);

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Pair a = Pair.open(this.engine);

	@AutoClose
	private final Pair b = Pair.open(this.engine);

	private Join join(JoinOption... options) {
		return this.engine.join(this.a.socket(), this.b.socket(), options);
	}

	private static JoinEnd end(Join join) {
		CompletableFuture<JoinEnd> end = join.end().toCompletableFuture();
		assertThat(end).succeedsWithin(SOON);
		return end.join();
	}

	@Test
	void aHandshakeInJavaIsFollowedByAJoin() {
		this.a.write("HELLO world");
		byte[] hello = new byte[6];
		assertThat(this.a.socket().receive(hello)).isEqualTo(6);
		this.a.socket().send("OK".getBytes());
		assertThat(this.a.read(2)).isEqualTo("OK");
		Join join = join();
		assertThat(this.b.read(5)).isEqualTo("world");
		this.b.write("answer");
		assertThat(this.a.read(6)).isEqualTo("answer");
		assertThat(join.id()).isPositive();
		assertThat(join.idText()).isEqualTo(Long.toString(join.id()));
		assertThat(join.clientAddress().port()).isEqualTo(this.a.peer().getLocalPort());
		assertThat(join.backendAddress().port()).isEqualTo(this.b.peer().getLocalPort());
	}

	@Test
	void everyByteArrivesBothWaysAndBothEndsAreTold() throws IOException {
		Join join = join();
		long length = 32 << 20;
		List<CompletableFuture<Void>> streams = List.of(
				RandomStream.writeAsync(1, length, this.a.peer().getOutputStream()),
				RandomStream.verifyAsync(1, length, this.b.peer().getInputStream()),
				RandomStream.writeAsync(2, length, this.b.peer().getOutputStream()),
				RandomStream.verifyAsync(2, length, this.a.peer().getInputStream()));
		assertThat(streams).allSatisfy((stream) -> assertThat(stream).succeedsWithin(SOON));
		this.a.endOutput();
		assertThat(this.b.ended()).isTrue();
		await().until(() -> join.state() == JoinState.HALF_CLOSED);
		this.b.endOutput();
		assertThat(this.a.ended()).isTrue();
		JoinEnd end = end(join);
		assertThat(end.reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
		assertThat(end.error()).isNull();
		assertThat(end.bytesFromClient()).isEqualTo(length);
		assertThat(end.bytesFromBackend()).isEqualTo(length);
		assertThat(end.pendingFromClient()).isZero();
		assertThat(end.pendingFromBackend()).isZero();
		assertThat(end.duration()).isPositive();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(join::unjoin);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.a.socket().receive(new byte[1]));
	}

	@Test
	void aSnapshotTellsWhatTheJoinIsDoing() {
		Instant before = Instant.now().minusSeconds(1);
		Join join = join();
		this.a.write("abc");
		assertThat(this.b.read(3)).isEqualTo("abc");
		JoinSnapshot snapshot = join.snapshot();
		assertThat(snapshot.id()).isEqualTo(join.id());
		assertThat(snapshot.idText()).isEqualTo(join.idText());
		assertThat(snapshot.proxy()).isNull();
		assertThat(snapshot.backend()).isNull();
		assertThat(snapshot.state()).isEqualTo(JoinState.OPEN);
		assertThat(snapshot.clientAddress()).isEqualTo(join.clientAddress());
		assertThat(snapshot.backendAddress()).isEqualTo(join.backendAddress());
		assertThat(snapshot.since()).isBetween(before, Instant.now().plusSeconds(1));
		assertThat(snapshot.idle()).isBetween(Duration.ZERO, SOON);
		assertThat(snapshot.bytesFromClient()).isEqualTo(3);
		assertThat(snapshot.bytesFromBackend()).isZero();
		assertThat(snapshot.pathFromClient()).isEqualTo(DataPath.COPY);
		assertThat(this.engine.findJoin(join.id()))
			.hasValueSatisfying((found) -> assertThat(found.bytesFromClient()).isEqualTo(3));
		assertThat(this.engine.findJoin(join.idText())).isPresent();
		assertThat(this.engine.statistics().joinsActive()).isOne();
	}

	@Test
	void aSnapshotOfAnEndedJoinHasTheFinalCounts() {
		Join join = join();
		this.a.write("abc");
		assertThat(this.b.read(3)).isEqualTo("abc");
		join.close();
		assertThat(end(join).reason()).isEqualTo(JoinEndReason.CLOSED);
		JoinSnapshot snapshot = join.snapshot();
		assertThat(snapshot.state()).isEqualTo(JoinState.ENDED);
		assertThat(snapshot.bytesFromClient()).isEqualTo(3);
		assertThat(snapshot.pathFromClient()).isEqualTo(DataPath.NONE);
		assertThat(this.engine.findJoin(join.id())).isEmpty();
		assertThat(this.engine.closeJoin(join.id())).isFalse();
	}

	@Test
	void bulkIsSpliced() throws IOException {
		Join join = join();
		long length = 64 << 20;
		CompletableFuture<Void> verified = RandomStream.verifyAsync(3, length, this.b.peer().getInputStream());
		RandomStream.write(3, length, this.a.peer().getOutputStream());
		assertThat(verified).succeedsWithin(SOON);
		assertThat(join.snapshot().bytesFromClient()).isEqualTo(length);
		assertThat(this.engine.statistics().bytes()).isEqualTo(length);
	}

	@Test
	void anUndoneJoinLeavesBothSocketsToTheApplication() {
		Join join = join();
		this.a.write("joined");
		assertThat(this.b.read(6)).isEqualTo("joined");
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.a.socket().receive(new byte[1]));
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.b.socket().send(new byte[1]));
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.b.socket().shutdownOutput());
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.a.socket().release());
		UnjoinResult result = join.unjoin();
		assertThat(result.bytesFromClient() + result.pendingFromClient()).isEqualTo(6);
		assertThat(end(join)).satisfies((end) -> {
			assertThat(end.reason()).isEqualTo(JoinEndReason.UNJOINED);
			assertThat(end.bytesFromClient()).isEqualTo(result.bytesFromClient());
		});
		this.a.write("mine");
		byte[] received = new byte[10];
		assertThat(this.a.socket().receive(received)).isEqualTo(4);
		this.b.socket().send("yours".getBytes());
		assertThat(this.b.read(5)).isEqualTo("yours");
	}

	@Test
	void whoeverReceivesWhenTheSocketIsJoinedIsToldSo() {
		CompletableFuture<Integer> async = this.a.socket().receiveAsync(ByteBuffer.allocate(1)).toCompletableFuture();
		CompletableFuture<Void> parked = RandomStream.inThread(() -> this.b.socket().receive(new byte[1]));
		// One that waits behind the other.
		CompletableFuture<Integer> second = this.a.socket().receiveAsync(ByteBuffer.allocate(1)).toCompletableFuture();
		join();
		assertThat(List.of(async, parked, second)).allSatisfy((future) -> assertThat(future).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(SocketBusyException.class));
	}

	@Test
	void everyByteArrivesThroughManyJoinsOfTheSameSockets() throws IOException {
		AtomicBoolean enough = new AtomicBoolean();
		CompletableFuture<Long> forth = stream(this.a, 4, enough);
		CompletableFuture<Long> back = stream(this.b, 5, enough);
		SplittableRandom random = new SplittableRandom(6);
		long forthCounted = 0;
		long backCounted = 0;
		for (int i = 0; i < 500; i++) {
			boolean swapped = random.nextBoolean();
			Join join = swapped ? this.engine.join(this.b.socket(), this.a.socket()) : join();
			if (random.nextBoolean()) {
				Thread.yield();
			}
			else {
				while (join.snapshot().bytesFromBackend() == 0) {
					// Each look waits for a worker.
					Thread.onSpinWait();
				}
			}
			UnjoinResult result = join.unjoin();
			long fromClient = result.bytesFromClient() + result.pendingFromClient();
			long fromBackend = result.bytesFromBackend() + result.pendingFromBackend();
			forthCounted += swapped ? fromBackend : fromClient;
			backCounted += swapped ? fromClient : fromBackend;
		}
		Join last = join();
		enough.set(true);
		assertThat(forth).succeedsWithin(SOON);
		assertThat(back).succeedsWithin(SOON);
		JoinEnd end = end(last);
		assertThat(forthCounted + end.bytesFromClient()).isEqualTo(forth.join());
		assertThat(backCounted + end.bytesFromBackend()).isEqualTo(back.join());
	}

	/**
	 * From one peer to the other until there is enough, to the end of the stream; tells
	 * the number of bytes.
	 */
	private CompletableFuture<Long> stream(Pair from, long seed, AtomicBoolean enough) throws IOException {
		OutputStream out = from.peer().getOutputStream();
		Pair to = (from == this.a) ? this.b : this.a;
		InputStream in = to.peer().getInputStream();
		AtomicLong written = new AtomicLong(Long.MAX_VALUE);
		RandomStream.inThread(() -> {
			written.set(RandomStream.write(seed, (done) -> !enough.get(), out));
			from.endOutput();
		});
		return RandomStream.verifyToEndAsync(seed, in).thenApply((read) -> {
			assertThat(read).isEqualTo(written.get());
			return read;
		});
	}

	@Test
	void aJoinCanBeMadeAndUndoneWithoutWaiting() {
		CompletableFuture<UnjoinResult> undone = this.engine
			.joinAsync(this.a.socket(), this.b.socket(), JoinOptions.DEFAULTS)
			.thenCompose(Join::unjoinAsync)
			.toCompletableFuture();
		assertThat(undone).succeedsWithin(SOON).isEqualTo(new UnjoinResult(0, 0, 0, 0));
	}

	@Test
	void aResetIsPassedOn() {
		Join join = join();
		this.a.resetConnection();
		assertThat(this.b.reset()).isTrue();
		JoinEnd end = end(join);
		assertThat(end.reason()).isEqualTo(JoinEndReason.RESET);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
	}

	@Test
	void closingASocketEndsItsJoin() {
		Join join = join();
		this.b.socket().close();
		assertThat(end(join).reason()).isEqualTo(JoinEndReason.CLOSED);
	}

	@Test
	void closingAJoinClosesBothSockets() {
		Join join = join();
		assertThat(this.engine.closeJoin(join.idText())).isTrue();
		assertThat(this.a.ended()).isTrue();
		assertThat(this.b.ended()).isTrue();
		assertThat(end(join).reason()).isEqualTo(JoinEndReason.CLOSED);
		join.close();
	}

	@Test
	void anIdleJoinEnds() {
		Join join = this.engine.join(this.a.socket(), this.b.socket(),
				JoinOptions.DEFAULTS.withIdleTimeout(Duration.ofMillis(50)));
		assertThat(end(join).reason()).isEqualTo(JoinEndReason.IDLE);
	}

	@Test
	void aHalfClosedJoinThatIsIdleEnds() {
		Join join = this.engine.join(this.a.socket(), this.b.socket(),
				JoinOptions.DEFAULTS.withHalfCloseTimeout(Duration.ofMillis(50)));
		this.a.endOutput();
		assertThat(end(join).reason()).isEqualTo(JoinEndReason.IDLE);
	}

	@Test
	void aJoinEndsAtItsGreatestAge() {
		Join join = this.engine.join(this.a.socket(), this.b.socket(),
				JoinOptions.DEFAULTS.withMaxLifetime(Duration.ofMillis(50)));
		assertThat(end(join).reason()).isEqualTo(JoinEndReason.LIFETIME);
	}

	@Test
	void theOtherHalvesOfAHalfDuplexJoinAreTheApplications() {
		Join join = join(JoinOption.HALF_DUPLEX);
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
		this.b.write("back");
		byte[] received = new byte[10];
		assertThat(this.b.socket().receive(received)).isEqualTo(4);
		this.a.socket().send("other".getBytes());
		assertThat(this.a.read(5)).isEqualTo("other");
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.a.socket().receive(received));
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.b.socket().send(new byte[1]));
		this.a.endOutput();
		assertThat(this.b.ended()).isTrue();
		assertThat(end(join).bytesFromClient()).isEqualTo(5);
		this.a.socket().send("still".getBytes());
		assertThat(this.a.read(5)).isEqualTo("still");
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.b.socket().send(new byte[1]))
			.withMessageContaining("shut down");
	}

	@Test
	void anEndIsNotPassedOnWithNoClose() {
		Join join = join(JoinOption.NO_CLOSE);
		this.a.write("forth");
		this.a.endOutput();
		assertThat(this.b.read(5)).isEqualTo("forth");
		await().until(() -> join.state() == JoinState.HALF_CLOSED);
		join.unjoin();
		this.b.socket().send("more".getBytes());
		assertThat(this.b.read(4)).isEqualTo("more");
	}

	@Test
	void aSocketCannotBeJoinedWithItself() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.engine.join(this.a.socket(), this.a.socket()));
	}

	@Test
	void aClosedSocketCannotBeJoined() {
		this.a.socket().close();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(this::join);
		this.b.write("x");
		assertThat(this.b.socket().receive(new byte[1])).isOne();
	}

	@Test
	void anOutputThatWasShutDownCannotBeJoined() {
		this.b.socket().shutdownOutput();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(this::join)
			.withMessageContaining("shut down");
	}

	@Test
	void whatWasReadBeforeAdoptingGoesThroughTheJoinFirst() {
		int[] descriptors = Posix.socketPair();
		DuplexSocket adopted = this.engine.adopt(descriptors[0], ByteBuffer.wrap("read ".getBytes()));
		this.engine.join(adopted, this.b.socket());
		Posix.write(descriptors[1], "later".getBytes());
		assertThat(this.b.read(10)).isEqualTo("read later");
		Posix.close(descriptors[1]);
	}

	@Test
	void objectsOfOthersAreRefused() {
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));
				Pair foreign = Pair.open(other);
				Pair foreign2 = Pair.open(other)) {
			assertThatIllegalArgumentException().isThrownBy(() -> this.engine.join(this.a.socket(), foreign.socket()))
				.withMessageContaining("not a socket of this engine");
			assertThatIllegalArgumentException().isThrownBy(() -> this.engine.join(stranger(), this.a.socket()));
			Join join = other.join(foreign.socket(), foreign2.socket());
			assertThat(this.engine.findJoin(join.id())).isEmpty();
			assertThat(this.engine.closeJoin(join.id())).isFalse();
			assertThat(other.findJoin(join.id())).isPresent();
		}
	}

	private static DuplexSocket stranger() {
		return (DuplexSocket) Proxy.newProxyInstance(DuplexSocket.class.getClassLoader(),
				new Class<?>[] { DuplexSocket.class }, (proxy, method, arguments) -> "stranger");
	}

	@Test
	void idsThatAreNoJoinsAreUnknown() {
		Join join = join();
		SplittableRandom random = new SplittableRandom(7);
		List<Long> ids = new ArrayList<>(List.of(0L, -1L, Long.MAX_VALUE, Long.MIN_VALUE, this.a.socket().id()));
		for (int i = 0; i < 64; i++) {
			ids.add(join.id() ^ 1L << i);
		}
		for (int i = 0; i < 10_000; i++) {
			ids.add(random.nextLong());
		}
		for (Long id : ids) {
			assertThat(this.engine.findJoin(id)).as("%x", id).isEmpty();
			assertThat(this.engine.closeJoin(id)).as("%x", id).isFalse();
		}
		for (String text : List.of("", "join", "1e3", " 1", "0x10", "99999999999999999999", "１")) {
			assertThat(this.engine.findJoin(text)).isEmpty();
			assertThat(this.engine.closeJoin(text)).isFalse();
		}
		assertThat(join.state()).isEqualTo(JoinState.OPEN);
	}

	@Test
	void wrongQueriesAreRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> new JoinQuery(null, null, 0));
		assertThatIllegalArgumentException().isThrownBy(() -> new JoinQuery(null, "next", 1));
		assertThat(this.engine.joins(new JoinQuery("nosuchproxy", null, 1))).isEqualTo(new JoinPage(List.of(), null));
	}

}
