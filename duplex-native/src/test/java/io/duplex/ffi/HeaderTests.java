/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/**
 * The binding says what the header says.
 */
class HeaderTests {

	private final Header header = new Header();

	HeaderTests() throws IOException {
	}

	@Test
	void everyConstantOfTheHeaderHasTheSameValueInJava() throws IllegalAccessException {
		Map<String, Integer> expected = new TreeMap<>(this.header.constants());
		expected.remove("DX_ADDRESS_TEXT");
		assertThat(constants(Dx.class, "DX_")).isEqualTo(expected).hasSizeGreaterThan(50);
	}

	static Stream<Arguments> structs() {
		return Stream.of(arguments(NativeAddress.class, "dx_address"), arguments(Event.class, "dx_event"),
				arguments(EngineOptions.class, "dx_engine_options"), arguments(EngineInfo.class, "dx_engine_info"),
				arguments(NativeConnectOptions.class, "dx_connect_options"),
				arguments(SocketInfo.class, "dx_socket_info"), arguments(NativeJoinOptions.class, "dx_join_options"),
				arguments(JoinRow.class, "dx_join_info"), arguments(ProxyOptions.class, "dx_proxy_options"),
				arguments(ProxyInfo.class, "dx_proxy_info"), arguments(BackendInfo.class, "dx_backend_info"),
				arguments(NativeCodec.class, "dx_codec_options"), arguments(NativeMessages.class, "dx_message"),
				arguments(NativeCodecFailure.class, "dx_codec_failure"));
	}

	@ParameterizedTest
	@MethodSource("structs")
	void everyOffsetInJavaIsTheOffsetInC(Class<?> java, String struct) throws IllegalAccessException {
		Map<String, Integer> offsets = this.header.structs().get(struct);
		Map<String, Integer> constants = constants(java, "");
		constants.remove("MAX_PATH");
		constants.remove("UINT32_MAX");
		assertThat(constants).containsKey("SIZEOF").hasSizeGreaterThan(4);
		constants.forEach(
				(name, offset) -> assertThat(offsets).as(name).containsEntry(name.toLowerCase(Locale.ROOT), offset));
	}

	@Test
	void everyStructIsKnownInJava() {
		Set<String> structs = new TreeSet<>(this.header.structs().keySet());
		// Codecs in C alone.
		structs.removeAll(Set.of("dx_piece", "dx_codec_ops"));
		assertThat(structs)
			.containsExactlyInAnyOrderElementsOf(structs().map((arguments) -> (String) arguments.get()[1]).toList());
	}

	@Test
	void everyBoundFunctionHasAsManyParametersAsInC() {
		Map<String, Integer> functions = this.header.functions();
		for (Method method : LibDuplex.class.getDeclaredMethods()) {
			if (Modifier.isNative(method.getModifiers())) {
				assertThat(functions).containsEntry(method.getName(), method.getParameterCount());
			}
		}
	}

	/** A thread inside one could not be moved on from, and would pin a virtual one. */
	@Test
	void noBlockingTwinIsBound() {
		assertThat(LibDuplex.class.getDeclaredMethods()).extracting(Method::getName)
			.filteredOn((name) -> name.endsWith("_wait"))
			.containsExactly("dx_events_wait");
	}

	private static Map<String, Integer> constants(Class<?> type, String prefix) throws IllegalAccessException {
		Map<String, Integer> constants = new TreeMap<>();
		for (Field field : type.getDeclaredFields()) {
			if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class
					&& field.getName().startsWith(prefix)) {
				field.setAccessible(true);
				constants.put(field.getName(), field.getInt(null));
			}
		}
		return constants;
	}

}
