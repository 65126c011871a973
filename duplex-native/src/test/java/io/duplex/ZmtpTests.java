/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * ZeroMQ's handshake, byte by byte.
 */
@Timeout(60)
class ZmtpTests {

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	private final Pair a = this.peers.open();

	private CompletableFuture<ZmtpPeer> begin(ZmtpOptions options) {
		return Zmtp.handshakeAsync(this.a.socket(), options).toCompletableFuture();
	}

	private static byte[] greeting(int major, int minor, String mechanism) {
		ByteBuffer greeting = ByteBuffer.allocate(64).put(0, (byte) 0xff).put(9, (byte) 0x7f);
		greeting.put(10, (byte) major).put(11, (byte) minor);
		return greeting.put(12, mechanism.getBytes(StandardCharsets.US_ASCII)).array();
	}

	private static byte[] ready(String... properties) {
		ByteArrayOutputStream body = new ByteArrayOutputStream();
		body.writeBytes("\5READY".getBytes(StandardCharsets.ISO_8859_1));
		for (int i = 0; i < properties.length; i += 2) {
			byte[] value = properties[i + 1].getBytes(StandardCharsets.ISO_8859_1);
			body.write(properties[i].length());
			body.writeBytes(properties[i].getBytes(StandardCharsets.ISO_8859_1));
			body.writeBytes(ByteBuffer.allocate(4).putInt(value.length).array());
			body.writeBytes(value);
		}
		return command(body.toByteArray());
	}

	private static byte[] command(byte[] body) {
		ByteBuffer frame = ByteBuffer.allocate(9 + body.length);
		if (body.length > 255) {
			frame.put((byte) 6).putLong(body.length);
		}
		else {
			frame.put((byte) 4).put((byte) body.length);
		}
		frame.put(body).flip();
		byte[] bytes = new byte[frame.remaining()];
		frame.get(bytes);
		return bytes;
	}

	private void say(byte[]... parts) {
		try {
			for (byte[] part : parts) {
				this.a.peer().getOutputStream().write(part);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private byte[] hear(int count) {
		try {
			return this.a.peer().getInputStream().readNBytes(count);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void refused(CompletableFuture<ZmtpPeer> peer, String reason) {
		assertThat(peer).failsWithin(SOON)
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(ZmtpException.class)
			.withMessageContaining(reason);
		assertThat(this.a.socket().isClosed()).isTrue();
	}

	@Test
	void bothEndsTellWhatTheyAre() {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.DEALER)
			.withIdentity("me".getBytes(StandardCharsets.US_ASCII))
			.withProperty("X-Hello", "World"));
		assertThat(hear(64)).isEqualTo(greeting(3, 1, "NULL"));
		say(greeting(3, 0, "NULL"));
		byte[] ready = ready("Socket-Type", "DEALER", "Identity", "me", "X-Hello", "World");
		assertThat(hear(ready.length)).isEqualTo(ready);
		// What follows at once is the codec's.
		say(ready("socket-TYPE", "ROUTER", "identity", "you", "X-Who", "test"), new byte[] { 1, 1, 'a', 0, 1, 'b' });
		assertThat(soon(peer)).isEqualTo(new ZmtpPeer(0, ZmtpSocketType.ROUTER,
				ByteBuffer.wrap("you".getBytes(StandardCharsets.US_ASCII)), java.util.Map.of("X-Who", "test")));
		assertThat(soon(peer).properties().get("x-who")).isEqualTo("test");
		Message first = this.a.socket().get();
		assertThat(first.text()).isEqualTo("a");
		assertThat(first.more()).isTrue();
		assertThat(this.a.socket().get().more()).isFalse();
		this.a.socket().put(Message.of("x").withMore(true));
		assertThat(hear(3)).isEqualTo(new byte[] { 1, 1, 'x' });
	}

	@Test
	void itMayComeByteByByte() {
		CompletableFuture<ZmtpPeer> peer = CompletableFuture
			.supplyAsync(() -> Zmtp.handshake(this.a.socket(), ZmtpOptions.of(ZmtpSocketType.PULL)));
		byte[] large = "v".repeat(300).getBytes(StandardCharsets.US_ASCII);
		for (byte[] part : new byte[][] { greeting(3, 1, "NULL"),
				ready("Socket-Type", "PUSH", "X-Large", new String(large, StandardCharsets.US_ASCII)),
				{ 0, 1, 'm' } }) {
			for (byte one : part) {
				say(new byte[] { one });
			}
		}
		assertThat(soon(peer).properties()).containsEntry("X-Large", "v".repeat(300));
		assertThat(soon(peer).minorVersion()).isEqualTo(1);
		assertThat(this.a.socket().get(SOON).text()).isEqualTo("m");
	}

	@ParameterizedTest
	@CsvSource({ "1, ZMTP 2.0", "0, ZMTP of revision 0", "2, ZMTP of revision 2" })
	void anOlderVersionIsRefusedByName(int version, String name) {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		ByteBuffer start = ByteBuffer.allocate(11).put(0, (byte) 0xff).put(9, (byte) 0x7f).put(10, (byte) version);
		say(start.array());
		refused(peer, "it speaks " + name + ", which is older than 3.0");
	}

	@Test
	void whatIsNoZmtpIsRefusedByName() {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		say(new byte[] { 1 });
		refused(peer, "it speaks ZMTP 1.0 or no ZMTP at all: its first byte is 0x01");
	}

	@Test
	void aLongIdentityOfZmtp1IsNoSignature() {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		say(ByteBuffer.allocate(11).put(0, (byte) 0xff).array());
		refused(peer, "it speaks ZMTP 1.0 or no ZMTP at all: its signature");
	}

	@Test
	void anotherMechanismIsRefusedByName() {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		say(greeting(3, 1, "CURVE"));
		refused(peer, "it wants the mechanism 'CURVE', and there is NULL alone");
	}

	@Test
	void aTypeThatDoesNotFitIsRefusedByNameAndToldSo() {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		say(greeting(3, 1, "NULL"), ready("Socket-Type", "REP"));
		refused(peer, "a REP socket cannot talk to a PULL socket");
		hear(64 + ready("Socket-Type", "PULL").length);
		String reason = "a REP socket cannot talk to a PULL socket";
		byte[] error = command(("\5ERROR" + (char) reason.length() + reason).getBytes(StandardCharsets.ISO_8859_1));
		assertThat(hear(error.length)).isEqualTo(error);
		assertThat(this.a.ended()).isTrue();
	}

	@Test
	void anErrorOfThePeerIsTold() {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		say(greeting(3, 1, "NULL"), command("\5ERROR\7go away".getBytes(StandardCharsets.ISO_8859_1)));
		refused(peer, "it refuses: go away");
	}

	@ParameterizedTest
	@ValueSource(strings = { "\4\7\6READYY", "\0\1x", "\4\0", "\4\7\5READY\5", "\4\16\5READY\1a\u0080\0\0\0yy",
			"\4\6\5READY", "\6\0\0\0\0\0\1\0\1", "\6\u0080\0\0\0\0\0\0\1", "\4\34\5READY\13Socket-Type\0\0\0\5PUSHX",
			"\4\6\5ERROR" })
	void whatIsNoReadyIsRefused(String bytes) {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		say(greeting(3, 1, "NULL"), bytes.getBytes(StandardCharsets.ISO_8859_1));
		this.a.endOutput();
		refused(peer, "it");
	}

	@Test
	void anEndInsideItIsTold() {
		CompletableFuture<ZmtpPeer> peer = begin(ZmtpOptions.of(ZmtpSocketType.PULL));
		say(new byte[] { (byte) 0xff });
		this.a.endOutput();
		refused(peer, "it ended its stream inside the handshake");
	}

	@Test
	void itHasATimeLimit() {
		CompletableFuture<ZmtpPeer> peer = begin(
				ZmtpOptions.of(ZmtpSocketType.PULL).withTimeout(Duration.ofMillis(20)));
		assertThat(peer).failsWithin(SOON)
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(DuplexTimeoutException.class)
			.withMessageContaining("the handshake was not done in time");
		hear(64);
		assertThat(this.a.ended()).isTrue();
		Pair b = this.peers.open();
		assertThatExceptionOfType(DuplexTimeoutException.class).isThrownBy(() -> Zmtp.handshake(b.socket(),
				ZmtpOptions.of(ZmtpSocketType.PULL).withTimeout(Duration.ofMillis(20))));
	}

	@Test
	void aJoinedSocketIsLeftAlone() {
		Pair b = this.peers.open();
		this.engine.join(this.a.socket(), b.socket());
		assertThatExceptionOfType(SocketBusyException.class)
			.isThrownBy(() -> Zmtp.handshake(this.a.socket(), ZmtpOptions.of(ZmtpSocketType.PULL)));
		say("still joined".getBytes(StandardCharsets.US_ASCII));
		assertThat(b.read(12)).isEqualTo("still joined");
	}

	@Test
	void subscriptionsAreCommandsOrMessages() {
		for (int minor = 0; minor < 2; minor++) {
			ZmtpPeer peer = new ZmtpPeer(minor, ZmtpSocketType.PUB, ByteBuffer.allocate(0), java.util.Map.of());
			Message subscribe = peer.subscribe("news".getBytes(StandardCharsets.US_ASCII));
			assertThat(subscribe.control()).isEqualTo(minor == 1);
			ZmtpSubscription read = ZmtpSubscription.of(subscribe).orElseThrow();
			assertThat(read.isSubscribed()).isTrue();
			assertThat(read.text()).isEqualTo("news");
			assertThat(read.matches(Message.of("newspaper"))).isTrue();
			assertThat(read.matches(Message.of("new"))).isFalse();
			assertThat(ZmtpSubscription.of(peer.cancel(new byte[0])).orElseThrow().isSubscribed()).isFalse();
		}
		assertThat(ZmtpSubscription.of(Message.of("other"))).isEmpty();
		assertThat(ZmtpSubscription.of(Zmtp.ping(Duration.ZERO, new byte[0]))).isEmpty();
	}

	@Test
	void aPingIsAnswered() {
		Pair b = this.peers.open();
		this.a.socket().setCodec(Codec.zmtp());
		this.a.socket().put(Zmtp.ping(Duration.ofSeconds(2), "ctx".getBytes(StandardCharsets.US_ASCII)));
		byte[] ping = hear(12);
		assertThat(ping).isEqualTo(new byte[] { 4, 10, 4, 'P', 'I', 'N', 'G', 0, 20, 'c', 't', 'x' });
		assertThatIllegalArgumentException().isThrownBy(() -> Zmtp.ping(Duration.ofHours(2), new byte[0]));
		b.socket().setCodec(Codec.zmtp());
		CompletionStage<Message> pending = b.socket().getAsync();
		try {
			b.peer().getOutputStream().write(ping);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		assertThat(b.read(10)).isEqualTo("\4\10\4PONGctx");
		assertThat(pending.toCompletableFuture()).isNotDone();
	}

	@Test
	void optionsThatCannotBeSentAreRefused() {
		ZmtpOptions options = ZmtpOptions.of(ZmtpSocketType.DEALER);
		assertThatIllegalArgumentException().isThrownBy(() -> options.withIdentity(new byte[256]));
		assertThatIllegalArgumentException().isThrownBy(() -> options.withIdentity(new byte[] { 0, 1 }));
		assertThatIllegalArgumentException().isThrownBy(() -> options.withProperty("a b", ""));
		assertThatIllegalArgumentException().isThrownBy(() -> options.withProperty("identity", ""));
		assertThatIllegalArgumentException().isThrownBy(() -> options.withProperty("X-A", "a".repeat(40_000)));
		assertThatIllegalArgumentException().isThrownBy(() -> options.withCodec(Codec.line()));
		assertThatIllegalArgumentException().isThrownBy(() -> options.withTimeout(Duration.ofMillis(-1)));
	}

	@Test
	void whoMayTalkToWhomIsTheSameBothWays() {
		for (ZmtpSocketType one : ZmtpSocketType.values()) {
			for (ZmtpSocketType other : ZmtpSocketType.values()) {
				assertThat(one.isCompatibleWith(other)).isEqualTo(other.isCompatibleWith(one));
			}
		}
	}

}
