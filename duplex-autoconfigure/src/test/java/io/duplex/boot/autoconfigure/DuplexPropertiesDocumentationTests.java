/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.jayway.jsonpath.JsonPath;
import io.duplex.DuplexProxyDefinition;
import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.io.ClassPathResource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Keeps what is written about the properties in step with the classes that they are bound
 * to: the table in the README, and the metadata that editors read.
 */
class DuplexPropertiesDocumentationTests {

	private static final Path README = Path.of("..", "README.md");

	private static final String PROXY = "duplex.proxies.<name>.";

	private static final Pattern ROW = Pattern.compile("\\|\\s*`((?:duplex|<codec>)\\.[^`]+)`\\s*\\|([^|]*)\\|.*");

	@Test
	void readmeListsExactlyThePropertiesThatThereAre() throws IOException {
		Set<String> documented = new TreeSet<>(readme().keySet());
		Set<String> missing = difference(properties(), documented);
		Set<String> surplus = difference(documented, properties());
		assertThat(missing).as("properties without a row in README.md's table").isEmpty();
		assertThat(surplus).as("rows of README.md's table without a property").isEmpty();
	}

	@Test
	void readmeTellsTheDefaultsThatProxiesHave() throws IOException {
		Map<String, String> readme = readme();
		DuplexProxyDefinition defaults = DuplexProxyDefinition.builder("cache")
			.listen("tcp://127.0.0.1:0")
			.backends("tcp://127.0.0.1:1")
			.build();
		for (RecordComponent component : DuplexProxyDefinition.class.getRecordComponents()) {
			String documented = readme.get(PROXY + DataObjectPropertyName.toDashedForm(component.getName()));
			if (component.getType() == Duration.class) {
				assertThat(DurationStyle.detectAndParse(documented)).as(component.getName())
					.isEqualTo(value(component, defaults));
			}
			else if (component.getType().isPrimitive()) {
				assertThat(documented).as(component.getName()).isEqualTo(String.valueOf(value(component, defaults)));
			}
		}
	}

	@Test
	void metadataDescribesEveryFixedProperty() throws IOException {
		List<Map<String, String>> described = metadata("$.properties[?(@.name =~ /duplex\\..*/)]");
		assertThat(described).extracting((property) -> property.get("name"))
			.containsExactlyInAnyOrder("duplex.enabled", "duplex.engine.workers", "duplex.engine.pipe-size",
					"duplex.engine.message-budget", "duplex.shutdown.grace-period", "duplex.proxies");
		assertThat(described).allSatisfy((property) -> assertThat(property.get("description")).endsWith("."));
	}

	@Test
	void metadataHasAHintForEveryPropertyOfAProxy() throws IOException {
		Set<String> expected = properties().stream()
			.filter((name) -> name.startsWith(PROXY) && !name.contains("[]"))
			.map((name) -> name.replace("<name>", "*"))
			.collect(Collectors.toCollection(TreeSet::new));
		List<String> hints = metadata("$.hints[?(@.name =~ /duplex\\.proxies\\.\\*.*/)].name");
		assertThat(hints).containsExactlyInAnyOrderElementsOf(expected);
		assertThat(this.<List<String>>metadata("$.hints[*].name")).contains("duplex.proxies.keys");
	}

	@Test
	void metadataHasTheAccessOfTheEndpoints() throws IOException {
		assertThat(this.<List<String>>metadata("$.properties[*].name")).contains("management.endpoint.duplex.access",
				"management.endpoint.duplexjoins.access");
	}

	private static Set<String> properties() {
		Set<String> names = new TreeSet<>();
		collect("duplex.", DuplexProperties.class, names);
		return names;
	}

	private static void collect(String prefix, Class<?> type, Set<String> names) {
		for (Field field : type.getDeclaredFields()) {
			if (Modifier.isStatic(field.getModifiers())) {
				continue;
			}
			String name = prefix + DataObjectPropertyName.toDashedForm(field.getName());
			if (Map.class.isAssignableFrom(field.getType())) {
				collect(name + ".<name>.", typeArgument(field, 1), names);
			}
			else if (List.class.isAssignableFrom(field.getType())) {
				names.add(name);
				Class<?> item = typeArgument(field, 0);
				if (item.getEnclosingClass() == DuplexProperties.class) {
					collect(name + "[].", item, names);
				}
			}
			else if (field.getType() == DuplexProperties.Codec.class) {
				// One table for all of them.
				names.add(name);
				collect("<codec>.", field.getType(), names);
			}
			else if (field.getType().getEnclosingClass() == DuplexProperties.class) {
				collect(name + ".", field.getType(), names);
			}
			else {
				names.add(name);
			}
		}
	}

	private static Class<?> typeArgument(Field field, int index) {
		return (Class<?>) ((ParameterizedType) field.getGenericType()).getActualTypeArguments()[index];
	}

	private static Object value(RecordComponent component, DuplexProxyDefinition definition) {
		try {
			return component.getAccessor().invoke(definition);
		}
		catch (ReflectiveOperationException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static Set<String> difference(Set<String> all, Set<String> without) {
		Set<String> difference = new TreeSet<>(all);
		difference.removeAll(without);
		return difference;
	}

	/**
	 * The table of the README.
	 * @return the cells with the defaults, by the names of the properties
	 */
	private static Map<String, String> readme() throws IOException {
		Map<String, String> rows = new LinkedHashMap<>();
		for (String line : Files.readAllLines(README)) {
			Matcher row = ROW.matcher(line);
			if (row.matches()) {
				rows.put(row.group(1), row.group(2).strip().replace("`", ""));
			}
		}
		return rows;
	}

	private <T> T metadata(String path) throws IOException {
		try (InputStream metadata = new ClassPathResource("META-INF/spring-configuration-metadata.json",
				DuplexProperties.class.getClassLoader())
			.getInputStream()) {
			return JsonPath.read(metadata, path);
		}
	}

}
