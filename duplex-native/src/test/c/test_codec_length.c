/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that begin with their length: prefixes of all kinds, and varints. */
#include "support_codec.h"

#include <string.h>

static struct dx_codec_options prefixed(uint32_t prefix, uint32_t flags, uint32_t offset, int32_t adjustment)
{
	return (struct dx_codec_options){
		.size = sizeof(struct dx_codec_options), .type = DX_CODEC_LENGTH, .flags = flags, .prefix = prefix,
		.offset = offset, .adjustment = adjustment,
	};
}

/* The stream is one message, of which this is told. */
static void decodes(struct dx_codec_options options, const char *stream, size_t length, const char *payload, size_t size)
{
	struct test_decoded decoded;
	test_decode_splits(&options, stream, length, true, &decoded);
	CHECK_EQ(decoded.error, 0);
	CHECK_EQ(decoded.count, 1);
	CHECK_EQ(decoded.messages[0].length, size);
	CHECK(!size || !memcmp(decoded.messages[0].data, payload, size));
	test_forget(&decoded);
}

static void refused(struct dx_codec_options options, const char *stream, size_t length, int error, uint64_t offset)
{
	struct test_decoded decoded;
	test_decode_splits(&options, stream, length, true, &decoded);
	CHECK_EQ(decoded.error, -error);
	CHECK_EQ(decoded.offset, offset);
	test_forget(&decoded);
}

static void prefixes_of_all_kinds(void)
{
	decodes(prefixed(1, 0, 0, 0), "\3abc", 4, "abc", 3);
	decodes(prefixed(2, 0, 0, 0), "\0\3abc", 5, "abc", 3);
	decodes(prefixed(3, 0, 0, 0), "\0\0\3abc", 6, "abc", 3);
	decodes(prefixed(4, DX_LENGTH_LITTLE, 0, 0), "\3\0\0\0abc", 7, "abc", 3);
	decodes(prefixed(8, 0, 0, 0), "\0\0\0\0\0\0\0\3abc", 11, "abc", 3);
	decodes(prefixed(2, DX_LENGTH_INCLUSIVE, 0, 0), "\0\5abc", 5, "abc", 3);
	decodes(prefixed(2, DX_LENGTH_INCLUSIVE, 2, 0), "xy\0\7abc", 7, "abc", 3);
	decodes(prefixed(1, 0, 1, -2), "x\5abc", 5, "abc", 3);
	decodes(prefixed(1, DX_LENGTH_KEEP, 1, 0), "x\3abc", 5, "x\3abc", 5);
	decodes(prefixed(2, 0, 0, 0), "\0\0", 2, "", 0);
}

static void lengths_that_cannot_be_are_refused(void)
{
	refused(prefixed(2, DX_LENGTH_INCLUSIVE, 0, 0), "\0\1", 2, DX_CODEC_LENGTH_NEGATIVE, 0);
	refused(prefixed(1, 0, 1, -2), "x\1", 2, DX_CODEC_LENGTH_NEGATIVE, 1);
	refused(prefixed(8, 0, 0, 0), "\377\377\377\377\377\377\377\377", 8, DX_CODEC_TOO_LONG, 0);
	/* 16 MiB and a byte: with the header, not with the payload */
	refused(prefixed(4, 0, 0, 0), "\1\0\0\1", 4, DX_CODEC_TOO_LONG, 0);
	refused(prefixed(4, 0, 0, 0), "\0\0\0\5ab", 6, DX_CODEC_TRUNCATED, 6);
	struct dx_codec_options varint = {.size = sizeof(varint), .type = DX_CODEC_VARINT};
	decodes(varint, "\3abc", 4, "abc", 3);
	refused(varint, "\377\377\377\377\177", 5, DX_CODEC_VARINT_OVERFLOW, 4);
	refused(varint, "\200\200\200\200\200", 5, DX_CODEC_VARINT_OVERFLOW, 4);
	refused(varint, "\377\377\377\377\17", 5, DX_CODEC_TOO_LONG, 0);
}

static void messages_come_back_as_they_went(void)
{
	static const uint32_t prefixes[] = {2, 3, 4, 8};
	for (unsigned i = 0; i < 16; i++) {
		uint32_t flags = (i & 4 ? DX_LENGTH_LITTLE : 0) | (i & 8 ? DX_LENGTH_INCLUSIVE : 0);
		struct dx_codec_options options = prefixed(prefixes[i % 4], flags, i % 3, -(int32_t)(i % 3));
		test_round_trips(&options, &options, NULL, 0, 3000, NULL);
	}
	struct dx_codec_options varint = {.size = sizeof(varint), .type = DX_CODEC_VARINT};
	test_round_trips(&varint, &varint, NULL, 0, 3000, NULL);
}

static void what_cannot_be_said_is_not_put(void)
{
	uint8_t out[8192], payload[300] = {0};
	struct dx_codec_options options = prefixed(1, 0, 0, 0);
	CHECK_EQ(test_encode(&options, 0, 0, payload, 255, out), 256);
	CHECK_EQ(test_encode(&options, 0, 0, payload, 256, out), -DX_CODEC_MESSAGE);
	options = prefixed(1, 0, 0, 2);
	CHECK_EQ(test_encode(&options, 0, 0, payload, 1, out), -DX_CODEC_MESSAGE);
	options = prefixed(2, DX_LENGTH_KEEP, 0, 0);
	CHECK_EQ(test_encode(&options, 0, 0, "\0\3abc", 5, out), 5);
	CHECK_EQ(test_encode(&options, 0, 0, "\0\4abc", 5, out), -DX_CODEC_MESSAGE);
}

int main(void)
{
	test_begin();
	RUN(prefixes_of_all_kinds);
	RUN(lengths_that_cannot_be_are_refused);
	RUN(messages_come_back_as_they_went);
	RUN(what_cannot_be_said_is_not_put);
	return test_end();
}
