/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A codec of one's own: netstrings ("5:hello,"), as a library that a program loads when it wants it.
 *
 * It needs duplex.h and nothing else, not even libduplex: a codec is one table of functions. Whoever loads it hands the table over:
 *
 *   void *library = dlopen("./codec_netstring.so", RTLD_NOW);
 *   dx_codec_register("netstring", dlsym(library, "netstring"));
 *
 * and from then on DX_CODEC_PLUGIN with plugin "netstring" is a codec as the built-in ones are. The library stays loaded.
 *
 * gcc -shared -fPIC -o codec_netstring.so codec_netstring.c -I../../main/c
 */
#include "duplex.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MOST 18u /* of a length, so that it never overflows */

enum error {
	NOT_A_LENGTH = DX_CODEC_PLUGIN_ERROR + 1,
	NO_COMMA,
};

/* Begins as zeros, like any state. */
struct decoder {
	uint64_t total;
	uint64_t left; /* bytes of the message that were not told */
	bool inside;   /* its length was read, its comma was not */
};

struct encoder {
	uint64_t left; /* bytes that the length has promised */
	bool inside;
};

/* The length and the ':' behind it: their bytes, 0 when they are not whole, or an error with its offset in *used. */
static int read_length(const struct dx_codec_options *options, const uint8_t *data, size_t length, uint64_t *total, size_t *used)
{
	*total = 0;
	for (size_t i = 0; i < length; i++) {
		*used = i;
		if (data[i] == ':' && i)
			return (int)i + 1;
		/* No sign, no blank, and only 0 begins with a 0: everybody must read the same length. */
		if (data[i] < '0' || data[i] > '9' || (i && data[0] == '0') || i == DIGITS_MOST)
			return -NOT_A_LENGTH;
		*total = *total * 10 + (data[i] - '0');
		/* Refused before anything is kept for it. */
		if (*total > options->max_message)
			return -DX_CODEC_TOO_LONG;
	}
	*used = 0;
	return 0;
}

/* Tells what is there of a message; its comma is used with the last piece, which is an empty one when it comes late. */
static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	struct decoder *decoder = state;
	size_t at = 0;
	bool begins = !decoder->inside;
	if (begins) {
		int n = read_length(options, data, length, &decoder->total, used);
		if (n <= 0)
			return n ? n : DX_DECODE_MORE;
		at = (size_t)n;
		decoder->left = decoder->total;
	}
	size_t there = length - at, n = there < decoder->left ? there : (size_t)decoder->left;
	decoder->left -= n;
	bool ends = !decoder->left && n < there;
	if (ends && data[at + n] != ',') {
		*used = at + n;
		return -NO_COMMA;
	}
	*used = at + n + ends;
	piece->flags = (begins ? DX_PIECE_BEGIN : 0) | (ends ? DX_PIECE_END : 0);
	piece->total = decoder->total;
	piece->data = data + at;
	piece->length = n;
	decoder->inside = !ends;
	return DX_DECODE_PIECE;
}

static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct encoder *encoder = state;
	bool begins = piece->flags & DX_PIECE_BEGIN, ends = piece->flags & DX_PIECE_END;
	uint64_t left = begins ? piece->total : encoder->left;
	(void)options;
	if (begins == encoder->inside || piece->length > left || (ends && piece->length < left))
		return -DX_CODEC_MESSAGE;
	/* The NUL that snprintf() writes is overwritten, or stands where the comma has room. */
	size_t n = begins ? (size_t)snprintf((char *)out, 22, "%llu:", (unsigned long long)left) : 0;
	if (piece->length)
		memcpy(out + n, piece->data, piece->length);
	n += piece->length;
	if (ends)
		out[n++] = ',';
	encoder->left = left - piece->length;
	encoder->inside = !ends;
	return (int64_t)n;
}

const struct dx_codec_ops netstring = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct decoder),
	.encoder_size = sizeof(struct encoder),
	.overhead = 22,            /* twenty digits, ':' and ',' or a NUL */
	.keep = DIGITS_MOST,
	.needs_total = 1,          /* the length comes first */
	.decode = decode,
	.encode = encode,
};
