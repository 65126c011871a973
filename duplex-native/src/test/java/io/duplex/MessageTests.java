/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Messages on a socket: codecs, get, put, route.
 */
@Timeout(60)
class MessageTests {

	private final DuplexEngine engine = DuplexEngine.create();

	@AfterEach
	void closeEngine() {
		this.engine.close();
	}

	private static void say(Pair pair, String text) throws IOException {
		pair.peer().getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
	}

	private static void hears(Pair pair, String text) throws IOException {
		byte[] bytes = pair.peer().getInputStream().readNBytes(text.length());
		assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).isEqualTo(text);
	}

	@Test
	void linesAreGotAndPut() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			socket.setCodec(Codec.line());
			say(pair, "one\ntwo\r\nthree\nfou");
			assertThat(socket.get().text()).isEqualTo("one");
			List<Message> messages = new ArrayList<>();
			assertThat(socket.get(messages, 10)).isEqualTo(2);
			assertThat(messages).extracting(Message::text).containsExactly("two", "three");
			assertThat(socket.tryGet()).isNull();
			assertThatExceptionOfType(DuplexTimeoutException.class).isThrownBy(() -> socket.get(Duration.ofMillis(10)))
				.withMessageContaining("no message was whole in time");
			CompletionStage<Message> fourth = socket.getAsync();
			say(pair, "r\n");
			assertThat(fourth.toCompletableFuture().join().text()).isEqualTo("four");
			socket.put(Message.of("five"));
			socket.put(List.of(Message.of("six"), Message.of("seven")));
			assertThat(socket.tryPut(Message.of("eight"))).isTrue();
			socket.putAsync(Message.of("nine")).toCompletableFuture().join();
			hears(pair, "five\nsix\nseven\neight\nnine\n");
			pair.peer().shutdownOutput();
			assertThat(socket.get()).isNull();
			assertThat(socket.get(messages, 1)).isEqualTo(-1);
		}
	}

	@Test
	void bytesThatAreNotDecodedStay() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			say(pair, "head\nbody;\0\0\0\4fourtail");
			socket.setCodec(Codec.line());
			assertThat(socket.get().text()).isEqualTo("head");
			socket.setCodec(Codec.delimiter((byte) ';'));
			assertThat(socket.get().text()).isEqualTo("body");
			socket.setCodec(Codec.length(4));
			assertThat(socket.get().text()).isEqualTo("four");
			socket.setCodec(null);
			ByteBuffer rest = ByteBuffer.allocate(4);
			while (rest.hasRemaining()) {
				socket.receive(rest);
			}
			assertThat(rest.array()).isEqualTo("tail".getBytes(StandardCharsets.US_ASCII));
		}
	}

	@Test
	void aMessageMayBeLargerThanAnyBuffer() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			socket.setCodec(Codec.varint());
			byte[] large = new byte[5_000_000];
			new SplittableRandom(7).nextBytes(large);
			CompletableFuture<Void> put = Async.run(() -> socket.put(Message.of(large)));
			byte[] wire = pair.peer().getInputStream().readNBytes(large.length + 4);
			put.join();
			Async.run(() -> {
				try {
					pair.peer().getOutputStream().write(wire);
				}
				catch (IOException ex) {
					throw new java.io.UncheckedIOException(ex);
				}
			});
			assertThat(socket.get().bytes()).isEqualTo(large);
			assertThat(this.engine.statistics().sockets()).isPositive();
		}
	}

	@Test
	void aWebSocketAnswersPingsAndCloses() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			socket.setCodec(Codec.webSocketServer());
			say(pair, "\u0089\u0082\0\0\0\0hi\u0081\u0085\0\0\0\0Hello\u0088\u0082\0\0\0\0\u0003\u00e8");
			Message text = socket.get();
			assertThat(text.text()).isEqualTo("Hello");
			assertThat(text.kind()).isEqualTo(1);
			socket.put(Message.text("yes"));
			Message close = socket.get();
			assertThat(close.last()).isTrue();
			assertThat(close.control()).isTrue();
			assertThat(socket.get()).isNull();
			hears(pair, "\u008a\u0002hi\u0081\u0003yes\u0088\u0002\u0003\u00e8");
			assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> socket.put(Message.text("late")));
		}
	}

	@Test
	void whatThePeerBreaksIsNamedWithItsPlace() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			socket.setCodec(Codec.webSocketServer());
			say(pair, "\u0081\u0001x");
			for (int i = 0; i < 2; i++) {
				assertThatExceptionOfType(CodecException.class).isThrownBy(socket::get)
					.withMessageContaining("a WebSocket client's frame without mask, at byte 1")
					.satisfies((ex) -> assertThat(ex.getOffset()).isEqualTo(1));
			}
			hears(pair, "\u0088\u0002\u0003\u00ea");
		}
	}

	@Test
	void aMessageThatCannotBeExpressedIsRefusedAndNothingIsSent() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			socket.setCodec(Codec.line().withMaxMessage(10));
			assertThatExceptionOfType(CodecException.class).isThrownBy(() -> socket.put(Message.of("a\nb")))
				.withMessageContaining("cannot express");
			assertThatExceptionOfType(DuplexException.class).isThrownBy(() -> socket.put(Message.of("longer than ten")))
				.withMessageContaining("greatest message");
			socket.put(Message.of("fits"));
			hears(pair, "fits\n");
			say(pair, "longer than ten\n");
			assertThatExceptionOfType(CodecException.class).isThrownBy(socket::get)
				.withMessageContaining("longer than the codec's greatest size, at byte 10");
		}
	}

	@Test
	void aMessageThatDoesNotComeIsCutOff() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			socket.setCodec(Codec.line().withFrameTimeout(Duration.ofMillis(30)));
			CompletableFuture<Message> message = Async.supply(socket::get);
			say(pair, "half");
			assertThat(message).failsWithin(Duration.ofSeconds(30))
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(CodecException.class)
				.withMessageContaining("did not come in time");
		}
	}

	@Test
	void anInterruptLosesNothing() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			DuplexSocket socket = pair.socket();
			socket.setCodec(Codec.line());
			say(pair, "half");
			CompletableFuture<Thread> thread = new CompletableFuture<>();
			CompletableFuture<Message> message = Async.supply(() -> {
				thread.complete(Thread.currentThread());
				return socket.get();
			});
			Awaitility.await()
				.until(() -> thread.join().getState() == Thread.State.TIMED_WAITING
						|| thread.join().getState() == Thread.State.WAITING);
			thread.join().interrupt();
			assertThat(message).failsWithin(Duration.ofSeconds(30))
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(DuplexInterruptedException.class);
			say(pair, " and half\n");
			assertThat(socket.get().text()).isEqualTo("half and half");
		}
	}

	@Test
	void aRouteMovesMessagesUntilItIsUndone() throws Exception {
		try (Pair client = Pair.open(this.engine); Pair backend = Pair.open(this.engine)) {
			client.socket().setCodec(Codec.webSocketServer().asText());
			backend.socket().setCodec(Codec.line());
			Join route = client.socket().route(backend.socket());
			say(client, "\u0081\u0085\0\0\0\0Hello");
			hears(backend, "Hello\n");
			say(backend, "World\nhal");
			hears(client, "\u0081\u0005World");
			assertThat(this.engine.joins(JoinQuery.first()).joins()).singleElement().satisfies((join) -> {
				assertThat(join.flags()).containsExactly(JoinOption.ROUTE);
				assertThat(join.messagesFromClient()).isEqualTo(1);
				assertThat(join.messagesFromBackend()).isEqualTo(1);
			});
			CompletionStage<UnjoinResult> undone = route.unjoinAsync();
			say(backend, "f\nlast\n");
			undone.toCompletableFuture().join();
			assertThat(backend.socket().get().text()).isEqualTo("last");
			client.socket().put(Message.text("done"));
			Socket peer = client.peer();
			assertThat(peer.getInputStream().readNBytes(2)).hasSize(2);
		}
	}

	@Test
	void whatIsRefusedEndsARoute() throws Exception {
		try (Pair client = Pair.open(this.engine); Pair backend = Pair.open(this.engine)) {
			client.socket().setCodec(Codec.webSocketServer());
			Join route = client.socket().route(backend.socket(), JoinOption.HALF_DUPLEX);
			say(client, "\u0083\u0080\0\0\0\0");
			JoinEnd end = route.end().toCompletableFuture().get(30, java.util.concurrent.TimeUnit.SECONDS);
			assertThat(end.reason()).isEqualTo(JoinEndReason.PROTOCOL);
			assertThat(end.side()).isEqualTo(JoinSide.CLIENT);
			assertThat(end.error()).isEqualTo("a reserved WebSocket opcode, at byte 0");
		}
	}

	@Test
	void codecsThatMakeNoSenseAreRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> Codec.length(5)).withMessageContaining("1, 2, 3, 4 or 8");
		assertThatIllegalArgumentException().isThrownBy(Codec::delimiter).withMessageContaining("1 to 16");
		assertThatIllegalStateException().isThrownBy(() -> Codec.line().inclusive()).withMessageContaining("'line'");
		assertThatIllegalArgumentException().isThrownBy(() -> Codec.line().withMaxMessage(0));
		assertThat(Codec.length(4).littleEndian()).isEqualTo(Codec.length(4).littleEndian())
			.isNotEqualTo(Codec.length(4));
	}

	@Test
	void aPluginThatNobodyHasRegisteredIsNamed() throws Exception {
		try (Pair pair = Pair.open(this.engine)) {
			assertThatExceptionOfType(DuplexException.class)
				.isThrownBy(() -> pair.socket().setCodec(Codec.plugin("nobody")))
				.withMessageContaining("'nobody'");
		}
	}

}
