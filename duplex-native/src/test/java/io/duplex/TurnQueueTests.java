/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class TurnQueueTests {

	private final TurnQueue queue = new TurnQueue();

	@Test
	void turnsAreTakenInTheOrderOfArrival() {
		CompletableFuture<Void> first = this.queue.enter();
		CompletableFuture<Void> second = this.queue.enter();
		CompletableFuture<Void> third = this.queue.enter();
		assertThat(first).isDone();
		assertThat(second).isNotDone();
		this.queue.leave(first);
		assertThat(second).isDone();
		assertThat(third).isNotDone();
		this.queue.leave(second);
		assertThat(third).isDone();
		this.queue.leave(third);
		assertThat(this.queue.enter()).isDone();
	}

	@Test
	void whoGivesUpIsPassedOver() {
		CompletableFuture<Void> first = this.queue.enter();
		CompletableFuture<Void> second = this.queue.enter();
		CompletableFuture<Void> third = this.queue.enter();
		this.queue.leave(second);
		assertThat(third).isNotDone();
		this.queue.leave(first);
		assertThat(third).isDone();
	}

	@Test
	void whoIsGivenTheTurnWhileGivingUpPassesItOn() {
		CompletableFuture<Void> first = this.queue.enter();
		CompletableFuture<Void> second = this.queue.enter();
		this.queue.leave(first);
		this.queue.leave(second);
		assertThat(this.queue.enter()).isDone();
	}

}
