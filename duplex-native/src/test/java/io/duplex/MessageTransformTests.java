/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * Messages between two sockets through functions.
 */
@Timeout(120)
class MessageTransformTests {

	private static final MessageTransform UPPER = (message) -> Message.of(message.text().toUpperCase(Locale.ROOT));

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	private final Pair a = this.peers.open();

	private final Pair b = this.peers.open();

	private TransformJoin route(MessageTransform forth, MessageTransform back) {
		return this.engine.routeThrough(this.a.socket(), this.b.socket(), forth, back);
	}

	private void codecs(Codec first, Codec second) {
		this.a.socket().setCodec(first);
		this.b.socket().setCodec(second);
	}

	private static void say(Pair pair, String text) {
		try {
			pair.peer().getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void hears(Pair pair, String text) {
		try {
			byte[] bytes = pair.peer().getInputStream().readNBytes(text.length());
			assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).isEqualTo(text);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Test
	void eachDirectionHasItsOwnFunction() {
		codecs(Codec.line(), Codec.length(1));
		TransformJoin join = route((message) -> message.text().isEmpty() ? null : UPPER.apply(message), null);
		say(this.a, "one\n\ntwo\r\n");
		hears(this.b, "\3ONE\3TWO");
		say(this.b, "\6answer");
		hears(this.a, "answer\n");
		await().until(() -> join.counts().messagesToClient() == 1);
		assertThat(join.counts()).isEqualTo(new TransformCounts(6, 6, 6, 6, 3, 2, 1, 1));
		assertThat(join.unjoin()).isEqualTo(new TransformCounts(6, 6, 6, 6, 3, 2, 1, 1));
		say(this.a, "mine\n");
		assertThat(this.a.socket().get().text()).isEqualTo("mine");
	}

	@Test
	void oneMessageMayBecomeManyAndTheFunctionHasTheLastWord() {
		codecs(Codec.line(), Codec.line());
		TransformJoin join = route(new MessageTransform() {

			@Override
			public Message apply(Message message) {
				return message;
			}

			@Override
			public List<Message> applyToMany(Message message) {
				List<Message> words = new ArrayList<>();
				for (String word : message.text().split(" ")) {
					words.add(Message.of(word));
				}
				return words;
			}

			@Override
			public List<Message> finish() {
				return List.of(Message.of("bye"));
			}

		}, null);
		say(this.a, "a b c\nd\n");
		hears(this.b, "a\nb\nc\nd\n");
		this.a.endOutput();
		hears(this.b, "bye\n");
		assertThat(this.b.ended()).isTrue();
		say(this.b, "half-open\n");
		hears(this.a, "half-open\n");
		this.b.endOutput();
		assertThat(this.a.ended()).isTrue();
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
	}

	@Test
	void whatIsPassedOnIsTranslatedAsARouteDoes() {
		codecs(Codec.webSocketServer().asText(), Codec.line());
		route(null, null);
		say(this.a, "\u0089\u0080\0\0\0\0\u0081\u0085\0\0\0\0Hello");
		hears(this.b, "Hello\n");
		hears(this.a, "\u008a\0");
		say(this.b, "World\n");
		hears(this.a, "\u0081\5World");
	}

	@Test
	void aStreamIsMessagesOfWhatIsThere() {
		this.b.socket().setCodec(Codec.length(4));
		route(null, UPPER);
		say(this.a, "bytes");
		hears(this.b, "\0\0\0\5bytes");
		say(this.b, "\0\0\0\2up");
		hears(this.a, "UP");
	}

	@Test
	void theCloseOfAWebSocketEndsBothDirections() {
		codecs(Codec.webSocketServer(), Codec.webSocketServer());
		TransformJoin join = route(null, null);
		say(this.a, "\u0088\u0082\0\0\0\0\u0003\u00e9");
		hears(this.a, "\u0088\2\u0003\u00e9");
		hears(this.b, "\u0088\2\u0003\u00e9");
		assertThat(this.a.ended()).isTrue();
		assertThat(this.b.ended()).isTrue();
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
	}

	@Test
	void anEndBecomesACloseAndWaitsForItsAnswer() {
		codecs(Codec.line(), Codec.webSocketServer().asText());
		TransformJoin join = route(null, null);
		say(this.a, "last");
		this.a.endOutput();
		hears(this.b, "\u0081\4last\u0088\2\u0003\u00e8");
		say(this.b, "\u0081\u0082\0\0\0\0ok\u0088\u0082\0\0\0\0\u0003\u00e8");
		hears(this.a, "ok\n");
		assertThat(this.a.ended()).isTrue();
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
	}

	@Test
	void aCloseThatIsNotAnsweredIsNotWaitedForWithoutLimit() {
		codecs(Codec.line(), Codec.webSocketServer());
		TransformJoin join = route(null, null);
		this.a.endOutput();
		hears(this.b, "\u0088\2\u0003\u00e8");
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.CLIENT_CLOSED);
	}

	@Test
	void behindTheLastChunkBothSocketsAreTheApplicationsAgain() {
		this.a.socket().setCodec(Codec.chunked());
		TransformJoin join = route(UPPER, null);
		say(this.a, "3\r\nabc\r\n0\r\nA: b\r\n\r\nnext");
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.FINISHED);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
		hears(this.b, "ABC");
		this.a.socket().setCodec(null);
		byte[] rest = new byte[10];
		assertThat(this.a.socket().receive(rest, SOON)).isEqualTo(4);
		assertThat(new String(rest, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("next");
		this.b.socket().send("more".getBytes(StandardCharsets.US_ASCII));
		hears(this.b, "more");
	}

	@Test
	void chunksGoFromOneToTheOtherWithTheirTrailers() {
		codecs(Codec.chunked(), Codec.chunked());
		TransformJoin join = route(null, null);
		say(this.a, "3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n");
		hears(this.b, "3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n");
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.FINISHED);
	}

	@Test
	void aStreamsEndIsTheLastChunk() {
		this.b.socket().setCodec(Codec.chunked());
		route(null, null);
		say(this.a, "abc");
		hears(this.b, "3\r\nabc\r\n");
		this.a.endOutput();
		hears(this.b, "0\r\n\r\n");
		assertThat(this.b.ended()).isTrue();
	}

	@Test
	void aFunctionThatThrowsEndsItAndClosesBoth() {
		codecs(Codec.line(), Codec.line());
		IOException failure = new IOException("not today");
		TransformJoin join = route(null, (message) -> {
			throw failure;
		});
		say(this.a, "forth\n");
		hears(this.b, "forth\n");
		say(this.b, "back\n");
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.ERROR);
		assertThat(end.side()).isEqualTo(JoinSide.BACKEND);
		assertThat(end.cause()).isSameAs(failure);
		assertThat(end.counts()).isEqualTo(new TransformCounts(5, 5, 4, 0, 1, 1, 1, 0));
		assertThat(this.a.ended()).isTrue();
		assertThat(this.b.ended()).isTrue();
	}

	@Test
	void whatACodecRefusesEndsItWithItsName() {
		codecs(Codec.webSocketServer(), Codec.line());
		TransformJoin join = route(null, null);
		say(this.a, "\u0081\u0081\0\0\0\0x\u0083\u0080\0\0\0\0");
		hears(this.b, "x\n");
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.PROTOCOL);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
		assertThat(end.cause()).isInstanceOf(CodecException.class)
			.hasMessageContaining("a reserved WebSocket opcode, at byte 7");
		hears(this.a, "\u0088\2\u0003\u00ea");
		assertThat(this.b.ended()).isTrue();
	}

	@Test
	void aMessageThatTheOtherSideCannotBeSentEndsIt() {
		codecs(Codec.length(1), Codec.line().withMaxMessage(4));
		TransformJoin join = route(null, null);
		say(this.a, "\3a\nb");
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.PROTOCOL);
		assertThat(end.side()).isEqualTo(JoinSide.BACKEND);
		assertThat(end.cause()).isInstanceOf(CodecException.class).hasMessageContaining("cannot express");
		Pair c = this.peers.open();
		Pair d = this.peers.open();
		c.socket().setCodec(Codec.line());
		d.socket().setCodec(Codec.line().withMaxMessage(4));
		join = this.engine.routeThrough(c.socket(), d.socket(), null, null);
		say(c, "longer\n");
		assertThat(soon(join.end()).cause()).hasMessageContaining("greatest message");
	}

	@Test
	void aWebSocketThatEndsWithoutACloseIsAsGoodAsReset() {
		codecs(Codec.webSocketServer(), Codec.line());
		TransformJoin join = route(null, null);
		this.a.endOutput();
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.RESET);
		assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
	}

	@Test
	void aMessageThatDoesNotComeIsCutOff() {
		codecs(Codec.line().withFrameTimeout(Duration.ofMillis(30)), Codec.line());
		TransformJoin join = route(null, null);
		say(this.a, "half");
		TransformEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.PROTOCOL);
		assertThat(end.cause()).hasMessageContaining("did not come in time");
	}

	@Test
	void aMessageThatHasBegunIsWaitedForWhenItIsUndone() {
		codecs(Codec.length(1), Codec.length(1));
		TransformJoin join = route(UPPER, null);
		say(this.a, "\1x\4ha");
		hears(this.b, "\1X");
		await().until(() -> ((NativeSocket) this.a.socket()).messages().millisUntilLate() >= 0);
		CompletableFuture<TransformCounts> undone = join.unjoinAsync().toCompletableFuture();
		assertThat(undone).isNotDone();
		say(this.a, "lf\4mine");
		assertThat(soon(undone).messagesToBackend()).isEqualTo(2);
		hears(this.b, "\4HALF");
		assertThat(this.a.socket().get(SOON).text()).isEqualTo("mine");
	}

	@Test
	void theNextMessageWaitsForThePutAndCloseEndsIt() throws IOException {
		codecs(Codec.length(4), Codec.length(4));
		TransformJoin join = route(null, null);
		byte[] large = new byte[1 << 20];
		CompletableFuture<Void> writer = Async.run(() -> {
			try {
				DataOutputStream out = new DataOutputStream(this.a.peer().getOutputStream());
				for (int i = 0; i < 256; i++) {
					out.writeInt(large.length);
					out.write(large);
				}
			}
			catch (IOException ex) {
				// Closed.
			}
		});
		AtomicReference<TransformCounts> last = new AtomicReference<>();
		await().during(Duration.ofMillis(200)).until(() -> {
			TransformCounts counts = join.counts();
			return counts.equals(last.getAndSet(counts)) && counts.messagesFromClient() > counts.messagesToBackend();
		});
		assertThat(join.counts().messagesFromClient()).isEqualTo(join.counts().messagesToBackend() + 1).isLessThan(256);
		CompletionStage<TransformCounts> undone = join.unjoinAsync();
		join.close();
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.CLOSED);
		assertThat(undone.toCompletableFuture()).failsWithin(SOON);
		soon(writer);
	}

	/** A route of the engine takes over where it has stopped, and the other way round. */
	@Test
	void anUndoneOneLosesNothing() throws Exception {
		long seed = System.nanoTime();
		System.out.println("MessageTransformTests.anUndoneOneLosesNothing: seed " + seed);
		codecs(Codec.length(4), Codec.length(4).littleEndian());
		int messages = 20_000;
		CompletableFuture<Void> written = Async.run(() -> {
			SplittableRandom random = new SplittableRandom(seed);
			try {
				DataOutputStream out = new DataOutputStream(
						new java.io.BufferedOutputStream(this.a.peer().getOutputStream(), 5000));
				for (int i = 0; i < messages; i++) {
					byte[] message = message(random);
					out.writeInt(message.length);
					out.write(message);
				}
				out.flush();
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		});
		CompletableFuture<Void> verified = Async.run(() -> {
			SplittableRandom random = new SplittableRandom(seed);
			try {
				DataInputStream in = new DataInputStream(
						new java.io.BufferedInputStream(this.b.peer().getInputStream()));
				for (int i = 0; i < messages; i++) {
					byte[] message = message(random);
					assertThat(Integer.reverseBytes(in.readInt())).isEqualTo(message.length);
					assertThat(in.readNBytes(message.length)).isEqualTo(message);
				}
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		});
		long moved = 0;
		for (int i = 0; i < 50; i++) {
			TransformJoin join = route((message) -> message, null);
			Thread.yield();
			TransformCounts counts = join.unjoin();
			assertThat(counts.messagesToBackend()).isEqualTo(counts.messagesFromClient());
			assertThat(counts.sentToBackend()).isEqualTo(counts.receivedFromClient());
			assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.UNJOINED);
			moved += counts.messagesToBackend();
			this.a.socket().route(this.b.socket()).unjoin();
		}
		assertThat(moved).isPositive();
		TransformJoin last = route(null, null);
		soon(written);
		soon(verified);
		last.close();
	}

	private static byte[] message(SplittableRandom random) {
		byte[] message = new byte[(random.nextInt(100) == 0) ? random.nextInt(100_000) : random.nextInt(300)];
		random.nextBytes(message);
		return message;
	}

	@Test
	void whoeverUndoesItWaitsForTheFunction() throws InterruptedException {
		codecs(Codec.line(), Codec.line());
		CountDownLatch inside = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		TransformJoin join = route((message) -> {
			inside.countDown();
			go.await();
			return UPPER.apply(message);
		}, null);
		say(this.a, "last\nmine\n");
		inside.await();
		CompletableFuture<TransformCounts> undone = join.unjoinAsync().toCompletableFuture();
		assertThat(undone).isNotDone();
		go.countDown();
		assertThat(soon(undone).messagesToBackend()).isEqualTo(1);
		hears(this.b, "LAST\n");
		assertThat(this.a.socket().get(SOON).text()).isEqualTo("mine");
	}

	@Test
	void wrongSocketsAreRefused() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> this.engine.routeThrough(this.a.socket(), this.a.socket(), null, null));
		TransformJoin join = route(null, null);
		assertThatExceptionOfType(SocketBusyException.class).isThrownBy(() -> route(null, null))
			.withMessageContaining("part of a join through functions");
		join.unjoin();
		this.a.socket().close();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> route(null, null));
	}

}
