/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Codecs written in Java.
 */
@Timeout(120)
class MessageCodecTests {

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	private final Pair a = this.peers.open();

	private final DuplexSocket socket = this.a.socket();

	/**
	 * Netstrings: {@code 5:hello,}. A length of 0 is the last message.
	 */
	private static final class Netstrings implements MessageCodec {

		private int decoded;

		@Override
		public Message decode(ByteBuffer bytes) {
			int length = 0;
			while (true) {
				if (!bytes.hasRemaining()) {
					return null;
				}
				byte next = bytes.get();
				if (next == ':') {
					break;
				}
				if (next < '0' || next > '9') {
					bytes.position(bytes.position() - 1);
					throw new IllegalArgumentException("no digit");
				}
				length = length * 10 + next - '0';
			}
			if (bytes.remaining() < length + 1) {
				return null;
			}
			byte[] payload = new byte[length];
			bytes.get(payload);
			if (bytes.get() != ',') {
				throw new IllegalArgumentException("no comma");
			}
			this.decoded++;
			Message message = Message.of(payload);
			return (length == 0) ? message.withLast() : message;
		}

		@Override
		public ByteBuffer encode(Message message) {
			byte[] payload = message.bytes();
			if (new String(payload, StandardCharsets.ISO_8859_1).equals("bad")) {
				throw new IllegalArgumentException("a bad message");
			}
			byte[] head = (payload.length + ":").getBytes(StandardCharsets.US_ASCII);
			return ByteBuffer.allocate(head.length + payload.length + 1).put(head).put(payload).put((byte) ',').flip();
		}

	}

	private static void say(Pair pair, String text) {
		try {
			pair.peer().getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private byte[] receive(int count) {
		ByteBuffer rest = ByteBuffer.allocate(count);
		while (rest.hasRemaining()) {
			assertThat(this.socket.receive(rest, SOON)).isPositive();
		}
		return rest.array();
	}

	@Test
	void messagesAreGotAndPutInEveryWay() {
		this.socket.setCodec(Codec.of(new Netstrings()));
		say(this.a, "3:one,3:two,5:three,4:fo");
		assertThat(this.socket.get().text()).isEqualTo("one");
		List<Message> messages = new ArrayList<>();
		await().until(() -> this.socket.get(messages, 10) > 0 && messages.size() >= 2);
		assertThat(messages).extracting(Message::text).containsExactly("two", "three");
		assertThat(this.socket.tryGet()).isNull();
		assertThatExceptionOfType(DuplexTimeoutException.class).isThrownBy(() -> this.socket.get(Duration.ofMillis(10)))
			.withMessageContaining("no message was whole in time");
		CompletionStage<Message> fourth = this.socket.getAsync();
		say(this.a, "ur,");
		assertThat(soon(fourth).text()).isEqualTo("four");
		CompletableFuture<Message> fifth = Async.supply(this.socket::get);
		say(this.a, "4:f");
		say(this.a, "ive,");
		assertThat(soon(fifth).text()).isEqualTo("five");
		this.socket.put(Message.of("five"));
		this.socket.put(List.of(Message.of("six"), Message.of("seven")));
		assertThat(this.socket.tryPut(Message.of("eight"))).isTrue();
		soon(this.socket.putAsync(Message.of("nine")));
		assertThat(this.a.read(36)).isEqualTo("4:five,3:six,5:seven,5:eight,4:nine,");
		this.a.endOutput();
		assertThat(this.socket.get()).isNull();
		assertThat(this.socket.get(messages, 1)).isEqualTo(-1);
	}

	@Test
	void bytesThatAreNotDecodedStay() {
		Netstrings codec = new Netstrings();
		this.socket.setCodec(Codec.of(codec));
		say(this.a, "3:one,line\n3:two,4:tail");
		assertThat(this.socket.get().text()).isEqualTo("one");
		this.socket.setCodec(Codec.line());
		assertThat(this.socket.get().text()).isEqualTo("line");
		this.socket.setCodec(Codec.of(codec));
		assertThat(this.socket.get().text()).isEqualTo("two");
		assertThat(this.socket.tryGet()).isNull();
		this.socket.setCodec(null);
		assertThat(receive(6)).isEqualTo("4:tail".getBytes(StandardCharsets.US_ASCII));
		assertThat(codec.decoded).isEqualTo(2);
	}

	@Test
	void aJoinAndAReceiveFindWhatWasNotDecoded() {
		this.socket.setCodec(Codec.of(new Netstrings()));
		say(this.a, "3:one,9:par");
		assertThat(this.socket.get().text()).isEqualTo("one");
		assertThat(this.socket.tryGet()).isNull();
		assertThat(receive(2)).isEqualTo("9:".getBytes(StandardCharsets.US_ASCII));
		Pair b = this.peers.open();
		Join join = this.engine.join(this.socket, b.socket());
		say(this.a, "tly");
		assertThat(b.read(6)).isEqualTo("partly");
		join.unjoin();
		say(this.a, "5:again,");
		assertThat(this.socket.get().text()).isEqualTo("again");
	}

	/** One who waits with a part of a message loses it to the join, whole. */
	@Test
	void aJoinTakesTheBytesOfWhoWaits() {
		this.socket.setCodec(Codec.of(new Netstrings()));
		CompletableFuture<Message> waiting = Async.supply(this.socket::get);
		say(this.a, "9:par");
		await().until(() -> ((NativeSocket) this.socket).messages().millisUntilLate() >= 0);
		Pair b = this.peers.open();
		this.engine.join(this.socket, b.socket());
		assertThat(waiting).failsWithin(SOON).withThrowableThat().withCauseInstanceOf(SocketBusyException.class);
		assertThat(b.read(5)).isEqualTo("9:par");
	}

	@Test
	void anySplitGivesTheSameMessages() throws Exception {
		long seed = System.nanoTime();
		System.out.println("MessageCodecTests.anySplitGivesTheSameMessages: seed " + seed);
		SplittableRandom random = new SplittableRandom(seed);
		this.socket.setCodec(Codec.of(new Netstrings()));
		List<byte[]> expected = new ArrayList<>();
		java.io.ByteArrayOutputStream wire = new java.io.ByteArrayOutputStream();
		for (int i = 0; i < 300; i++) {
			byte[] message = new byte[1 + ((random.nextInt(50) == 0) ? random.nextInt(200_000) : random.nextInt(40))];
			random.nextBytes(message);
			expected.add(message);
			wire.write((message.length + ":").getBytes(StandardCharsets.US_ASCII));
			wire.write(message);
			wire.write(',');
		}
		byte[] all = wire.toByteArray();
		CompletableFuture<Void> written = Async.run(() -> {
			SplittableRandom splits = new SplittableRandom(seed);
			try {
				OutputStream out = this.a.peer().getOutputStream();
				for (int at = 0; at < all.length;) {
					int length = Math.min(all.length - at, 1 + splits.nextInt((splits.nextInt(4) == 0) ? 60_000 : 20));
					out.write(all, at, length);
					at += length;
				}
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		});
		List<Message> got = new ArrayList<>();
		while (got.size() < expected.size()) {
			if (random.nextBoolean()) {
				assertThat(this.socket.get(got, 1 + random.nextInt(9))).isPositive();
			}
			else {
				got.add(soon(this.socket.getAsync()));
			}
		}
		soon(written);
		for (int i = 0; i < got.size(); i++) {
			assertThat(got.get(i).bytes()).isEqualTo(expected.get(i));
		}
	}

	@Test
	void aLargeMessageGoesBothWays() throws IOException {
		byte[] large = new byte[10_000_000];
		new SplittableRandom(9).nextBytes(large);
		Pair b = this.peers.open();
		b.socket().setCodec(Codec.of(new Netstrings()));
		CompletableFuture<Void> put = Async.run(() -> b.socket().put(Message.of(large)));
		byte[] wire = b.peer().getInputStream().readNBytes(large.length + 10);
		soon(put);
		this.socket.setCodec(Codec.of(new Netstrings()));
		CompletableFuture<Message> message = Async.supply(this.socket::get);
		this.a.peer().getOutputStream().write(wire);
		assertThat(soon(message).bytes()).isEqualTo(large);
	}

	@Test
	void whatTheCodecRefusesIsNamedWithItsPlaceEveryTime() {
		this.socket.setCodec(Codec.of(new Netstrings()));
		say(this.a, "3:one,2x:");
		assertThat(this.socket.get().text()).isEqualTo("one");
		for (int i = 0; i < 2; i++) {
			assertThatExceptionOfType(CodecException.class).isThrownBy(this.socket::get)
				.withMessageContaining("no digit, at byte 7")
				.withCauseInstanceOf(IllegalArgumentException.class)
				.satisfies((ex) -> assertThat(ex.getOffset()).isEqualTo(7));
		}
		assertThat(this.socket.getAsync().toCompletableFuture()).failsWithin(SOON)
			.withThrowableThat()
			.withCauseInstanceOf(CodecException.class);
		assertThatExceptionOfType(CodecException.class).isThrownBy(this.socket::tryGet);
		assertThatExceptionOfType(CodecException.class).isThrownBy(() -> this.socket.put(Message.of("bad")))
			.withMessageContaining("a bad message")
			.satisfies((ex) -> assertThat(ex.getOffset()).isEqualTo(-1));
		this.socket.put(Message.of("good"));
		assertThat(this.a.read(7)).isEqualTo("4:good,");
		// Nothing of it is lost to another codec.
		this.socket.setCodec(null);
		assertThat(receive(3)).isEqualTo("2x:".getBytes(StandardCharsets.US_ASCII));
	}

	@Test
	void anEndInsideAMessageIsRefused() {
		this.socket.setCodec(Codec.of(new Netstrings()));
		say(this.a, "3:one,3:tw");
		this.a.endOutput();
		assertThat(this.socket.get().text()).isEqualTo("one");
		assertThatExceptionOfType(CodecException.class).isThrownBy(this.socket::get)
			.withMessageContaining("the stream ended inside a message, at byte 6");
	}

	@Test
	void theEndMayMakeAMessage() {
		this.socket.setCodec(Codec.of(new MessageCodec() {

			@Override
			public Message decode(ByteBuffer bytes) {
				return null;
			}

			@Override
			public ByteBuffer encode(Message message) {
				return message.payload();
			}

			@Override
			public Message finish(ByteBuffer rest) {
				byte[] all = new byte[rest.remaining()];
				rest.get(all);
				return Message.of(all);
			}

		}));
		say(this.a, "all of it");
		this.a.endOutput();
		assertThat(this.socket.get().text()).isEqualTo("all of it");
		assertThat(this.socket.get()).isNull();
	}

	@Test
	void whatFollowsTheLastMessageStaysUnread() {
		this.socket.setCodec(Codec.of(new Netstrings()));
		say(this.a, "1:x,0:,rest");
		assertThat(this.socket.get().last()).isFalse();
		assertThat(this.socket.get().last()).isTrue();
		assertThat(this.socket.get()).isNull();
		assertThat(receive(4)).isEqualTo("rest".getBytes(StandardCharsets.US_ASCII));
	}

	@Test
	void aMessageThatDoesNotComeIsCutOffHoweverItIsWaitedFor() {
		Codec codec = Codec.of(new Netstrings()).withFrameTimeout(Duration.ofMillis(30));
		this.socket.setCodec(codec);
		Pair b = this.peers.open();
		b.socket().setCodec(Codec.of(new Netstrings()).withFrameTimeout(Duration.ofMillis(30)));
		Pair c = this.peers.open();
		c.socket().setCodec(Codec.line().withFrameTimeout(Duration.ofMillis(30)));
		List<CompletableFuture<Message>> waiting = List.of(Async.supply(this.socket::get),
				b.socket().getAsync().toCompletableFuture(), c.socket().getAsync().toCompletableFuture());
		say(this.a, "4:ha");
		say(b, "4:ha");
		say(c, "ha");
		for (CompletableFuture<Message> message : waiting) {
			assertThat(message).failsWithin(SOON)
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(CodecException.class)
				.withMessageContaining("did not come in time");
		}
	}

	@Test
	void aMessageHasAGreatestLength() {
		this.socket.setCodec(Codec.of(new Netstrings()).withMaxMessage(10));
		say(this.a, "6:sixsix,7:seven77,");
		assertThat(this.socket.get().text()).isEqualTo("sixsix");
		assertThat(this.socket.get().text()).isEqualTo("seven77");
		say(this.a, "8:12345678");
		assertThatExceptionOfType(CodecException.class).isThrownBy(this.socket::get)
			.withMessageContaining("longer than the codec's greatest size, at byte 29");
	}

	@Test
	void noWorkerCanRunIt() {
		this.socket.setCodec(Codec.of(new Netstrings()));
		Pair b = this.peers.open();
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> this.socket.route(b.socket()))
			.withMessageContaining("use DuplexEngine.routeThrough()");
		assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> b.socket().route(this.socket));
		b.socket().setCodec(Codec.line());
		TransformJoin route = this.engine.routeThrough(this.socket, b.socket(), null, null);
		say(this.a, "5:hello,");
		assertThat(b.read(6)).isEqualTo("hello\n");
		say(b, "world\n");
		assertThat(this.a.read(8)).isEqualTo("5:world,");
		say(this.a, "4:ha");
		await().until(() -> ((NativeSocket) this.socket).messages().millisUntilLate() >= 0);
		// Nothing of it has been taken: nobody has to wait for the rest.
		route.unjoin();
		route = this.engine.routeThrough(this.socket, b.socket(), null, null);
		say(this.a, "lf,");
		assertThat(b.read(5)).isEqualTo("half\n");
		say(this.a, "x");
		TransformEnd end = soon(route.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.PROTOCOL);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
		assertThat(end.cause()).hasMessageContaining("no digit, at byte 15");
	}

	@Test
	void aCodecThatTakesNothingIsRefused() {
		this.socket.setCodec(Codec.of(new MessageCodec() {

			@Override
			public Message decode(ByteBuffer bytes) {
				return Message.of("nothing");
			}

			@Override
			public ByteBuffer encode(Message message) {
				return message.payload();
			}

		}));
		say(this.a, "x");
		assertThatExceptionOfType(CodecException.class).isThrownBy(this.socket::get)
			.withMessageContaining("a message of no bytes, at byte 0");
	}

}
