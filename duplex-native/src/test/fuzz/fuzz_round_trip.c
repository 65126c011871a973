/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All encoders: whatever messages they take, in whatever pieces, their decoders give back. The first byte picks the codec, the
 * second the pieces; then each message is a byte of length and its payload.
 */
#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

struct codec {
	struct dx_codec_options encoded, decoded;
};

#define SAME(...) {.encoded = {__VA_ARGS__}, .decoded = {__VA_ARGS__}}

static const struct codec codecs[] = {
	SAME(.type = DX_CODEC_LINE), SAME(.type = DX_CODEC_LINE, .flags = DX_LINE_CRLF),
	SAME(.type = DX_CODEC_LINE, .flags = DX_LINE_LF | DX_CODEC_KEEP),
	SAME(.type = DX_CODEC_DELIMITER, .delimiter = "aab", .delimiter_length = 3),
	SAME(.type = DX_CODEC_LENGTH, .prefix = 1), SAME(.type = DX_CODEC_LENGTH, .prefix = 3, .offset = 1, .adjustment = -1),
	SAME(.type = DX_CODEC_LENGTH, .prefix = 8, .flags = DX_LENGTH_LITTLE | DX_LENGTH_INCLUSIVE), SAME(.type = DX_CODEC_VARINT),
	SAME(.type = DX_CODEC_CHUNKED), SAME(.type = DX_CODEC_ZMTP),
	{.encoded = {.type = DX_CODEC_WEBSOCKET}, .decoded = {.type = DX_CODEC_WEBSOCKET, .flags = DX_WEBSOCKET_CLIENT}},
	{.encoded = {.type = DX_CODEC_WEBSOCKET, .flags = DX_WEBSOCKET_CLIENT | DX_WEBSOCKET_TEXT},
		.decoded = {.type = DX_CODEC_WEBSOCKET}},
};

/* Bytes that grow. */
struct bytes {
	uint8_t *data;
	size_t length;
};

static uint8_t *room(struct bytes *bytes, size_t more)
{
	bytes->data = realloc(bytes->data, bytes->length + more + 1);
	return bytes->data + bytes->length;
}

static void append(struct bytes *bytes, const void *data, size_t length)
{
	uint8_t *at = room(bytes, length);
	if (length)
		memcpy(at, data, length);
	bytes->length += length;
}

/* Messages, with a mark behind each. */
static void end_message(struct bytes *messages) { append(messages, "\xff|", 2); }

struct encoding {
	const struct dx_codec_ops *ops;
	struct dx_codec_options options;
	void *state;
	struct bytes out;
};

static int64_t encode(struct encoding *encoding, const struct dx_piece *piece)
{
	/* In memory of its own, so that nothing is written beyond it. */
	size_t most = encoding->ops->overhead + piece->length;
	uint8_t *out = malloc(most + 1);
	int64_t n = encoding->ops->encode(encoding->state, &encoding->options, piece, out);
	if (n > (int64_t)most)
		abort();
	if (n > 0)
		append(&encoding->out, out, (size_t)n);
	free(out);
	return n;
}

/* In two pieces, of a length that is known or not, or in one. Whether the codec has taken it. */
static bool put(struct encoding *encoding, const uint8_t *data, size_t length, unsigned how)
{
	bool is_whole = how % 3 == 0, is_known = how % 3 == 1 || encoding->ops->needs_total;
	size_t first = is_whole ? length : length / 2;
	struct dx_piece piece = {
		.flags = DX_PIECE_BEGIN | (is_whole ? DX_PIECE_END : 0), .data = data, .length = first,
		.total = is_whole || is_known ? length : DX_LENGTH_UNKNOWN,
	};
	if (encode(encoding, &piece) < 0)
		return false;
	if (is_whole)
		return true;
	piece.flags = DX_PIECE_END;
	piece.data = data + first;
	piece.length = length - first;
	return encode(encoding, &piece) >= 0;
}

/* What the decoder makes of what was encoded. */
static struct bytes decode(const struct dx_codec_options *wanted, struct bytes stream)
{
	struct dx_codec_options options;
	const struct dx_codec_ops *ops;
	struct bytes messages = {0};
	if (dx__codec_find(wanted, &options, &ops))
		abort();
	void *state = calloc(1, ops->decoder_size + 1);
	size_t done = 0;
	while (done < stream.length) {
		struct dx_piece piece = {0};
		size_t used = 0;
		if (ops->decode(state, &options, stream.data + done, stream.length - done, &used, &piece) != DX_DECODE_PIECE)
			break;
		done += used;
		append(&messages, piece.data, piece.length);
		if (piece.flags & DX_PIECE_END)
			end_message(&messages);
	}
	free(state);
	return messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct codec codec = codecs[data[0] % (sizeof(codecs) / sizeof(*codecs))];
	struct encoding encoding = {0};
	struct bytes expected = {0};
	bool is_chunked = codec.encoded.type == DX_CODEC_CHUNKED;
	codec.encoded.size = codec.decoded.size = sizeof(codec.encoded);
	if (dx__codec_find(&codec.encoded, &encoding.options, &encoding.ops))
		abort();
	encoding.state = calloc(1, encoding.ops->encoder_size + 1);
	for (size_t at = 2; at < size;) {
		size_t length = data[at++];
		length = length < size - at ? length : size - at;
		/* A chunk is a message where its length is known; empty ones say nothing. */
		unsigned how = is_chunked ? 0 : data[1];
		/* A message whose beginning is out cannot be taken back. */
		if (!put(&encoding, data + at, length, how)) {
			if (how % 3 != 0)
				break;
		} else if (!is_chunked || length) {
			append(&expected, data + at, length);
			end_message(&expected);
		}
		at += length;
	}
	struct bytes messages = decode(&codec.decoded, encoding.out);
	/* Behind a message that broke off, its beginning may be told. */
	if (messages.length < expected.length || (expected.length && memcmp(messages.data, expected.data, expected.length)))
		abort();
	free(encoding.state);
	free(encoding.out.data);
	free(expected.data);
	free(messages.data);
	return 0;
}
