/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Joins that share sockets.
 */
@Timeout(120)
class FanTests {

	private static final long LENGTH = 16 << 20;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	@Test
	void everySinkGetsEveryByte() throws IOException {
		Pair source = this.peers.open();
		List<Pair> sinks = this.peers.open(8);
		List<Join> joins = new ArrayList<>();
		List<CompletableFuture<Long>> verified = new ArrayList<>();
		for (Pair sink : sinks) {
			joins.add(this.engine.join(source.socket(), sink.socket(), JoinOption.HALF_DUPLEX));
			verified.add(RandomStream.verifyToEndAsync(1, sink.peer().getInputStream()));
		}
		RandomStream.write(1, LENGTH, source.peer().getOutputStream());
		source.endOutput();
		assertThat(verified).allSatisfy((stream) -> assertThat(soon(stream)).isEqualTo(LENGTH));
		assertThat(joins).allSatisfy((join) -> {
			JoinEnd end = soon(join.end());
			assertThat(end.reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
			assertThat(end.bytesFromClient()).isEqualTo(LENGTH);
		});
	}

	@Test
	void theSlowestSinkSetsThePace() throws IOException {
		Pair source = this.peers.open();
		Pair quick = this.peers.open();
		Pair slow = this.peers.open();
		Join toQuick = this.engine.join(source.socket(), quick.socket(), JoinOption.HALF_DUPLEX);
		Join toSlow = this.engine.join(source.socket(), slow.socket(), JoinOption.HALF_DUPLEX);
		long length = 64 << 20;
		CompletableFuture<Void> written = RandomStream.writeAsync(2, length, source.peer().getOutputStream());
		CompletableFuture<Void> verified = RandomStream.verifyAsync(2, length, quick.peer().getInputStream());
		await().until(() -> toSlow.snapshot().pendingFromClient() > 0);
		JoinSnapshot stalled = toSlow.snapshot();
		assertThat(verified).isNotDone();
		assertThat(stalled.bytesFromClient()).isLessThan(length);
		CompletableFuture<Void> late = RandomStream.verifyAsync(2, length, slow.peer().getInputStream());
		soon(written);
		soon(verified);
		soon(late);
		assertThat(toQuick.unjoin().bytesFromClient()).isEqualTo(length);
	}

	@Test
	void aLossySinkThatStallsIsDroppedAndTheOthersGoOn() throws IOException {
		Pair source = this.peers.open();
		List<Pair> sinks = this.peers.open(3);
		Pair stalled = this.peers.open();
		List<CompletableFuture<Long>> verified = new ArrayList<>();
		for (Pair sink : sinks) {
			this.engine.join(source.socket(), sink.socket(), JoinOption.HALF_DUPLEX);
			verified.add(RandomStream.verifyToEndAsync(3, sink.peer().getInputStream()));
		}
		Join lossy = this.engine.join(source.socket(), stalled.socket(),
				JoinOptions.of(JoinOption.HALF_DUPLEX, JoinOption.LOSSY).withMaxLag(256 * 1024));
		assertThat(lossy.snapshot().flags()).containsExactlyInAnyOrder(JoinOption.HALF_DUPLEX, JoinOption.LOSSY);
		long length = 64 << 20;
		RandomStream.write(3, length, source.peer().getOutputStream());
		source.endOutput();
		JoinEnd end = soon(lossy.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.BEHIND);
		assertThat(end.side()).isEqualTo(JoinSide.BACKEND);
		assertThat(verified).allSatisfy((stream) -> assertThat(soon(stream)).isEqualTo(length));
		// What it did get has no gaps, and it is the application's again.
		long got = end.bytesFromClient() + end.pendingFromClient();
		CompletableFuture<Void> prefix = RandomStream.verifyAsync(3, got, stalled.peer().getInputStream());
		soon(prefix);
		stalled.socket().send("more".getBytes(StandardCharsets.US_ASCII));
		assertThat(stalled.read(4)).isEqualTo("more");
	}

	@Test
	void severalSourcesFlowIntoOneSinkInWholePieces() throws IOException {
		int sources = 5;
		int records = 2000;
		Pair sink = this.peers.open();
		List<CompletableFuture<Void>> writers = new ArrayList<>();
		List<Pair> all = this.peers.open(sources);
		for (Pair source : all) {
			this.engine.join(source.socket(), sink.socket(), JoinOption.HALF_DUPLEX);
		}
		Semaphore[] onTheirWay = new Semaphore[sources];
		Arrays.setAll(onTheirWay, (i) -> new Semaphore(8));
		for (int i = 0; i < sources; i++) {
			int number = i;
			writers.add(RandomStream.inThread(() -> {
				for (int record = 0; record < records; record++) {
					// Few are on their way: a read has room for all that is there.
					onTheirWay[number].acquireUninterruptibly();
					all.get(number).write(number + " " + record + " of the records of one source\n");
				}
				all.get(number).endOutput();
			}));
		}
		int[] next = new int[sources];
		int lines = 0;
		BufferedReader in = new BufferedReader(
				new InputStreamReader(sink.peer().getInputStream(), StandardCharsets.US_ASCII));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			String[] words = line.split(" ", 3);
			int number = Integer.parseInt(words[0]);
			assertThat(line).isEqualTo(number + " " + next[number] + " of the records of one source");
			next[number]++;
			onTheirWay[number].release();
			lines++;
		}
		assertThat(lines).isEqualTo(sources * records);
		writers.forEach(Peers::soon);
	}

	@Test
	void aSinkEndsWithTheLastOfItsSources() {
		Pair sink = this.peers.open();
		List<Pair> sources = this.peers.open(2);
		List<Join> joins = new ArrayList<>();
		sources
			.forEach((source) -> joins.add(this.engine.join(source.socket(), sink.socket(), JoinOption.HALF_DUPLEX)));
		sources.get(0).write("a");
		assertThat(sink.read(1)).isEqualTo("a");
		sources.get(0).endOutput();
		assertThat(soon(joins.get(0).end()).reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
		sources.get(1).write("b");
		assertThat(sink.read(1)).isEqualTo("b");
		sources.get(1).endOutput();
		assertThat(sink.ended()).isTrue();
	}

	@Test
	void aSocketThatFlowsIntoOneCanBeJoinedWithAnother() {
		List<Pair> three = this.peers.open(3);
		Join first = this.engine.join(three.get(0).socket(), three.get(1).socket());
		Join second = this.engine.join(three.get(0).socket(), three.get(2).socket());
		three.get(0).write("to both");
		assertThat(three.get(1).read(7)).isEqualTo("to both");
		assertThat(three.get(2).read(7)).isEqualTo("to both");
		three.get(2).write("back");
		assertThat(three.get(0).read(4)).isEqualTo("back");
		second.unjoin();
		three.get(0).write("one");
		assertThat(three.get(1).read(3)).isEqualTo("one");
		assertThatExceptionOfType(SocketBusyException.class)
			.isThrownBy(() -> three.get(0).socket().receive(new byte[1]));
		first.unjoin();
		three.get(0).write("mine");
		assertThat(three.get(0).socket().receive(new byte[4], SOON)).isEqualTo(4);
	}

}
