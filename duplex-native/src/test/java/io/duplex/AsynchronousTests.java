/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;

import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Every call that waits has a twin that does not.
 */
@Timeout(60)
class AsynchronousTests {

	private static final Duration SHORT = Duration.ofMillis(20);

	/** What returns at once, by type. */
	private static final Map<Class<?>, Set<String>> IMMEDIATE = Map.of(DuplexEngine.class, Set.of("adopt", "socket",
			"joinThrough", "routeThrough", "proxies", "findProxy", "statistics", "version", "isClosed"),
			DuplexSocket.class,
			Set.of("id", "setOption", "getOption", "localAddress", "peerAddress", "tryReceive", "trySend", "setCodec",
					"tryGet", "tryPut", "close", "reset", "isClosed"),
			DuplexListener.class, Set.of("id", "address"), Join.class,
			Set.of("id", "clientAddress", "backendAddress", "close"), Tee.class, Set.of("mirror", "direction"),
			TransformJoin.class, Set.of("clientAddress", "backendAddress", "counts", "close"), DuplexProxy.class,
			Set.of("definition", "state", "address", "port", "statistics", "backends"));

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	@TempDir
	private Path folder;

	/** Methods with a body only call others. */
	@Test
	void everyCallThatWaitsHasATwin() {
		List<String> missing = new ArrayList<>();
		IMMEDIATE.forEach((type, immediate) -> {
			for (Method method : type.getDeclaredMethods()) {
				boolean waits = Modifier.isAbstract(method.getModifiers()) && !immediate.contains(method.getName())
						&& method.getReturnType() != CompletionStage.class && !isByText(method);
				if (waits && !hasTwin(type, method)) {
					missing.add(method.toGenericString());
				}
			}
		});
		assertThat(missing).isEmpty();
	}

	private static boolean isByText(Method method) {
		return Arrays.equals(Arrays.copyOf(method.getParameterTypes(), 1), new Class<?>[] { String.class });
	}

	private static boolean hasTwin(Class<?> type, Method method) {
		try {
			Method twin = type.getMethod(method.getName() + "Async", method.getParameterTypes());
			return twin.getReturnType() == CompletionStage.class;
		}
		catch (NoSuchMethodException ex) {
			return false;
		}
	}

	private static ThrowableAssertAlternative<?> timesOut(CompletionStage<?> stage) {
		return assertThat(stage.toCompletableFuture()).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.havingCause()
			.isInstanceOf(DuplexTimeoutException.class);
	}

	@Test
	void aReceiveThatTimesOutLosesNothing() {
		Pair pair = this.peers.open();
		ByteBuffer late = ByteBuffer.allocate(5);
		timesOut(pair.socket().receiveAsync(late, SHORT));
		timesOut(pair.socket().receiveAsync(late, Duration.ZERO));
		CompletableFuture<Integer> waiting = pair.socket().receiveAsync(late).toCompletableFuture();
		// Behind another one, it never has its turn.
		ByteBuffer unlucky = ByteBuffer.allocate(5);
		timesOut(pair.socket().receiveAsync(unlucky, SHORT));
		CompletableFuture<Integer> next = pair.socket().receiveAsync(unlucky, SOON).toCompletableFuture();
		pair.write("hello");
		assertThat(soon(waiting)).isEqualTo(5);
		assertThat(next).isNotDone();
		pair.write("again");
		assertThat(soon(next)).isEqualTo(5);
		assertThat(new String(late.array(), StandardCharsets.US_ASCII)).isEqualTo("hello");
		assertThat(new String(unlucky.array(), StandardCharsets.US_ASCII)).isEqualTo("again");
	}

	@Test
	void aSendThatTimesOutTellsHowMuchIsSent() throws Exception {
		Pair pair = this.peers.open();
		ByteBuffer much = ByteBuffer.allocate(64 << 20);
		timesOut(pair.socket().sendAsync(much, SHORT)).satisfies(
				(ex) -> assertThat(((DuplexTimeoutException) ex).getBytesTransferred()).isEqualTo(much.position())
					.isPositive());
		byte[] sent = pair.peer().getInputStream().readNBytes(much.position());
		assertThat(sent).hasSize(much.position());
		soon(pair.socket().sendAsync(ByteBuffer.wrap("the end".getBytes(StandardCharsets.US_ASCII)), SOON));
		assertThat(pair.read(7)).isEqualTo("the end");
	}

	@Test
	void aFileThatIsNotSentInTimeTellsHowMuchIs() throws Exception {
		Path file = Files.write(this.folder.resolve("file"), new byte[32 << 20]);
		Pair pair = this.peers.open();
		try (FileChannel channel = FileChannel.open(file)) {
			timesOut(pair.socket().sendFileAsync(channel, 0, 32 << 20, SHORT)).satisfies((ex) -> {
				int sent = Math.toIntExact(((DuplexTimeoutException) ex).getBytesTransferred());
				assertThat(pair.peer().getInputStream().readNBytes(sent)).hasSize(sent).hasSizeGreaterThan(0);
			});
		}
		soon(pair.socket().sendAsync(ByteBuffer.wrap(new byte[] { 'x' }), SOON));
		assertThat(pair.read(1)).isEqualTo("x");
	}

	@Test
	void anAcceptThatTimesOutLosesNobody() {
		try (DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0")) {
			timesOut(listener.acceptAsync(SHORT));
			CompletionStage<DuplexSocket> accepting = listener.acceptAsync(SOON);
			soon(this.engine.connectAsync(listener.address().toString()));
			soon(accepting).close();
		}
		DuplexSocket bound = this.engine.socket();
		String first = soon(bound.bindAsync("tcp://localhost:0")).toString();
		String second = soon(bound.bindAsync("tcp://127.0.0.1:0")).toString();
		timesOut(bound.acceptAsync(SHORT));
		for (String address : List.of(first, second)) {
			CompletionStage<DuplexSocket> accepting = bound.acceptAsync(SOON);
			DuplexSocket client = this.engine.socket();
			soon(client.connectAsync(address));
			assertThat(soon(accepting).peerAddress()).isEqualTo(client.localAddress());
		}
		soon(bound.closeAsync(SOON));
		assertThat(this.engine.connectAsync(first).toCompletableFuture()).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(ConnectFailedException.class);
	}

	@Test
	void joinsAreMadeAskedAndEndedWithoutWaiting() {
		List<Pair> pairs = this.peers.open(3);
		Join join = soon(pairs.get(0).socket().joinAsync(pairs.get(1).socket()));
		Tee tee = soon(join.teeAsync(pairs.get(2).socket(), TeeDirection.BOTH, 0));
		pairs.get(0).write("hello");
		assertThat(pairs.get(1).read(5)).isEqualTo("hello");
		assertThat(pairs.get(2).read(5)).isEqualTo("hello");
		assertThat(soon(tee.countsAsync()).bytesFromClient()).isEqualTo(5);
		soon(tee.closeAsync());
		assertThat(soon(join.snapshotAsync()).bytesFromClient()).isEqualTo(5);
		assertThat(soon(this.engine.findJoinAsync(join.id()))).isPresent();
		assertThat(soon(this.engine.joinsAsync(JoinQuery.first())).joins()).hasSize(1);
		assertThat(soon(this.engine.limitJoinAsync(join.id(), JoinLimits.NONE.withMaxBytes(1 << 20)))).isTrue();
		assertThat(soon(this.engine.closeJoinAsync(join.id()))).isTrue();
		soon(join.end());
		assertThat(soon(join.snapshotAsync()).state()).isEqualTo(JoinState.ENDED);
		assertThat(soon(this.engine.closeJoinAsync(join.id()))).isFalse();
	}

	@Test
	void messagesAreGotAndPutWithoutWaiting() {
		Pair pair = this.peers.open();
		Pair other = this.peers.open();
		pair.socket().setCodec(Codec.line());
		timesOut(pair.socket().getAsync(SHORT));
		List<Message> got = new ArrayList<>();
		CompletionStage<Integer> getting = pair.socket().getAsync(got, 10);
		pair.write("one\ntwo\n");
		int count = soon(getting);
		while (count < 2) {
			count += soon(pair.socket().getAsync(got, 10));
		}
		assertThat(got).extracting(Message::text).containsExactly("one", "two");
		soon(pair.socket().putAsync(got));
		assertThat(pair.read(8)).isEqualTo("one\ntwo\n");
		Join route = soon(pair.socket().routeAsync(other.socket()));
		pair.write("three\n");
		assertThat(other.read(5)).isEqualTo("three");
		soon(route.unjoinAsync());
	}

	@Test
	void proxiesComeAndGoWithoutWaiting() {
		try (EchoServer echo = new EchoServer('E')) {
			DuplexProxy proxy = soon(this.engine.createProxyAsync(DuplexProxyDefinition.builder("later")
				.listen("tcp://127.0.0.1:0")
				.backends(echo.address())
				.build()));
			soon(proxy.startAsync());
			try (DuplexSocket client = soon(this.engine.connectAsync("tcp://127.0.0.1:" + proxy.port()))) {
				assertThat(soon(client.receiveAsync(ByteBuffer.allocate(1)))).isOne();
			}
			soon(proxy.stopAsync());
			// The connection of the client may live a moment longer.
			assertThat(proxy.state()).isIn(ProxyState.STOPPED, ProxyState.DRAINING);
			soon(proxy.closeAsync());
			assertThat(this.engine.proxies()).isEmpty();
		}
	}

	@Test
	void aListenerIsOpenedAndClosedWithoutWaiting() {
		DuplexListener listener = soon(this.engine.listenAsync(DuplexAddress.of("tcp://localhost:0")));
		assertThat(this.engine.listenAsync(listener.address()).toCompletableFuture()).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(AddressInUseException.class);
		soon(listener.closeAsync());
		soon(soon(this.engine.listenAsync(listener.address())).closeAsync());
	}

	@Test
	void aSocketIsReleasedWithoutWaiting() throws Exception {
		Pair pair = this.peers.open();
		ReleasedSocket released = soon(pair.socket().releaseAsync());
		DuplexSocket again = this.engine.adopt(released.descriptor());
		soon(again.toSocketChannelAsync()).channel().close();
		assertThat(pair.ended()).isTrue();
	}

	@Test
	void afterTheEnginesEndTheyFailByName() {
		Pair pair = this.peers.open();
		Pair other = this.peers.open();
		CompletionStage<Integer> waiting = pair.socket().receiveAsync(ByteBuffer.allocate(1), SOON);
		soon(this.engine.closeAsync());
		soon(this.engine.closeAsync());
		assertThat(this.engine.isClosed()).isTrue();
		List<CompletionStage<?>> all = List.of(waiting, pair.socket().releaseAsync(), pair.socket().releaseAsync(SHORT),
				pair.socket().passToAsync(other.socket(), SHORT), this.engine.takeAsync(pair.socket(), SHORT),
				this.engine.listenAsync(DuplexAddress.of("tcp://127.0.0.1:0")),
				pair.socket().receiveAsync(ByteBuffer.allocate(1), SHORT), this.engine.joinsAsync(JoinQuery.first()));
		assertThat(all).allSatisfy((stage) -> assertThat(stage.toCompletableFuture()).failsWithin(SOON)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(DuplexClosedException.class));
	}

}
