/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

@Timeout(120)
class TransformTests {

	private static final Transform UPPER = (bytes) -> ByteBuffer
		.wrap(text(bytes).toUpperCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII));

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	private final Pair a = this.peers.open();

	private final Pair b = this.peers.open();

	private TransformJoin join(Transform forth, Transform back) {
		return this.engine.joinThrough(this.a.socket(), this.b.socket(), forth, back);
	}

	private static String text(ByteBuffer bytes) {
		return StandardCharsets.US_ASCII.decode(bytes).toString();
	}

	private static ByteBuffer exclusiveOr(ByteBuffer bytes) {
		for (int i = bytes.position(); i < bytes.limit(); i++) {
			bytes.put(i, (byte) (bytes.get(i) ^ 0x55));
		}
		return bytes;
	}

	@Test
	void eachDirectionHasItsOwnFunction() {
		TransformJoin join = join(UPPER, Transform.identity());
		this.a.write("hello");
		assertThat(this.b.read(5)).isEqualTo("HELLO");
		this.b.write("answer");
		assertThat(this.a.read(6)).isEqualTo("answer");
		await().until(() -> join.counts().sentToClient() == 6);
		assertThat(join.counts()).isEqualTo(new TransformCounts(5, 5, 6, 6));
		assertThat(join.clientAddress().port()).isEqualTo(this.a.peer().getLocalPort());
		assertThat(join.backendAddress().port()).isEqualTo(this.b.peer().getLocalPort());
	}

	@Test
	void everyByteGoesThroughBothWaysAndEndsArePassedOn() throws IOException {
		Transform twice = ((Transform) TransformTests::exclusiveOr).andThen(TransformTests::exclusiveOr);
		TransformJoin join = join(twice, Transform.identity());
		long length = 16 << 20;
		CompletableFuture<Void> forth = RandomStream.writeAsync(1, length, this.a.peer().getOutputStream());
		CompletableFuture<Void> back = RandomStream.writeAsync(2, length, this.b.peer().getOutputStream());
		CompletableFuture<Void> there = RandomStream.verifyAsync(1, length, this.b.peer().getInputStream());
		CompletableFuture<Void> here = RandomStream.verifyAsync(2, length, this.a.peer().getInputStream());
		soon(forth);
		soon(back);
		soon(there);
		soon(here);
		this.b.endOutput();
		assertThat(this.a.ended()).isTrue();
		this.a.write("half-open");
		assertThat(this.b.read(9)).isEqualTo("half-open");
		this.a.endOutput();
		assertThat(this.b.ended()).isTrue();
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.BACKEND_CLOSED);
		assertThat(end.side()).isEqualTo(JoinSide.BACKEND);
		assertThat(end.cause()).isNull();
		assertThat(end.counts()).isEqualTo(new TransformCounts(length + 9, length + 9, length, length));
		assertThat(end.duration()).isPositive();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(join::unjoin);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.a.socket().receive(new byte[1]));
		join.close();
	}

	@Test
	void aFunctionMayGrowShrinkAndDropWhatItGets() throws IOException {
		Transform growing = (bytes) -> {
			ByteBuffer many = ByteBuffer.allocate(bytes.remaining() * 100);
			while (bytes.hasRemaining()) {
				byte one = bytes.get();
				for (int i = 0; i < 100; i++) {
					many.put(one);
				}
			}
			return many.flip();
		};
		Transform dropping = (bytes) -> ByteBuffer
			.wrap(text(bytes).replace("x", "").getBytes(StandardCharsets.US_ASCII));
		join(growing, dropping);
		int length = 200_000;
		CompletableFuture<Void> writer = RandomStream.inThread(() -> this.a.write("z".repeat(length)));
		InputStream in = this.b.peer().getInputStream();
		for (int i = 0; i < length; i++) {
			assertThat(in.readNBytes(100)).containsOnly('z');
		}
		soon(writer);
		this.b.write("xxx");
		this.b.write("xaxbxxc");
		assertThat(this.a.read(3)).isEqualTo("abc");
	}

	@Test
	void aFunctionHasTheLastWord() {
		join(new Transform() {

			private long length;

			@Override
			public ByteBuffer apply(ByteBuffer bytes) {
				this.length += bytes.remaining();
				return ByteBuffer.allocate(0);
			}

			@Override
			public ByteBuffer finish() {
				return StandardCharsets.US_ASCII.encode(Long.toString(this.length));
			}

		}, Transform.identity());
		this.a.write("12345678901");
		this.a.endOutput();
		assertThat(this.b.read(2)).isEqualTo("11");
		assertThat(this.b.ended()).isTrue();
	}

	@Test
	void aFunctionThatThrowsEndsItAndClosesBoth() {
		IOException failure = new IOException("not today");
		TransformJoin join = join(Transform.identity(), (bytes) -> {
			throw failure;
		});
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
		this.b.write("back");
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.ERROR);
		assertThat(end.side()).isEqualTo(JoinSide.BACKEND);
		assertThat(end.cause()).isSameAs(failure);
		assertThat(end.counts()).isEqualTo(new TransformCounts(5, 5, 4, 0));
		assertThat(this.a.ended()).isTrue();
		assertThat(this.b.ended()).isTrue();
	}

	@Test
	void aFunctionThatReturnsNullEndsIt() {
		@SuppressWarnings("NullAway")
		TransformJoin join = join((bytes) -> null, Transform.identity());
		this.a.write("x");
		assertThat(soon(join.end()).cause()).isInstanceOf(NullPointerException.class)
			.hasMessage("the function returned null");
	}

	@Test
	void anUndoneOneLosesNothing() throws IOException {
		long length = 8 << 20;
		CompletableFuture<Void> written = RandomStream.writeAsync(1, length, this.a.peer().getOutputStream());
		CompletableFuture<Void> verified = RandomStream.verifyAsync(1, length, this.b.peer().getInputStream());
		long moved = 0;
		for (int i = 0; i < 50; i++) {
			TransformJoin join = join(Transform.identity(), Transform.identity());
			Thread.yield();
			TransformCounts counts = join.unjoin();
			assertThat(counts.sentToBackend()).isEqualTo(counts.receivedFromClient());
			assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.UNJOINED);
			moved += counts.sentToBackend();
			// A plain join takes over where it has stopped.
			Join plain = this.engine.join(this.a.socket(), this.b.socket());
			UnjoinResult result = plain.unjoin();
			moved += result.bytesFromClient() + result.pendingFromClient();
		}
		Join last = this.engine.join(this.a.socket(), this.b.socket());
		soon(written);
		soon(verified);
		assertThat(moved + last.snapshot().bytesFromClient()).isEqualTo(length);
	}

	@Test
	void whoeverUndoesItWaitsForTheFunctionAndGetsItsBytesSent() throws InterruptedException {
		CountDownLatch inside = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		TransformJoin join = join((bytes) -> {
			inside.countDown();
			go.await();
			return UPPER.apply(bytes);
		}, Transform.identity());
		this.a.write("last");
		inside.await();
		CompletableFuture<TransformCounts> undone = join.unjoinAsync().toCompletableFuture();
		assertThat(undone).isNotDone();
		this.a.write("mine");
		go.countDown();
		assertThat(soon(undone)).isEqualTo(new TransformCounts(4, 4, 0, 0));
		assertThat(this.b.read(4)).isEqualTo("LAST");
		assertThat(this.a.socket().receive(new byte[10], SOON)).isEqualTo(4);
	}

	@Test
	void aSinkThatTakesNothingStopsTheReadingAndCloseEndsIt() throws IOException {
		TransformJoin join = join(Transform.identity(), Transform.identity());
		CompletableFuture<Void> writer = stall(join, 256 << 20);
		join.close();
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.CLOSED);
		assertThat(writer.handle((done, ex) -> true)).succeedsWithin(SOON);
	}

	/**
	 * Write until the second peer, who does not read, has stopped the join.
	 */
	private CompletableFuture<Void> stall(TransformJoin join, long length) throws IOException {
		CompletableFuture<Void> writer = RandomStream.writeAsync(1, length, this.a.peer().getOutputStream());
		AtomicReference<TransformCounts> last = new AtomicReference<>();
		await().during(Duration.ofMillis(200)).until(() -> {
			TransformCounts counts = join.counts();
			boolean stands = counts.equals(last.getAndSet(counts));
			return stands && counts.receivedFromClient() > counts.sentToBackend();
		});
		return writer;
	}

	@Test
	void aCloseEndsAnUnjoinThatWaitsForAFunction() throws InterruptedException {
		CountDownLatch inside = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		TransformJoin join = join((bytes) -> {
			inside.countDown();
			go.await();
			return bytes;
		}, Transform.identity());
		this.a.write("x");
		inside.await();
		CompletableFuture<TransformCounts> undone = join.unjoinAsync().toCompletableFuture();
		join.close();
		assertThat(this.b.ended()).isTrue();
		assertThat(undone).isNotDone();
		go.countDown();
		assertThat(undone).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(DuplexClosedException.class);
	}

	@Test
	void anUndoneOneLeavesToTheEngineWhatTheSinkDoesNotTake() throws IOException {
		TransformJoin join = join(Transform.identity(), Transform.identity());
		long length = 64 << 20;
		CompletableFuture<Void> writer = stall(join, length);
		TransformCounts counts = soon(join.unjoinAsync());
		assertThat(counts.sentToBackend()).isEqualTo(counts.receivedFromClient()).isLessThan(length);
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.UNJOINED);
		// Nobody has read a byte; whoever comes next is behind these.
		CompletableFuture<Void> verified = RandomStream.verifyAsync(1, length, this.b.peer().getInputStream());
		Join plain = this.engine.join(this.a.socket(), this.b.socket());
		soon(writer);
		soon(verified);
		assertThat(plain.snapshot().bytesFromClient()).isEqualTo(length - counts.sentToBackend());
	}

	@Test
	void anUndoneOneLeavesAHugePieceToTheEngine() throws IOException {
		byte[] huge = leaveHugePiece();
		CompletableFuture<Void> next = this.b.socket()
			.sendAsync(ByteBuffer.wrap("next".getBytes(StandardCharsets.US_ASCII)))
			.toCompletableFuture();
		assertThat(next).isNotDone();
		assertThat(this.b.peer().getInputStream().readNBytes(huge.length)).isEqualTo(huge);
		assertThat(this.b.read(4)).isEqualTo("next");
		soon(next);
	}

	@Test
	void anEndThatIsBeingPassedOnGoesOutBehindWhatIsQueued() throws IOException {
		byte[] huge = leaveHugePiece();
		TransformJoin join = join((bytes) -> ByteBuffer.allocate(0), Transform.identity());
		this.a.write("dropped");
		this.a.endOutput();
		await().until(() -> isShut(this.b.socket()));
		assertThat(soon(join.unjoinAsync())).isEqualTo(new TransformCounts(7, 0, 0, 0));
		assertThat(this.b.peer().getInputStream().readNBytes(huge.length)).isEqualTo(huge);
		assertThat(this.b.ended()).isTrue();
	}

	/**
	 * Undo a join with more to send to the second peer than a kernel takes.
	 */
	private byte[] leaveHugePiece() {
		byte[] huge = new byte[40 << 20];
		new SplittableRandom(5).nextBytes(huge);
		TransformJoin join = join((bytes) -> ByteBuffer.wrap(huge), Transform.identity());
		this.a.write("x");
		await().until(() -> join.counts().sentToBackend() > 0);
		assertThat(join.counts().sentToBackend()).isLessThan(huge.length);
		assertThat(soon(join.unjoinAsync())).isEqualTo(new TransformCounts(1, huge.length, 0, 0));
		return huge;
	}

	/** Of a socket whose output is full. */
	private static boolean isShut(DuplexSocket socket) {
		try {
			assertThat(socket.trySend(ByteBuffer.allocate(1))).isZero();
			return false;
		}
		catch (DuplexException ex) {
			return true;
		}
	}

	@Test
	void aResetIsPassedOn() {
		TransformJoin join = join(Transform.identity(), Transform.identity());
		this.a.write("x");
		assertThat(this.b.read(1)).isEqualTo("x");
		this.a.resetConnection();
		assertThat(this.b.reset()).isTrue();
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.RESET);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
		assertThat(end.cause()).isInstanceOf(ConnectionResetException.class);
	}

	@Test
	void closingASocketOrTheEngineEndsIt() {
		TransformJoin join = join(Transform.identity(), Transform.identity());
		this.a.write("x");
		assertThat(this.b.read(1)).isEqualTo("x");
		this.b.socket().close();
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.CLOSED);
		Pair c = this.peers.open();
		Pair d = this.peers.open();
		TransformJoin other = this.engine.joinThrough(c.socket(), d.socket(), UPPER, UPPER);
		this.engine.close();
		assertThat(soon(other.end()).reason()).isEqualTo(JoinEndReason.SHUT_DOWN);
	}

	@Test
	void joiningOneOfTheSocketsEndsItAndTheyStayOpen() {
		TransformJoin join = join(Transform.identity(), Transform.identity());
		this.a.write("x");
		assertThat(this.b.read(1)).isEqualTo("x");
		Pair c = this.peers.open();
		this.engine.join(this.a.socket(), c.socket());
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.ERROR);
		assertThat(end.cause()).isInstanceOf(SocketBusyException.class);
		this.a.write("y");
		assertThat(c.read(1)).isEqualTo("y");
	}

	@Test
	void aSocketIsPartOfOneJoinThroughFunctions() {
		TransformJoin join = join(UPPER, UPPER);
		Pair c = this.peers.open();
		DuplexSocket one = this.a.socket();
		DuplexSocket two = this.b.socket();
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> join(UPPER, UPPER))
			.withMessageContainingAll(one.toString(), two.toString(), one + " is part of a join through functions");
		assertThatExceptionOfType(SocketBusyException.class)
			.isThrownBy(() -> this.engine.joinThrough(two, c.socket(), UPPER, UPPER))
			.withMessageContaining(two + " is part of a join through functions");
		assertThatExceptionOfType(SocketBusyException.class)
			.isThrownBy(() -> this.engine.joinThrough(c.socket(), one, UPPER, UPPER))
			.withMessageContaining(one + " is part of a join through functions");
		this.a.write("once");
		assertThat(this.b.read(4)).isEqualTo("ONCE");
		assertThat(join.unjoin()).isEqualTo(new TransformCounts(4, 4, 0, 0));
		// Free with the answer.
		for (int i = 0; i < 100; i++) {
			join(UPPER, UPPER).unjoin();
		}
		this.engine.joinThrough(two, c.socket(), UPPER, UPPER);
		this.b.write("b");
		assertThat(c.read(1)).isEqualTo("B");
	}

	@Test
	void wrongSocketsAreRefused() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> this.engine.joinThrough(this.a.socket(), this.a.socket(), UPPER, UPPER))
			.withMessageContaining("with itself");
		Join plain = this.engine.join(this.a.socket(), this.b.socket());
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> join(UPPER, UPPER))
			.withMessageContaining("part of a join");
		plain.unjoin();
		this.b.socket().shutdownOutput();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> join(UPPER, UPPER))
			.withMessageContaining("shut down");
		this.a.socket().close();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> join(UPPER, UPPER));
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));
				Pair foreign = Pair.open(other)) {
			assertThatIllegalArgumentException()
				.isThrownBy(() -> this.engine.joinThrough(foreign.socket(), this.b.socket(), UPPER, UPPER))
				.withMessageContaining("not a socket of this engine");
		}
	}

}
