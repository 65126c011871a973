/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

@Timeout(120)
class TeeTests {

	private static final long LENGTH = 16 << 20;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	private final Pair a = this.peers.open();

	private final Pair b = this.peers.open();

	private final Pair mirror = this.peers.open();

	private final Join join = this.engine.join(this.a.socket(), this.b.socket());

	@Test
	void oneDirectionIsMirrored() {
		Tee tee = this.join.tee(this.mirror.socket(), TeeDirection.CLIENT_TO_BACKEND);
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
		this.b.write("back");
		assertThat(this.a.read(4)).isEqualTo("back");
		assertThat(this.mirror.read(5)).isEqualTo("forth");
		assertThat(tee.counts()).isEqualTo(new TeeCounts(5, 0, 0, 0));
		assertThat(tee.direction()).isEqualTo(TeeDirection.CLIENT_TO_BACKEND);
		assertThat(tee.mirror()).isSameAs(this.mirror.socket());
		assertThat(this.engine.joins(JoinQuery.first()).joins()).filteredOn(JoinSnapshot::tee).hasSize(1);
		// Its input is the application's.
		this.mirror.write("mine");
		assertThat(this.mirror.socket().receive(new byte[4], SOON)).isEqualTo(4);
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.mirror.socket().send(new byte[1]));
	}

	@Test
	void bothDirectionsAreMirroredInTheirOrder() {
		Tee tee = this.join.tee(this.mirror.socket(), TeeDirection.BOTH);
		for (int i = 0; i < 100; i++) {
			this.a.write("question " + i % 10);
			assertThat(this.b.read(10)).isEqualTo("question " + i % 10);
			this.b.write("answer " + i % 10);
			assertThat(this.a.read(8)).isEqualTo("answer " + i % 10);
			assertThat(this.mirror.read(18)).isEqualTo("question " + i % 10 + "answer " + i % 10);
		}
		tee.close();
		TeeEnd end = soon(tee.end());
		assertThat(end.reason()).isEqualTo(TeeEndReason.STOPPED);
		assertThat(end.counts()).isEqualTo(new TeeCounts(1000, 800, 0, 0));
		assertThat(end.error()).isNull();
		assertThat(end.duration()).isPositive();
		assertThat(tee.counts()).isEqualTo(end.counts());
		tee.close();
	}

	@Test
	void aTeeCanBeStoppedWhileBytesPassAndTheJoinSplicesAgain() throws IOException {
		Tee tee = soon(this.join.teeAsync(this.mirror.socket(), TeeDirection.CLIENT_TO_BACKEND, 64 << 20));
		long length = 256 << 20;
		CompletableFuture<Void> written = RandomStream.writeAsync(1, length, this.a.peer().getOutputStream());
		CompletableFuture<Void> verified = RandomStream.verifyAsync(1, length, this.b.peer().getInputStream());
		await().until(() -> tee.counts().bytesFromClient() > 1 << 20);
		assertThat(this.join.snapshot().pathFromClient()).isEqualTo(DataPath.COPY);
		TeeEnd end = soon(tee.closeAsync());
		assertThat(end.reason()).isEqualTo(TeeEndReason.STOPPED);
		await().pollInterval(Duration.ofMillis(1))
			.until(() -> written.isDone() || this.join.snapshot().pathFromClient() == DataPath.SPLICE);
		assertThat(this.engine.statistics().bytesSpliced()).isPositive();
		TeeCounts counts = end.counts();
		soon(RandomStream.verifyAsync(1, counts.bytesFromClient() + counts.pendingFromClient(),
				this.mirror.peer().getInputStream()));
		this.mirror.socket().send("after".getBytes());
		assertThat(this.mirror.read(5)).isEqualTo("after");
		soon(written);
		soon(verified);
	}

	@ParameterizedTest
	@EnumSource
	void aMirrorThatStallsIsDropped(TeeDirection direction) throws IOException {
		Tee tee = this.join.tee(this.mirror.socket(), direction, 128 * 1024);
		long length = 64 << 20;
		CompletableFuture<Void> forth = RandomStream.verifyAsync(1, length, this.b.peer().getInputStream());
		CompletableFuture<Void> back = RandomStream.verifyAsync(2, length, this.a.peer().getInputStream());
		CompletableFuture<Void> writer = RandomStream.writeAsync(2, length, this.b.peer().getOutputStream());
		RandomStream.write(1, length, this.a.peer().getOutputStream());
		soon(forth);
		soon(back);
		soon(writer);
		assertThat(soon(tee.end()).reason()).isEqualTo(TeeEndReason.BEHIND);
		assertThat(this.join.state()).isEqualTo(JoinState.OPEN);
	}

	@Test
	void aMirrorThatDiesIsDropped() throws IOException {
		Tee tee = this.join.tee(this.mirror.socket(), TeeDirection.BOTH);
		this.mirror.resetConnection();
		CompletableFuture<Void> forth = RandomStream.verifyAsync(1, LENGTH, this.b.peer().getInputStream());
		RandomStream.write(1, LENGTH, this.a.peer().getOutputStream());
		soon(forth);
		assertThat(soon(tee.end()).reason()).isEqualTo(TeeEndReason.MIRROR_GONE);
		this.b.write("back");
		assertThat(this.a.read(4)).isEqualTo("back");
	}

	@Test
	void aMirrorThatTheApplicationClosesIsDropped() {
		Tee tee = this.join.tee(this.mirror.socket(), TeeDirection.BOTH);
		this.mirror.socket().close();
		assertThat(soon(tee.end()).reason()).isEqualTo(TeeEndReason.MIRROR_GONE);
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
	}

	@Test
	void aTeeEndsWithItsJoinAndTheMirrorIsTheApplications() {
		Tee tee = this.join.tee(this.mirror.socket(), TeeDirection.BOTH);
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
		this.join.close();
		TeeEnd end = soon(tee.end());
		assertThat(end.reason()).isEqualTo(TeeEndReason.JOIN_ENDED);
		assertThat(end.counts().bytesFromClient() + end.counts().pendingFromClient()).isEqualTo(5);
		this.mirror.socket().send(" more".getBytes());
		assertThat(this.mirror.read(10)).isEqualTo("forth more");
	}

	@Test
	void aTeeOfBothDirectionsOutlivesTheFirst() {
		Tee tee = this.join.tee(this.mirror.socket(), TeeDirection.BOTH);
		this.a.endOutput();
		assertThat(this.b.ended()).isTrue();
		this.b.write("still");
		assertThat(this.a.read(5)).isEqualTo("still");
		assertThat(this.mirror.read(5)).isEqualTo("still");
		assertThat(tee.end().toCompletableFuture()).isNotDone();
		this.b.endOutput();
		assertThat(soon(tee.end()).reason()).isEqualTo(TeeEndReason.JOIN_ENDED);
	}

	@Test
	void anEngineThatClosesEndsTees() {
		Tee tee = this.join.tee(this.mirror.socket(), TeeDirection.BOTH);
		this.engine.close();
		assertThat(soon(tee.end()).reason()).isEqualTo(TeeEndReason.SHUT_DOWN);
	}

	@Test
	void aMirrorThatIsPartOfTheJoinIsRefused() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> this.join.tee(this.a.socket(), TeeDirection.BACKEND_TO_CLIENT))
			.withMessageContaining("part of the join");
		assertThatIllegalArgumentException()
			.isThrownBy(() -> this.join.tee(this.mirror.socket(), TeeDirection.BOTH, -1))
			.withMessageContaining("maxLag must not be negative: -1");
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
	}

	@Test
	void aMirrorOfAnotherEngineIsRefused() {
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));
				Pair foreign = Pair.open(other)) {
			assertThatIllegalArgumentException().isThrownBy(() -> this.join.tee(foreign.socket(), TeeDirection.BOTH))
				.withMessageContaining("not a socket of this engine");
		}
	}

	@Test
	void anEndedJoinIsNotMirrored() {
		this.join.unjoin();
		assertThatExceptionOfType(DuplexClosedException.class)
			.isThrownBy(() -> this.join.tee(this.mirror.socket(), TeeDirection.BOTH))
			.withMessageContaining("the join has ended");
		assertThat(this.join.teeAsync(this.mirror.socket(), TeeDirection.BOTH, 0)).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(DuplexClosedException.class);
		this.mirror.socket().send("mine".getBytes());
		assertThat(this.mirror.read(4)).isEqualTo("mine");
	}

	@Test
	void aMirrorThatIsClosedOrShutIsRefused() {
		this.mirror.socket().shutdownOutput();
		assertThatExceptionOfType(DuplexClosedException.class)
			.isThrownBy(() -> this.join.tee(this.mirror.socket(), TeeDirection.BOTH))
			.withMessageContaining("output was shut down");
		this.mirror.socket().close();
		assertThatExceptionOfType(DuplexClosedException.class)
			.isThrownBy(() -> this.join.tee(this.mirror.socket(), TeeDirection.BOTH))
			.withMessageContaining("the mirror is closed");
	}

	@Test
	void aDirectionThatDoesNotExistIsRefusedAsAWhole() {
		this.join.unjoin();
		Join half = this.engine.join(this.a.socket(), this.b.socket(), JoinOption.HALF_DUPLEX);
		assertThatExceptionOfType(DuplexException.class)
			.isThrownBy(() -> half.tee(this.mirror.socket(), TeeDirection.BOTH))
			.withMessageContaining("no direction");
		this.mirror.socket().send("mine".getBytes());
		assertThat(this.mirror.read(4)).isEqualTo("mine");
	}

}
