/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;

import io.duplex.BackendDefinition;
import io.duplex.Codec;
import io.duplex.DuplexProxyDefinition;
import io.duplex.InvalidProxyDefinitionException;
import io.duplex.ProxySide;
import io.duplex.WebSocketOptions;
import io.duplex.ZmtpOptions;
import io.duplex.ZmtpSocketType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/**
 * Tests for {@link CodecProperties}, and for {@link ProxyProperties} where they meet.
 */
class CodecPropertiesTests {

	static Stream<Arguments> codecs() {
		return Stream.of(arguments("line", Codec.line()), arguments("crlf", Codec.crlf()),
				arguments("varint", Codec.varint()), arguments("chunked", Codec.chunked()),
				arguments("my-codec", Codec.plugin("my-codec")),
				arguments("{ type: line, keep: true }", Codec.line().keeping()),
				arguments("{ type: line, keep: false }", Codec.line()),
				arguments("{ type: delimiter, delimiter: \"\\r\\n|é\" }",
						Codec.delimiter("\r\n|é".getBytes(StandardCharsets.UTF_8))),
				arguments("{ type: length, prefix: 4 }", Codec.length(4)),
				arguments("{ type: length, prefix: 2, little-endian: true, inclusive: true, keep: true, offset: 3, "
						+ "adjustment: -1 }", Codec.length(2).littleEndian().inclusive().keeping().at(3, -1)),
				arguments("{ type: length, prefix: 2, adjustment: 5 }", Codec.length(2).at(0, 5)),
				arguments("{ type: chunked, chunk-size: 1KB }", Codec.chunked().withChunkSize(1024)),
				arguments("{ type: varint, max-message: 1MB, frame-timeout: 5s }",
						Codec.varint().withMaxMessage(1 << 20).withFrameTimeout(Duration.ofSeconds(5))));
	}

	@ParameterizedTest
	@MethodSource("codecs")
	void everyCodecCanBeWritten(String yaml, Codec expected) {
		assertThat(define("client-codec: " + yaml).client()).isEqualTo(new ProxySide(expected, null, null));
		assertThat(define("backend-codec: " + yaml).backend()).isEqualTo(new ProxySide(expected, null, null));
	}

	@Test
	void zeroMqSocketsShakeHands() {
		DuplexProxyDefinition definition = define(
				"{ client-codec: { type: zmtp, socket-type: pull, ping-interval: 5s }, backend-codec: line }");
		Codec codec = Codec.zmtp().withPingInterval(Duration.ofSeconds(5));
		assertThat(definition.client().codec()).isEqualTo(codec);
		assertThat(definition.client().zmtp())
			.isEqualTo(ZmtpOptions.of(ZmtpSocketType.PULL).withCodec(codec).withTimeout(definition.decisionTimeout()));
		assertThat(definition.client().hasHandshake()).isTrue();
		assertThat(definition.backend().hasHandshake()).isFalse();
	}

	static Stream<Arguments> mistakes() {
		return Stream.of(arguments("{ keep: true }", "clientCodec.type", "must be set"),
				arguments("delimiter", "clientCodec.delimiter", "must be set"),
				arguments("{ type: delimiter, delimiter: 12345678901234567 }", "clientCodec.delimiter",
						"1 to 16 bytes, not 17"),
				arguments("length", "clientCodec.prefix", "must be set"),
				arguments("{ type: length, prefix: 5 }", "clientCodec.prefix", "1, 2, 3, 4 or 8 bytes, not 5"),
				arguments("{ type: line, prefix: 4 }", "clientCodec.prefix",
						"means nothing to the codec 'line': it belongs to 'length'"),
				arguments("{ type: varint, keep: true }", "clientCodec.keep", "means nothing to the codec 'varint'"),
				arguments("{ type: line, little-endian: true }", "clientCodec.littleEndian", "means nothing"),
				arguments("{ type: length, prefix: 4, offset: 65 }", "clientCodec.offset", "between 0 and 64"),
				arguments("{ type: line, max-message: 0B }", "clientCodec.maxMessage", "at least 1 byte"),
				arguments("{ type: line, frame-timeout: 0s }", "clientCodec.frameTimeout", "at least a millisecond"),
				arguments("{ type: line, chunk-size: 2MB }", "clientCodec.chunkSize", "between 1 byte and 1 MiB"),
				arguments("zmtp", "clientCodec.socketType", "must be set"),
				arguments("{ type: line, socket-type: pull }", "clientCodec.socketType", "means nothing"),
				arguments("{ type: line, ping-interval: 1s }", "clientCodec.pingInterval", "means nothing"),
				arguments("websocket", "clientCodec.type", "write ws:// in 'listen' or 'backends'"),
				arguments("LINE", "clientCodec.type", "no name of a codec: 'LINE'"));
	}

	@ParameterizedTest
	@MethodSource("mistakes")
	void everyMistakeNamesItsProperty(String yaml, String attribute, String reason) {
		assertThatExceptionOfType(InvalidProxyDefinitionException.class)
			.isThrownBy(() -> define("client-codec: " + yaml))
			.withMessageContaining(reason)
			.satisfies((ex) -> assertThat(ex.getAttribute()).isEqualTo(attribute));
	}

	@Test
	void aGatewayIsNothingButItsAddresses() {
		DuplexProxyDefinition definition = define("listen: ws://0.0.0.0:8080/cache");
		assertThat(definition.listen()).hasToString("tcp://0.0.0.0:8080");
		assertThat(definition.client().codec()).isEqualTo(Codec.webSocketServer()
			.withMaxMessage(16 << 20)
			.withFrameTimeout(Duration.ofSeconds(30))
			.withCloseTimeout(Duration.ofSeconds(5))
			.withPingInterval(Duration.ofSeconds(30)));
		assertThat(definition.client().webSocket())
			.isEqualTo(WebSocketOptions.DEFAULTS.withPath("/cache").withTimeout(definition.decisionTimeout()));
		assertThat(definition.backend()).isEqualTo(ProxySide.STREAM);
	}

	@Test
	void everyPropertyOfAWebSocketReachesItsSide() {
		DuplexProxyDefinition definition = define("""
				listen: ws://0.0.0.0:8080
				decision-timeout: 3s
				backend-codec: line
				websocket:
				  subprotocols: [ a, b ]
				  origins: [ "https://example.org" ]
				  ping-interval: 0
				  text: true
				  max-message: 1MB
				  frame-timeout: 4s
				  close-timeout: 2s
				  max-header-size: 4KB
				""");
		assertThat(definition.client().codec()).isEqualTo(Codec.webSocketServer()
			.asText()
			.withMaxMessage(1 << 20)
			.withFrameTimeout(Duration.ofSeconds(4))
			.withCloseTimeout(Duration.ofSeconds(2)));
		WebSocketOptions options = definition.client().webSocket();
		assertThat(options.path()).isNull();
		assertThat(options.subprotocols()).containsExactly("a", "b");
		assertThat(options.origins()).isEqualTo(Set.of("https://example.org"));
		assertThat(options.maxHeaderSize()).isEqualTo(4096);
		assertThat(options.timeout()).isEqualTo(Duration.ofSeconds(3));
	}

	@Test
	void backendsCanBeWebSocketServers() {
		DuplexProxyDefinition definition = define("""
				backends: [ "ws://10.0.0.5:8080/feed?x=1", { name: other, address: "ws://[::1]" } ]
				""");
		assertThat(definition.backend().codec().toString()).isEqualTo("websocket");
		assertThat(definition.backends()).extracting(BackendDefinition::name).containsExactly("10.0.0.5:8080", "other");
		assertThat(definition.backends()).extracting((backend) -> backend.webSocket().toString())
			.containsExactly("ws://10.0.0.5:8080/feed?x=1", "ws://[::1]:80/");
	}

	static Stream<Arguments> gatewayMistakes() {
		return Stream.of(arguments("listen: wss://0.0.0.0:8080", "listen", "TLS is not terminated here"),
				arguments("listen: ws://0.0.0.0:8080/a?b", "listen", "has a query"),
				arguments("listen: ws://0.0.0.0:99999/a", "listen", "the port is not a number"),
				arguments("listen: ws:///cache", "listen", "expected ws://host:port/path"),
				arguments("backends: [ \"ws://a:1/\", \"tcp://b:2\" ]", "backends", "cannot be mixed"),
				arguments("{ listen: \"ws://0.0.0.0:1\", client-codec: line }", "clientCodec",
						"is not that of a WebSocket"),
				arguments("{ listen: \"ws://0.0.0.0:1\", websocket: { ping-interval: -1s } }", "websocket.pingInterval",
						"must not be negative; 0 is off"),
				arguments("websocket: { text: true }", "websocket", "neither 'listen' nor 'backends' is ws://"),
				arguments("{ listen: \"ws://0.0.0.0:1\", websocket: { subprotocols: [ \"a b\" ] } }",
						"websocket.subprotocols", "a b"),
				arguments("{ listen: \"ws://0.0.0.0:1\", backends: [ \"ws://a:1/\" ], "
						+ "websocket: { subprotocols: [ a, b ] } }", "websocket.subprotocols", "are too many"));
	}

	@ParameterizedTest
	@MethodSource("gatewayMistakes")
	void everyMistakeInAGatewayNamesItsProperty(String yaml, String attribute, String reason) {
		assertThatExceptionOfType(InvalidProxyDefinitionException.class).isThrownBy(() -> define(yaml))
			.satisfies((ex) -> assertThat(ex.getAttribute()).isEqualTo(attribute))
			.satisfies((ex) -> assertThat((ex.getCause() != null) ? ex.getCause().getMessage() : ex.getMessage())
				.contains(reason));
	}

	/**
	 * Defines a proxy by what is below its name in YAML, with addresses where none are.
	 */
	private static DuplexProxyDefinition define(String yaml) {
		String proxy = yaml.startsWith("{") ? " " + yaml + "\n" : "\n" + yaml.indent(6);
		StandardEnvironment environment = new StandardEnvironment();
		load(environment, "duplex:\n  proxies:\n    cache:" + proxy);
		load(environment, """
				duplex:
				  proxies:
				    cache:
				      listen: tcp://127.0.0.1:0
				      backends: [ "tcp://127.0.0.1:1" ]
				""");
		DuplexProperties properties = Binder.get(environment).bind("duplex", DuplexProperties.class).get();
		return new ProxyProperties(properties.getProxies(), environment).define("cache");
	}

	private static void load(StandardEnvironment environment, String yaml) {
		try {
			new YamlPropertySourceLoader()
				.load(Integer.toHexString(yaml.hashCode()),
						new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
				.forEach(environment.getPropertySources()::addLast);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
