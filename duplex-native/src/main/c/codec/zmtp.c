/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZeroMQ's frames, ZMTP 3.0 (RFC 23) and 3.1 (RFC 37), behind the handshake.
 *
 *   | flags: 0x01 MORE, 0x02 LONG, 0x04 COMMAND | 1 byte or, LONG, 8 bytes of length, network order | body |
 *
 * Each frame is a message; the parts of a multipart message have MORE but for the last. A message's body is told as it comes. A
 * command's (a byte of length, the name, the data) is told whole as long as it is short; of a longer one only the name is waited
 * for. PING, which brings a time to live and up to 16 bytes of context, is answered by PONG with the context.
 */
#include "codec.h"
#include "counted.h"

#include <string.h>

#define MORE 0x01
#define LONG 0x02
#define COMMAND 0x04
#define HEADER_MOST 9
#define COMMAND_MOST 512 /* bytes of a command that is waited for */
#define PING_HEAD 7      /* the length of the name, the name, the time to live */
#define CONTEXT_MOST 16

struct decoder {
	struct dx__counted counted;
	uint32_t flags;          /* of the message in progress: DX_MESSAGE_… */
	uint8_t pong[5 + CONTEXT_MOST];
};

struct encoder {
	struct dx__counted counted;
};

/* The header's length, 0 when it is not whole, or an error with its offset in *used. */
static int read_header(const uint8_t *data, size_t length, uint64_t *body, size_t *used)
{
	uint8_t flags = data[0];
	if (flags & ~(MORE | LONG | COMMAND) || (flags & COMMAND && flags & MORE))
		return -DX_CODEC_ZMTP_FLAGS;
	int header = flags & LONG ? HEADER_MOST : 2;
	if (length > 1 && flags & LONG && data[1] & 0x80) {
		*used = 1;
		return -DX_CODEC_ZMTP_LENGTH;
	}
	if (length < (size_t)header)
		return 0;
	*body = 0;
	for (int i = 1; i < header; i++)
		*body = *body << 8 | data[i];
	return header;
}

static bool has_name(const uint8_t *body, size_t length, const char *name)
{
	size_t n = strlen(name);
	return length > n && body[0] == n && !memcmp(body + 1, name, n);
}

/* What a whole command is to the peer's codec rather than to the application. */
static void answer(struct decoder *decoder, const uint8_t *body, size_t length, struct dx_piece *piece)
{
	if (has_name(body, length, "PONG")) {
		piece->flags |= DX_PIECE_IGNORE;
		return;
	}
	size_t context = length - PING_HEAD;
	if (!has_name(body, length, "PING") || length < PING_HEAD || context > CONTEXT_MOST)
		return;
	memcpy(decoder->pong, "\4PONG", 5);
	memcpy(decoder->pong + 5, body + PING_HEAD, context);
	piece->flags |= DX_PIECE_REPLY;
	piece->data = decoder->pong;
	piece->length = 5 + context;
	piece->total = piece->length;
}

/* Begins a command: 0, DX_DECODE_MORE when too little of it is there to tell, or an error. */
static int check_command(const uint8_t *body, size_t there, uint64_t total, bool *is_enough)
{
	if (!total || (there && (!body[0] || body[0] >= total)))
		return -DX_CODEC_ZMTP_COMMAND;
	uint64_t wanted = total <= COMMAND_MOST ? total : there ? (uint64_t)body[0] + 1 : 1;
	*is_enough = there >= wanted;
	return 0;
}

static int begin(struct decoder *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	uint64_t total;
	int header = read_header(data, length, &total, used);
	if (header <= 0)
		return header ? header : DX_DECODE_MORE;
	if (total > options->max_message) {
		*used = 1;
		return -DX_CODEC_TOO_LONG;
	}
	bool is_command = data[0] & COMMAND, is_enough = true;
	size_t there = length - (size_t)header;
	int rc = is_command ? check_command(data + header, there, total, &is_enough) : 0;
	if (rc) {
		*used = (size_t)header;
		return rc;
	}
	if (!is_enough)
		return DX_DECODE_MORE;
	decoder->flags = is_command ? DX_MESSAGE_CONTROL : data[0] & MORE ? DX_MESSAGE_MORE : 0;
	dx__counted_begin(&decoder->counted, total);
	dx__counted_tell(&decoder->counted, data, (size_t)header, there, used, piece);
	if (is_command && !(options->flags & DX_ZMTP_FRAMES) && piece->flags & DX_PIECE_END)
		answer(decoder, data + header, (size_t)total, piece);
	return DX_DECODE_PIECE;
}

static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	struct decoder *decoder = state;
	int rc = decoder->counted.inside ? dx__counted_tell(&decoder->counted, data, 0, length, used, piece)
			: begin(decoder, options, data, length, used, piece);
	if (rc == DX_DECODE_PIECE) {
		piece->flags |= decoder->flags;
		piece->kind = decoder->flags & DX_MESSAGE_CONTROL ? DX_ZMTP_COMMAND : 0;
	}
	return rc;
}

/* A command that the reader refuses cannot be put. */
static bool is_command(const struct dx_piece *piece)
{
	return piece->length && piece->data[0] && piece->data[0] < piece->total && !(piece->flags & DX_MESSAGE_MORE);
}

static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct encoder *encoder = state, next = *encoder;
	bool begins = piece->flags & DX_PIECE_BEGIN, commands = piece->kind == DX_ZMTP_COMMAND;
	(void)options;
	if ((piece->kind && !commands) || (begins && commands && !is_command(piece))
			|| !dx__counted_put(&next.counted, piece))
		return -DX_CODEC_MESSAGE;
	size_t n = 0;
	if (begins) {
		bool is_long = piece->total > UINT8_MAX;
		out[n++] = (uint8_t)((commands ? COMMAND : piece->flags & DX_MESSAGE_MORE ? MORE : 0) | (is_long ? LONG : 0));
		for (int shift = is_long ? 56 : 0; shift >= 0; shift -= 8)
			out[n++] = (uint8_t)(piece->total >> shift);
	}
	*encoder = next;
	if (piece->length)
		memcpy(out + n, piece->data, piece->length);
	return (int64_t)(n + piece->length);
}

/* RFC 37, section "Connection Heartbeating". The time to live is the peer's to use, and 0 says nothing of it. */
static int64_t ping(void *state, const struct dx_codec_options *options, uint8_t *out)
{
	const struct encoder *encoder = state;
	(void)options;
	if (encoder->counted.inside)
		return -DX_CODEC_MESSAGE;
	out[0] = COMMAND;
	out[1] = PING_HEAD;
	memcpy(out + 2, "\4PING\0", PING_HEAD);
	return 2 + PING_HEAD;
}

const struct dx_codec_ops dx__codec_zmtp = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct decoder),
	.encoder_size = sizeof(struct encoder),
	.overhead = HEADER_MOST,
	.keep = HEADER_MOST + COMMAND_MOST,
	.needs_total = 1,
	.decode = decode,
	.encode = encode,
	.ping = ping,
};
