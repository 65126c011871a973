/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 chunked transfer coding, RFC 9112 section 7.1: every chunk is a message.
 *
 * Two programs that disagree about where a body ends are how requests are smuggled, so nothing is guessed: a line ends in
 * CR LF, a size is hex digits and nothing else, and each byte of a line is judged when it comes. A line that can come to
 * no good is refused at its first wrong byte, whether its end is there or not.
 *
 * Lines are told whole: a size line with the data behind it, the last chunk's line with all trailers. They are looked at
 * byte by byte by a machine whose place is kept, so that one that trickles in is not looked at again from its beginning
 * with every byte.
 *
 * What the decoder tells of a line is what a recipient may use: extensions of the last chunk are checked and not told
 * (`extra` holds the trailers there), as are blanks in front of the first ';'. Trailers are not looked into beyond their
 * form: that Content-Length means nothing there is for the one who reads them.
 */
#include "codec.h"

#include <string.h>

#define SIZE_MOST (uint64_t)INT64_MAX
#define DIGITS_MOST 32u /* leading zeros have no limit in the RFC, but a line that is waited for must have one */
#define EXTENSION_MOST 4096u
#define TRAILER_MOST 16384u
#define HEADER_MOST (16u + 1u + 2u) /* sixteen digits, ';', CR LF */

/* What the next byte belongs to. */
enum place {
	SIZE_FIRST = 0,     /* a state begins as zeros */
	SIZE,
	SIZE_BLANK,         /* blanks between the size and ';' */
	EXTENSION_BEGIN,    /* behind ';' */
	EXTENSION_NAME,
	EXTENSION_BLANK,    /* behind a name: '=' or ';' has to come */
	EXTENSION_EQUALS,   /* behind '=' */
	EXTENSION_TOKEN,    /* a value */
	EXTENSION_QUOTED,
	EXTENSION_ESCAPE,   /* behind '\' */
	EXTENSION_QUOTE,    /* behind a quoted value */
	EXTENSION_VALUED,   /* blanks behind a value: ';' has to come */
	SIZE_LF,            /* behind the CR */
	DATA,
	TRAILER_BEGIN,      /* of a line, the empty one too */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,         /* behind a field line's CR */
	LAST_LF,            /* behind the empty line's CR */
	DONE,
};

struct decoder {
	uint64_t size;      /* of the chunk, as far as its digits have come */
	uint64_t left;      /* DATA: bytes of it that were not told */
	uint32_t seen;      /* bytes of lines that were looked at and are left over */
	uint32_t size_end;  /* offset in them of what follows the size */
	uint32_t extra;     /* offset of the extensions, then of the trailers; 0: none */
	uint32_t extra_end;
	uint8_t place;      /* enum place */
};

struct encoder {
	uint64_t left;      /* bytes that the chunk in progress lacks */
	bool inside;        /* a message was begun and not ended */
	bool promised;      /* that message is one chunk, whose size was written */
	bool closed;        /* the last chunk was written */
};

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

/* RFC 9110 section 5.6.2; without <ctype.h>, which asks the locale. */
static bool is_token(uint8_t byte)
{
	uint8_t small = byte | 0x20;
	return (small >= 'a' && small <= 'z') || (byte >= '0' && byte <= '9') || (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

/* Blanks, visible ones, and those over 127, which nobody has given a meaning. */
static bool is_text(uint8_t byte)
{
	return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

static int hex(uint8_t byte)
{
	uint8_t small = byte | 0x20;
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* A byte that has no business where it stands: a control character is an error of the line, whatever was expected. */
static int misplaced(uint8_t byte, enum dx_codec_error error)
{
	return is_text(byte) || byte == '\r' ? -(int)error : -DX_CODEC_CHUNK_LINE;
}

/* The place behind this byte of an extension, or a negative enum dx_codec_error. */
static int extension_step(enum place place, uint8_t byte)
{
	bool may_end = place == EXTENSION_NAME || place == EXTENSION_TOKEN || place == EXTENSION_QUOTE;
	switch ((int)place) {
	case EXTENSION_QUOTED:
		if (byte == '"')
			return EXTENSION_QUOTE;
		if (byte == '\\')
			return EXTENSION_ESCAPE;
		/* fall through */
	case EXTENSION_ESCAPE:
		return is_text(byte) ? EXTENSION_QUOTED : misplaced(byte, DX_CODEC_CHUNK_EXTENSION);
	case EXTENSION_BEGIN:
	case EXTENSION_EQUALS:
		if (is_blank(byte))
			return place;
		if (is_token(byte))
			return place == EXTENSION_BEGIN ? EXTENSION_NAME : EXTENSION_TOKEN;
		if (byte == '"' && place == EXTENSION_EQUALS)
			return EXTENSION_QUOTED;
		return misplaced(byte, DX_CODEC_CHUNK_EXTENSION);
	}
	if ((place == EXTENSION_NAME || place == EXTENSION_TOKEN) && is_token(byte))
		return place;
	if (byte == ';')
		return EXTENSION_BEGIN;
	if (byte == '\r' && may_end)
		return SIZE_LF;
	bool named = place == EXTENSION_NAME || place == EXTENSION_BLANK;
	if (byte == '=' && named)
		return EXTENSION_EQUALS;
	if (is_blank(byte))
		return named ? EXTENSION_BLANK : EXTENSION_VALUED;
	return misplaced(byte, DX_CODEC_CHUNK_EXTENSION);
}

/* The same for trailers. A line that begins with a blank would go on with the one before (obs-fold): refused. */
static int trailer_step(enum place place, uint8_t byte)
{
	int next = -DX_CODEC_TRAILER;
	switch ((int)place) {
	case TRAILER_BEGIN:
		return byte == '\r' ? LAST_LF : is_token(byte) ? TRAILER_NAME : next;
	case TRAILER_NAME:
		return byte == ':' ? TRAILER_VALUE : is_token(byte) ? TRAILER_NAME : next;
	case TRAILER_VALUE:
		return byte == '\r' ? TRAILER_LF : is_text(byte) ? TRAILER_VALUE : next;
	case TRAILER_LF:
		return byte == '\n' ? TRAILER_BEGIN : next;
	}
	return byte == '\n' ? DONE : next;
}

static int digit_step(struct decoder *decoder, const struct dx_codec_options *options, uint8_t byte)
{
	uint64_t digit = (uint64_t)hex(byte);
	if (decoder->seen == DIGITS_MOST || decoder->size > (SIZE_MOST - digit) / 16)
		return -DX_CODEC_CHUNK_SIZE;
	if (decoder->size * 16 + digit > options->max_message)
		return -DX_CODEC_TOO_LONG;
	decoder->size = decoder->size * 16 + digit;
	return SIZE;
}

/* The size and what ends it. */
static int size_step(struct decoder *decoder, const struct dx_codec_options *options, uint8_t byte)
{
	if (decoder->place != SIZE_BLANK && hex(byte) >= 0)
		return digit_step(decoder, options, byte);
	if (decoder->place == SIZE_FIRST)
		return -DX_CODEC_CHUNK_SIZE;
	if (decoder->place == SIZE)
		decoder->size_end = decoder->seen;
	if (byte == ';') {
		decoder->extra = decoder->seen + 1;
		return EXTENSION_BEGIN;
	}
	if (byte == '\r' && decoder->place == SIZE)
		return SIZE_LF;
	return is_blank(byte) ? SIZE_BLANK : misplaced(byte, DX_CODEC_CHUNK_SIZE);
}

/* Looks at the next byte of a line: the place behind it, or a negative enum dx_codec_error. */
static int step(struct decoder *decoder, const struct dx_codec_options *options, uint8_t byte)
{
	enum place place = decoder->place;
	int next;
	if (place < EXTENSION_BEGIN) {
		next = size_step(decoder, options, byte);
	} else if (place < SIZE_LF) {
		next = extension_step(place, byte);
	} else if (place == SIZE_LF) {
		next = byte == '\n' ? decoder->size ? DATA : TRAILER_BEGIN : -DX_CODEC_CHUNK_LINE;
	} else {
		next = trailer_step(place, byte);
	}
	if (next < 0)
		return next;
	/* Blanks in front of ';' take from the room that the extensions have. */
	if (next >= SIZE_BLANK && next < SIZE_LF && decoder->seen - decoder->size_end > EXTENSION_MOST)
		return -DX_CODEC_CHUNK_EXTENSION;
	if (place >= TRAILER_BEGIN && next < LAST_LF && decoder->seen - decoder->extra >= TRAILER_MOST)
		return -DX_CODEC_TRAILER;
	if (next == SIZE_LF || next == LAST_LF)
		decoder->extra_end = decoder->seen;
	if (place == SIZE_LF && next == TRAILER_BEGIN)
		decoder->extra = decoder->seen + 1;
	return next;
}

static void tell_extra(const struct decoder *decoder, const uint8_t *data, struct dx_piece *piece)
{
	if (decoder->extra && decoder->extra_end > decoder->extra) {
		piece->extra = data + decoder->extra;
		piece->extra_length = decoder->extra_end - decoder->extra;
	}
}

/* Tells what there is of a chunk's data; `line` bytes of its size line stand before it and were not used yet. With the
   chunk's last piece the CR LF is used: when that has not come, an empty one ends the chunk later. */
static int tell_data(struct decoder *decoder, uint8_t *data, size_t length, size_t line, size_t *used,
		struct dx_piece *piece)
{
	uint8_t *from = data + line;
	size_t there = length - line, n = there < decoder->left ? there : (size_t)decoder->left;
	bool all = n == decoder->left, ends = all && there - n >= 2 && from[n] == '\r' && from[n + 1] == '\n';
	if (!line && !n && !ends) {
		if (from[0] == '\r' && length == 1)
			return DX_DECODE_MORE;
		*used = from[0] == '\r';
		return -DX_CODEC_CHUNK_END;
	}
	piece->flags = (line ? DX_PIECE_BEGIN : 0) | (ends ? DX_PIECE_END : 0);
	piece->total = decoder->size;
	piece->data = from;
	piece->length = n;
	if (line)
		tell_extra(decoder, data, piece);
	*used = line + n + (ends ? 2 : 0);
	decoder->left -= n;
	decoder->seen = 0;
	if (ends)
		memset(decoder, 0, sizeof(*decoder));
	return DX_DECODE_PIECE;
}

static int tell_last(const struct decoder *decoder, const uint8_t *data, size_t *used, struct dx_piece *piece)
{
	piece->flags = DX_PIECE_BEGIN | DX_PIECE_END | DX_MESSAGE_LAST;
	tell_extra(decoder, data, piece);
	*used = decoder->seen;
	return DX_DECODE_PIECE;
}

static int decode(void *state, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	struct decoder *decoder = state;
	if (decoder->place == DATA)
		return tell_data(decoder, data, length, 0, used, piece);
	while (decoder->seen < length) {
		int next = step(decoder, options, data[decoder->seen]);
		if (next < 0) {
			*used = decoder->seen;
			return next;
		}
		decoder->place = (uint8_t)next;
		decoder->seen++;
		if (next == DONE)
			return tell_last(decoder, data, used, piece);
		if (next == DATA) {
			decoder->left = decoder->size;
			return tell_data(decoder, data, length, decoder->seen, used, piece);
		}
	}
	return DX_DECODE_MORE;
}

/* Only the last chunk ends a body: without it, it is not known to be whole. */
static int end(void *state, const struct dx_codec_options *options, uint8_t *data, size_t left, struct dx_piece *piece)
{
	const struct decoder *decoder = state;
	(void)options;
	(void)data;
	(void)left;
	(void)piece;
	return decoder->place == DONE ? 0 : -DX_CODEC_TRUNCATED;
}

/* Whether bytes that were given are what the decoder would take. */
static bool is_extension(const uint8_t *data, size_t length)
{
	int place = EXTENSION_BEGIN;
	if (length > EXTENSION_MOST)
		return false;
	for (size_t i = 0; i < length && place >= EXTENSION_BEGIN && place < SIZE_LF; i++)
		place = extension_step((enum place)place, data[i]);
	return place == EXTENSION_NAME || place == EXTENSION_TOKEN || place == EXTENSION_QUOTE;
}

static bool is_trailer(const uint8_t *data, size_t length)
{
	int place = TRAILER_BEGIN;
	if (length > TRAILER_MOST)
		return false;
	for (size_t i = 0; i < length && place >= 0 && place != LAST_LF; i++)
		place = trailer_step((enum place)place, data[i]);
	return place == TRAILER_BEGIN;
}

static size_t put_size_line(uint64_t size, const struct dx_piece *piece, bool extended, uint8_t *out)
{
	size_t n = 0;
	int shift = 60;
	while (!(size >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		out[n++] = (uint8_t)"0123456789abcdef"[size >> shift & 15];
	if (extended) {
		out[n++] = ';';
		memcpy(out + n, piece->extra, piece->extra_length);
		n += piece->extra_length;
	}
	memcpy(out + n, "\r\n", 2);
	return n + 2;
}

static size_t put_last(const uint8_t *trailers, size_t length, uint8_t *out)
{
	memcpy(out, "0\r\n", 3);
	if (length)
		memcpy(out + 3, trailers, length);
	memcpy(out + 3 + length, "\r\n", 2);
	return length + 5;
}

static bool is_extra_valid(const struct dx_piece *piece, bool last)
{
	if (!piece->extra_length)
		return true;
	if (last)
		return is_trailer(piece->extra, piece->extra_length);
	return piece->flags & DX_PIECE_BEGIN && is_extension(piece->extra, piece->extra_length);
}

/*
 * A message of known length is one chunk, another is one chunk a piece. An empty message, or an empty piece of one whose
 * length is not known, writes nothing: an empty chunk would be the end of all, so only a piece with LAST and END writes it.
 */
static int64_t encode(void *state, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	struct encoder *encoder = state;
	bool begins = piece->flags & DX_PIECE_BEGIN, ends = piece->flags & DX_PIECE_END;
	bool last = ends && piece->flags & DX_MESSAGE_LAST;
	bool promised = begins ? piece->total != DX_LENGTH_UNKNOWN : encoder->promised;
	uint64_t left = !promised ? piece->length : begins ? piece->total : encoder->left;
	(void)options;
	if (encoder->closed)
		return -DX_CODEC_CLOSED;
	if (begins == encoder->inside)
		return -DX_CODEC_MESSAGE;
	if (left > SIZE_MOST || piece->length > left || (ends && piece->length < left) || !is_extra_valid(piece, last))
		return -DX_CODEC_MESSAGE;
	size_t n = 0;
	if (left && (begins || !promised))
		n = put_size_line(left, piece, piece->extra_length && !last, out);
	if (piece->length) {
		memcpy(out + n, piece->data, piece->length);
		n += piece->length;
	}
	left -= piece->length;
	if (piece->length && !left) {
		memcpy(out + n, "\r\n", 2);
		n += 2;
	}
	if (last)
		n += put_last(piece->extra, piece->extra_length, out + n);
	encoder->inside = !ends;
	encoder->promised = promised;
	encoder->left = left;
	encoder->closed = last;
	return (int64_t)n;
}

/* A body that was cut off must look like that: the last chunk is written when all went well, and not inside a message. */
static int64_t finish(void *state, const struct dx_codec_options *options, uint32_t error, uint8_t *out)
{
	struct encoder *encoder = state;
	(void)options;
	if (encoder->closed || encoder->inside || error)
		return 0;
	encoder->closed = true;
	return (int64_t)put_last(NULL, 0, out);
}

const struct dx_codec_ops dx__codec_chunked = {
	.size = sizeof(struct dx_codec_ops),
	.decoder_size = sizeof(struct decoder),
	.encoder_size = sizeof(struct encoder),
	.overhead = HEADER_MOST + 2 + 5,
	.keep = DIGITS_MOST + 1 + EXTENSION_MOST + 2 + TRAILER_MOST + 2,
	.decode = decode,
	.end = end,
	.encode = encode,
	.finish = finish,
};
