/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class NameResolverTests {

	private static final DuplexAddress HOST = DuplexAddress.of("tcp://host:80");

	private static final byte[] ONE = AddressCodec.encode(DuplexAddress.of("tcp://10.0.0.1:80"));

	private static final byte[] TWO = AddressCodec.encode(DuplexAddress.of("tcp://10.0.0.2:80"));

	private final Deque<Runnable> tasks = new ArrayDeque<>();

	private String answer = "10.0.0.1";

	private final NameResolver resolver = new NameResolver(this.tasks::add, this::answer);

	private InetAddress[] answer(String host) throws UnknownHostException {
		if (this.answer.isEmpty()) {
			throw new UnknownHostException(host);
		}
		return new InetAddress[] { InetAddress.getByName(this.answer) };
	}

	private static void assertResolved(CompletableFuture<byte[]> resolved, byte[] expected) {
		assertThat(resolved).isCompleted();
		assertThat(resolved.join()).isEqualTo(expected);
	}

	private void run() {
		this.tasks.remove().run();
	}

	@Test
	void aNumberNeedsNoNameService() {
		assertResolved(this.resolver.resolve(DuplexAddress.of("tcp://10.0.0.1:80")), ONE);
		assertThat(this.resolver.resolve(DuplexAddress.of("unix:///a"), Duration.ZERO)).isCompleted();
		assertThat(this.tasks).isEmpty();
	}

	@Test
	void aNameIsLookedUpOnTheExecutor() {
		CompletableFuture<byte[]> resolved = this.resolver.resolve(HOST);
		assertThat(resolved).isNotDone();
		run();
		assertResolved(resolved, ONE);
	}

	@Test
	void aNameIsLookedUpOnceForAllWhoAsk() {
		CompletableFuture<byte[]> first = this.resolver.resolve(HOST);
		CompletableFuture<byte[]> second = this.resolver.resolve(DuplexAddress.of("tcp://host:81"));
		assertThat(this.tasks).hasSize(1);
		run();
		assertResolved(first, ONE);
		assertResolved(second, AddressCodec.encode(DuplexAddress.of("tcp://10.0.0.1:81")));
	}

	@Test
	void aFailureIsToldAndTheNextLookupIsNew() {
		this.answer = "";
		CompletableFuture<byte[]> failed = this.resolver.resolve(HOST);
		run();
		assertThat(failed).failsWithin(Duration.ZERO)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(UnknownHostException.class);
		this.answer = "10.0.0.2";
		CompletableFuture<byte[]> resolved = this.resolver.resolve(HOST);
		run();
		assertResolved(resolved, TWO);
	}

	@Test
	void whatIsKnownIsUsedUntilItIsTooOld() {
		this.resolver.resolve(HOST, Duration.ofHours(1));
		run();
		this.answer = "10.0.0.2";
		assertResolved(this.resolver.resolve(HOST, Duration.ofHours(1)), ONE);
		CompletableFuture<byte[]> fresh = this.resolver.resolve(HOST, Duration.ZERO);
		run();
		assertResolved(fresh, TWO);
	}

	@Test
	void whatIsKnownIsUsedWhenTheNameServiceFails() {
		this.resolver.resolve(HOST, Duration.ofHours(1));
		run();
		this.answer = "";
		CompletableFuture<byte[]> stale = this.resolver.resolve(HOST, Duration.ZERO);
		run();
		assertResolved(stale, ONE);
	}

	@Test
	void anExecutorThatRefusesFailsTheLookup() {
		NameResolver closed = new NameResolver((task) -> {
			throw new RejectedExecutionException();
		}, this::answer);
		assertThat(closed.resolve(HOST)).isCompletedExceptionally();
		assertThat(closed.resolve(HOST)).isCompletedExceptionally();
	}

}
