/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that begin with their length as a base 128 varint: seven bits a byte, the lowest first, the top bit in all but
 * the last. Protobuf's writeDelimitedTo() and its like write them.
 *
 * A length may be written with more bytes than it needs, as protobuf reads it. Refused are a fifth byte that another one
 * follows or that brings bits beyond 32 (at that byte), and lengths over max_message (at their first byte).
 */
#include "codec.h"
#include "counted.h"

#include <string.h>

#define VARINT_MOST 5

/* Reads a length: how many bytes it takes, 0 when it is not whole, or an error. */
static int read_length(const uint8_t *data, size_t length, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < length && i < VARINT_MOST; i++) {
		if (i == VARINT_MOST - 1 && data[i] > 0x0f)
			return -DX_CODEC_VARINT_OVERFLOW;
		*value |= (uint64_t)(data[i] & 0x7f) << 7 * i;
		if (!(data[i] & 0x80))
			return (int)i + 1;
	}
	return 0;
}

static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	struct dx__counted *counted = state;
	if (counted->inside)
		return dx__counted_tell(counted, data, 0, length, used, piece);
	uint64_t total;
	int n = read_length(data, length, &total);
	if (!n)
		return DX_DECODE_MORE;
	if (n < 0) {
		*used = VARINT_MOST - 1;
		return n;
	}
	if (total > options->max_message)
		return -DX_CODEC_TOO_LONG;
	dx__counted_begin(counted, total);
	return dx__counted_tell(counted, data, (size_t)n, length - (size_t)n, used, piece);
}

static size_t put_length(uint64_t value, uint8_t *out)
{
	size_t n = 0;
	for (; value > 0x7f; value >>= 7)
		out[n++] = (uint8_t)(value | 0x80);
	out[n++] = (uint8_t)value;
	return n;
}

static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct dx__counted next = *(struct dx__counted *)state;
	(void)options;
	if (!dx__counted_put(&next, piece) || next.total > UINT32_MAX)
		return -DX_CODEC_MESSAGE;
	*(struct dx__counted *)state = next;
	size_t n = piece->flags & DX_PIECE_BEGIN ? put_length(piece->total, out) : 0;
	if (piece->length)
		memcpy(out + n, piece->data, piece->length);
	return (int64_t)(n + piece->length);
}

const struct dx_codec_ops dx__codec_varint = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct dx__counted),
	.encoder_size = sizeof(struct dx__counted),
	.overhead = VARINT_MOST,
	.keep = VARINT_MOST - 1,
	.needs_total = 1,
	.decode = decode,
	.encode = encode,
};
