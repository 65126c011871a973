/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines, ended by LF, by CR LF, or by either.
 *
 * A line is told as it comes. Only a CR at the end of what is there is left over: what follows it decides whether it
 * belongs to the line. The stream's end ends a line, too (POSIX calls that an incomplete line; nobody refuses it).
 *
 * Where either end is read, LF is written; but behind a line that ends in CR itself (CR CR LF was read, or CR and the
 * stream's end) CR LF is, or the reader would take the line's last byte for a part of its end.
 */
#include "codec.h"

#include <errno.h>
#include <string.h>

struct decoder {
	uint64_t length; /* of the line's bytes that were told */
	bool inside;     /* a piece of the line was told */
};

struct encoder {
	uint8_t last;    /* byte of the message in progress */
	bool ended;      /* it has brought its end (KEEP) */
};

static int check(const struct dx_codec_options *options)
{
	uint32_t both = DX_LINE_LF | DX_LINE_CRLF;
	return (options->flags & both) == both ? -EINVAL : 0;
}

/* Tells bytes of the line, of which `stripped` at the end are used but not told. */
static int tell(struct decoder *decoder, const struct dx_codec_options *options, const uint8_t *data, size_t length,
		size_t stripped, bool is_end, size_t *used, struct dx_piece *piece)
{
	size_t told = length - stripped;
	if (told > options->max_message - decoder->length) {
		*used = (size_t)(options->max_message - decoder->length);
		return -DX_CODEC_TOO_LONG;
	}
	decoder->length += told;
	*used = length;
	piece->flags = (decoder->inside ? 0 : DX_PIECE_BEGIN) | (is_end ? DX_PIECE_END : 0);
	piece->total = is_end && !decoder->inside ? told : DX_LENGTH_UNKNOWN;
	piece->data = data;
	piece->length = told;
	decoder->inside = !is_end;
	if (is_end)
		decoder->length = 0;
	return DX_DECODE_PIECE;
}

static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	bool keeps = options->flags & DX_CODEC_KEEP, lf_only = options->flags & DX_LINE_LF;
	bool crlf_only = options->flags & DX_LINE_CRLF;
	size_t from = 0;
	for (;;) {
		uint8_t *lf = memchr(data + from, '\n', length - from);
		size_t end = lf ? (size_t)(lf - data) : length;
		bool has_cr = !lf_only && end && data[end - 1] == '\r';
		if (lf && crlf_only && !has_cr) {
			from = end + 1;
			continue;
		}
		if (lf)
			return tell(state, options, data, end + 1, keeps ? 0 : 1 + has_cr, true, used, piece);
		if (end == has_cr)
			return DX_DECODE_MORE;
		return tell(state, options, data, end - has_cr, 0, false, used, piece);
	}
}

static int end(void *state, const struct dx_codec_options *options, uint8_t *data, size_t left, struct dx_piece *piece)
{
	struct decoder *decoder = state;
	size_t used;
	return left || decoder->inside ? tell(decoder, options, data, left, 0, true, &used, piece) : 0;
}

static size_t terminator(const struct dx_codec_options *options, uint8_t last, uint8_t *out)
{
	if (options->flags & DX_LINE_CRLF || (last == '\r' && !(options->flags & DX_LINE_LF))) {
		memcpy(out, "\r\n", 2);
		return 2;
	}
	*out = '\n';
	return 1;
}

/* Whether the message stays one line; *ended: whether it has brought its end. */
static bool is_expressible(const struct encoder *encoder, const struct dx_codec_options *options,
		const struct dx_piece *piece, bool *ended)
{
	bool crlf_only = options->flags & DX_LINE_CRLF, keeps = options->flags & DX_CODEC_KEEP;
	bool begins = piece->flags & DX_PIECE_BEGIN;
	uint8_t before = begins ? 0 : encoder->last;
	*ended = !begins && encoder->ended;
	if (*ended && piece->length)
		return false;
	const uint8_t *data = piece->data, *lf;
	for (size_t i = 0; i < piece->length && (lf = memchr(data + i, '\n', piece->length - i)); i++) {
		i = (size_t)(lf - data);
		if (crlf_only && (i ? data[i - 1] : before) != '\r')
			continue;
		if (!keeps || i != piece->length - 1)
			return false;
		*ended = true;
	}
	return !keeps || *ended || !(piece->flags & DX_PIECE_END);
}

static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct encoder *encoder = state;
	bool ended;
	if (!is_expressible(encoder, options, piece, &ended))
		return -DX_CODEC_MESSAGE;
	encoder->ended = ended;
	if (piece->length) {
		memcpy(out, piece->data, piece->length);
		encoder->last = piece->data[piece->length - 1];
	} else if (piece->flags & DX_PIECE_BEGIN) {
		encoder->last = 0;
	}
	size_t n = piece->length;
	if ((piece->flags & DX_PIECE_END) && !(options->flags & DX_CODEC_KEEP))
		n += terminator(options, encoder->last, out + n);
	return (int64_t)n;
}

const struct dx_codec_ops dx__codec_line = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct decoder),
	.encoder_size = sizeof(struct encoder),
	.overhead = 2,
	.keep = 1,
	.check = check,
	.decode = decode,
	.end = end,
	.encode = encode,
};
