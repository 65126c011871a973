/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

class WebSocketOptionsTests {

	@Test
	void whatIsChangedIsKept() {
		WebSocketOptions options = WebSocketOptions.DEFAULTS.withPath("/chat")
			.withSubprotocols("v2", "v1")
			.withOrigins("HTTPS://Example.org:443", "null")
			.withOrigin("http://example.org:80")
			.withHeader("Cookie", "id=7")
			.withMaxHeaderSize(1000)
			.withTimeout(Duration.ofSeconds(1))
			.withCodec(Codec.webSocketServer().asText());
		assertThat(options.path()).isEqualTo("/chat");
		assertThat(options.subprotocols()).containsExactly("v2", "v1");
		assertThat(options.origins()).containsExactly("https://example.org", "null");
		assertThat(options.origin()).isEqualTo("http://example.org");
		assertThat(options.headers()).containsEntry("Cookie", "id=7").hasSize(1);
		assertThat(options.maxHeaderSize()).isEqualTo(1000);
		assertThat(options.timeout()).isEqualTo(Duration.ofSeconds(1));
		assertThat(options.codec()).isEqualTo(Codec.webSocketServer().asText());
	}

	static Stream<Arguments> wrongOptions() {
		return Stream.of(arguments(wrong((options) -> options.withPath("chat")), "path must begin with /"),
				arguments(wrong((options) -> options.withPath("/chat?x")), "have no query"),
				arguments(wrong((options) -> options.withPath("/a b")), "path"),
				arguments(wrong((options) -> options.withSubprotocols("a b")), "a subprotocol is a token"),
				arguments(wrong((options) -> options.withSubprotocols("")), "a subprotocol is a token"),
				arguments(wrong((options) -> options.withSubprotocols("a", "a")), "'a' is there twice"),
				arguments(wrong((options) -> options.withOrigins("example.org")), "origins must be like"),
				arguments(wrong((options) -> options.withOrigins("https://example.org/")), "no path"),
				arguments(wrong((options) -> options.withOrigin("https://\u00fc.example")), "host in ASCII"),
				arguments(wrong((options) -> options.withOrigin("https://a.example\r\nX: y")), "origin must be like"),
				arguments(wrong((options) -> options.withHeader("X: y\r\nZ", "a")), "name is a token"),
				arguments(wrong((options) -> options.withHeader("X", "a\r\nY: b")), "control character"),
				arguments(wrong((options) -> options.withHeader("X", "a\nb")), "control character"),
				arguments(wrong((options) -> options.withHeader("X", "a\0b")), "control character"),
				arguments(wrong((options) -> options.withHeader("X", " a")), "space at an end"),
				arguments(wrong((options) -> options.withHeader("X", "\u20ac")), "Latin-1"),
				arguments(wrong((options) -> options.withHeader("host", "a")), "the handshake's own"),
				arguments(wrong((options) -> options.withHeader("Sec-WebSocket-Key", "a")), "the handshake's own"),
				arguments(wrong((options) -> options.withHeader("X", "a").withHeader("x", "b")), "there twice"),
				arguments(wrong((options) -> options.withMaxHeaderSize(10)), "between 256 and 1048576 bytes"),
				arguments(wrong((options) -> options.withTimeout(Duration.ofMillis(-1))), "not be negative"),
				arguments(wrong((options) -> options.withCodec(Codec.line())), "cannot be 'line'"));
	}

	private static UnaryOperator<WebSocketOptions> wrong(UnaryOperator<WebSocketOptions> change) {
		return change;
	}

	@ParameterizedTest
	@MethodSource("wrongOptions")
	void optionsThatMakeNoSenseAreRefused(UnaryOperator<WebSocketOptions> change, String reason) {
		assertThatIllegalArgumentException().isThrownBy(() -> change.apply(WebSocketOptions.DEFAULTS))
			.withMessageContaining(reason);
	}

}
