/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class BackendAddressesTests {

	private static final byte[] ONE = AddressCodec.encode(DuplexAddress.of("tcp://10.0.0.1:80"));

	private static final byte[] TWO = AddressCodec.encode(DuplexAddress.of("tcp://10.0.0.2:80"));

	private final List<Duration> delays = new ArrayList<>();

	private final List<Runnable> tasks = new ArrayList<>();

	private final List<byte[]> told = new ArrayList<>();

	private String answer = "10.0.0.1";

	private final BackendAddresses addresses = new BackendAddresses(DuplexProxyDefinition.builder("cache")
		.listen("tcp://127.0.0.1:0")
		.backends("tcp://10.0.0.9:80", "tcp://host:80")
		.resolveInterval(Duration.ofSeconds(3))
		.build(), new NameResolver(Runnable::run, this::answer), (delay, task) -> {
			this.delays.add(delay);
			this.tasks.add(task);
		}, (index, structs) -> {
			assertThat(index).isEqualTo(1);
			this.told.add(structs);
		});

	private InetAddress[] answer(String host) throws UnknownHostException {
		if (this.answer.isEmpty()) {
			throw new UnknownHostException(host);
		}
		return new InetAddress[] { InetAddress.getByName(this.answer) };
	}

	private void later() {
		this.tasks.remove(0).run();
	}

	@Test
	void namesAreLookedUpOnceEveryInterval() {
		CompletableFuture<Void> tried = this.addresses.begin();
		assertThat(tried).isCompleted();
		assertThat(this.told).containsExactly(ONE);
		later();
		assertThat(this.told).hasSize(1);
		this.answer = "10.0.0.2";
		later();
		assertThat(this.told).containsExactly(ONE, TWO);
		assertThat(this.delays).containsOnly(Duration.ofSeconds(3));
	}

	@Test
	void whatWasKnownStaysWhenTheNameServiceFails() {
		this.addresses.begin();
		this.answer = "";
		later();
		later();
		assertThat(this.told).containsExactly(ONE);
		assertThat(this.delays).containsOnly(Duration.ofSeconds(3));
	}

	@Test
	void aNameWithoutAnAddressIsTriedAgainSoonAndThenLessOften() {
		this.answer = "";
		assertThat(this.addresses.begin()).isCompleted();
		for (int i = 0; i < 4; i++) {
			later();
		}
		assertThat(this.delays).containsExactly(Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(2),
				Duration.ofSeconds(3), Duration.ofSeconds(3));
		assertThat(this.told).isEmpty();
		this.answer = "10.0.0.1";
		later();
		assertThat(this.told).containsExactly(ONE);
	}

	@Test
	void nothingIsLookedUpAfterTheEnd() {
		this.addresses.begin();
		this.addresses.end();
		this.answer = "10.0.0.2";
		later();
		assertThat(this.told).containsExactly(ONE);
		assertThat(this.tasks).isEmpty();
	}

	@Test
	void lookUpsOfAnEarlierStartEnd() {
		this.addresses.begin();
		this.addresses.end();
		this.addresses.begin();
		assertThat(this.tasks).hasSize(2);
		later();
		assertThat(this.tasks).hasSize(1);
		later();
		assertThat(this.tasks).hasSize(1);
	}

}
