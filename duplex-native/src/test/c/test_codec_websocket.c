/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket frames: the examples of RFC 6455, everything that it forbids, every length at which a header changes, and
 * round trips in both roles and modes. (Inside the library.)
 */
#include "support.h"
#include "support_codec.h"

#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

#define TEXT DX_WEBSOCKET_OPCODE_TEXT
#define BINARY DX_WEBSOCKET_OPCODE_BINARY
#define WHOLE (DX_PIECE_BEGIN | DX_PIECE_END)
#define UNKNOWN DX_LENGTH_UNKNOWN

/* What a decoder or encoder is set to: a server decodes what clients send, masked. */
static const struct dx_codec_options *options(uint32_t flags, uint64_t max_message)
{
	static struct dx_codec_options resolved[4];
	static unsigned next;
	struct dx_codec_options *one = &resolved[next++ % 4];
	const struct dx_codec_ops *ops;
	struct dx_codec_options wanted = {
		.size = sizeof(wanted), .type = DX_CODEC_WEBSOCKET, .flags = flags, .max_message = max_message,
	};
	CHECK_OK(dx__codec_find(&wanted, one, &ops));
	CHECK(ops == &dx__codec_websocket);
	return one;
}

static const struct dx_codec_options *server(void) { return options(0, 0); }

static const struct dx_codec_options *client(void) { return options(DX_WEBSOCKET_CLIENT, 0); }

static const struct dx_codec_options *server_frames(void) { return options(DX_WEBSOCKET_FRAMES, 0); }

static const struct dx_codec_options *client_frames(void)
{
	return options(DX_WEBSOCKET_FRAMES | DX_WEBSOCKET_CLIENT, 0);
}

/* ---------------------------------------------------------------------------------------------- a sending end */

struct sender {
	uint64_t state[512]; /* room for any encoder, aligned */
	const struct dx_codec_options *options;
	uint8_t stream[300000];
	size_t length;
};

static struct sender *sender_new(const struct dx_codec_options *of)
{
	static struct dx_codec_options kept[8];
	static unsigned next;
	struct sender *sender = calloc(1, sizeof(*sender));
	CHECK(sender);
	kept[next % 8] = *of;
	sender->options = &kept[next++ % 8];
	return sender;
}

/* Encodes a piece behind what was encoded before. On an error, nothing is written and nothing has changed. */
static int64_t put_total(struct sender *sender, uint32_t flags, uint32_t kind, uint64_t total, const void *data,
		size_t length)
{
	static uint64_t before[512];
	static uint8_t out[200000];
	struct dx_piece piece = {.flags = flags, .kind = kind, .total = total, .data = data, .length = length};
	size_t room = length + dx__codec_websocket.overhead;
	CHECK_LE(room, sizeof(out) - 1);
	memcpy(before, sender->state, sizeof(before));
	memset(out, 0xa5, room + 1);
	int64_t n = dx__codec_websocket.encode(sender->state, sender->options, &piece, out);
	CHECK_EQ(out[room], 0xa5);
	if (n < 0) {
		CHECK(!memcmp(before, sender->state, sizeof(before)));
		for (size_t i = 0; i < room; i++)
			CHECK_EQ(out[i], 0xa5);
		return n;
	}
	CHECK_LE(n, room);
	CHECK_LE(sender->length + (size_t)n, sizeof(sender->stream));
	memcpy(sender->stream + sender->length, out, (size_t)n);
	sender->length += (size_t)n;
	return n;
}

/* A whole message. */
static int64_t put(struct sender *sender, uint32_t flags, uint32_t kind, const void *data, size_t length)
{
	return put_total(sender, flags | WHOLE, kind, length, data, length);
}

static int64_t put_text(struct sender *sender, uint32_t flags, uint32_t kind, const char *text)
{
	return put(sender, flags, kind, text, strlen(text));
}

static int64_t finish(struct sender *sender, uint32_t error)
{
	int64_t n = dx__codec_websocket.finish(sender->state, sender->options, error, sender->stream + sender->length);
	CHECK(n >= 0 && n <= dx__codec_websocket.overhead);
	sender->length += (size_t)n;
	return n;
}

/* What the sender's stream decodes to at the other end, however it is split. */
static struct test_decoded *decode(struct sender *sender, const struct dx_codec_options *at)
{
	struct test_decoded *decoded = calloc(1, sizeof(*decoded));
	CHECK(decoded);
	test_decode_splits(at, sender->stream, sender->length, false, decoded);
	return decoded;
}

static void forget(struct test_decoded *decoded)
{
	test_forget(decoded);
	free(decoded);
}

static void check_message(const struct test_decoded *decoded, uint32_t at, uint32_t flags, uint32_t kind,
		const void *data, size_t length)
{
	CHECK_LT(at, decoded->count);
	const struct test_message *message = &decoded->messages[at];
	CHECK_EQ(message->flags & (DX_MESSAGE_MORE | DX_MESSAGE_CONTROL | DX_MESSAGE_LAST | DX_PIECE_REPLY), flags);
	CHECK_EQ(message->kind, kind);
	CHECK_EQ(message->length, length);
	CHECK(!length || !memcmp(message->data, data, length));
}

static void check_bytes(const struct sender *sender, const void *bytes, size_t length)
{
	CHECK_EQ(sender->length, length);
	CHECK(!memcmp(sender->stream, bytes, length));
}

/* ----------------------------------------------------------------------------------------------------- decoding */

/* Section 5.7. */
static void examples(void)
{
	test_vector(client(), false, "81 05 48 65 6c 6c 6f", ":1:48656c6c6f", NULL);
	test_vector(server(), false, "81 85 37 fa 21 3d 7f 9f 4d 51 58", ":1:48656c6c6f", NULL);
	test_vector(client(), false, "01 03 48 65 6c 80 02 6c 6f", ":1:48656c6c6f", NULL);
	test_vector(client_frames(), false, "01 03 48 65 6c 80 02 6c 6f", "m:1:48656c", ":256:6c6f", NULL);
	test_vector(client(), false, "89 05 48 65 6c 6c 6f", "cr:10:48656c6c6f", NULL);
	test_vector(client_frames(), false, "89 05 48 65 6c 6c 6f", "c:9:48656c6c6f", NULL);
	test_vector(server(), false, "8a 85 37 fa 21 3d 7f 9f 4d 51 58", NULL);
	test_vector(server_frames(), false, "8a 85 37 fa 21 3d 7f 9f 4d 51 58", "c:10:48656c6c6f", NULL);
}

static void long_examples(void)
{
	static uint8_t stream[10 + 65536];
	struct test_decoded decoded;
	memset(stream, 0, sizeof(stream));
	memcpy(stream, "\x82\x7e\x01\x00", 4);
	memset(stream + 4, 'x', 256);
	test_decode_splits(client(), stream, 4 + 256, false, &decoded);
	CHECK_EQ(decoded.count, 1);
	check_message(&decoded, 0, 0, BINARY, stream + 4, 256);
	test_forget(&decoded);
	memcpy(stream, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
	memset(stream + 10, 'y', 65536);
	size_t parts[] = {3, 5, 1, 1, 1, 1000};
	test_decode(client(), stream, sizeof(stream), parts, 6, false, &decoded);
	CHECK_EQ(decoded.count, 1);
	CHECK_EQ(decoded.error, 0);
	check_message(&decoded, 0, 0, BINARY, stream + 10, 65536);
	test_forget(&decoded);
}

static void messages_and_fragments(void)
{
	/* Empty ones; empty fragments at the beginning, the middle and the end. */
	test_vector(client(), false, "8200 8100", ":2:", ":1:", NULL);
	test_vector(server(), false, "8280 01020304", ":2:", NULL);
	test_vector(client(), false, "0200 0000 0001aa 0000 8000 8201bb", ":2:aa", ":2:bb", NULL);
	test_vector(client_frames(), false, "0200 0001aa 8000 8201bb", "m:2:", "m:256:aa", ":256:", ":2:bb", NULL);
	/* Control frames between them. */
	test_vector(client(), false, "0201aa 8902 0102 0001bb 8a00 8900 8001cc", "cr:10:0102", "cr:10:", ":2:aabbcc", NULL);
	test_vector(client_frames(), false, "0201aa 89020102 0001bb 8a00 8001cc", "m:2:aa", "c:9:0102", "m:256:bb",
			"c:10:", ":256:cc", NULL);
	/* Masked with several keys. */
	test_vector(server(), false, "0283 01020304 ab b9 cf 8a80 ffffffff 8981 01010101 01 8082 ff00ff00 2211", "cr:10:00",
			":2:aabbccdd11", NULL);
	/* Half a message is none; half a header says nothing. */
	test_vector(client(), false, "8201aa 0201bb", ":2:aa", NULL);
	test_vector(client(), false, "8201aa 827e01", ":2:aa", NULL);
}

static void closing(void)
{
	test_vector(client(), true, "8800", "lcr:8:", NULL);
	test_vector(client(), true, "8802 03e8", "lcr:8:03e8", NULL);
	test_vector(client_frames(), true, "8802 03e8", "lc:8:03e8", NULL);
	test_vector(server(), true, "8282 00000000 aabb 8885 01010101 02e9 686e75", ":2:aabb", "lcr:8:03e8696f74", NULL);
	/* Within a message, which is never ended. */
	test_vector(client(), true, "0201aa 8802 03e9", "lcr:8:03e9", NULL);
	/* Without. */
	test_vector(client(), true, "", "!23@0", NULL);
	test_vector(client(), true, "8201aa", ":2:aa", "!23@3", NULL);
	test_vector(client_frames(), true, "8201aa", ":2:aa", "!23@3", NULL);
}

/* The offset of an end that comes too early is the splits' business; that it is one is not. */
static void truncated(void)
{
	static const char *const streams[] = {"\x82", "\x82\x02", "\x82\x02x", "\x88\x02\x03", "\x82\x7f"};
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		struct test_decoded decoded;
		test_decode(client(), streams[i], strlen(streams[i]), NULL, 0, true, &decoded);
		CHECK_EQ(decoded.error, -DX_CODEC_WS_NO_CLOSE);
		CHECK_EQ(decoded.count, 0);
		test_forget(&decoded);
	}
}

/* Found by a client and a server, by messages and by frames, and without the bytes behind the offending one. */
static void refused(const char *at_client, const char *at_server, const char *error)
{
	test_note("%s is refused as %s", at_client, error);
	test_vector(client(), false, at_client, error, NULL);
	test_vector(client_frames(), false, at_client, error, NULL);
	test_vector(server(), false, at_server, error, NULL);
	test_vector(server_frames(), false, at_server, error, NULL);
}

static void refused_bits(void)
{
	refused("c1", "c1", "!12@0");
	refused("a1", "a1", "!12@0");
	refused("91", "91", "!12@0");
	refused("c981", "c981", "!12@0");
	refused("83", "83", "!13@0");
	refused("87", "87", "!13@0");
	refused("03", "03", "!13@0");
	refused("8b", "8b", "!13@0");
	refused("8f", "8f", "!13@0");
	refused("0b", "0b", "!13@0");
	test_vector(server(), false, "8105", "!14@1", NULL);
	test_vector(server_frames(), false, "8900", "!14@1", NULL);
	test_vector(client(), false, "8185", "!15@1", NULL);
	test_vector(client_frames(), false, "8980", "!15@1", NULL);
}

static void refused_control(void)
{
	refused("08", "08", "!16@0");
	refused("09", "09", "!16@0");
	refused("0a", "0a", "!16@0");
	refused("897e", "89fe", "!17@1");
	refused("887e", "88fe", "!17@1");
	refused("8a7f", "8aff", "!17@1");
	refused("8801", "8881", "!21@1");
}

static void refused_lengths(void)
{
	refused("827e 0000", "82fe 0000", "!18@2");
	refused("827e 007d", "82fe 007d", "!18@2");
	refused("817e 007d 616161", "81fe 007d 00000000 61", "!18@2");
	refused("827f 0000000000000000", "82ff 0000000000000000", "!18@2");
	refused("827f 000000000000ffff", "82ff 000000000000ffff", "!18@2");
	refused("827f 8000000000000000", "82ff 8000000000000000", "!18@2");
	refused("827f ffffffffffffffff", "82ff ffffffffffffffff", "!18@2");
	refused("827f 7fffffffffffffff", "82ff 7fffffffffffffff", "!1@2");
	/* The shortest that is right. */
	test_vector(client(), false, "827e 007e", NULL);
	test_vector(client(), false, "827f 0000000000010000", NULL);
	/* The greatest there is. */
	test_vector(options(DX_WEBSOCKET_CLIENT, UINT64_MAX), false, "827f 7fffffffffffffff aabb", NULL);
}

static void refused_order(void)
{
	refused("00", "00", "!19@0");
	refused("80", "80", "!19@0");
	test_vector(client(), false, "8201aa 80", ":2:aa", "!19@3", NULL);
	test_vector(client(), false, "0201aa 8001bb 00", ":2:aabb", "!19@6", NULL);
	test_vector(client(), false, "0201aa 82", "!20@3", NULL);
	test_vector(client(), false, "0200 8900 01", "cr:10:", "!20@4", NULL);
	test_vector(client_frames(), false, "0200 01", "m:2:", "!20@2", NULL);
	test_vector(client_frames(), false, "0201aa 8001bb 80", "m:2:aa", ":256:bb", "!19@6", NULL);
	test_vector(server(), false, "0281 00000000 aa 82", "!20@7", NULL);
}

static bool is_allowed(unsigned code)
{
	static const uint16_t allowed[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014};
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		if (code == allowed[i])
			return true;
	}
	return code >= 3000 && code <= 4999;
}

static void close_codes(void)
{
	for (unsigned code = 0; code < 65536; code += code < 5100 || code > 65500 ? 1 : 97) {
		uint8_t stream[] = {0x88, 0x82, 1, 2, 3, 4, (uint8_t)(code >> 8) ^ 1, (uint8_t)code ^ 2};
		struct test_decoded decoded;
		test_decode(server(), stream, sizeof(stream), NULL, 0, true, &decoded);
		CHECK_EQ(decoded.error, is_allowed(code) ? 0 : -DX_CODEC_WS_CLOSE_CODE);
		CHECK_EQ(decoded.count, is_allowed(code));
		if (!is_allowed(code))
			CHECK_EQ(decoded.offset, 6);
		test_forget(&decoded);
		struct sender *sender = sender_new(server());
		uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code};
		CHECK_EQ(put(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_CLOSE, payload, 2),
				is_allowed(code) ? 4 : -DX_CODEC_MESSAGE);
		free(sender);
	}
}

static void close_reasons(void)
{
	test_vector(client(), false, "8805 03e8 e282ac", "lcr:8:03e8e282ac", NULL);
	test_vector(client(), false, "8805 03e8 61c080", "!22@5", NULL);
	test_vector(client_frames(), false, "8805 03e8 61c080", "!22@5", NULL);
	test_vector(server(), false, "8885 00000000 03e8 61c080", "!22@9", NULL);
	test_vector(server(), false, "8885 20202020 23c8 41e0a0", "!22@9", NULL);
	/* It ends inside a character: the byte behind it is the wrong one. */
	test_vector(client(), false, "8804 03e8 e282", "!22@6", NULL);
	test_vector(client(), false, "8804 03e7 e282", "!21@2", NULL);
}

static void text(void)
{
	test_vector(client(), false, "8105 cebae282ac", ":1:cebae282ac", NULL);
	test_vector(client(), false, "0101ce 8902c3c3 0001ba 0000 0002e282 8001ac", "cr:10:c3c3", ":1:cebae282ac", NULL);
	test_vector(client_frames(), false, "0101ce 8902c3c3 8001ba", "m:1:ce", "c:9:c3c3", ":256:ba", NULL);
	/* Wrong at once, before the rest of the frame comes; and across fragments. */
	test_vector(client(), false, "817d ceba eda080", "!22@5", NULL);
	test_vector(client(), false, "8102 61ff", "!22@3", NULL);
	test_vector(server(), false, "8182 01020304 60fd", "!22@7", NULL);
	test_vector(client(), false, "0102e282 800161", "!22@6", NULL);
	test_vector(client_frames(), false, "0102e282 800161", "m:1:e282", "!22@6", NULL);
	test_vector(server(), false, "0182 00000000 e282 8081 01010101 60", "!22@14", NULL);
	/* It ends inside a character. */
	test_vector(client(), false, "8101ce", "!22@3", NULL);
	test_vector(client(), false, "0101ce 8000", "!22@5", NULL);
	test_vector(client(), false, "0101ce 8900 8000", "cr:10:", "!22@7", NULL);
	test_vector(client_frames(), false, "0101ce 8000", "m:1:ce", "!22@5", NULL);
	/* One message knows nothing of the other, and binary is no text. */
	test_vector(client(), false, "0101ce 8001ba 8101 61", ":1:ceba", ":1:61", NULL);
	test_vector(client(), false, "8203 ff61ce 8101 61", ":2:ff61ce", ":1:61", NULL);
}

static void greatest_message(void)
{
	const struct dx_codec_options *four = options(DX_WEBSOCKET_CLIENT, 4);
	test_vector(four, false, "8204 01020304 8204 05060708", ":2:01020304", ":2:05060708", NULL);
	test_vector(four, false, "8205", "!1@1", NULL);
	test_vector(four, false, "827e 0100", "!1@2", NULL);
	test_vector(four, false, "0203 010203 8900 8001 04", "cr:10:", ":2:01020304", NULL);
	test_vector(four, false, "0203 010203 8002", "!1@6", NULL);
	test_vector(four, false, "0204 01020304 0000 0001", "!1@9", NULL);
	test_vector(four, false, "8905 0102030405 8204 01020304", "cr:10:0102030405", ":2:01020304", NULL);
	four = options(DX_WEBSOCKET_CLIENT | DX_WEBSOCKET_FRAMES, 4);
	test_vector(four, false, "0203 010203 8004 04050607", "m:2:010203", ":256:04050607", NULL);
	test_vector(four, false, "0203 010203 8005", "m:2:010203", "!1@6", NULL);
}

/* The pieces themselves: data as it comes, with what is known of the total. */
static void pieces(void)
{
	static const struct {
		uint32_t flags;
		uint64_t total;
		size_t used, length;
	} expected[] = {
		{DX_PIECE_BEGIN, 4, 7, 1}, {0, 4, 2, 2}, {DX_PIECE_END, 4, 1, 1},
		{DX_PIECE_BEGIN, UNKNOWN, 8, 2},
		{WHOLE | DX_MESSAGE_CONTROL | DX_PIECE_REPLY, 1, 7, 1},
		{WHOLE | DX_MESSAGE_CONTROL | DX_PIECE_IGNORE, 0, 6, 0},
		{DX_PIECE_END, UNKNOWN, 7, 1},
		{WHOLE, 0, 6, 0},
	};
	uint8_t stream[] = {
		0x82, 0x84, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2, 'c' ^ 3, 'd' ^ 4,
		0x02, 0x82, 1, 2, 3, 4, 'e' ^ 1, 'f' ^ 2, 0x89, 0x81, 5, 5, 5, 5, 'g' ^ 5, 0x8a, 0x80, 0, 0, 0, 0,
		0x80, 0x81, 9, 9, 9, 9, 'h' ^ 9, 0x82, 0x80, 1, 1, 1, 1,
	};
	uint64_t state[512] = {0};
	size_t at = 0, used, letter = 0;
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		struct dx_piece piece = {0};
		size_t there = i < 3 ? expected[i].used : sizeof(stream) - at;
		CHECK_EQ(dx__codec_websocket.decode(state, server(), stream + at, there, &used, &piece), DX_DECODE_PIECE);
		CHECK_EQ(piece.flags, expected[i].flags);
		CHECK_EQ(piece.total, expected[i].total);
		CHECK_EQ(used, expected[i].used);
		CHECK_EQ(piece.length, expected[i].length);
		for (size_t j = 0; j < piece.length; j++)
			CHECK_EQ(piece.data[j], 'a' + letter++);
		at += used;
	}
	CHECK_EQ(at, sizeof(stream));
	CHECK_EQ(letter, 8);
}

/* What a refusal leaves over is as it came. */
static void left_over_unchanged(void)
{
	static const char *const streams[] = {
		"\x88\x86\1\2\3\4\2\xea\xfc\xfd\xfe\xff", "\x88\x86\1\2\3\4\1\2\3\4\5\6",
		"\x81\x8c\1\2\3\4`ba\xff" "abcdefgh",
	};
	static const size_t wrong[] = {8, 6, 9};
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		uint8_t stream[32], came[32];
		uint64_t state[512] = {0};
		struct dx_piece piece = {0};
		size_t used, length = strlen(streams[i]);
		memcpy(stream, streams[i], length);
		memcpy(came, streams[i], length);
		CHECK_LT(dx__codec_websocket.decode(state, server(), stream, length, &used, &piece), 0);
		CHECK_EQ(used, wrong[i]);
		CHECK(!memcmp(stream + used, came + used, length - used));
	}
}

/* Whatever comes: the same, however it is split, and no byte is read that is not there. */
static void random_streams(void)
{
	struct rng rng;
	rng_init(&rng, 5);
	for (unsigned round = scaled(3000); round--; ) {
		uint8_t stream[40];
		size_t length = 1 + (size_t)rng_below(&rng, sizeof(stream)), i = 0;
		bool masked = rng_below(&rng, 2);
		/* Short frames, right for the most part. */
		for (unsigned inside = 0; i + 8 < length; ) {
			unsigned opcode = inside ? 0 : 1 + (unsigned)rng_below(&rng, 2), fin = (unsigned)rng_below(&rng, 2);
			if (!rng_below(&rng, 4))
				opcode = 8 + (unsigned)rng_below(&rng, 3), fin = 1;
			else
				inside = !fin;
			unsigned size = (unsigned)rng_below(&rng, 4);
			stream[i++] = (uint8_t)(fin << 7 | opcode);
			stream[i++] = (uint8_t)((masked ? 0x80 : 0) | size);
			for (unsigned j = size + (masked ? 4 : 0); j && i < length; j--)
				stream[i++] = (uint8_t)rng_below(&rng, j > size || rng_below(&rng, 4) ? 128 : 256);
		}
		for (; i < length; i++)
			stream[i] = (uint8_t)rng_next(&rng);
		if (!rng_below(&rng, 4))
			stream[rng_below(&rng, length)] = (uint8_t)rng_next(&rng);
		struct test_decoded decoded;
		uint32_t flags = (masked ? 0 : DX_WEBSOCKET_CLIENT) | (rng_below(&rng, 2) ? DX_WEBSOCKET_FRAMES : 0);
		test_decode_splits(options(flags, 1 + rng_below(&rng, 10)), stream, length, rng_below(&rng, 2), &decoded);
		test_forget(&decoded);
	}
}

/* ----------------------------------------------------------------------------------------------------- encoding */

static void encoded_examples(void)
{
	struct sender *sender = sender_new(server());
	CHECK_EQ(put_text(sender, 0, TEXT, "Hello"), 7);
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, TEXT, UNKNOWN, "Hel", 3), 5);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, "Hello"), 7);
	CHECK_EQ(put_total(sender, DX_PIECE_END, TEXT, UNKNOWN, "lo", 2), 4);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL | DX_PIECE_REPLY, DX_WEBSOCKET_PONG, "Hello"), 7);
	check_bytes(sender, "\x81\5Hello\1\3Hel\x89\5Hello\x80\2lo\x8a\5Hello", 30);
	CHECK_EQ(put_text(sender, 0, 0, "any"), 5);
	CHECK(!memcmp(sender->stream + 30, "\x82\3any", 5));
	free(sender);
	sender = sender_new(client());
	CHECK_EQ(put_text(sender, 0, TEXT, "Hello"), 11);
	CHECK_EQ(sender->stream[1], 0x85);
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(sender->stream[6 + i] ^ sender->stream[2 + i % 4], "Hello"[i]);
	/* Another key each time: one of three is equal to none but by a wonder. */
	CHECK_EQ(put_text(sender, 0, TEXT, "Hello"), 11);
	CHECK_EQ(put_text(sender, 0, TEXT, "Hello"), 11);
	CHECK(memcmp(sender->stream + 2, sender->stream + 13, 4) || memcmp(sender->stream + 2, sender->stream + 24, 4));
	free(sender);
}

/* Every length at which a header changes, whole and by its total, at both ends. */
static void lengths(void)
{
	static const size_t list[] = {0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537, 100000};
	static uint8_t data[100000];
	struct rng rng;
	rng_init(&rng, 6);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rng_next(&rng);
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		for (unsigned variant = 0; variant < 8; variant++) {
			bool masks = variant & 1, frames = variant & 2, in_parts = variant & 4;
			uint32_t mode = frames ? DX_WEBSOCKET_FRAMES : 0;
			size_t length = list[i], header = length < 126 ? 2 : length < 65536 ? 4 : 10, half = length / 3;
			struct sender *sender = sender_new(options(mode | (masks ? DX_WEBSOCKET_CLIENT : 0), 0));
			if (in_parts) {
				put_total(sender, DX_PIECE_BEGIN, BINARY, length, data, half);
				CHECK_EQ(put_total(sender, 0, BINARY, length, NULL, 0), 0);
				CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, length, data + half, length - half), length - half);
			} else {
				put(sender, 0, BINARY, data, length);
			}
			CHECK_EQ(sender->length, header + (masks ? 4 : 0) + length);
			CHECK_EQ(sender->stream[0], 0x82);
			CHECK_EQ(sender->stream[1], (masks ? 0x80 : 0) | (header == 2 ? length : header == 4 ? 126 : 127));
			const struct dx_codec_options *peer = options(mode | (masks ? 0 : DX_WEBSOCKET_CLIENT), 0);
			size_t parts[] = {1, 1, 3, 2, 6, 1, length / 2};
			struct test_decoded decoded;
			if (length < 1000)
				test_decode_splits(peer, sender->stream, sender->length, false, &decoded);
			else
				test_decode(peer, sender->stream, sender->length, parts, 7, false, &decoded);
			CHECK_EQ(decoded.error, 0);
			CHECK_EQ(decoded.count, 1);
			check_message(&decoded, 0, 0, BINARY, data, length);
			test_forget(&decoded);
			free(sender);
		}
	}
}

static void control_between_fragments(void)
{
	for (unsigned masks = 0; masks < 2; masks++) {
		struct sender *sender = sender_new(masks ? client() : server());
		put_total(sender, DX_PIECE_BEGIN, TEXT, UNKNOWN, "\xce", 1);
		put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, "one");
		put_total(sender, 0, TEXT, UNKNOWN, "\xba\xe2", 2);
		put_text(sender, DX_MESSAGE_CONTROL | DX_PIECE_REPLY, DX_WEBSOCKET_PONG, "two");
		put_total(sender, 0, TEXT, UNKNOWN, NULL, 0);
		put_total(sender, DX_PIECE_END, TEXT, UNKNOWN, "\x82\xac", 2);
		put_total(sender, DX_PIECE_BEGIN, BINARY, 3, "abc", 3);
		/* All bytes of the frame are there: its message's last piece, which is empty, may wait. */
		put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, "three");
		CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, 3, NULL, 0), 0);
		CHECK_EQ(put(sender, DX_MESSAGE_CONTROL | DX_MESSAGE_LAST, DX_WEBSOCKET_CLOSE, "\x03\xe8" "bye", 5),
				masks ? 11 : 7);
		struct test_decoded *decoded = decode(sender, masks ? server() : client());
		CHECK_EQ(decoded->error, 0);
		CHECK_EQ(decoded->count, 5);
		uint32_t reply = DX_MESSAGE_CONTROL | DX_PIECE_REPLY;
		check_message(decoded, 0, reply, DX_WEBSOCKET_PONG, "one", 3);
		check_message(decoded, 1, 0, TEXT, "\xce\xba\xe2\x82\xac", 5);
		check_message(decoded, 2, 0, BINARY, "abc", 3);
		check_message(decoded, 3, reply, DX_WEBSOCKET_PONG, "three", 5);
		check_message(decoded, 4, reply | DX_MESSAGE_LAST, DX_WEBSOCKET_CLOSE, "\x03\xe8" "bye", 5);
		forget(decoded);
		free(sender);
	}
}

static void no_control_inside_a_frame(void)
{
	struct sender *sender = sender_new(client());
	CHECK(!dx__websocket_is_inside_frame(sender->state));
	put_total(sender, DX_PIECE_BEGIN, BINARY, 6, "ab", 2);
	CHECK(dx__websocket_is_inside_frame(sender->state));
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, ""), -DX_CODEC_MESSAGE);
	CHECK_EQ(put(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_CLOSE, NULL, 0), -DX_CODEC_MESSAGE);
	/* More than was promised, less than was promised, and another message. */
	CHECK_EQ(put_total(sender, 0, BINARY, 6, "cdefg", 5), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, 6, "cde", 3), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, 0, BINARY, "x"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, 0, BINARY, 6, "cd", 2), 2);
	CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, 6, "ef", 2), 2);
	CHECK(!dx__websocket_is_inside_frame(sender->state));
	put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, "");
	struct test_decoded *decoded = decode(sender, server());
	CHECK_EQ(decoded->count, 2);
	check_message(decoded, 0, 0, BINARY, "abcdef", 6);
	forget(decoded);
	/* A Close frame inside of one would be payload. */
	put_total(sender, DX_PIECE_BEGIN, BINARY, 6, "ab", 2);
	CHECK_EQ(finish(sender, 0), 0);
	CHECK_EQ(put_total(sender, 0, BINARY, 6, "c", 1), -DX_CODEC_CLOSED);
	free(sender);
}

static void not_expressible(void)
{
	struct sender *sender = sender_new(server());
	char long_ping[126] = {0};
	CHECK_EQ(put(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, long_ping, 126), -DX_CODEC_MESSAGE);
	CHECK_EQ(put(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, long_ping, 125), 127);
	CHECK_EQ(put_total(sender, DX_MESSAGE_CONTROL | DX_PIECE_BEGIN, DX_WEBSOCKET_PING, 2, "a", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL | DX_MESSAGE_MORE, DX_WEBSOCKET_PING, "a"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_CLOSE, "a"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_CLOSE, "\x03\xe8\xff"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL, 0, "a"), -DX_CODEC_MESSAGE);
	for (uint32_t kind = 3; kind < 300; kind++) {
		if (kind < DX_WEBSOCKET_CLOSE || kind > DX_WEBSOCKET_PONG)
			CHECK_EQ(put_text(sender, 0, kind, "a"), -DX_CODEC_MESSAGE);
	}
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, BINARY, UINT64_C(1) << 63, "a", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, WHOLE, BINARY, 2, "a", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, 0, BINARY, UNKNOWN, "a", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, UNKNOWN, "a", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, BINARY, UNKNOWN, "a", 1), 3);
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, BINARY, UNKNOWN, "a", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, UNKNOWN, "a", 1), 3);
	free(sender);
}

static void encoded_text(void)
{
	struct sender *sender = sender_new(options(DX_WEBSOCKET_TEXT, 0));
	CHECK_EQ(put_text(sender, 0, 0, "\xce\xba"), 4);
	CHECK_EQ(sender->stream[0], 0x81);
	CHECK_EQ(put_text(sender, 0, 0, "\xce"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, 0, 0, "\xff"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, 0, BINARY, "\xff"), 3);
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, 0, UNKNOWN, "\xe2\x82", 2), 4);
	CHECK_EQ(put_total(sender, 0, 0, UNKNOWN, "\xe2", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_END, 0, UNKNOWN, NULL, 0), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_END, 0, UNKNOWN, "\xac", 1), 3);
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, TEXT, 3, "\xe2\x82", 2), 4);
	CHECK_EQ(put_total(sender, DX_PIECE_END, TEXT, 3, "a", 1), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_END, TEXT, 3, "\xac", 1), 1);
	CHECK_EQ(put_text(sender, 0, TEXT, "a"), 3);
	free(sender);
}

/* Frames are written as they are given, and only in an order that a peer accepts. */
static void encoded_frames(void)
{
	const uint32_t continuation = DX_WEBSOCKET_CONTINUATION, more = DX_MESSAGE_MORE;
	struct sender *sender = sender_new(server_frames());
	CHECK_EQ(put_text(sender, 0, continuation, "a"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, more, TEXT, "a\xce"), 4);
	CHECK_EQ(put_text(sender, 0, TEXT, "b"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, 0, BINARY, "b"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, more, continuation, "b"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_text(sender, more, continuation, "\xba\xce"), 4);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, "c"), 3);
	CHECK_EQ(put_text(sender, 0, continuation, ""), -DX_CODEC_MESSAGE);
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, continuation, 2, "\xba", 1), 3);
	CHECK_EQ(put_total(sender, DX_PIECE_END, continuation, 2, "d", 1), 1);
	check_bytes(sender, "\x01\2a\xce\0\2\xba\xce\x89\1c\x80\2\xba" "d", 15);
	/* The parts of another codec's message, and a frame whose length nobody knows. */
	CHECK_EQ(put_text(sender, more, 0, "e"), 3);
	CHECK_EQ(put_text(sender, 0, 0, "f"), 3);
	CHECK_EQ(put_total(sender, DX_PIECE_BEGIN, BINARY, UNKNOWN, "g", 1), 3);
	CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, UNKNOWN, "h", 1), 3);
	CHECK(!memcmp(sender->stream + 15, "\2\1e\x80\1f\2\1g\x80\1h", 12));
	struct test_decoded *decoded = decode(sender, client());
	CHECK_EQ(decoded->error, 0);
	CHECK_EQ(decoded->count, 4);
	check_message(decoded, 1, 0, TEXT, "a\xce\xba\xce\xba" "d", 6);
	check_message(decoded, 2, 0, BINARY, "ef", 2);
	check_message(decoded, 3, 0, BINARY, "gh", 2);
	forget(decoded);
	free(sender);
}

static void closed_once(void)
{
	struct sender *sender = sender_new(server());
	put_total(sender, DX_PIECE_BEGIN, BINARY, UNKNOWN, "a", 1);
	CHECK_EQ(put(sender, DX_MESSAGE_CONTROL | DX_MESSAGE_LAST, DX_WEBSOCKET_CLOSE, NULL, 0), 2);
	CHECK_EQ(put(sender, DX_MESSAGE_CONTROL | DX_MESSAGE_LAST, DX_WEBSOCKET_CLOSE, "\x03\xe8", 2), 0);
	CHECK_EQ(put_total(sender, DX_PIECE_END, BINARY, UNKNOWN, "a", 1), -DX_CODEC_CLOSED);
	CHECK_EQ(put_text(sender, 0, TEXT, "a"), -DX_CODEC_CLOSED);
	CHECK_EQ(put_text(sender, DX_MESSAGE_CONTROL, DX_WEBSOCKET_PING, "a"), -DX_CODEC_CLOSED);
	CHECK_EQ(finish(sender, 0), 0);
	check_bytes(sender, "\2\1a\x88\0", 5);
	free(sender);
}

static void finished(void)
{
	static const struct {
		uint32_t error;
		unsigned code;
	} cases[] = {
		{0, 1000}, {DX_CODEC_TOO_LONG, 1009}, {DX_CODEC_TRUNCATED, 1011}, {DX_CODEC_TOO_SLOW, 1011},
		{DX_CODEC_NO_MEMORY, 1011}, {DX_CODEC_WS_RESERVED_BITS, 1002}, {DX_CODEC_WS_OPCODE, 1002},
		{DX_CODEC_WS_UNMASKED, 1002}, {DX_CODEC_WS_MASKED, 1002}, {DX_CODEC_WS_CONTROL_FRAGMENTED, 1002},
		{DX_CODEC_WS_CONTROL_LENGTH, 1002}, {DX_CODEC_WS_LENGTH, 1002}, {DX_CODEC_WS_CONTINUATION, 1002},
		{DX_CODEC_WS_INTERLEAVED, 1002}, {DX_CODEC_WS_CLOSE_CODE, 1002}, {DX_CODEC_WS_UTF8, 1007},
		{DX_CODEC_WS_NO_CLOSE, 1002}, {DX_CODEC_PLUGIN_ERROR, 1011},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t expected[] = {0x88, 2, (uint8_t)(cases[i].code >> 8), (uint8_t)cases[i].code};
		struct sender *sender = sender_new(i & 1 ? server_frames() : server());
		CHECK_EQ(finish(sender, cases[i].error), 4);
		CHECK_EQ(finish(sender, cases[i].error), 0);
		check_bytes(sender, expected, 4);
		CHECK_EQ(put_text(sender, 0, TEXT, "a"), -DX_CODEC_CLOSED);
		CHECK_EQ(put(sender, 0, DX_WEBSOCKET_CLOSE, NULL, 0), 0);
		free(sender);
		sender = sender_new(client());
		CHECK_EQ(finish(sender, cases[i].error), 8);
		struct test_decoded *decoded = decode(sender, server());
		CHECK_EQ(decoded->count, 1);
		check_message(decoded, 0, DX_MESSAGE_CONTROL | DX_MESSAGE_LAST | DX_PIECE_REPLY, DX_WEBSOCKET_CLOSE, expected + 2,
				2);
		forget(decoded);
		free(sender);
	}
}

/* -------------------------------------------------------------------------------------------------- round trips */

static void ascii(uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)(' ' + i % 90);
}

/* Characters of three bytes, so that pieces and reads end inside of them. */
static void euros(uint8_t *data, size_t length)
{
	size_t i = 0;
	for (; length - i >= 3; i += 3)
		memcpy(data + i, "\xe2\x82\xac", 3);
	for (; i < length; i++)
		data[i] = '.';
}

static void round_trips(void)
{
	static const uint32_t any[] = {BINARY}, texts[] = {TEXT}, both[] = {TEXT, BINARY};
	for (unsigned masks = 0; masks < 2; masks++) {
		const struct dx_codec_options *from = masks ? client() : server(), *to = masks ? server() : client();
		test_round_trips(from, to, any, 1, 70000, NULL);
		test_round_trips(from, to, any, 1, 300, NULL);
		test_round_trips(from, to, both, 2, 300, ascii);
		test_round_trips(from, to, texts, 1, 70000, euros);
	}
}

/* One random message of some fragments, with pings between them; returns its length. */
static size_t put_random(struct sender *sender, struct rng *rng, uint8_t *data, uint32_t kind, bool frames)
{
	size_t length = 0;
	unsigned fragments = 1 + (unsigned)rng_below(rng, 4);
	for (unsigned i = 0; i < fragments; i++) {
		size_t n = (size_t)rng_below(rng, rng_below(rng, 4) ? 20 : 300);
		bool first = !i, last = i == fragments - 1;
		for (size_t j = 0; j < n; j++)
			data[length + j] = (uint8_t)rng_below(rng, kind == TEXT ? 128 : 256);
		if (frames)
			CHECK_GT(put(sender, last ? 0 : DX_MESSAGE_MORE, first ? kind : DX_WEBSOCKET_CONTINUATION, data + length, n),
					0);
		else
			CHECK_GT(put_total(sender, (first ? DX_PIECE_BEGIN : 0) | (last ? DX_PIECE_END : 0), kind,
					first && last ? n : UNKNOWN, data + length, n), 0);
		length += n;
		if (rng_below(rng, 2))
			put_text(sender, DX_MESSAGE_CONTROL, 9 + (uint32_t)rng_below(rng, 2), "between");
	}
	return length;
}

/* Any mode at one end, messages at the other. */
static void round_trips_with_control(void)
{
	struct rng rng;
	rng_init(&rng, 7);
	static uint8_t data[6][1300];
	for (unsigned round = scaled(60); round--; ) {
		bool masks = rng_below(&rng, 2), frames = rng_below(&rng, 2);
		struct sender *sender = sender_new(options((masks ? DX_WEBSOCKET_CLIENT : 0) | (frames ? DX_WEBSOCKET_FRAMES : 0),
				0));
		size_t lengths[6];
		uint32_t kinds[6], next = 0;
		for (unsigned i = 0; i < 6; i++) {
			kinds[i] = 1 + (uint32_t)rng_below(&rng, 2);
			lengths[i] = put_random(sender, &rng, data[i], kinds[i], frames);
		}
		struct test_decoded decoded;
		test_decode_splits(masks ? server() : client(), sender->stream, sender->length, false, &decoded);
		CHECK_EQ(decoded.error, 0);
		for (uint32_t i = 0; i < decoded.count; i++) {
			if (decoded.messages[i].flags & DX_PIECE_REPLY) {
				check_message(&decoded, i, DX_MESSAGE_CONTROL | DX_PIECE_REPLY, DX_WEBSOCKET_PONG, "between", 7);
			} else {
				check_message(&decoded, i, 0, kinds[next], data[next], lengths[next]);
				next++;
			}
		}
		CHECK_EQ(next, 6);
		test_forget(&decoded);
		/* Frame by frame through another end, and the same again. */
		test_decode(options((masks ? 0 : DX_WEBSOCKET_CLIENT) | DX_WEBSOCKET_FRAMES, 0), sender->stream, sender->length,
				NULL, 0, false, &decoded);
		struct sender *relay = sender_new(server_frames());
		for (uint32_t i = 0; i < decoded.count; i++)
			CHECK_GT(put(relay, decoded.messages[i].flags, decoded.messages[i].kind, decoded.messages[i].data,
					decoded.messages[i].length), 0);
		if (!masks)
			check_bytes(relay, sender->stream, sender->length);
		test_forget(&decoded);
		free(relay);
		free(sender);
	}
}

int main(void)
{
	test_begin();
	RUN(examples);
	RUN(long_examples);
	RUN(messages_and_fragments);
	RUN(closing);
	RUN(truncated);
	RUN(refused_bits);
	RUN(refused_control);
	RUN(refused_lengths);
	RUN(refused_order);
	RUN(close_codes);
	RUN(close_reasons);
	RUN(text);
	RUN(greatest_message);
	RUN(pieces);
	RUN(left_over_unchanged);
	RUN(random_streams);
	RUN(encoded_examples);
	RUN(lengths);
	RUN(control_between_fragments);
	RUN(no_control_inside_a_frame);
	RUN(not_expressible);
	RUN(encoded_text);
	RUN(encoded_frames);
	RUN(closed_once);
	RUN(finished);
	RUN(round_trips);
	RUN(round_trips_with_control);
	return test_end();
}
