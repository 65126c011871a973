/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code duplex.h}, read well enough to compare the binding with it.
 */
final class Header {

	private static final Pattern ENUM = Pattern.compile("enum (dx_\\w+) \\{(.*?)\\};", Pattern.DOTALL);

	private static final Pattern CONSTANT = Pattern.compile("(DX_\\w+) = (\\d+)");

	private static final Pattern DEFINE = Pattern.compile("#define (DX_\\w+) (\\d+)u?");

	private static final Pattern STRUCT = Pattern.compile("struct (dx_\\w+) \\{(.*?)\\n\\};", Pattern.DOTALL);

	private static final Pattern FIELD = Pattern.compile("(struct )?(\\w+) (\\w+)(?:\\[(\\d+)\\])?;");

	private static final Pattern FUNCTION = Pattern.compile("DX_API [\\w\\s]+?\\*?(dx_\\w+)\\(([^)]*)\\);");

	private final String text;

	Header() throws IOException {
		this.text = Files.readString(Path.of("src/main/c/duplex.h")).replaceAll("(?s)/\\*.*?\\*/", "");
	}

	Map<String, Integer> constants() {
		Map<String, Integer> constants = new LinkedHashMap<>();
		Matcher enums = ENUM.matcher(this.text);
		while (enums.find()) {
			put(constants, CONSTANT.matcher(enums.group(2)));
		}
		put(constants, DEFINE.matcher(this.text));
		return constants;
	}

	private static void put(Map<String, Integer> constants, Matcher matcher) {
		while (matcher.find()) {
			constants.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
		}
	}

	/** Each function's number of parameters. */
	Map<String, Integer> functions() {
		Map<String, Integer> functions = new LinkedHashMap<>();
		Matcher matcher = FUNCTION.matcher(this.text);
		while (matcher.find()) {
			String parameters = matcher.group(2).strip();
			functions.put(matcher.group(1), parameters.equals("void") ? 0 : parameters.split(",").length);
		}
		return functions;
	}

	/** Each struct's fields with their offsets, and its size under the name "sizeof". */
	Map<String, Map<String, Integer>> structs() {
		Map<String, Map<String, Integer>> structs = new LinkedHashMap<>();
		Map<String, int[]> types = new LinkedHashMap<>();
		types.put("uint8_t", new int[] { 1, 1 });
		types.put("char", new int[] { 1, 1 });
		types.put("uint16_t", new int[] { 2, 2 });
		types.put("uint32_t", new int[] { 4, 4 });
		types.put("int32_t", new int[] { 4, 4 });
		types.put("uint64_t", new int[] { 8, 8 });
		types.put("size_t", new int[] { 8, 8 });
		types.put("dx_id", new int[] { 8, 8 });
		Matcher matcher = STRUCT.matcher(this.text);
		while (matcher.find()) {
			structs.put(matcher.group(1), layOut(matcher.group(1), matcher.group(2), types));
		}
		return structs;
	}

	private static Map<String, Integer> layOut(String name, String body, Map<String, int[]> types) {
		Map<String, Integer> offsets = new LinkedHashMap<>();
		int offset = 0;
		int greatest = 1;
		Matcher field = FIELD.matcher(body);
		while (field.find()) {
			int[] type = types.get(field.group(2));
			if (type == null) {
				throw new IllegalStateException("no size is known of " + field.group());
			}
			greatest = Math.max(greatest, type[1]);
			offset = align(offset, type[1]);
			offsets.put(field.group(3), offset);
			offset += type[0] * ((field.group(4) != null) ? Integer.parseInt(field.group(4)) : 1);
		}
		offsets.put("sizeof", align(offset, greatest));
		types.put(name, new int[] { align(offset, greatest), greatest });
		return offsets;
	}

	private static int align(int offset, int alignment) {
		return (offset + alignment - 1) / alignment * alignment;
	}

}
