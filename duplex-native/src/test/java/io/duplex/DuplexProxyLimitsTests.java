/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Each limit of a definition does what it is for, and not what its neighbour does: they
 * are numbers of the same type in a row on their way to the engine.
 */
@Timeout(120)
class DuplexProxyLimitsTests {

	private static final Duration SHORT = Duration.ofMillis(300);

	/** Longer than a test takes. */
	private static final Duration LONG = Duration.ofHours(1);

	@AutoClose
	private final EchoServer server = new EchoServer('a');

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	/** A definition without limits on the time of a connection. */
	private DuplexProxyDefinition.Builder definition() {
		return DuplexProxyDefinition.builder("cache")
			.listen("tcp://127.0.0.1:0")
			.backends(this.server.address())
			.connectTimeout(LONG)
			.idleTimeout(Duration.ZERO)
			.halfCloseTimeout(Duration.ZERO)
			.maxLifetime(Duration.ZERO);
	}

	private DuplexProxy start(DuplexProxyDefinition.Builder definition) {
		DuplexProxy proxy = this.engine.createProxy(definition.build());
		proxy.start();
		return proxy;
	}

	/** An address at which nobody listens. */
	private static String nobody() {
		return "unix://@duplex-proxy-limits-test-nobody-" + ProcessHandle.current().pid();
	}

	private static boolean isEchoed(Client client) {
		try {
			return client.echo("x").equals("x");
		}
		catch (UncheckedIOException ex) {
			return false;
		}
	}

	private static void assertThatAllIsOver(DuplexProxy proxy) {
		await().until(() -> proxy.statistics().active() == 0);
		assertThat(proxy.statistics().joined()).isOne();
		assertThat(proxy.statistics().connectFailed()).isZero();
		assertThat(proxy.backends()).extracting(BackendStatus::active).containsOnly(0L);
	}

	@Test
	void theIdleTimeoutEndsAnOpenConnectionThatMovesNothing() {
		DuplexProxy proxy = start(definition().idleTimeout(SHORT));
		try (Client client = new Client(proxy)) {
			client.read();
			assertThat(client.read()).isEqualTo(Client.END);
			assertThatAllIsOver(proxy);
		}
	}

	@Test
	void theHalfCloseTimeoutEndsOnlyAConnectionOfWhichOneDirectionHasEnded() throws IOException {
		try (ServerSocket backends = new ServerSocket(0, 2, InetAddress.getByName("127.0.0.1"))) {
			DuplexProxy proxy = start(
					definition().backends("tcp://127.0.0.1:" + backends.getLocalPort()).halfCloseTimeout(SHORT));
			try (Client open = new Client(proxy);
					Socket backendOfOpen = backends.accept();
					Client halfClosed = new Client(proxy);
					Socket backend = backends.accept()) {
				halfClosed.socket().shutdownOutput();
				assertThat(backend.getInputStream().read()).isEqualTo(-1);
				assertThat(halfClosed.read()).as("the backend has not ended its own direction").isEqualTo(Client.END);
				await().until(() -> proxy.statistics().active() == 1);
				backendOfOpen.getOutputStream().write('b');
				assertThat(open.read()).isEqualTo('b');
			}
		}
	}

	@Test
	void theMaxLifetimeEndsAConnectionHoweverBusy() {
		DuplexProxy proxy = start(definition().maxLifetime(SHORT));
		try (Client client = new Client(proxy)) {
			client.read();
			await().until(() -> !isEchoed(client));
			assertThatAllIsOver(proxy);
		}
	}

	@Test
	void withOneConnectAttemptAClientWhoseBackendIsDeadIsReset() {
		DuplexProxy proxy = start(definition().backends(nobody(), this.server.address()).connectAttempts(1));
		try (Client client = new Client(proxy)) {
			assertThatExceptionOfType(SocketException.class).isThrownBy(() -> client.socket().getInputStream().read())
				.withMessage("Connection reset");
		}
		assertThat(proxy.statistics().connectFailed()).isOne();
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).as("the turn of the other one").isEqualTo('a');
		}
		assertThat(proxy.statistics().connectFailed()).isOne();
		assertThat(proxy.backends()).extracting(BackendStatus::failed).containsExactly(1L, 0L);
	}

	@Test
	void withTwoConnectAttemptsAClientWhoseFirstBackendIsDeadIsServed() {
		DuplexProxy proxy = start(definition().backends(nobody(), this.server.address()).connectAttempts(2));
		try (Client client = new Client(proxy)) {
			assertThat(client.read()).isEqualTo('a');
		}
		assertThat(proxy.statistics().connectFailed()).isZero();
		assertThat(proxy.backends()).extracting(BackendStatus::failed).containsExactly(1L, 0L);
	}

	@Test
	void afterTheConnectTimeoutOfABackendThatIsFullTheNextOneServes(@TempDir Path folder) throws IOException {
		UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("full"));
		try (ServerSocketChannel full = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
			full.bind(address, 1);
			try (SocketChannel first = SocketChannel.open(address);
					SocketChannel second = SocketChannel.open(address)) {
				DuplexProxy proxy = start(
						definition().backends("unix://" + address, this.server.address()).connectTimeout(SHORT));
				try (Client client = new Client(proxy)) {
					assertThat(client.read()).isEqualTo('a');
				}
				assertThat(proxy.statistics().connectFailed()).isZero();
				assertThat(proxy.backends().get(0).state()).isEqualTo(BackendState.FAILING);
				assertThat(proxy.backends().get(0).error()).startsWith("ETIMEDOUT");
				assertThat(proxy.backends().get(0).failed()).isOne();
			}
		}
	}

	@Test
	void maxConnectionsKeepsTheSecondClientWaitingUntilTheFirstEnds() throws IOException {
		DuplexProxy proxy = start(definition().maxConnections(1));
		try (Client first = new Client(proxy)) {
			assertThat(first.read()).isEqualTo('a');
			try (Client second = new Client(proxy)) {
				second.socket().getOutputStream().write('x');
				await().until(() -> proxy.state() == ProxyState.PAUSED);
				assertThat(first.echo("still here")).isEqualTo("still here");
				assertThat(proxy.statistics().accepted()).isOne();
				assertThat(second.socket().getInputStream().available()).isZero();
				first.close();
				assertThat(second.read()).isEqualTo('a');
				assertThat(second.read()).as("what it sent while it waited").isEqualTo('x');
				assertThat(proxy.statistics().accepted()).isEqualTo(2);
			}
		}
	}

}
