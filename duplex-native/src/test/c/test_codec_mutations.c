/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decoder is given what nobody would send: valid streams of its own codec in which a few things were changed.
 *
 * Whatever comes is decoded or refused; no call reads beyond what it was given (buffers end where the bytes do, for ASan), none
 * uses what is not there, none makes no progress; and however the bytes are split, the messages, the error and its offset are
 * the same. The promises of struct dx_codec_ops are checked by test_decode().
 *
 * DX_TEST_SCALE=10000 is a million mutations, all codecs together.
 */
#include "support_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS 10000
#define MUTANTS 25      /* of one stream */
#define STREAM_MOST 1200
#define PARTS_MOST 1200

static const struct codec {
	struct dx_codec_options options;
	uint32_t kinds[6]; /* that its messages may have, beside 0 */
} codecs[] = {
#define CODEC(...) {.options = {.size = sizeof(struct dx_codec_options), __VA_ARGS__}}
#define CODEC_OF(list, ...) {.options = {.size = sizeof(struct dx_codec_options), __VA_ARGS__}, .kinds = list}
#define LIST(...) {__VA_ARGS__}
	CODEC(.type = DX_CODEC_LINE),
	CODEC(.type = DX_CODEC_LINE, .flags = DX_LINE_LF),
	CODEC(.type = DX_CODEC_LINE, .flags = DX_LINE_CRLF),
	CODEC(.type = DX_CODEC_LINE, .flags = DX_CODEC_KEEP),
	CODEC(.type = DX_CODEC_LINE, .flags = DX_LINE_CRLF | DX_CODEC_KEEP),
	CODEC(.type = DX_CODEC_DELIMITER, .delimiter = ";", .delimiter_length = 1),
	CODEC(.type = DX_CODEC_DELIMITER, .delimiter = "aab", .delimiter_length = 3),
	CODEC(.type = DX_CODEC_DELIMITER, .delimiter = "abababababababac", .delimiter_length = 16, .flags = DX_CODEC_KEEP),
	CODEC(.type = DX_CODEC_LENGTH, .prefix = 1),
	CODEC(.type = DX_CODEC_LENGTH, .prefix = 2, .flags = DX_LENGTH_LITTLE),
	CODEC(.type = DX_CODEC_LENGTH, .prefix = 3, .offset = 2, .adjustment = -1),
	CODEC(.type = DX_CODEC_LENGTH, .prefix = 4, .flags = DX_LENGTH_INCLUSIVE),
	CODEC(.type = DX_CODEC_LENGTH, .prefix = 8, .offset = 5, .flags = DX_LENGTH_LITTLE | DX_LENGTH_INCLUSIVE, .adjustment = 3),
	CODEC(.type = DX_CODEC_LENGTH, .prefix = 2, .offset = 1, .flags = DX_LENGTH_KEEP),
	CODEC(.type = DX_CODEC_VARINT),
	CODEC(.type = DX_CODEC_CHUNKED),
	CODEC_OF(LIST(DX_WEBSOCKET_OPCODE_TEXT, DX_WEBSOCKET_OPCODE_BINARY, DX_WEBSOCKET_PING, DX_WEBSOCKET_PONG),
			.type = DX_CODEC_WEBSOCKET),
	CODEC_OF(LIST(DX_WEBSOCKET_OPCODE_TEXT, DX_WEBSOCKET_OPCODE_BINARY, DX_WEBSOCKET_PING, DX_WEBSOCKET_PONG),
			.type = DX_CODEC_WEBSOCKET, .flags = DX_WEBSOCKET_CLIENT),
	CODEC_OF(LIST(DX_WEBSOCKET_OPCODE_TEXT, DX_WEBSOCKET_OPCODE_BINARY, DX_WEBSOCKET_PING, DX_WEBSOCKET_PONG,
			DX_WEBSOCKET_CONTINUATION), .type = DX_CODEC_WEBSOCKET, .flags = DX_WEBSOCKET_FRAMES),
	CODEC_OF(LIST(DX_WEBSOCKET_OPCODE_TEXT, DX_WEBSOCKET_OPCODE_BINARY, DX_WEBSOCKET_PING, DX_WEBSOCKET_PONG,
			DX_WEBSOCKET_CONTINUATION), .type = DX_CODEC_WEBSOCKET, .flags = DX_WEBSOCKET_FRAMES | DX_WEBSOCKET_CLIENT),
	CODEC_OF(LIST(DX_ZMTP_COMMAND), .type = DX_CODEC_ZMTP),
	CODEC_OF(LIST(DX_ZMTP_COMMAND), .type = DX_CODEC_ZMTP, .flags = DX_ZMTP_FRAMES),
};
#define CODECS (sizeof(codecs) / sizeof(*codecs))

static struct rng rng;
static unsigned long mutations, refused, decoded_whole;

static size_t below(size_t bound) { return (size_t)rng_below(&rng, bound); }

/* ---- valid streams ---- */

/* Who writes what this codec reads. */
static struct dx_codec_options writer_of(const struct dx_codec_options *reader)
{
	struct dx_codec_options writer = *reader;
	if (writer.type == DX_CODEC_WEBSOCKET)
		writer.flags ^= DX_WEBSOCKET_CLIENT;
	return writer;
}

/* What most codecs can express, and text of up to four bytes a character. */
static size_t fill(uint8_t *data, size_t most)
{
	static const char *const characters[] = {"a", "b", "aa", "ab", "z", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8e\x84", " ", "0"};
	size_t length = 0, wanted = below(4) ? below(20) : below(most);
	while (length < wanted) {
		const char *next = characters[below(sizeof(characters) / sizeof(*characters))];
		if (length + strlen(next) > most)
			break;
		memcpy(data + length, next, strlen(next));
		length += strlen(next);
	}
	return length;
}

/* A message's end, or what it has to begin with, which is its own with KEEP; commands have a name. */
static size_t dress(const struct dx_codec_options *options, uint32_t kind, uint8_t *data, size_t length)
{
	static const char *const commands[] = {"\4PING\0\1context", "\4PONGcontext", "\11SUBSCRIBEtopic", "\5ERROR\3abc", "\1a"};
	static const size_t lengths[] = {14, 12, 15, 10, 2};
	if (options->type == DX_CODEC_ZMTP && kind) {
		size_t i = below(5);
		memcpy(data, commands[i], lengths[i]);
		return lengths[i];
	}
	if (options->type == DX_CODEC_LINE && options->flags & DX_CODEC_KEEP) {
		memcpy(data + length, "\r\n", 2);
		return length + 2;
	}
	if (options->type == DX_CODEC_DELIMITER && options->flags & DX_CODEC_KEEP) {
		memcpy(data + length, options->delimiter, options->delimiter_length);
		return length + options->delimiter_length;
	}
	if (options->type == DX_CODEC_LENGTH && options->flags & DX_LENGTH_KEEP) {
		memmove(data + 3, data, length);
		data[0] = 0;
		data[1] = (uint8_t)(length >> 8);
		data[2] = (uint8_t)length;
		return length + 3;
	}
	return length;
}

/* One message, in one piece or in two. What the codec cannot express is left out, or stays half a message. */
static void put_message(struct test_encoder *encoder, const struct codec *codec)
{
	static const char extension[] = "a=b;c;d=\"e\\\"\"";
	uint8_t data[512];
	size_t kinds = 0;
	while (kinds < 6 && codec->kinds[kinds])
		kinds++;
	uint32_t kind = kinds ? codec->kinds[below(kinds)] : 0;
	bool is_control = codec->options.type == DX_CODEC_ZMTP ? kind : kind >= DX_WEBSOCKET_CLOSE && kind <= DX_WEBSOCKET_PONG;
	size_t length = dress(&codec->options, kind, data, fill(data, is_control ? 125 : 300));
	struct dx_piece piece = {.kind = kind, .total = length, .data = data, .length = length,
			.flags = DX_PIECE_BEGIN | DX_PIECE_END | (is_control ? DX_MESSAGE_CONTROL : 0)};
	if (!is_control && !below(3))
		piece.flags |= DX_MESSAGE_MORE;
	if (codec->options.type == DX_CODEC_CHUNKED && below(2)) {
		piece.extra = (const uint8_t *)extension;
		piece.extra_length = sizeof(extension) - 1;
	}
	if (is_control || encoder->ops->needs_total || below(2)) {
		test_encoder_put(encoder, &piece);
		return;
	}
	size_t first = below(length + 1);
	piece.flags &= ~DX_PIECE_END;
	piece.length = first;
	if (below(2))
		piece.total = DX_LENGTH_UNKNOWN;
	if (test_encoder_put(encoder, &piece) < 0)
		return;
	piece.flags = (piece.flags & ~DX_PIECE_BEGIN) | DX_PIECE_END;
	piece.data = data + first;
	piece.length = length - first;
	piece.extra_length = 0;
	test_encoder_put(encoder, &piece);
}

static void put_last(struct test_encoder *encoder, const struct codec *codec)
{
	static const char trailers[] = "A: b\r\nContent-MD5:\t x \r\n", close[] = "\x03\xe8" "bye \xe2\x82\xac";
	struct dx_piece piece = {.flags = DX_PIECE_BEGIN | DX_PIECE_END | DX_MESSAGE_LAST};
	if (codec->options.type == DX_CODEC_CHUNKED) {
		piece.extra = (const uint8_t *)trailers;
		piece.extra_length = sizeof(trailers) - 1;
		test_encoder_put(encoder, &piece);
	} else if (codec->options.type == DX_CODEC_WEBSOCKET) {
		piece.flags |= DX_MESSAGE_CONTROL;
		piece.kind = DX_WEBSOCKET_CLOSE;
		piece.data = (const uint8_t *)close;
		piece.total = piece.length = sizeof(close) - 1;
		test_encoder_put(encoder, &piece);
	}
	test_encoder_finish(encoder, 0);
}

static size_t make_stream(const struct codec *codec, uint8_t *stream)
{
	struct dx_codec_options writer = writer_of(&codec->options);
	struct test_encoder encoder;
	test_encoder_open(&encoder, &writer);
	for (size_t count = 1 + below(5); count && encoder.length < STREAM_MOST - 500; count--)
		put_message(&encoder, codec);
	if (below(2))
		put_last(&encoder, codec);
	CHECK_LE(encoder.length, STREAM_MOST);
	size_t length = encoder.length;
	if (length)
		memcpy(stream, encoder.out, length);
	test_encoder_close(&encoder);
	return length;
}

/* ---- mutations ---- */

static uint8_t strange_byte(void)
{
	static const uint8_t bytes[] = {0, 1, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x88, 0x89, 0xfe, 0xff, '\r', '\n', ';', '=', '"', '\\', ' ',
			'\t', '0', 'f', ':', 'a', 'b', 0xc0, 0xed, 0xf4};
	return below(2) ? bytes[below(sizeof(bytes))] : (uint8_t)rng_next(&rng);
}

static void cut(uint8_t *stream, size_t *length, size_t at, size_t n)
{
	memmove(stream + at, stream + at + n, *length - at - n);
	*length -= n;
}

/* Room for n bytes at this place. */
static bool open_up(uint8_t *stream, size_t *length, size_t at, size_t n)
{
	if (*length + n > STREAM_MOST)
		return false;
	memmove(stream + at + n, stream + at, *length - at);
	*length += n;
	return true;
}

/* The same bytes once more, where they stand or elsewhere. */
static void repeat(uint8_t *stream, size_t *length, size_t at, size_t n)
{
	uint8_t bytes[STREAM_MOST];
	memcpy(bytes, stream + at, n);
	size_t to = below(*length + 1);
	if (open_up(stream, length, to, n))
		memcpy(stream + to, bytes, n);
}

static void mutate(uint8_t *stream, size_t *length)
{
	size_t at = below(*length + 1), n = *length - at;
	if (n > 1)
		n = 1 + below(below(2) ? n : n < 4 ? n : 4);
	switch (below(n ? 7 : 1)) {
	case 0:
		n = 1 + below(4);
		if (open_up(stream, length, at, n)) {
			while (n--)
				stream[at + n] = strange_byte();
		}
		break;
	case 1:
		stream[at] ^= (uint8_t)(1u << below(8));
		break;
	case 2:
		stream[at] = strange_byte();
		break;
	case 3:
		cut(stream, length, at, n);
		break;
	case 4:
		repeat(stream, length, at, n);
		break;
	case 5:
		stream[at] = (uint8_t)(stream[at] + (below(2) ? 1 : -1));
		break;
	default:
		if (!below(4))
			*length = at;
	}
}

/* ---- what comes of them ---- */

static void compare(const struct dx_codec_options *options, const uint8_t *stream, size_t length, const size_t *parts, size_t count,
		bool at_end, const struct test_decoded *expected)
{
	struct test_decoded again;
	test_decode(options, stream, length, parts, count, at_end, &again);
	test_decoded_same(expected, &again);
	test_forget(&again);
}

static void check(const struct codec *codec, const uint8_t *stream, size_t length)
{
	struct dx_codec_options options = codec->options;
	struct test_decoded whole;
	size_t parts[PARTS_MOST], count = 0;
	bool at_end = below(2);
	if (below(2))
		options.max_message = 1 + below(120);
	test_decode(&options, stream, length, NULL, 0, at_end, &whole);
	parts[0] = below(length + 1);
	compare(&options, stream, length, parts, 1, at_end, &whole);
	size_t bound = 1 + below(below(2) ? 4 : 60);
	for (size_t sum = 0; sum < length; count++)
		sum += parts[count] = 1 + below(bound);
	compare(&options, stream, length, parts, count, at_end, &whole);
	refused += whole.error != 0;
	decoded_whole += !whole.error && whole.count;
	test_forget(&whole);
	mutations++;
}

/* Every codec has its share. */
static void mutants_do_no_harm(void)
{
	uint8_t stream[STREAM_MOST], mutant[STREAM_MOST];
	unsigned long wanted = scaled(MUTATIONS);
	rng_init(&rng, 0x3117a);
	for (unsigned round = 0; mutations < wanted; round++) {
		const struct codec *codec = &codecs[round % CODECS];
		size_t length = make_stream(codec, stream);
		for (unsigned i = 0; i < MUTANTS && mutations < wanted; i++) {
			size_t mutant_length = length;
			memcpy(mutant, stream, length);
			for (size_t changes = 1 + below(3); changes; changes--)
				mutate(mutant, &mutant_length);
			test_note("codec %u, stream %u, mutant %u, %zu bytes", round % (unsigned)CODECS, round, i, mutant_length);
			check(codec, mutant, mutant_length);
		}
	}
	CHECK_EQ(mutations, wanted);
	/* If all were refused, or none, they would not have been near what is valid. */
	CHECK_GT(refused, wanted / 10);
	CHECK_GT(decoded_whole, wanted / 10);
	printf("%lu mutations of %u codecs: %lu refused, %lu decoded\n", mutations, (unsigned)CODECS, refused, decoded_whole);
}

int main(void)
{
	test_begin();
	RUN(mutants_do_no_harm);
	return test_end();
}
