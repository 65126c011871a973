/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

@Timeout(120)
class DuplexProxyTests {

	private static final Duration SOON = Duration.ofSeconds(30);

	@AutoClose
	private final EchoServer a = new EchoServer('a');

	@AutoClose
	private final EchoServer b = new EchoServer('b');

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	private DuplexProxyDefinition.Builder definition() {
		return DuplexProxyDefinition.builder("cache")
			.listen("tcp://127.0.0.1:0")
			.backends(this.a.address(), this.b.address());
	}

	private DuplexProxy start(DuplexProxyDefinition.Builder definition) {
		DuplexProxy proxy = this.engine.createProxy(definition.build());
		proxy.start();
		return proxy;
	}

	private static int freePort() {
		try (ServerSocket server = new ServerSocket(0)) {
			return server.getLocalPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Test
	void backendsTakeTurns() {
		DuplexProxy proxy = start(definition());
		List<Character> names = new ArrayList<>();
		for (int i = 0; i < 6; i++) {
			try (Client client = new Client(proxy)) {
				names.add(client.read());
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
		}
		assertThat(names).containsOnly('a', 'b');
		for (int i = 1; i < names.size(); i++) {
			assertThat(names.get(i)).isNotEqualTo(names.get(i - 1));
		}
		await().until(() -> proxy.statistics().active() == 0);
		ProxyStatistics statistics = proxy.statistics();
		assertThat(statistics.accepted()).isEqualTo(6);
		assertThat(statistics.joined()).isEqualTo(6);
		assertThat(statistics.bytesFromClient()).isEqualTo(6 * 5);
		assertThat(statistics.bytesFromBackend()).isEqualTo(6 * 6);
		assertThat(statistics.refused()).isZero();
		assertThat(proxy.backends()).extracting(BackendStatus::total).containsExactly(3L, 3L);
		assertThat(proxy.backends()).extracting(BackendStatus::state).containsOnly(BackendState.UP);
		assertThat(proxy.backends()).extracting(BackendStatus::name)
			.containsExactly("127.0.0.1:" + this.a.port(), "127.0.0.1:" + this.b.port());
	}

	@Test
	void aProxyTellsWhatItIs() {
		DuplexProxyDefinition definition = definition().build();
		DuplexProxy proxy = this.engine.createProxy(definition);
		assertThat(proxy.definition()).isEqualTo(definition);
		assertThat(proxy.name()).isEqualTo("cache");
		assertThat(proxy.state()).isEqualTo(ProxyState.STOPPED);
		assertThat(proxy.port()).isZero();
		assertThat(this.engine.proxies()).containsExactly(proxy);
		assertThat(this.engine.findProxy("cache")).contains(proxy);
		assertThat(this.engine.findProxy("other")).isEmpty();
		proxy.start();
		assertThat(proxy.state()).isEqualTo(ProxyState.STARTED);
		assertThat(proxy.port()).isPositive();
		assertThat(proxy.address()).hasToString("tcp://127.0.0.1:" + proxy.port());
		proxy.close();
		assertThat(proxy.state()).isEqualTo(ProxyState.CLOSED);
		assertThat(this.engine.proxies()).isEmpty();
		assertThat(this.engine.findProxy("cache")).isEmpty();
	}

	@Test
	void aNameIsOfOneProxyAtATime() {
		DuplexProxy proxy = this.engine.createProxy(definition().build());
		assertThatExceptionOfType(InvalidProxyDefinitionException.class)
			.isThrownBy(() -> this.engine.createProxy(definition().build()))
			.satisfies((ex) -> assertThat(ex.getAttribute()).isEqualTo("name"));
		proxy.close();
		this.engine.createProxy(definition().build());
	}

	@Test
	void aStoppedProxyRefusesAndItsJoinsLiveOn() {
		DuplexProxy proxy = start(definition());
		int port = proxy.port();
		try (Client client = new Client(proxy)) {
			client.read();
			proxy.stop();
			proxy.stop();
			assertThat(proxy.state()).isIn(ProxyState.STOPPED, ProxyState.DRAINING);
			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> new Client(port));
			assertThat(client.echo("still here")).isEqualTo("still here");
			proxy.start();
			proxy.start();
			assertThat(proxy.port()).isEqualTo(port);
			try (Client another = new Client(port)) {
				assertThat(another.echo("x")).isIn("a", "b");
			}
		}
	}

	@Test
	void aSecondStartOfTheSameApplicationFailsWithTheAddress() {
		DuplexProxy proxy = start(definition());
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1))) {
			DuplexProxy second = other.createProxy(definition().listen(proxy.address()).build());
			assertThatExceptionOfType(AddressInUseException.class).isThrownBy(second::start)
				.satisfies((ex) -> assertThat(ex.getAddress()).isEqualTo("tcp://127.0.0.1:" + proxy.port()));
			proxy.stop();
			second.start();
			assertThat(second.port()).isEqualTo(proxy.port());
		}
	}

	@Test
	void aDrainedProxyWaitsForItsConnections() {
		DuplexProxy proxy = start(definition());
		try (Client client = new Client(proxy)) {
			client.read();
			CompletableFuture<Long> drained = proxy.drain(SOON).toCompletableFuture();
			assertThat(client.echo("x")).isEqualTo("x");
			assertThat(drained).isNotDone();
			client.close();
			assertThat(drained).succeedsWithin(SOON).isEqualTo(0L);
		}
	}

	@Test
	void aDrainedProxyClosesWhatIsLeft() {
		DuplexProxy proxy = start(definition());
		try (Client client = new Client(proxy); Client another = new Client(proxy)) {
			client.read();
			another.read();
			CompletableFuture<Long> drained = proxy.drain(Duration.ofMillis(50)).toCompletableFuture();
			assertThat(drained).succeedsWithin(SOON).isEqualTo(2L);
			assertThat(client.read()).isEqualTo(Client.END);
		}
		await().until(() -> proxy.state() == ProxyState.STOPPED);
	}

	@Test
	void aClosedProxyKeepsItsLastCounters() {
		DuplexProxy proxy = start(definition());
		try (Client client = new Client(proxy)) {
			client.read();
			client.echo("hello");
			proxy.close();
			proxy.close();
			assertThat(client.read()).isEqualTo(Client.END);
		}
		assertThat(proxy.statistics().accepted()).isOne();
		assertThat(proxy.statistics().active()).isZero();
		assertThat(proxy.statistics().bytesFromClient()).isEqualTo(5);
		assertThat(proxy.backends()).extracting(BackendStatus::total).containsExactlyInAnyOrder(0L, 1L);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(proxy::start)
			.withMessageContaining("proxy 'cache'");
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(proxy::stop);
		assertThat(proxy.drain(SOON).toCompletableFuture()).failsWithin(SOON);
	}

	@Test
	void anotherBackendIsTakenWhenOneDoesNotAnswer() {
		int nobody = freePort();
		DuplexProxy proxy = start(definition().backends("tcp://127.0.0.1:" + nobody, this.a.address()));
		for (int i = 0; i < 4; i++) {
			try (Client client = new Client(proxy)) {
				assertThat(client.read()).isEqualTo('a');
			}
		}
		BackendStatus failing = proxy.backends().get(0);
		assertThat(failing.state()).isEqualTo(BackendState.FAILING);
		assertThat(failing.error()).isEqualTo("ECONNREFUSED: Connection refused");
		assertThat(failing.failed()).isPositive();
		assertThat(failing.total()).isZero();
		assertThat(proxy.statistics().connectFailed()).isZero();
	}

	@Test
	void aClientIsRefusedWhenNoBackendAnswers() {
		DuplexProxy proxy = start(definition().backends("tcp://127.0.0.1:" + freePort()));
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo(Client.END);
		}
		await().until(() -> proxy.statistics().connectFailed() == 1);
	}

	@Test
	void moreConnectionsThanAllowedWait() {
		DuplexProxy proxy = start(definition().maxConnections(1));
		try (Client first = new Client(proxy)) {
			first.read();
			try (Client second = new Client(proxy)) {
				await().until(() -> proxy.state() == ProxyState.PAUSED);
				assertThat(proxy.statistics().accepted()).isOne();
				first.close();
				assertThat(second.read()).isIn('a', 'b');
			}
		}
	}

	@Test
	void aNameThatResolvesIsConnectedTo() {
		DuplexProxy proxy = start(definition().backends("tcp://localhost:" + this.a.port()));
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo('a');
		}
		assertThat(proxy.backends()).extracting(BackendStatus::address)
			.containsExactly(DuplexAddress.of("tcp://localhost:" + this.a.port()));
	}

	@Test
	void aBackendWithoutAnAddressIsPassedOver() {
		DuplexProxy proxy = start(definition().backends("tcp://no-such-host.invalid:80", this.a.address()));
		assertThat(proxy.backends()).extracting(BackendStatus::state)
			.containsExactly(BackendState.UNRESOLVED, BackendState.UP);
		for (int i = 0; i < 3; i++) {
			try (Client client = new Client(proxy)) {
				assertThat(client.read()).isEqualTo('a');
			}
		}
	}

	@Test
	void joinsOfAProxyAreListedWithItsName() {
		DuplexProxy proxy = start(definition());
		DuplexProxy another = start(DuplexProxyDefinition.builder("other")
			.listen("tcp://127.0.0.1:0")
			.backends(List.of(new BackendDefinition("first", DuplexAddress.of(this.a.address())))));
		try (Client client = new Client(proxy); Client other = new Client(another)) {
			client.read();
			other.read();
			other.echo("hello");
			await().until(() -> this.engine.joins(JoinQuery.first()).joins().size() == 2);
			JoinPage page = this.engine.joins(new JoinQuery("other", null, 10));
			assertThat(page.next()).isNull();
			assertThat(page.joins()).singleElement().satisfies((join) -> {
				assertThat(join.proxy()).isEqualTo("other");
				assertThat(join.backend()).isEqualTo("first");
				assertThat(join.clientAddress()).hasToString("tcp://127.0.0.1:" + other.socket().getLocalPort());
				assertThat(join.backendAddress()).hasToString(this.a.address());
				assertThat(join.state()).isEqualTo(JoinState.OPEN);
				assertThat(join.bytesFromClient()).isEqualTo(5);
				assertThat(this.engine.findJoin(join.idText()))
					.hasValueSatisfying((found) -> assertThat(found.proxy()).isEqualTo("other"));
				assertThat(this.engine.closeJoin(join.idText())).isTrue();
			});
			assertThat(other.read()).isEqualTo(Client.END);
			assertThat(client.echo("x")).isEqualTo("x");
		}
	}

	@Test
	void everyByteArrivesThroughAProxy() throws IOException {
		DuplexProxy proxy = start(definition());
		long length = 4 << 20;
		List<Client> clients = new ArrayList<>();
		List<CompletableFuture<Void>> streams = new ArrayList<>();
		for (int i = 0; i < 16; i++) {
			Client client = new Client(proxy);
			client.read();
			clients.add(client);
			streams.add(RandomStream.writeAsync(i, length, client.socket().getOutputStream()));
			streams.add(RandomStream.verifyAsync(i, length, client.socket().getInputStream()));
		}
		assertThat(streams).allSatisfy((stream) -> assertThat(stream).succeedsWithin(SOON));
		clients.forEach(Client::close);
		await().until(() -> proxy.statistics().active() == 0);
		assertThat(proxy.statistics().bytesFromClient()).isEqualTo(16 * length);
		assertThat(proxy.statistics().bytesFromBackend()).isEqualTo(16 * (length + 1));
	}

	@Test
	void aProxyListensOnAUnixSocket() {
		String address = "unix://@duplex-proxy-test-" + ProcessHandle.current().pid();
		DuplexProxy proxy = start(definition().listen(address));
		assertThat(proxy.port()).isZero();
		assertThat(proxy.address()).hasToString(address);
		try (DuplexSocket socket = this.engine.connect(address)) {
			assertThat(socket.receive(new byte[1])).isOne();
		}
	}

	@Test
	void aNameThatCannotBeListenedOnIsRefused() {
		assertThatExceptionOfType(UnresolvedAddressException.class)
			.isThrownBy(() -> this.engine.createProxy(definition().listen("tcp://no-such-host.invalid:0").build()));
		assertThat(this.engine.proxies()).isEmpty();
		this.engine.createProxy(definition().build());
	}

}
