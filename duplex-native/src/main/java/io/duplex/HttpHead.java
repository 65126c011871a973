/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

/**
 * The head of a request or a response, taken apart as RFC 9112 says.
 *
 * @param startLine the first line
 * @param headers values by name, in the order in which they came
 */
record HttpHead(String startLine, Map<String, List<String>> headers) {

	private static final String NO_TOKEN = "\"(),/:;<=>?@[\\]{}";

	/**
	 * Take a head apart.
	 * @param bytes have it
	 * @param start where it begins
	 * @param end behind the last line's CR LF
	 * @return the head
	 * @throws WebSocketFault when a line is malformed
	 */
	static HttpHead parse(byte[] bytes, int start, int end) throws WebSocketFault {
		String[] lines = new String(bytes, start, end - start, StandardCharsets.ISO_8859_1).split("\r\n");
		Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
		for (int i = 1; i < lines.length; i++) {
			String line = lines[i];
			if (line.startsWith(" ") || line.startsWith("\t")) {
				throw WebSocketFault.malformed("a folded header line");
			}
			int colon = line.indexOf(':');
			// Also catches a space before the colon, which must be refused (section 5.1).
			if (colon < 0 || !isToken(line.substring(0, colon))) {
				throw WebSocketFault.malformed("a malformed header line");
			}
			headers.computeIfAbsent(line.substring(0, colon), (name) -> new ArrayList<>(1))
				.add(trim(line.substring(colon + 1)));
		}
		headers.replaceAll((name, values) -> List.copyOf(values));
		return new HttpHead(lines[0], Collections.unmodifiableMap(headers));
	}

	/**
	 * All values of a header.
	 * @param name its name
	 * @return a value a line, none when it is absent
	 */
	List<String> all(String name) {
		return this.headers.getOrDefault(name, List.of());
	}

	boolean has(String name) {
		return this.headers.containsKey(name);
	}

	/**
	 * The value of a header that may come once.
	 * @param name its name
	 * @return the value, or null
	 * @throws WebSocketFault when it comes more than once
	 */
	@Nullable String one(String name) throws WebSocketFault {
		List<String> values = all(name);
		if (values.size() > 1) {
			throw WebSocketFault.malformed("more than one " + name);
		}
		return values.isEmpty() ? null : values.get(0);
	}

	/**
	 * The elements of a list, whose lines are one (RFC 9110 section 5.6.1).
	 * @param name the header
	 * @return its elements without empty ones
	 */
	List<String> list(String name) {
		List<String> elements = new ArrayList<>();
		for (String value : all(name)) {
			for (String element : value.split(",")) {
				String trimmed = trim(element);
				if (!trimmed.isEmpty()) {
					elements.add(trimmed);
				}
			}
		}
		return elements;
	}

	/**
	 * Whether a list has an element.
	 * @param name the header
	 * @param element in lower case
	 * @return whether it is there, in whatever case
	 */
	boolean lists(String name, String element) {
		return list(name).stream().anyMatch((each) -> each.toLowerCase(Locale.ROOT).equals(element));
	}

	/**
	 * Whether a text is a token (RFC 9110 section 5.6.2).
	 * @param text the text
	 * @return whether it is
	 */
	static boolean isToken(String text) {
		return !text.isEmpty() && text.chars().allMatch((c) -> c > ' ' && c < 0x7f && NO_TOKEN.indexOf(c) < 0);
	}

	/** Optional white space is nothing but spaces and tabs. */
	private static String trim(String text) {
		int start = 0;
		int end = text.length();
		while (start < end && isSpace(text.charAt(start))) {
			start++;
		}
		while (end > start && isSpace(text.charAt(end - 1))) {
			end--;
		}
		return text.substring(start, end);
	}

	private static boolean isSpace(char c) {
		return c == ' ' || c == '\t';
	}

}
