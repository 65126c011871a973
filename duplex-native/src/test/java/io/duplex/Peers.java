/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Several connections of one engine.
 */
final class Peers implements AutoCloseable {

	static final Duration SOON = Duration.ofSeconds(30);

	private final DuplexEngine engine;

	private final List<Pair> all = new ArrayList<>();

	Peers(DuplexEngine engine) {
		this.engine = engine;
	}

	Pair open() {
		Pair pair = Pair.open(this.engine);
		this.all.add(pair);
		return pair;
	}

	List<Pair> open(int count) {
		List<Pair> some = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			some.add(open());
		}
		return some;
	}

	/** Wait for something that comes soon. */
	static <T> T soon(CompletionStage<T> stage) {
		CompletableFuture<T> future = stage.toCompletableFuture();
		assertThat(future).succeedsWithin(SOON);
		return future.join();
	}

	@Override
	public void close() {
		this.all.forEach(Pair::close);
	}

}
