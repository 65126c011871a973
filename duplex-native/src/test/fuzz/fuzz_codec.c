/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All decoders: whatever comes is decoded or refused, and however it is split, to the same. The first byte picks the codec and its
 * options, the second the length of the reads.
 */
#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

/* What a stream made, boiled down. */
struct outcome {
	uint64_t sum;      /* of what was told so far */
	uint64_t whole;    /* of what was told up to the end of the last message; the rest depends on the reads when it is refused */
	uint64_t messages;
	uint64_t used;
	int error;
};

static void add(struct outcome *outcome, const void *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		outcome->sum = (outcome->sum ^ ((const uint8_t *)data)[i]) * 1099511628211u;
}

/* Control messages may stand between the pieces of others: they are summed up as they come, with a mark. */
static void add_piece(struct outcome *outcome, const struct dx_piece *piece)
{
	uint32_t flags = piece->flags & ~(DX_PIECE_BEGIN | DX_PIECE_END);
	if (piece->length && !piece->data)
		abort();
	/* What is extra comes with the first piece, whatever that has of the payload. */
	add(outcome, piece->extra, piece->extra_length);
	add(outcome, piece->data, piece->length);
	if (piece->flags & DX_PIECE_END) {
		add(outcome, &flags, sizeof(flags));
		outcome->messages++;
		outcome->whole = outcome->sum;
	}
}

static struct outcome decode(const struct dx_codec_ops *ops, const struct dx_codec_options *options, const uint8_t *data,
		size_t size, size_t read)
{
	struct outcome outcome = {0};
	void *decoder = calloc(1, ops->decoder_size + 1);
	uint8_t *buffer = NULL;
	size_t left = 0, at = 0;
	bool is_last = false;
	while (at < size && !outcome.error && !is_last) {
		size_t n = size - at < read ? size - at : read;
		/* In memory of its own, so that nothing is read beyond it. */
		uint8_t *bytes = malloc(left + n);
		if (left)
			memcpy(bytes, buffer, left);
		memcpy(bytes + left, data + at, n);
		free(buffer);
		buffer = bytes;
		at += n;
		size_t length = left + n, done = 0;
		while (done < length && !is_last) {
			struct dx_piece piece = {0};
			size_t used = 0;
			int rc = ops->decode(decoder, options, buffer + done, length - done, &used, &piece);
			if (used > length - done || (rc == DX_DECODE_MORE && used) || (rc == DX_DECODE_PIECE && !used))
				abort();
			done += used;
			outcome.used += used;
			if (rc < 0)
				outcome.error = rc;
			if (rc != DX_DECODE_PIECE)
				break;
			add_piece(&outcome, &piece);
			is_last = piece.flags & DX_MESSAGE_LAST;
		}
		left = length - done;
		if (!outcome.error && !is_last && left > ops->keep)
			abort();
		uint8_t *rest = malloc(left + 1);
		memcpy(rest, buffer + done, left);
		free(buffer);
		buffer = rest;
	}
	free(buffer);
	free(decoder);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dx_codec_options codecs[] = {
		{.type = DX_CODEC_LINE}, {.type = DX_CODEC_LINE, .flags = DX_LINE_CRLF | DX_CODEC_KEEP},
		{.type = DX_CODEC_DELIMITER, .delimiter = "aab", .delimiter_length = 3},
		{.type = DX_CODEC_LENGTH, .prefix = 2, .offset = 1, .adjustment = -1},
		{.type = DX_CODEC_LENGTH, .prefix = 4, .flags = DX_LENGTH_LITTLE | DX_LENGTH_INCLUSIVE},
		{.type = DX_CODEC_LENGTH, .prefix = 8, .flags = DX_LENGTH_KEEP}, {.type = DX_CODEC_VARINT},
		{.type = DX_CODEC_CHUNKED}, {.type = DX_CODEC_WEBSOCKET},
		{.type = DX_CODEC_WEBSOCKET, .flags = DX_WEBSOCKET_CLIENT},
		{.type = DX_CODEC_WEBSOCKET, .flags = DX_WEBSOCKET_FRAMES}, {.type = DX_CODEC_ZMTP},
		{.type = DX_CODEC_ZMTP, .flags = DX_ZMTP_FRAMES},
	};
	if (size < 2)
		return 0;
	struct dx_codec_options wanted = codecs[data[0] % (sizeof(codecs) / sizeof(*codecs))], options;
	const struct dx_codec_ops *ops;
	wanted.size = sizeof(wanted);
	wanted.max_message = 300;
	if (dx__codec_find(&wanted, &options, &ops))
		abort();
	struct outcome whole = decode(ops, &options, data + 2, size - 2, size);
	struct outcome split = decode(ops, &options, data + 2, size - 2, 1 + data[1] % 16);
	if (whole.whole != split.whole || whole.messages != split.messages || whole.used != split.used
			|| whole.error != split.error)
		abort();
	return 0;
}
