/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * Listeners whose connections inherit a join.
 */
@Timeout(120)
class ListenerJoinTests {

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	@AutoClose
	private final DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");

	private final Pair shared = this.peers.open();

	private long connections() {
		return this.engine.joins(JoinQuery.first())
			.joins()
			.stream()
			.filter((join) -> join.state() == JoinState.OPEN)
			.count();
	}

	@RepeatedTest(10)
	void whatTheSocketSendsIsBroadcastToAllConnections() throws IOException {
		Join join = this.engine.join(this.shared.socket(), this.listener, JoinOption.HALF_DUPLEX);
		assertThat(join.state()).isEqualTo(JoinState.LISTENING);
		assertThat(join.backendAddress()).isEqualTo(this.listener.address());
		List<Client> clients = new ArrayList<>();
		for (int i = 0; i < 6; i++) {
			clients.add(new Client(this.listener.port()));
		}
		await().until(() -> connections() == 6);
		long length = 8 << 20;
		List<CompletableFuture<Void>> verified = new ArrayList<>();
		for (Client client : clients) {
			verified.add(RandomStream.verifyAsync(1, length, client.socket().getInputStream()));
		}
		RandomStream.write(1, length, this.shared.peer().getOutputStream());
		verified.forEach(Peers::soon);
		clients.forEach(Client::close);
	}

	@Test
	void whatConnectionsSendGoesToTheSocketAndBack() {
		this.engine.join(this.listener, this.shared.socket());
		try (Client first = new Client(this.listener.port()); Client second = new Client(this.listener.port())) {
			first.socket().getOutputStream().write('1');
			assertThat(this.shared.read(1)).isEqualTo("1");
			second.socket().getOutputStream().write('2');
			assertThat(this.shared.read(1)).isEqualTo("2");
			this.shared.write("!");
			assertThat(first.read()).isEqualTo('!');
			assertThat(second.read()).isEqualTo('!');
		}
		catch (IOException ex) {
			throw new AssertionError(ex);
		}
		await().until(() -> connections() == 0);
		// The end of a connection is not the socket's.
		try (Client third = new Client(this.listener.port())) {
			third.socket().getOutputStream().write('3');
			assertThat(this.shared.read(1)).isEqualTo("3");
		}
		catch (IOException ex) {
			throw new AssertionError(ex);
		}
	}

	@Test
	void undoingEndsTheAcceptingAndNotTheConnections() throws IOException {
		Join join = soon(this.engine.joinAsync(this.listener, this.shared.socket(), JoinOptions.DEFAULTS));
		try (Client client = new Client(this.listener.port())) {
			client.socket().getOutputStream().write('1');
			assertThat(this.shared.read(1)).isEqualTo("1");
			join.unjoin();
			assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.UNJOINED);
			this.shared.write("!");
			assertThat(client.read()).isEqualTo('!');
			try (Client mine = new Client(this.listener.port());
					DuplexSocket accepted = this.listener.accept(Duration.ofSeconds(30))) {
				mine.socket().getOutputStream().write('x');
				assertThat(accepted.receive(new byte[1])).isOne();
			}
			for (JoinSnapshot row : this.engine.joins(JoinQuery.first()).joins()) {
				assertThat(this.engine.closeJoin(row.id())).isTrue();
			}
			assertThat(client.read()).isEqualTo(Client.END);
		}
	}

	@Test
	void theJoinEndsWhenTheSocketIsGone() {
		Join join = this.engine.join(this.listener, this.shared.socket());
		this.shared.socket().close();
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.BACKEND_CLOSED);
		assertThat(join.state()).isEqualTo(JoinState.ENDED);
	}

	@RepeatedTest(20)
	void threadsThatJoinOneListenerAtOnceAllSucceed() {
		Pair other = this.peers.open();
		CyclicBarrier start = new CyclicBarrier(2);
		List<CompletableFuture<Join>> joins = List.of(joinAtOnce(start, this.shared), joinAtOnce(start, other));
		for (CompletableFuture<Join> join : joins) {
			assertThat(soon(join).state()).isEqualTo(JoinState.LISTENING);
		}
	}

	private CompletableFuture<Join> joinAtOnce(CyclicBarrier start, Pair pair) {
		return Async.supply(() -> {
			try {
				start.await();
			}
			catch (InterruptedException | BrokenBarrierException ex) {
				throw new AssertionError(ex);
			}
			return this.engine.join(this.listener, pair.socket());
		});
	}

	@Test
	void aJoinedListenerIsNotAcceptedFrom() {
		this.engine.join(this.listener, this.shared.socket());
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> this.listener.accept(Duration.ZERO));
	}

	@Test
	void aListenerOfAnotherEngineIsRefused() {
		try (DuplexEngine other = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));
				DuplexListener foreign = other.listen("tcp://127.0.0.1:0")) {
			assertThatIllegalArgumentException().isThrownBy(() -> this.engine.join(foreign, this.shared.socket()))
				.withMessageContaining("not a listener of this engine");
		}
	}

}
