/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * ZeroMQ with an implementation of others.
 */
@Timeout(120)
class JeroMqTests {

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final ZContext context = new ZContext();

	private ZMQ.Socket socket(SocketType type) {
		ZMQ.Socket socket = this.context.createSocket(type);
		socket.setLinger(0);
		socket.setReceiveTimeOut((int) SOON.toMillis());
		socket.setSendTimeOut((int) SOON.toMillis());
		return socket;
	}

	/**
	 * Theirs connects to us. JeroMQ 0.6 sometimes connects and then says nothing, to
	 * plain Java sockets as well: then another one has to.
	 */
	private Accepted accept(SocketType type, ZmtpOptions options, Consumer<ZMQ.Socket> setUp) {
		while (true) {
			ZMQ.Socket theirs = socket(type);
			setUp.accept(theirs);
			DuplexListener listener = this.engine.listen("tcp://127.0.0.1:0");
			theirs.connect("tcp://127.0.0.1:" + listener.port());
			DuplexSocket ours = listener.accept(SOON);
			listener.close();
			try {
				ZmtpPeer peer = Zmtp.handshake(ours, options.withTimeout(Duration.ofSeconds(5)));
				assertThat(peer.type().name()).isEqualTo(type.name());
				return new Accepted(theirs, ours);
			}
			catch (DuplexTimeoutException ex) {
				theirs.close();
			}
		}
	}

	private Accepted accept(SocketType type, ZmtpSocketType ours) {
		return accept(type, ZmtpOptions.of(ours), (theirs) -> {
		});
	}

	private record Accepted(ZMQ.Socket theirs, DuplexSocket ours) {

	}

	/** We connect to theirs. */
	private DuplexSocket connect(ZMQ.Socket theirs, ZmtpSocketType ours) {
		theirs.bind("tcp://127.0.0.1:*");
		DuplexSocket socket = this.engine.connect(theirs.getLastEndpoint());
		ZmtpPeer peer = soon(Zmtp.handshakeAsync(socket, ZmtpOptions.of(ours)));
		assertThat(peer.type().name()).isEqualTo(theirs.getSocketType().name());
		return socket;
	}

	private static void put(DuplexSocket socket, String... parts) {
		List<Message> messages = new ArrayList<>();
		for (int i = 0; i < parts.length; i++) {
			messages.add(Message.of(parts[i]).withMore(i < parts.length - 1));
		}
		socket.put(messages);
	}

	private static List<String> get(DuplexSocket socket) {
		List<String> parts = new ArrayList<>();
		Message part;
		do {
			part = socket.get(SOON);
			parts.add(part.text());
		}
		while (part.more());
		return parts;
	}

	private static List<String> receive(ZMQ.Socket socket) {
		List<String> parts = new ArrayList<>();
		do {
			parts.add(socket.recvStr());
		}
		while (socket.hasReceiveMore());
		return parts;
	}

	@Test
	void requestsOfTheirsAreAnswered() {
		Accepted accepted = accept(SocketType.REQ, ZmtpSocketType.REP);
		ZMQ.Socket request = accepted.theirs();
		DuplexSocket reply = accepted.ours();
		for (int i = 0; i < 10; i++) {
			request.send("question " + i);
			assertThat(get(reply)).containsExactly("", "question " + i);
			put(reply, "", "answer", Integer.toString(i));
			assertThat(receive(request)).containsExactly("answer", Integer.toString(i));
		}
	}

	@Test
	void requestsOfOursAreAnswered() {
		ZMQ.Socket reply = socket(SocketType.REP);
		DuplexSocket request = connect(reply, ZmtpSocketType.REQ);
		for (int i = 0; i < 10; i++) {
			put(request, "", "question", Integer.toString(i));
			assertThat(receive(reply)).containsExactly("question", Integer.toString(i));
			reply.send("answer " + i);
			assertThat(get(request)).containsExactly("", "answer " + i);
		}
	}

	@Test
	void theySubscribeWithUs() {
		Accepted accepted = accept(SocketType.SUB, ZmtpOptions.of(ZmtpSocketType.PUB),
				(theirs) -> theirs.subscribe("a"));
		ZMQ.Socket subscriber = accepted.theirs();
		DuplexSocket publisher = accepted.ours();
		List<ZmtpSubscription> subscriptions = new ArrayList<>();
		subscriptions.add(ZmtpSubscription.of(publisher.get(SOON)).orElseThrow());
		subscriber.subscribe("b");
		subscriptions.add(ZmtpSubscription.of(publisher.get(SOON)).orElseThrow());
		assertThat(subscriptions).allMatch(ZmtpSubscription::isSubscribed)
			.extracting(ZmtpSubscription::text)
			.containsExactly("a", "b");
		for (String topic : List.of("apple", "cherry", "banana")) {
			if (subscriptions.stream().anyMatch((subscription) -> subscription.matches(Message.of(topic)))) {
				put(publisher, topic, "fruit");
			}
		}
		assertThat(receive(subscriber)).containsExactly("apple", "fruit");
		assertThat(receive(subscriber)).containsExactly("banana", "fruit");
		subscriber.unsubscribe("a");
		ZmtpSubscription cancelled = ZmtpSubscription.of(publisher.get(SOON)).orElseThrow();
		assertThat(cancelled.isSubscribed()).isFalse();
		assertThat(cancelled.text()).isEqualTo("a");
	}

	@Test
	void weSubscribeWithThem() {
		ZMQ.Socket publisher = socket(SocketType.XPUB);
		publisher.bind("tcp://127.0.0.1:*");
		DuplexSocket subscriber = this.engine.connect(publisher.getLastEndpoint());
		ZmtpPeer peer = Zmtp.handshake(subscriber, ZmtpOptions.of(ZmtpSocketType.SUB));
		subscriber.put(peer.subscribe("a".getBytes(StandardCharsets.US_ASCII)));
		subscriber.put(peer.subscribe("b".getBytes(StandardCharsets.US_ASCII)));
		assertThat(publisher.recv()).containsExactly(1, 'a');
		assertThat(publisher.recv()).containsExactly(1, 'b');
		for (String topic : List.of("apple", "cherry", "banana")) {
			publisher.sendMore(topic);
			publisher.send("fruit");
		}
		assertThat(get(subscriber)).containsExactly("apple", "fruit");
		assertThat(get(subscriber)).containsExactly("banana", "fruit");
		subscriber.put(peer.cancel("a".getBytes(StandardCharsets.US_ASCII)));
		assertThat(publisher.recv()).containsExactly(0, 'a');
		publisher.send("apple");
		publisher.send("bread");
		assertThat(get(subscriber)).containsExactly("bread");
	}

	/** A PUB does not tell when it has a subscription. */
	@Test
	void weSubscribeWithAPlainPublisher() {
		ZMQ.Socket publisher = socket(SocketType.PUB);
		publisher.bind("tcp://127.0.0.1:*");
		DuplexSocket subscriber = this.engine.connect(publisher.getLastEndpoint());
		ZmtpPeer peer = Zmtp.handshake(subscriber, ZmtpOptions.of(ZmtpSocketType.SUB));
		subscriber.put(peer.subscribe(new byte[0]));
		CompletionStage<Message> first = subscriber.getAsync();
		await().until(() -> {
			publisher.send("anything");
			return first.toCompletableFuture().isDone();
		});
		assertThat(soon(first).text()).isEqualTo("anything");
	}

	@Test
	void workIsPushedAndPulledBothWays() {
		Accepted accepted = accept(SocketType.PUSH, ZmtpSocketType.PULL);
		ZMQ.Socket push = accepted.theirs();
		DuplexSocket pull = accepted.ours();
		ZMQ.Socket theirPull = socket(SocketType.PULL);
		DuplexSocket ourPush = connect(theirPull, ZmtpSocketType.PUSH);
		for (int i = 0; i < 1000; i++) {
			push.send("work " + i);
			put(ourPush, "job " + i);
		}
		for (int i = 0; i < 1000; i++) {
			assertThat(get(pull)).containsExactly("work " + i);
			assertThat(receive(theirPull)).containsExactly("job " + i);
		}
	}

	@Test
	void aRouterCallsUsByOurIdentity() {
		ZMQ.Socket router = socket(SocketType.ROUTER);
		router.bind("tcp://127.0.0.1:*");
		DuplexSocket dealer = this.engine.connect(router.getLastEndpoint());
		Zmtp.handshake(dealer,
				ZmtpOptions.of(ZmtpSocketType.DEALER).withIdentity("ours".getBytes(StandardCharsets.US_ASCII)));
		put(dealer, "", "hello", "there");
		assertThat(receive(router)).containsExactly("ours", "", "hello", "there");
		router.sendMore("ours");
		router.sendMore("");
		router.send("answer");
		assertThat(get(dealer)).containsExactly("", "answer");
	}

	@Test
	void aDealerTellsUsItsIdentity() {
		ZMQ.Socket dealer = socket(SocketType.DEALER);
		dealer.setIdentity("theirs".getBytes(StandardCharsets.US_ASCII));
		dealer.bind("tcp://127.0.0.1:*");
		DuplexSocket router = this.engine.connect(dealer.getLastEndpoint());
		ZmtpPeer peer = Zmtp.handshake(router, ZmtpOptions.of(ZmtpSocketType.ROUTER));
		assertThat(peer.identity()).isEqualTo(ByteBuffer.wrap("theirs".getBytes(StandardCharsets.US_ASCII)));
		dealer.send("hello");
		assertThat(get(router)).containsExactly("hello");
		put(router, "a", "b", "c");
		assertThat(receive(dealer)).containsExactly("a", "b", "c");
	}

	@Test
	void tenMegabytesArriveWhole() {
		byte[] large = new byte[10 << 20];
		new SplittableRandom(3).nextBytes(large);
		Accepted accepted = accept(SocketType.PAIR, ZmtpSocketType.PAIR);
		ZMQ.Socket pair = accepted.theirs();
		DuplexSocket ours = accepted.ours();
		pair.sendMore("large");
		pair.send(large);
		assertThat(ours.get(SOON).text()).isEqualTo("large");
		Message message = ours.get(SOON);
		assertThat(sha256(message.bytes())).isEqualTo(sha256(large));
		CompletableFuture<Void> put = Async.run(() -> ours.put(message));
		assertThat(sha256(pair.recv())).isEqualTo(sha256(large));
		soon(put);
	}

	@Test
	void heartbeatsAreAnswered() {
		DuplexListener inner = this.engine.listen("tcp://127.0.0.1:0");
		ZMQ.Socket dealer = socket(SocketType.DEALER);
		dealer.setHeartbeatIvl(20);
		dealer.setHeartbeatTimeout(5000);
		dealer.setHeartbeatTtl(10_000);
		dealer.setHeartbeatContext("ctx".getBytes(StandardCharsets.US_ASCII));
		dealer.bind("tcp://127.0.0.1:*");
		// In between is a join that counts what we answer.
		DuplexSocket ours = this.engine.connect("tcp://127.0.0.1:" + inner.port());
		Join counting = this.engine.join(inner.accept(SOON), this.engine.connect(dealer.getLastEndpoint()));
		Zmtp.handshake(ours, ZmtpOptions.of(ZmtpSocketType.DEALER));
		CompletionStage<Message> message = ours.getAsync();
		long before = counting.snapshot().bytesFromClient();
		await().atMost(SOON).until(() -> counting.snapshot().bytesFromClient() >= before + 50);
		dealer.send("still here");
		assertThat(soon(message).text()).isEqualTo("still here");
		put(ours, "we too");
		assertThat(dealer.recvStr()).isEqualTo("we too");
		// And those of ours by them: what it answers is dropped by the codec, but not
		// here.
		ours.setCodec(Codec.zmtp().frames());
		ours.put(Zmtp.ping(Duration.ofSeconds(1), "mine".getBytes(StandardCharsets.US_ASCII)));
		Message command;
		do {
			command = ours.get(SOON);
			assertThat(command.control()).isTrue();
		}
		while (command.text().startsWith("\4PING"));
		assertThat(command.text()).isEqualTo("\4PONGmine");
	}

	@Test
	void aRouteOfTheEnginePassesEverythingOn() throws NoSuchAlgorithmException {
		route(Codec.zmtp(), Codec.zmtp());
	}

	/** With options that differ every frame is decoded and encoded. */
	@Test
	void aRouteOfTheEngineDecodesAndEncodes() throws NoSuchAlgorithmException {
		route(Codec.zmtp(), Codec.zmtp().withMaxMessage(1 << 20));
	}

	private void route(Codec in, Codec out) throws NoSuchAlgorithmException {
		long seed = System.nanoTime();
		System.out.println("JeroMqTests.route: seed " + seed);
		int count = 10_000;
		Accepted accepted = accept(SocketType.PUSH, ZmtpOptions.of(ZmtpSocketType.PULL).withCodec(in), (theirs) -> {
		});
		ZMQ.Socket push = accepted.theirs();
		DuplexSocket from = accepted.ours();
		ZMQ.Socket pull = socket(SocketType.PULL);
		DuplexSocket to = connect(pull, ZmtpSocketType.PUSH);
		to.setCodec(out);
		Join route = from.route(to);
		MessageDigest sent = MessageDigest.getInstance("SHA-256");
		CompletableFuture<Void> sender = Async.run(() -> {
			SplittableRandom random = new SplittableRandom(seed);
			for (int i = 0; i < count; i++) {
				int parts = (random.nextInt(4) == 0) ? 1 + random.nextInt(4) : 1;
				for (int part = 0; part < parts; part++) {
					byte[] bytes = new byte[(random.nextInt(50) == 0) ? random.nextInt(100_000) : random.nextInt(300)];
					random.nextBytes(bytes);
					boolean more = part < parts - 1;
					digest(sent, bytes, more);
					assertThat(more ? push.sendMore(bytes) : push.send(bytes)).isTrue();
				}
			}
		});
		MessageDigest received = MessageDigest.getInstance("SHA-256");
		long frames = 0;
		for (int i = 0; i < count;) {
			byte[] bytes = pull.recv();
			assertThat(bytes).isNotNull();
			boolean more = pull.hasReceiveMore();
			digest(received, bytes, more);
			frames++;
			i += more ? 0 : 1;
		}
		soon(sender);
		assertThat(received.digest()).isEqualTo(sent.digest());
		assertThat(route.snapshot().messagesFromClient()).isEqualTo(frames);
		route.unjoin();
		push.send("behind the route");
		assertThat(get(from)).containsExactly("behind the route");
	}

	private static void digest(MessageDigest digest, byte[] bytes, boolean more) {
		digest.update(ByteBuffer.allocate(5).putInt(bytes.length).put((byte) (more ? 1 : 0)).flip());
		digest.update(bytes);
	}

	private static byte[] sha256(byte[] bytes) {
		try {
			return MessageDigest.getInstance("SHA-256").digest(bytes);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
