/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

class DuplexProxyDefinitionTests {

	private static DuplexProxyDefinition.Builder valid() {
		return DuplexProxyDefinition.builder("cache").listen("tcp://0.0.0.0:6380").backends("tcp://10.0.0.5:6379");
	}

	@Test
	void whatIsNotSaidHasADefault() {
		DuplexProxyDefinition definition = valid().build();
		assertThat(definition.name()).isEqualTo("cache");
		assertThat(definition.listen()).hasToString("tcp://0.0.0.0:6380");
		assertThat(definition.backends()).containsExactly(BackendDefinition.of("tcp://10.0.0.5:6379"));
		assertThat(definition.router()).isNull();
		assertThat(definition.autoStartup()).isTrue();
		assertThat(definition.connectTimeout()).hasSeconds(5);
		assertThat(definition.connectAttempts()).isEqualTo(3);
		assertThat(definition.idleTimeout()).hasHours(1);
		assertThat(definition.halfCloseTimeout()).hasMinutes(1);
		assertThat(definition.maxLifetime()).isZero();
		assertThat(definition.maxConnections()).isZero();
		assertThat(definition.resolveInterval()).hasSeconds(30);
		assertThat(definition.maxPendingDecisions()).isEqualTo(1024);
		assertThat(definition.decisionTimeout()).hasSeconds(10);
	}

	@Test
	void aBuilderOfADefinitionMakesTheSameDefinition() {
		DuplexProxyDefinition definition = valid().autoStartup(false)
			.connectTimeout(Duration.ofSeconds(1))
			.connectAttempts(1)
			.idleTimeout(Duration.ofSeconds(2))
			.halfCloseTimeout(Duration.ofSeconds(3))
			.maxLifetime(Duration.ofSeconds(4))
			.maxConnections(5)
			.resolveInterval(Duration.ofSeconds(6))
			.maxPendingDecisions(7)
			.decisionTimeout(Duration.ofSeconds(8))
			.build();
		assertThat(definition.toBuilder().build()).isEqualTo(definition);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "Cache", "1cache", "my-cache", "my_cache", "caché", "cache " })
	void aNameOfAnyOtherFormIsRefusedAtOnce(String name) {
		assertThatExceptionOfType(InvalidProxyDefinitionException.class)
			.isThrownBy(() -> DuplexProxyDefinition.builder(name))
			.satisfies((ex) -> {
				assertThat(ex.getProxy()).isEqualTo(name);
				assertThat(ex.getAttribute()).isEqualTo("name");
				assertThat(ex.getValue()).isEqualTo(name);
			});
	}

	static Stream<Arguments> mistakes() {
		return Stream.of(mistake("listen", "localhost:80", (builder) -> builder.listen("localhost:80")),
				mistake("backends", "nowhere", (builder) -> builder.backends("nowhere")),
				mistake("backends", null, DuplexProxyDefinition.Builder::backends),
				mistake("backends", "tcp://a:0", (builder) -> builder.backends("tcp://a:0")),
				mistake("backends", "tcp://a:1", (builder) -> builder.backends("tcp://a:1", "tcp://a:1")),
				mistake("backends", "[tcp://10.0.0.5:6379]", (builder) -> builder.router((connection) -> null)),
				mistake("backends", "4097",
						(builder) -> builder.backends(IntStream.range(0, 4097)
							.mapToObj((i) -> BackendDefinition.of("tcp://host" + i + ":1"))
							.toList())),
				mistake("connectTimeout", "PT0S", (builder) -> builder.connectTimeout(Duration.ZERO)),
				mistake("connectTimeout", "PT10000H", (builder) -> builder.connectTimeout(Duration.ofHours(10000))),
				mistake("connectAttempts", "0", (builder) -> builder.connectAttempts(0)),
				mistake("idleTimeout", "PT-1S", (builder) -> builder.idleTimeout(Duration.ofSeconds(-1))),
				mistake("halfCloseTimeout", "PT-1S", (builder) -> builder.halfCloseTimeout(Duration.ofSeconds(-1))),
				mistake("maxLifetime", "PT-1S", (builder) -> builder.maxLifetime(Duration.ofSeconds(-1))),
				mistake("maxConnections", "-1", (builder) -> builder.maxConnections(-1)),
				mistake("resolveInterval", "PT0S", (builder) -> builder.resolveInterval(Duration.ZERO)),
				mistake("maxPendingDecisions", "0", (builder) -> builder.maxPendingDecisions(0)),
				mistake("decisionTimeout", "PT0S", (builder) -> builder.decisionTimeout(Duration.ZERO)));
	}

	private static Arguments mistake(String attribute, String value,
			UnaryOperator<DuplexProxyDefinition.Builder> change) {
		return arguments(attribute, value, change);
	}

	@ParameterizedTest(name = "{0} {1}")
	@MethodSource("mistakes")
	void aMistakeIsReportedWithItsAttributeAndValue(String attribute, String value,
			UnaryOperator<DuplexProxyDefinition.Builder> change) {
		assertThatExceptionOfType(InvalidProxyDefinitionException.class).isThrownBy(() -> change.apply(valid()).build())
			.satisfies((ex) -> {
				assertThat(ex.getProxy()).isEqualTo("cache");
				assertThat(ex.getAttribute()).isEqualTo(attribute);
				assertThat(ex.getValue()).isEqualTo(value);
				assertThat(ex.getReason()).isNotBlank();
				assertThat(ex).hasMessageContaining("cache").hasMessageContaining(attribute);
			});
	}

	@Test
	void aListenAddressIsRequired() {
		assertThatExceptionOfType(InvalidProxyDefinitionException.class)
			.isThrownBy(() -> DuplexProxyDefinition.builder("cache").backends("tcp://a:1").build())
			.satisfies((ex) -> assertThat(ex.getAttribute()).isEqualTo("listen"));
	}

	@Test
	void aRouterStandsForBackends() {
		ConnectionRouter router = (connection) -> null;
		DuplexProxyDefinition definition = DuplexProxyDefinition.builder("cache")
			.listen("unix://@cache")
			.router(router)
			.build();
		assertThat(definition.router()).isSameAs(router);
		assertThat(definition.backends()).isEmpty();
	}

	@Test
	void aBackendIsNamedAfterItsAddress() {
		assertThat(BackendDefinition.of("tcp://10.0.0.5:6379").name()).isEqualTo("10.0.0.5:6379");
		assertThat(BackendDefinition.of("unix:///run/redis.sock").name()).isEqualTo("redis.sock");
		assertThat(new BackendDefinition("", DuplexAddress.of("tcp://a:1")).name()).isEqualTo("a:1");
		assertThat(new BackendDefinition("first", DuplexAddress.of("tcp://a:1")).name()).isEqualTo("first");
		assertThatIllegalArgumentException().isThrownBy(() -> BackendDefinition.of("a:1"));
	}

	@Test
	void backendsCannotBeChangedAfterwards() {
		List<BackendDefinition> backends = new ArrayList<>(List.of(BackendDefinition.of("tcp://a:1")));
		DuplexProxyDefinition definition = valid().backends(backends).build();
		backends.clear();
		assertThat(definition.backends()).hasSize(1);
	}

}
