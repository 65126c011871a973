/* SPDX-License-Identifier: Apache-2.0 */
/* Chunked transfer coding as RFC 9112 section 7.1 has it: what is strict about it most of all. */
#include "support_codec.h"

#include <stdlib.h>
#include <string.h>

static const struct dx_codec_options chunked = {.size = sizeof(chunked), .type = DX_CODEC_CHUNKED};

static void decodes(const char *stream, struct test_decoded *decoded)
{
	test_decode_splits(&chunked, stream, strlen(stream), true, decoded);
}

static void refused(const char *stream, int error, uint64_t offset)
{
	struct test_decoded decoded;
	test_note("%s", stream);
	decodes(stream, &decoded);
	CHECK_EQ(decoded.error, -error);
	CHECK_EQ(decoded.offset, offset);
	test_forget(&decoded);
}

static void chunks_are_messages_and_the_last_has_the_trailers(void)
{
	struct test_decoded decoded;
	decodes("4\r\nWiki\r\n7;a=b;c=\"d\\\"e\"\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\nsurplus", &decoded);
	CHECK_EQ(decoded.error, 0);
	CHECK_EQ(decoded.count, 4);
	CHECK(!memcmp(decoded.messages[0].data, "Wiki", 4));
	CHECK_EQ(decoded.messages[1].length, 7);
	CHECK_EQ(decoded.messages[1].extra_length, strlen("a=b;c=\"d\\\"e\""));
	CHECK_EQ(decoded.messages[2].length, 11);
	CHECK_EQ(decoded.messages[3].flags, DX_MESSAGE_LAST);
	CHECK_EQ(decoded.messages[3].length, 0);
	CHECK_EQ(decoded.messages[3].extra_length, strlen("X-Sum: 1\r\nY: 2\r\n"));
	/* what follows is nobody's */
	CHECK_EQ(decoded.offset, strlen("4\r\nWiki\r\n7;a=b;c=\"d\\\"e\"\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n"));
	test_forget(&decoded);
}

static void what_smuggles_is_refused(void)
{
	refused("4\nWiki\r\n", DX_CODEC_CHUNK_LINE, 1);
	refused("+4\r\nWiki\r\n", DX_CODEC_CHUNK_SIZE, 0);
	refused("-4\r\nWiki\r\n", DX_CODEC_CHUNK_SIZE, 0);
	refused(" 4\r\nWiki\r\n", DX_CODEC_CHUNK_SIZE, 0);
	refused("0x4\r\nWiki\r\n", DX_CODEC_CHUNK_SIZE, 1);
	refused("\r\nWiki\r\n", DX_CODEC_CHUNK_SIZE, 0);
	refused("4\r\nWikiX", DX_CODEC_CHUNK_END, 7);
	refused("4\r\nWiki\rX", DX_CODEC_CHUNK_END, 8);
	refused("4\r\nWiki\n", DX_CODEC_CHUNK_END, 7);
	refused("4\r\nWi", DX_CODEC_TRUNCATED, 5);
	refused("4\r\nWiki\r\n", DX_CODEC_TRUNCATED, 9);
	refused("0\r\n", DX_CODEC_TRUNCATED, 0);
}

static void sizes_are_bounded(void)
{
	struct test_decoded decoded;
	decodes("FFFFFFFFFFFFFFFFF\r\n", &decoded);
	CHECK(decoded.error == -DX_CODEC_CHUNK_SIZE || decoded.error == -DX_CODEC_TOO_LONG);
	test_forget(&decoded);
	decodes("1000001\r\n", &decoded);
	CHECK_EQ(decoded.error, -DX_CODEC_TOO_LONG);
	test_forget(&decoded);
	/* an extension, and trailers, without end */
	char *endless = malloc(40001);
	memset(endless, 'a', 40000);
	endless[40000] = 0;
	memcpy(endless, "1;a=", 4);
	test_decode(&chunked, endless, 40000, NULL, 0, false, &decoded);
	CHECK_EQ(decoded.error, -DX_CODEC_CHUNK_EXTENSION);
	test_forget(&decoded);
	memcpy(endless, "0\r\nX: ", 6);
	test_decode(&chunked, endless, 40000, NULL, 0, false, &decoded);
	CHECK_EQ(decoded.error, -DX_CODEC_TRAILER);
	test_forget(&decoded);
	free(endless);
}

static void chunks_come_back_as_they_went(void)
{
	struct rng rng;
	rng_init(&rng, 1);
	for (unsigned i = 0; i < scaled(200); i++) {
		uint8_t payload[400], out[8192];
		size_t length = 1 + rng_below(&rng, sizeof(payload));
		for (size_t k = 0; k < length; k++)
			payload[k] = (uint8_t)rng_next(&rng);
		int64_t n = test_encode(&chunked, 0, 0, payload, length, out);
		CHECK_GT(n, 0);
		int64_t last = test_encode(&chunked, 0, DX_MESSAGE_LAST, "", 0, out + n);
		CHECK_EQ(last, 5);
		struct test_decoded decoded;
		test_decode_splits(&chunked, out, (size_t)(n + last), true, &decoded);
		CHECK_EQ(decoded.error, 0);
		CHECK_EQ(decoded.count, 2);
		CHECK_EQ(decoded.messages[0].length, length);
		CHECK(!memcmp(decoded.messages[0].data, payload, length));
		test_forget(&decoded);
	}
}

static void what_is_put_is_a_chunk(void)
{
	uint8_t out[8192];
	CHECK_EQ(test_encode(&chunked, 0, 0, "Wiki", 4, out), 9);
	CHECK(!memcmp(out, "4\r\nWiki\r\n", 9));
	/* an empty chunk would be the last */
	CHECK_EQ(test_encode(&chunked, 0, 0, "", 0, out), 0);
	CHECK_EQ(test_encode(&chunked, 0, DX_MESSAGE_LAST, "", 0, out), 5);
	CHECK(!memcmp(out, "0\r\n\r\n", 5));
}

int main(void)
{
	test_begin();
	RUN(chunks_are_messages_and_the_last_has_the_trailers);
	RUN(what_smuggles_is_refused);
	RUN(sizes_are_bounded);
	RUN(chunks_come_back_as_they_went);
	RUN(what_is_put_is_a_chunk);
	return test_end();
}
