/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket frames (RFC 6455), after the handshake.
 *
 * DECODING
 *
 * A header is left over until it is whole and, if payload follows, until some of that is there. What it gets wrong is
 * found as soon as the bytes are there that show it. A control frame, which is at most 125 bytes, is left over until it
 * is whole, so that it is one piece; data frames are told as they come. Payload is unmasked where it lies, but only
 * what is told.
 *
 * Offsets of refusals: the first byte of a header for reserved bits, opcode and FIN, the second for the mask bit and a
 * length that stands there, the third for a length of 16 or 64 bits (also one over max_message), the code for a close
 * code, and for text the first byte that cannot stand there: behind the frame if it ends inside a character.
 *
 * With DX_WEBSOCKET_FRAMES a message is a frame, and max_message is for each; otherwise fragments are one message, and
 * it is for all of them together. It is not for control frames, which are short anyway.
 *
 * ENCODING
 *
 * A message that is whole, or whose total is known, is one frame; otherwise each piece is a fragment, and control
 * frames may stand between them. Nothing can stand inside a frame: from a piece with BEGIN and a known total until the
 * piece that brings the last of its bytes, a control frame is refused with -DX_CODEC_MESSAGE, and finish() writes
 * nothing. Whoever has a control frame waits until then.
 *
 * Kind 0 is binary, or text with DX_WEBSOCKET_TEXT; with DX_WEBSOCKET_FRAMES it is a continuation where a message with
 * MORE is in progress, so that the parts of another codec's message become fragments of one. Without, MORE means
 * nothing here.
 */
#include "codec.h"
#include "mask.h"
#include "utf8.h"

#include <string.h>

#define CONTROL_MOST 125
#define HEADER_MOST 14

#define FIN 0x80u
#define RESERVED 0x70u
#define OPCODE 0x0fu
#define CONTROL 0x08u
#define CONTINUATION 0u
#define MASK 0x80u
#define LENGTH_16 126u
#define LENGTH_64 127u

#define CLOSE_NORMAL 1000
#define CLOSE_PROTOCOL 1002
#define CLOSE_PAYLOAD 1007
#define CLOSE_TOO_LONG 1009
#define CLOSE_POLICY 1008
#define CLOSE_INTERNAL 1011
#define CLOSE_TRY_AGAIN 1013 /* registered by IANA */

struct decoder {
	uint64_t left;        /* payload bytes of the data frame in progress that were not told; headers are read at 0 */
	uint64_t at;          /* payload bytes of it that were told */
	uint64_t told;        /* payload bytes of the message that were told (FRAMES: of the frame) */
	uint64_t total;       /* of the message (FRAMES: of the frame), or DX_LENGTH_UNKNOWN */
	uint32_t kind;        /* of the message (FRAMES: of the frame) */
	uint8_t key[4];       /* of the frame, zeros without mask */
	uint8_t message;      /* opcode of the message that is in progress, over all its fragments, or 0 */
	bool masked;          /* the frame */
	bool fin;             /* the frame ends its message */
	bool begun;           /* a piece with BEGIN was told, none with END yet */
	bool closed;          /* a Close frame came */
	struct dx__utf8 text; /* of a text message, over all its fragments */
};

struct encoder {
	uint64_t left;        /* payload bytes that the last header promised and that are not written yet */
	uint64_t at;          /* payload bytes of this frame that are written */
	uint8_t key[4];       /* of this frame, client only */
	uint8_t message;      /* opcode of the message that the peer has not got the end of, or 0 */
	bool begun;           /* a piece with BEGIN was encoded, none with END yet */
	bool promised;        /* its frame's header told the total: what follows is payload only */
	bool closed;          /* a Close frame was written */
	struct dx__utf8 text; /* of a text message */
};

/* What a header says. */
struct header {
	uint64_t payload;   /* bytes */
	size_t length;      /* of the header itself */
	const uint8_t *key; /* NULL without mask */
	uint8_t opcode;
	bool fin;
};

static uint64_t number(const uint8_t *data, size_t length)
{
	uint64_t value = 0;
	for (size_t i = 0; i < length; i++)
		value = value << 8 | data[i];
	return value;
}

static void put_number(uint8_t *out, uint64_t value, size_t length)
{
	for (size_t i = length; i--; value >>= 8)
		out[i] = (uint8_t)value;
}

/* Section 7.4: what must not be sent, and what nobody has registered. */
static bool is_close_code(uint64_t code)
{
	if (code >= 1000 && code < 1016)
		return code != 1004 && code != 1005 && code != 1006 && code != 1015;
	return code >= 3000 && code < 5000;
}

/* Whether this may be the payload of a Close frame: 0, or an error and the index of the offending byte. */
static int check_close(const uint8_t *data, size_t length, size_t *at)
{
	struct dx__utf8 reason = {0};
	*at = 0;
	if (!length)
		return 0;
	if (length == 1 || !is_close_code(number(data, 2)))
		return -DX_CODEC_WS_CLOSE_CODE;
	*at = 2 + dx__utf8_check(&reason, data + 2, length - 2);
	return *at < length || !dx__utf8_is_complete(&reason) ? -DX_CODEC_WS_UTF8 : 0;
}

/* ----------------------------------------------------------------------------------------------------- decoding */

/* The first byte of a header. */
static int check_opcode(const struct decoder *decoder, uint8_t byte)
{
	uint8_t opcode = byte & OPCODE;
	if (byte & RESERVED)
		return -DX_CODEC_WS_RESERVED_BITS;
	if (opcode > DX_WEBSOCKET_PONG || (opcode > DX_WEBSOCKET_OPCODE_BINARY && opcode < DX_WEBSOCKET_CLOSE))
		return -DX_CODEC_WS_OPCODE;
	if (opcode & CONTROL)
		return byte & FIN ? 0 : -DX_CODEC_WS_CONTROL_FRAGMENTED;
	if (opcode == CONTINUATION)
		return decoder->message ? 0 : -DX_CODEC_WS_CONTINUATION;
	return decoder->message ? -DX_CODEC_WS_INTERLEAVED : 0;
}

/* The second byte: the mask bit, and a short length or how long the length is. */
static int check_length(const struct dx_codec_options *options, uint8_t opcode, uint8_t byte)
{
	bool client = options->flags & DX_WEBSOCKET_CLIENT;
	uint8_t length = byte & ~MASK;
	if (client && (byte & MASK))
		return -DX_CODEC_WS_MASKED;
	if (!client && !(byte & MASK))
		return -DX_CODEC_WS_UNMASKED;
	if ((opcode & CONTROL) && length > CONTROL_MOST)
		return -DX_CODEC_WS_CONTROL_LENGTH;
	return opcode == DX_WEBSOCKET_CLOSE && length == 1 ? -DX_CODEC_WS_CLOSE_CODE : 0;
}

/* Whether a data frame's payload still fits into the message. */
static bool fits(const struct decoder *decoder, const struct dx_codec_options *options, uint64_t payload)
{
	return payload <= options->max_message - decoder->told;
}

/* Reads a header: 1, or 0 when it is not whole, or an error and how many of its bytes are right. */
static int read_header(const struct decoder *decoder, const struct dx_codec_options *options, const uint8_t *data,
		size_t length, struct header *header, size_t *used)
{
	*used = 0;
	int rc = check_opcode(decoder, data[0]);
	if (rc || length < 2)
		return rc;
	header->opcode = data[0] & OPCODE;
	header->fin = data[0] & FIN;
	*used = 1;
	rc = check_length(options, header->opcode, data[1]);
	if (rc)
		return rc;
	header->payload = data[1] & ~MASK;
	size_t extended = header->payload == LENGTH_64 ? 8 : header->payload == LENGTH_16 ? 2 : 0;
	if (extended) {
		if (length < 2 + extended)
			return 0;
		*used = 2;
		header->payload = number(data + 2, extended);
		if (header->payload < (extended == 2 ? LENGTH_16 : 1u << 16) || header->payload >> 63)
			return -DX_CODEC_WS_LENGTH;
	}
	if (!(header->opcode & CONTROL) && !fits(decoder, options, header->payload))
		return -DX_CODEC_TOO_LONG;
	header->length = 2 + extended;
	header->key = data[1] & MASK ? data + header->length : NULL;
	if (header->key)
		header->length += 4;
	return length >= header->length;
}

/* The payload of a control frame is there: tells it. */
static int tell_control(struct decoder *decoder, const struct dx_codec_options *options, const struct header *header,
		uint8_t *payload, size_t *used, struct dx_piece *piece)
{
	size_t length = (size_t)header->payload;
	if (header->key)
		dx__mask(payload, payload, length, header->key, 0);
	if (header->opcode == DX_WEBSOCKET_CLOSE) {
		size_t at;
		int rc = check_close(payload, length, &at);
		if (rc) {
			/* What is not used has to stay as it came. */
			if (header->key)
				dx__mask(payload + at, payload + at, length - at, header->key, at);
			*used = header->length + at;
			return rc;
		}
		decoder->closed = true;
	}
	*used = header->length + length;
	piece->flags = DX_MESSAGE_CONTROL | DX_PIECE_BEGIN | DX_PIECE_END;
	piece->kind = header->opcode;
	piece->total = piece->length = length;
	piece->data = payload;
	if (header->opcode == DX_WEBSOCKET_CLOSE)
		piece->flags |= DX_MESSAGE_LAST;
	if (options->flags & DX_WEBSOCKET_FRAMES)
		return DX_DECODE_PIECE;
	piece->flags |= header->opcode == DX_WEBSOCKET_PONG ? DX_PIECE_IGNORE : DX_PIECE_REPLY;
	if (header->opcode == DX_WEBSOCKET_PING)
		piece->kind = DX_WEBSOCKET_PONG;
	return DX_DECODE_PIECE;
}

static void begin_frame(struct decoder *decoder, const struct dx_codec_options *options, const struct header *header)
{
	bool frames = options->flags & DX_WEBSOCKET_FRAMES;
	decoder->left = header->payload;
	decoder->at = 0;
	decoder->fin = header->fin;
	decoder->masked = header->key;
	if (header->key)
		memcpy(decoder->key, header->key, 4);
	if (header->opcode != CONTINUATION)
		decoder->message = header->opcode;
	if (header->opcode == CONTINUATION && !frames)
		return;
	decoder->total = header->fin || frames ? header->payload : DX_LENGTH_UNKNOWN;
	decoder->kind = header->opcode == CONTINUATION ? DX_WEBSOCKET_CONTINUATION : header->opcode;
}

/* Unmasks and checks what comes next of a data frame; answers how much of it is right. */
static size_t take(struct decoder *decoder, uint8_t *data, size_t length)
{
	if (decoder->masked)
		dx__mask(data, data, length, decoder->key, decoder->at);
	if (decoder->message != DX_WEBSOCKET_OPCODE_TEXT)
		return length;
	size_t right = dx__utf8_check(&decoder->text, data, length);
	if (right < length && decoder->masked)
		dx__mask(data + right, data + right, length - right, decoder->key, decoder->at + right);
	return right;
}

/* Tells what is there of a data frame's payload, `before` bytes behind data. */
static int tell(struct decoder *decoder, const struct dx_codec_options *options, uint8_t *data, size_t before,
		size_t length, size_t *used, struct dx_piece *piece)
{
	bool frames = options->flags & DX_WEBSOCKET_FRAMES;
	size_t n = length < decoder->left ? length : (size_t)decoder->left;
	size_t right = take(decoder, data + before, n);
	bool frame_ends = n == decoder->left;
	*used = before + right;
	if (right < n || (frame_ends && decoder->fin && !dx__utf8_is_complete(&decoder->text)))
		return -DX_CODEC_WS_UTF8;
	decoder->left -= n;
	decoder->at += n;
	bool ends = frame_ends && (decoder->fin || frames);
	decoder->told = ends ? 0 : decoder->told + n;
	piece->flags = (decoder->begun ? 0 : DX_PIECE_BEGIN) | (ends ? DX_PIECE_END : 0)
			| (frames && !decoder->fin ? DX_MESSAGE_MORE : 0);
	piece->kind = decoder->kind;
	piece->total = decoder->total;
	piece->data = data + before;
	piece->length = n;
	decoder->begun = !ends;
	if (frame_ends && decoder->fin)
		decoder->message = 0;
	return DX_DECODE_PIECE;
}

static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	struct decoder *decoder = state;
	if (decoder->left)
		return tell(decoder, options, data, 0, length, used, piece);
	struct header header;
	int rc = read_header(decoder, options, data, length, &header, used);
	if (rc < 0)
		return rc;
	size_t there = rc ? length - header.length : 0;
	if (!rc || (header.opcode & CONTROL ? there < header.payload : !there && header.payload)) {
		*used = 0;
		return DX_DECODE_MORE;
	}
	if (header.opcode & CONTROL)
		return tell_control(decoder, options, &header, data + header.length, used, piece);
	begin_frame(decoder, options, &header);
	return tell(decoder, options, data, header.length, there, used, piece);
}

static int end(void *state, const struct dx_codec_options *options, uint8_t *data, size_t left, struct dx_piece *piece)
{
	const struct decoder *decoder = state;
	(void)options, (void)data, (void)left, (void)piece;
	return decoder->closed ? 0 : -DX_CODEC_WS_NO_CLOSE;
}

/* ----------------------------------------------------------------------------------------------------- encoding */

bool dx__websocket_is_inside_frame(const void *state)
{
	const struct encoder *encoder = state;
	return encoder->left;
}

/* Writes a header; key is NULL for a frame without mask. Answers its length. */
static size_t put_header(uint8_t *out, uint8_t first, uint64_t payload, const uint8_t *key)
{
	size_t extended = payload < LENGTH_16 ? 0 : payload < 1u << 16 ? 2 : 8;
	uint64_t length = extended == 8 ? LENGTH_64 : extended ? LENGTH_16 : payload;
	out[0] = first;
	out[1] = (uint8_t)(length | (key ? MASK : 0));
	put_number(out + 2, payload, extended);
	if (key)
		memcpy(out + 2 + extended, key, 4);
	return 2 + extended + (key ? 4 : 0);
}

static size_t put_payload(uint8_t *out, const uint8_t *data, size_t length, const uint8_t *key, uint64_t at)
{
	if (length && key)
		dx__mask(out, data, length, key, at);
	else if (length)
		memcpy(out, data, length);
	return length;
}

static int64_t put_control(const struct dx_codec_options *options, uint8_t opcode, const uint8_t *data, size_t length,
		uint8_t *out)
{
	uint8_t key[4];
	bool client = options->flags & DX_WEBSOCKET_CLIENT;
	if (client && !dx__mask_key(key))
		return -DX_CODEC_NO_MEMORY;
	size_t n = put_header(out, (uint8_t)(FIN | opcode), length, client ? key : NULL);
	return (int64_t)(n + put_payload(out + n, data, length, client ? key : NULL, 0));
}

static int64_t encode_control(struct encoder *encoder, const struct dx_codec_options *options,
		const struct dx_piece *piece, uint8_t *out)
{
	uint32_t whole = DX_PIECE_BEGIN | DX_PIECE_END;
	size_t at;
	if (encoder->left || (piece->flags & whole) != whole || piece->flags & DX_MESSAGE_MORE
			|| piece->length > CONTROL_MOST)
		return -DX_CODEC_MESSAGE;
	if (piece->kind == DX_WEBSOCKET_CLOSE && check_close(piece->data, piece->length, &at))
		return -DX_CODEC_MESSAGE;
	int64_t n = put_control(options, (uint8_t)piece->kind, piece->data, piece->length, out);
	if (n > 0 && piece->kind == DX_WEBSOCKET_CLOSE)
		encoder->closed = true;
	return n;
}

/* The opcode of the frame that a message begins with, or -1 when it may not begin here. */
static int opcode_of(const struct encoder *encoder, const struct dx_codec_options *options, uint32_t kind)
{
	bool frames = options->flags & DX_WEBSOCKET_FRAMES;
	if (!kind && frames && encoder->message)
		kind = DX_WEBSOCKET_CONTINUATION;
	if (kind == DX_WEBSOCKET_CONTINUATION)
		return frames && encoder->message ? (int)CONTINUATION : -1;
	if (encoder->message)
		return -1;
	if (!kind)
		return options->flags & DX_WEBSOCKET_TEXT ? DX_WEBSOCKET_OPCODE_TEXT : DX_WEBSOCKET_OPCODE_BINARY;
	return kind == DX_WEBSOCKET_OPCODE_TEXT || kind == DX_WEBSOCKET_OPCODE_BINARY ? (int)kind : -1;
}

/* Whether the text goes on and may end as the piece says. Other messages always do. */
static bool check_text(struct encoder *encoder, const struct dx_piece *piece, bool fin)
{
	if (encoder->message != DX_WEBSOCKET_OPCODE_TEXT)
		return true;
	return dx__utf8_check(&encoder->text, piece->data, piece->length) == piece->length
			&& (!fin || dx__utf8_is_complete(&encoder->text));
}

/* Begins a message: the opcode of its first frame, or -1 when it may not begin here. */
static int begin_message(struct encoder *encoder, const struct dx_codec_options *options, const struct dx_piece *piece)
{
	bool ends = piece->flags & DX_PIECE_END;
	int opcode = opcode_of(encoder, options, piece->kind);
	if (piece->total >> 63 && piece->total != DX_LENGTH_UNKNOWN)
		return -1;
	if (opcode > (int)CONTINUATION)
		encoder->message = (uint8_t)opcode;
	encoder->promised = !ends && piece->total != DX_LENGTH_UNKNOWN;
	return ends && piece->total != piece->length && piece->total != DX_LENGTH_UNKNOWN ? -1 : opcode;
}

/* On a copy of the state, which is kept on success only. */
static int64_t encode_data(struct encoder *encoder, const struct dx_codec_options *options,
		const struct dx_piece *piece, uint8_t *out)
{
	bool begins = piece->flags & DX_PIECE_BEGIN, ends = piece->flags & DX_PIECE_END;
	bool more = (options->flags & DX_WEBSOCKET_FRAMES) && (piece->flags & DX_MESSAGE_MORE);
	bool client = options->flags & DX_WEBSOCKET_CLIENT, has_header = begins || !encoder->promised;
	int opcode = CONTINUATION;
	if (begins == encoder->begun)
		return -DX_CODEC_MESSAGE;
	if (begins && (opcode = begin_message(encoder, options, piece)) == -1)
		return -DX_CODEC_MESSAGE;
	if (has_header) {
		encoder->left = encoder->promised ? piece->total : piece->length;
		encoder->at = 0;
	}
	/* More than was promised, or less. */
	if (piece->length > encoder->left || (ends && piece->length < encoder->left))
		return -DX_CODEC_MESSAGE;
	if (!check_text(encoder, piece, ends && !more))
		return -DX_CODEC_MESSAGE;
	if (has_header && client && !dx__mask_key(encoder->key))
		return -DX_CODEC_NO_MEMORY;
	const uint8_t *key = client ? encoder->key : NULL;
	bool fin = !more && (encoder->promised || ends);
	size_t n = has_header ? put_header(out, (uint8_t)((fin ? FIN : 0) | (unsigned)opcode), encoder->left, key) : 0;
	n += put_payload(out + n, piece->data, piece->length, key, encoder->at);
	encoder->at += piece->length;
	encoder->left -= piece->length;
	encoder->begun = !ends;
	if (ends && !more)
		encoder->message = 0;
	return (int64_t)n;
}

static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct encoder *encoder = state;
	if (encoder->closed)
		return piece->kind == DX_WEBSOCKET_CLOSE ? 0 : -DX_CODEC_CLOSED;
	if (piece->kind >= DX_WEBSOCKET_CLOSE && piece->kind <= DX_WEBSOCKET_PONG)
		return encode_control(encoder, options, piece, out);
	if (piece->flags & DX_MESSAGE_CONTROL)
		return -DX_CODEC_MESSAGE;
	struct encoder next = *encoder;
	int64_t n = encode_data(&next, options, piece, out);
	if (n >= 0)
		*encoder = next;
	return n;
}

/* Section 7.4.1. */
static unsigned close_code(uint32_t error)
{
	if (!error)
		return CLOSE_NORMAL;
	if (error == DX_CODEC_TOO_LONG)
		return CLOSE_TOO_LONG;
	if (error == DX_CODEC_WS_UTF8)
		return CLOSE_PAYLOAD;
	if (error >= DX_CODEC_WS_RESERVED_BITS && error <= DX_CODEC_WS_NO_CLOSE)
		return CLOSE_PROTOCOL;
	if (error == DX_CODEC_REFUSED)
		return CLOSE_POLICY;
	if (error == DX_CODEC_UNAVAILABLE)
		return CLOSE_TRY_AGAIN;
	return CLOSE_INTERNAL;
}

static int64_t finish(void *state, const struct dx_codec_options *options, uint32_t error, uint8_t *out)
{
	struct encoder *encoder = state;
	uint8_t code[2];
	if (encoder->closed)
		return 0;
	encoder->closed = true;
	if (encoder->left)
		return 0;
	put_number(code, close_code(error), 2);
	int64_t n = put_control(options, DX_WEBSOCKET_CLOSE, code, sizeof(code), out);
	return n < 0 ? 0 : n;
}

static int64_t ping(void *state, const struct dx_codec_options *options, uint8_t *out)
{
	struct encoder *encoder = state;
	if (encoder->left)
		return -DX_CODEC_MESSAGE;
	return encoder->closed ? 0 : put_control(options, DX_WEBSOCKET_PING, NULL, 0, out);
}

const struct dx_codec_ops dx__codec_websocket = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct decoder),
	.encoder_size = sizeof(struct encoder),
	.overhead = HEADER_MOST,
	.keep = CONTROL_MOST + HEADER_MOST,
	.decode = decode,
	.end = end,
	.encode = encode,
	.finish = finish,
	.ping = ping,
};
