/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Thousands of joins. Both ends of each connection are in this process, so that a join
 * costs four descriptors.
 */
@Timeout(180)
class ManyJoinsTests {

	/**
	 * Descriptors that others of this process may close meanwhile, as the JDK's HTTP
	 * clients of earlier tests do when they are collected.
	 */
	private static final int OTHERS = 100;

	private static final int COUNT = 3000;

	private static final Duration SOON = Duration.ofSeconds(60);

	private DuplexEngine engine;

	private final List<int[]> peers = new ArrayList<>();

	private final List<Join> joins = new ArrayList<>();

	@BeforeEach
	void joinThousands() {
		this.engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));
		List<CompletableFuture<Join>> made = new ArrayList<>();
		for (int i = 0; i < COUNT; i++) {
			int[] client = Posix.socketPair();
			int[] backend = Posix.socketPair();
			this.peers.add(new int[] { client[1], backend[1] });
			made.add(this.engine
				.joinAsync(this.engine.adopt(client[0]), this.engine.adopt(backend[0]), JoinOptions.DEFAULTS)
				.toCompletableFuture());
		}
		for (CompletableFuture<Join> join : made) {
			assertThat(join).succeedsWithin(SOON);
			this.joins.add(join.join());
		}
	}

	@AfterEach
	void close() {
		this.engine.close();
		for (int[] peer : this.peers) {
			Posix.close(peer[0]);
			Posix.close(peer[1]);
		}
	}

	@Test
	void eachMovesItsOwnBytes() {
		for (int i = 0; i < COUNT; i++) {
			Posix.write(this.peers.get(i)[0], new byte[] { (byte) i, (byte) (i >> 8) });
			Posix.write(this.peers.get(i)[1], new byte[] { (byte) (i >> 8), (byte) i });
		}
		for (int i = 0; i < COUNT; i++) {
			assertThat(Posix.read(this.peers.get(i)[1], 3)).containsExactly((byte) i, (byte) (i >> 8));
			assertThat(Posix.read(this.peers.get(i)[0], 3)).containsExactly((byte) (i >> 8), (byte) i);
		}
		await().untilAsserted(() -> assertThat(this.engine.statistics().bytes()).isEqualTo(4L * COUNT));
		assertThat(this.engine.statistics().joinsActive()).isEqualTo(COUNT);
		assertThat(this.engine.statistics().joinsTotal()).isEqualTo(COUNT);
		assertThat(this.engine.statistics().pipesInUse()).isZero();
	}

	@Test
	void eachIsListedOnce() {
		for (int limit : List.of(1, 7, 100, 500, 501, COUNT - 1, COUNT, 10 * COUNT)) {
			Set<Long> listed = new HashSet<>();
			JoinPage page = new JoinPage(List.of(), "0");
			int most = (limit == 1) ? 50 : Integer.MAX_VALUE;
			while (page.next() != null && most-- > 0) {
				page = this.engine.joins(new JoinQuery(null, page.next(), limit));
				assertThat(page.joins()).hasSizeLessThanOrEqualTo(limit);
				if (page.next() != null) {
					assertThat(page.joins()).hasSize(limit);
				}
				page.joins().forEach((join) -> assertThat(listed.add(join.id())).isTrue());
			}
			assertThat(listed).hasSize((limit == 1) ? 50 : COUNT);
			if (limit > 1) {
				assertThat(listed).containsExactlyInAnyOrderElementsOf(this.joins.stream().map(Join::id).toList());
			}
		}
	}

	@Test
	void aCursorThatNoPageGaveIsRefusedOrTheEnd() {
		for (String after : List.of("1", "12345678901", "18446744073709551615",
				Long.toString(this.joins.get(0).id()))) {
			try {
				assertThat(this.engine.joins(new JoinQuery(null, after, 10)).joins()).hasSizeLessThanOrEqualTo(10);
			}
			catch (IllegalArgumentException ex) {
				assertThat(ex).hasMessageContaining(after);
			}
		}
	}

	@Test
	void oneIsClosedAndTheOthersStay() {
		Join closed = this.joins.get(COUNT / 2);
		assertThat(this.engine.closeJoin(closed.idText())).isTrue();
		assertThat(closed.end().toCompletableFuture()).succeedsWithin(SOON);
		assertThat(this.engine.statistics().joinsActive()).isEqualTo(COUNT - 1);
		assertThat(this.joins).filteredOn((join) -> this.engine.findJoin(join.id()).isEmpty()).containsExactly(closed);
	}

	@Test
	void eachTellsItsEndOnceWhenTheEngineIsClosed() {
		for (int i = 0; i < COUNT; i++) {
			Posix.write(this.peers.get(i)[0], new byte[1 + i % 10]);
			Posix.read(this.peers.get(i)[1], 10);
		}
		this.engine.close();
		for (int i = 0; i < COUNT; i++) {
			CompletableFuture<JoinEnd> end = this.joins.get(i).end().toCompletableFuture();
			assertThat(end).succeedsWithin(SOON);
			assertThat(end.join().reason()).isEqualTo(JoinEndReason.SHUT_DOWN);
			assertThat(end.join().bytesFromClient()).isEqualTo(1 + i % 10);
		}
	}

	@Test
	void noneLeavesADescriptorOrAThreadBehind() {
		this.engine.close();
		await().atMost(SOON).until(() -> ProcessState.engineThreads() == 0);
		long before = ProcessState.descriptors();
		this.peers.forEach((peer) -> {
			Posix.close(peer[0]);
			Posix.close(peer[1]);
		});
		this.peers.clear();
		long without = ProcessState.descriptors();
		assertThat(before - without).isBetween(2L * COUNT, 2L * COUNT + OTHERS);
		joinThousands();
		assertThat(ProcessState.descriptors()).isGreaterThanOrEqualTo(without + 4L * COUNT - OTHERS);
		this.peers.forEach((peer) -> {
			Posix.close(peer[0]);
			Posix.close(peer[1]);
		});
		this.peers.clear();
		await().atMost(SOON).until(() -> this.engine.statistics().joinsActive() == 0);
		await().atMost(SOON).until(() -> this.engine.statistics().sockets() == 0);
		this.engine.close();
		await().atMost(SOON).until(() -> ProcessState.engineThreads() == 0);
		assertThat(ProcessState.descriptors()).isLessThanOrEqualTo(without);
	}

}
