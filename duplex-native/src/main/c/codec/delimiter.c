/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages ended by 1 to 16 given bytes; the first place where they stand is the end.
 *
 * A message is told as it comes. Left over is only what may be the delimiter's beginning: the longest end of what is there
 * that is one. No byte before it can be part of a delimiter, so any split of the stream gives the same messages.
 */
#include "codec.h"

#include <errno.h>
#include <string.h>

#define DELIMITER_MOST 16

struct decoder {
	uint64_t length; /* bytes of the message that were told */
	bool inside;     /* a piece of it was told */
};

struct encoder {
	uint8_t tail[DELIMITER_MOST]; /* the last bytes of the message in progress, fewer than the delimiter has */
	uint32_t tail_length;
	bool ended;                   /* it has brought its delimiter (KEEP) */
};

static int check(const struct dx_codec_options *options)
{
	return options->delimiter_length && options->delimiter_length <= DELIMITER_MOST ? 0 : -EINVAL;
}

/* How many bytes at the end may begin a delimiter, which does not stand in them. */
static size_t beginning(const struct dx_codec_options *options, const uint8_t *data, size_t length)
{
	size_t n = options->delimiter_length - 1;
	if (n > length)
		n = length;
	while (n && memcmp(data + length - n, options->delimiter, n))
		n--;
	return n;
}

static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	struct decoder *decoder = state;
	const uint8_t *found = memmem(data, length, options->delimiter, options->delimiter_length);
	size_t told = found ? (size_t)(found - data) : length - beginning(options, data, length);
	size_t delimiter = found ? options->delimiter_length : 0;
	if (!told && !found)
		return DX_DECODE_MORE;
	*used = told + delimiter;
	if (options->flags & DX_CODEC_KEEP)
		told += delimiter;
	if (told > options->max_message - decoder->length) {
		*used = (size_t)(options->max_message - decoder->length);
		return -DX_CODEC_TOO_LONG;
	}
	piece->flags = (decoder->inside ? 0 : DX_PIECE_BEGIN) | (found ? DX_PIECE_END : 0);
	piece->total = found && !decoder->inside ? told : DX_LENGTH_UNKNOWN;
	piece->data = data;
	piece->length = told;
	decoder->inside = !found;
	decoder->length = found ? 0 : decoder->length + told;
	return DX_DECODE_PIECE;
}

/* Where, behind the message so far, the first delimiter ends: bytes of data, 0 when there is none. */
static size_t find_end(const struct encoder *encoder, const struct dx_codec_options *options, const uint8_t *data,
		size_t length)
{
	size_t size = options->delimiter_length, tail = encoder->tail_length, next = length < size ? length : size;
	uint8_t across[2 * DELIMITER_MOST];
	if (!length)
		return 0;
	memcpy(across, encoder->tail, tail);
	memcpy(across + tail, data, next);
	const uint8_t *found = memmem(across, tail + next, options->delimiter, size);
	if (found)
		return (size_t)(found - across) + size - tail;
	found = memmem(data, length, options->delimiter, size);
	return found ? (size_t)(found - data) + size : 0;
}

static void add_tail(struct encoder *encoder, const struct dx_codec_options *options, const uint8_t *data, size_t length)
{
	size_t most = options->delimiter_length - 1, n = length < most ? length : most, kept = most - n;
	if (kept > encoder->tail_length)
		kept = encoder->tail_length;
	memmove(encoder->tail, encoder->tail + encoder->tail_length - kept, kept);
	if (n)
		memcpy(encoder->tail + kept, data + length - n, n);
	encoder->tail_length = (uint32_t)(kept + n);
}

/* Whether the reader finds the delimiter where the message ends, and nowhere before. */
static bool is_expressible(struct encoder *encoder, const struct dx_codec_options *options, const struct dx_piece *piece)
{
	bool ends = piece->flags & DX_PIECE_END;
	size_t at = find_end(encoder, options, piece->data, piece->length);
	if (options->flags & DX_CODEC_KEEP) {
		if ((at && at < piece->length) || (encoder->ended && piece->length))
			return false;
		encoder->ended = encoder->ended || at;
		return !ends || encoder->ended;
	}
	if (at)
		return false;
	if (!ends)
		return true;
	/* the message's end and the delimiter's beginning may make one too early: "a" before the delimiter "aa" */
	struct encoder whole = *encoder;
	add_tail(&whole, options, piece->data, piece->length);
	return find_end(&whole, options, options->delimiter, options->delimiter_length) == options->delimiter_length;
}

static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct encoder next = {0}, *encoder = state;
	if (!(piece->flags & DX_PIECE_BEGIN))
		next = *encoder;
	if (!is_expressible(&next, options, piece))
		return -DX_CODEC_MESSAGE;
	add_tail(&next, options, piece->data, piece->length);
	*encoder = next;
	size_t n = piece->length;
	if (n)
		memcpy(out, piece->data, n);
	if ((piece->flags & DX_PIECE_END) && !(options->flags & DX_CODEC_KEEP)) {
		memcpy(out + n, options->delimiter, options->delimiter_length);
		n += options->delimiter_length;
	}
	return (int64_t)n;
}

const struct dx_codec_ops dx__codec_delimiter = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct decoder),
	.encoder_size = sizeof(struct encoder),
	.overhead = DELIMITER_MOST,
	.keep = DELIMITER_MOST - 1,
	.check = check,
	.decode = decode,
	.encode = encode,
};
