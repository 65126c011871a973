/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that begin with their length.
 *
 *   | offset bytes | prefix bytes | payload: the prefix's value + adjustment, INCLUSIVE: - offset - prefix |
 *
 * The header is left over until it is whole; then its message is told as it comes, whatever the prefix announces. What is
 * wrong with a length is refused at the prefix's first byte. With KEEP the header is told as payload and counts for
 * max_message; who puts a message brings one that fits, wherever it is cut into pieces.
 */
#include "codec.h"
#include "counted.h"

#include <errno.h>
#include <string.h>

#define OFFSET_MOST 64
#define PREFIX_MOST 8

struct encoder {
	struct dx__counted counted;
	uint64_t at;                 /* bytes of the message that were taken */
	uint8_t prefix[PREFIX_MOST]; /* what of it has come (KEEP) */
};

static int check(const struct dx_codec_options *options)
{
	bool fits = options->prefix - 1 < 4 || options->prefix == PREFIX_MOST;
	return fits && options->offset <= OFFSET_MOST ? 0 : -EINVAL;
}

static size_t header_length(const struct dx_codec_options *options)
{
	return options->offset + options->prefix;
}

/* What the payload is longer than the prefix says. */
static int64_t difference(const struct dx_codec_options *options)
{
	int64_t included = options->flags & DX_LENGTH_INCLUSIVE ? (int64_t)header_length(options) : 0;
	return options->adjustment - included;
}

static uint64_t read_prefix(const struct dx_codec_options *options, const uint8_t *prefix)
{
	bool is_little = options->flags & DX_LENGTH_LITTLE;
	uint64_t value = 0;
	for (uint32_t i = 0; i < options->prefix; i++)
		value = value << 8 | prefix[is_little ? options->prefix - 1 - i : i];
	return value;
}

static void write_prefix(const struct dx_codec_options *options, uint64_t value, uint8_t *prefix)
{
	bool is_little = options->flags & DX_LENGTH_LITTLE;
	for (uint32_t i = 0; i < options->prefix; i++, value >>= 8)
		prefix[is_little ? i : options->prefix - 1 - i] = (uint8_t)value;
}

/* The message's length (with KEEP: and its header's) as the prefix makes it, at most `most`. */
static int message_length(const struct dx_codec_options *options, const uint8_t *prefix, uint64_t most, uint64_t *total)
{
	uint64_t value = read_prefix(options, prefix), kept = options->flags & DX_LENGTH_KEEP ? header_length(options) : 0;
	int64_t more = difference(options);
	if (more < 0 && value < (uint64_t)-more)
		return -DX_CODEC_LENGTH_NEGATIVE;
	if (most > DX__COUNTED_MOST)
		most = DX__COUNTED_MOST;
	/* the value alone may be near 2^64, and be right with what is taken off: neither sum may wrap */
	if (more > 0 && value > DX__COUNTED_MOST)
		return -DX_CODEC_TOO_LONG;
	uint64_t length = value + (uint64_t)more;
	if (kept > most || length > most - kept)
		return -DX_CODEC_TOO_LONG;
	*total = length + kept;
	return 0;
}

static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	struct dx__counted *counted = state;
	size_t header = header_length(options), before = options->flags & DX_LENGTH_KEEP ? 0 : header;
	if (counted->inside)
		return dx__counted_tell(counted, data, 0, length, used, piece);
	if (length < header)
		return DX_DECODE_MORE;
	uint64_t total;
	int rc = message_length(options, data + options->offset, options->max_message, &total);
	if (rc) {
		*used = options->offset;
		return rc;
	}
	dx__counted_begin(counted, total);
	return dx__counted_tell(counted, data, before, length - before, used, piece);
}

/* KEEP: the message brings its header. Notes what has come of the prefix; false when it is whole and says another length. */
static bool has_header(struct encoder *encoder, const struct dx_codec_options *options, const struct dx_piece *piece)
{
	size_t header = header_length(options);
	uint64_t end = encoder->at + piece->length, total;
	if (piece->total < header)
		return false;
	for (uint64_t i = encoder->at; i < end && i < header; i++) {
		if (i >= options->offset)
			encoder->prefix[i - options->offset] = piece->data[i - encoder->at];
	}
	if (encoder->at >= header || end < header)
		return true;
	return !message_length(options, encoder->prefix, UINT64_MAX, &total) && total == piece->total;
}

/* Writes the header of a message; 0 when its length cannot be written. */
static size_t put_header(const struct dx_codec_options *options, uint64_t total, uint8_t *out)
{
	int64_t more = difference(options);
	uint64_t value = total - (uint64_t)more;
	bool fits = options->prefix == PREFIX_MOST || !(value >> 8 * options->prefix);
	if ((more > 0 && total < (uint64_t)more) || !fits)
		return 0;
	memset(out, 0, options->offset);
	write_prefix(options, value, out + options->offset);
	return header_length(options);
}

static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct encoder *encoder = state, next = *encoder;
	bool begins = piece->flags & DX_PIECE_BEGIN, keeps = options->flags & DX_LENGTH_KEEP;
	if (!dx__counted_put(&next.counted, piece))
		return -DX_CODEC_MESSAGE;
	if (begins)
		next.at = 0;
	if (keeps && !has_header(&next, options, piece))
		return -DX_CODEC_MESSAGE;
	size_t n = 0;
	if (begins && !keeps && !(n = put_header(options, piece->total, out)))
		return -DX_CODEC_MESSAGE;
	next.at += piece->length;
	*encoder = next;
	if (piece->length)
		memcpy(out + n, piece->data, piece->length);
	return (int64_t)(n + piece->length);
}

const struct dx_codec_ops dx__codec_length = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct dx__counted),
	.encoder_size = sizeof(struct encoder),
	.overhead = OFFSET_MOST + PREFIX_MOST,
	.keep = OFFSET_MOST + PREFIX_MOST - 1,
	.needs_total = 1,
	.check = check,
	.decode = decode,
	.encode = encode,
};
