/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@Timeout(60)
class DuplexListenerTests {

	private static final Duration SOON = Duration.ofSeconds(20);

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	@Test
	void portZeroPicksAPort() {
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0")) {
			assertThat(listener.port()).isPositive();
			assertThat(listener.address()).hasToString("tcp://127.0.0.1:" + listener.port());
			assertThat(listener.id()).isPositive();
		}
	}

	@Test
	void aNameCanBeListenedOn() {
		try (DuplexListener listener = this.engine.listen("tcp://localhost:0")) {
			assertThat(listener.address().host()).isEqualTo("localhost");
			assertThat(listener.port()).isPositive();
		}
	}

	@Test
	void aSecondListenerIsToldThatTheAddressIsInUse() {
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0")) {
			assertThatExceptionOfType(AddressInUseException.class)
				.isThrownBy(() -> this.engine.listen(listener.address()))
				.withMessage("cannot listen on " + listener.address() + ": Address already in use (EADDRINUSE)")
				.satisfies((ex) -> assertThat(ex.getAddress()).isEqualTo(listener.address().toString()));
		}
	}

	@Test
	void anAddressOfAnotherMachineCannotBeListenedOn() {
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.engine.listen("tcp://192.0.2.1:0"))
			.withMessageContaining("EADDRNOTAVAIL");
		assertThatExceptionOfType(UnresolvedAddressException.class)
			.isThrownBy(() -> this.engine.listen("tcp://no-such-host.invalid:0"));
	}

	@Test
	void anAcceptWaitsForAConnection() throws IOException {
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0")) {
			CompletableFuture<DuplexSocket> first = listener.acceptAsync().toCompletableFuture();
			CompletableFuture<DuplexSocket> second = new CompletableFuture<>();
			RandomStream.inThread(() -> second.complete(listener.accept()));
			assertThat(first).isNotDone();
			try (Socket one = new Socket(InetAddress.getLoopbackAddress(), listener.port());
					Socket other = new Socket(InetAddress.getLoopbackAddress(), listener.port())) {
				assertThat(first).succeedsWithin(SOON);
				assertThat(second).succeedsWithin(SOON);
				assertThat(first.join().peerAddress().port() + second.join().peerAddress().port())
					.isEqualTo(one.getLocalPort() + other.getLocalPort());
			}
		}
	}

	@Test
	void anAcceptThatTimesOutLosesNobody() throws IOException {
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0")) {
			assertThatExceptionOfType(DuplexTimeoutException.class).isThrownBy(() -> listener.accept(Duration.ZERO));
			assertThatExceptionOfType(DuplexTimeoutException.class)
				.isThrownBy(() -> listener.accept(Duration.ofMillis(20)));
			try (Socket client = new Socket(InetAddress.getLoopbackAddress(), listener.port());
					DuplexSocket accepted = listener.accept(SOON)) {
				assertThat(accepted.peerAddress().port()).isEqualTo(client.getLocalPort());
			}
		}
	}

	@Test
	void aClosedListenerRefusesAndFreesItsPort() {
		DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");
		CompletableFuture<DuplexSocket> waiting = listener.acceptAsync().toCompletableFuture();
		listener.close();
		listener.close();
		assertThat(waiting).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(DuplexClosedException.class);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(listener::accept);
		assertThatExceptionOfType(ConnectException.class)
			.isThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), listener.port()));
		this.engine.listen(listener.address()).close();
	}

	@Test
	void aUnixPathGoesWithItsListener(@TempDir Path folder) {
		Path path = folder.resolve("socket");
		try (DuplexListener listener = this.engine.listen("unix://" + path)) {
			assertThat(path).exists();
			assertThatExceptionOfType(AddressInUseException.class)
				.isThrownBy(() -> this.engine.listen(listener.address()));
		}
		assertThat(Files.exists(path)).isFalse();
	}

	@Test
	void ipv6IsListenedOnAndConnectedTo() {
		try (DuplexListener listener = this.engine.listen("tcp://[::1]:0");
				DuplexSocket client = this.engine.connect(listener.address(), SOON);
				DuplexSocket server = listener.accept()) {
			assertThat(server.peerAddress()).isEqualTo(client.localAddress());
			assertThat(client.peerAddress()).isEqualTo(listener.address());
		}
	}

	@Test
	void clientsOfADualStackListenerHaveIpv4Addresses() throws IOException {
		try (DuplexListener listener = this.engine.listen("tcp://[::]:0");
				Socket client = new Socket("127.0.0.1", listener.port());
				DuplexSocket accepted = listener.accept()) {
			assertThat(accepted.peerAddress()).hasToString("tcp://127.0.0.1:" + client.getLocalPort());
		}
	}

}
