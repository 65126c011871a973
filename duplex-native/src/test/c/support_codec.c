/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs without sockets: decoding as a socket's reader would, encoding as its writer would. */
#include "support_codec.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

#define WHOLE (DX_PIECE_BEGIN | DX_PIECE_END)
#define MESSAGE_FLAGS (DX_MESSAGE_MORE | DX_MESSAGE_CONTROL | DX_MESSAGE_LAST)
#define SIDE (DX_MESSAGE_CONTROL | DX_PIECE_REPLY | DX_PIECE_IGNORE) /* may stand between the pieces of another */
#define SMALL 4096 /* up to here each call gets a buffer of its own */
#define SPLITS_MOST 1500

static void *allocate(size_t size)
{
	void *result = malloc(size);
	CHECK(result || !size);
	return result;
}

/* A copy that a sanitizer knows the bounds of. */
static uint8_t *copy(const void *data, size_t length)
{
	uint8_t *result = allocate(length);
	if (length)
		memcpy(result, data, length);
	return result;
}

static const struct dx_codec_ops *find(const struct dx_codec_options *options, struct dx_codec_options *resolved)
{
	const struct dx_codec_ops *ops;
	CHECK_OK(dx__codec_find(options, resolved, &ops));
	CHECK(ops && ops->decode && ops->encode);
	CHECK_LE(ops->overhead, 4096);
	CHECK(ops->keep >= 1 && ops->keep <= 32768);
	return ops;
}

/* ----------------------------------------------------------------------------------------------------- decoding */

/* A stream that is being decoded. */
struct reader {
	const struct dx_codec_ops *ops;
	struct dx_codec_options options;
	uint8_t *state;
	const uint8_t *stream;
	struct test_decoded *decoded;
	struct test_message message; /* in progress */
	uint64_t total;              /* of it */
	bool inside;                 /* it was begun */
	bool over;                   /* an error, or LAST */
};

static void append(uint8_t **data, size_t *length, const uint8_t *more, size_t more_length)
{
	if (!more_length)
		return;
	*data = realloc(*data, *length + more_length);
	CHECK(*data);
	memcpy(*data + *length, more, more_length);
	*length += more_length;
}

static void add_piece(struct test_message *message, const struct dx_piece *piece)
{
	message->flags |= piece->flags & (MESSAGE_FLAGS | DX_PIECE_REPLY);
	message->kind = piece->kind;
	append(&message->data, &message->length, piece->data, piece->length);
	append(&message->extra, &message->extra_length, piece->extra, piece->extra_length);
}

static void add_message(struct test_decoded *decoded, const struct test_message *message)
{
	if (!(decoded->count & (decoded->count + 1))) {
		decoded->messages = realloc(decoded->messages, (2 * decoded->count + 2) * sizeof(*message));
		CHECK(decoded->messages);
	}
	decoded->messages[decoded->count++] = *message;
}

static bool lies_in(const uint8_t *data, size_t length, const uint8_t *whole, size_t whole_length)
{
	return data >= whole && data <= whole + whole_length && length <= (size_t)(whole + whole_length - data);
}

/* Bytes that are told lie where they stay until the next call. */
static void check_place(const struct reader *reader, const uint8_t *told, size_t told_length, const uint8_t *data,
		size_t length)
{
	CHECK(!told_length || lies_in(told, told_length, data, length)
			|| lies_in(told, told_length, reader->state, reader->ops->decoder_size));
}

static void check_whole(const struct reader *reader, const struct dx_piece *piece)
{
	CHECK_EQ(piece->total, piece->length);
	if (piece->flags & SIDE)
		return;
	CHECK(!reader->inside);
	CHECK(piece->length <= reader->options.max_message);
}

static void check_part(const struct reader *reader, const struct dx_piece *piece)
{
	bool begins = piece->flags & DX_PIECE_BEGIN;
	/* A command of ZMTP, which stands alone, may be long. */
	CHECK(!(piece->flags & (reader->options.type == DX_CODEC_ZMTP ? SIDE & ~DX_MESSAGE_CONTROL : SIDE)));
	CHECK_NE(begins, reader->inside);
	uint64_t told = reader->message.length + piece->length;
	CHECK(told <= reader->options.max_message);
	if (!begins) {
		CHECK_EQ(piece->kind, reader->message.kind);
		CHECK_EQ(piece->total, reader->total);
	}
	if (piece->total == DX_LENGTH_UNKNOWN)
		return;
	CHECK(told <= piece->total && piece->total <= reader->options.max_message);
	CHECK(!(piece->flags & DX_PIECE_END) || told == piece->total);
}

static void take_piece(struct reader *reader, const struct dx_piece *piece, const uint8_t *data, size_t length)
{
	CHECK(!(piece->flags & ~(MESSAGE_FLAGS | WHOLE | DX_PIECE_REPLY | DX_PIECE_IGNORE)));
	check_place(reader, piece->data, piece->length, data, length);
	check_place(reader, piece->extra, piece->extra_length, data, length);
	CHECK(!(piece->flags & DX_MESSAGE_LAST) || piece->flags & DX_PIECE_END);
	reader->over = piece->flags & DX_MESSAGE_LAST;
	if ((piece->flags & WHOLE) == WHOLE) {
		struct test_message message = {0};
		check_whole(reader, piece);
		if (piece->flags & DX_PIECE_IGNORE)
			return;
		add_piece(&message, piece);
		add_message(reader->decoded, &message);
		return;
	}
	check_part(reader, piece);
	reader->total = piece->total;
	add_piece(&reader->message, piece);
	reader->inside = !(piece->flags & DX_PIECE_END);
	if (!reader->inside) {
		add_message(reader->decoded, &reader->message);
		reader->message = (struct test_message){0};
	}
}

static void check_untouched(const struct dx_piece *piece)
{
	static const struct dx_piece nothing;
	CHECK(!memcmp(piece, &nothing, sizeof(nothing)));
}

static void check_error(int error)
{
	CHECK((error <= -DX_CODEC_TOO_LONG && error >= -DX_CODEC_CLOSED) || error <= -DX_CODEC_PLUGIN_ERROR);
}

/* Bytes that are left over stay as they came. */
static void check_left(const struct reader *reader, const uint8_t *data, size_t left)
{
	const uint8_t *came = reader->stream + reader->decoded->offset;
	size_t begin = left < SMALL ? left : SMALL, end = left < 64 ? left : 64;
	CHECK(!left || (!memcmp(data, came, begin) && !memcmp(data + left - end, came + left - end, end)));
}

/* One call. Answers bytes used; 0 when there is no more to be got from these. */
static size_t decode_once(struct reader *reader, uint8_t *data, size_t length)
{
	struct test_decoded *decoded = reader->decoded;
	struct dx_piece piece;
	memset(&piece, 0, sizeof(piece));
	size_t used = 0;
	int rc = reader->ops->decode(reader->state, &reader->options, data, length, &used, &piece);
	CHECK_LE(used, length);
	if (rc == DX_DECODE_MORE) {
		CHECK_EQ(used, 0);
		CHECK_LE(length, reader->ops->keep);
		check_untouched(&piece);
	} else if (rc == DX_DECODE_PIECE) {
		CHECK_GT(used, 0);
		take_piece(reader, &piece, data, used);
	} else {
		check_error(rc);
		decoded->error = rc;
		reader->over = true;
	}
	decoded->offset += used;
	check_left(reader, data + used, length - used);
	return reader->over ? 0 : used;
}

/* What came is in a buffer; answers how much of it is left over. */
static size_t decode_buffer(struct reader *reader, uint8_t *data, size_t length)
{
	for (size_t at = 0, used; at < length; at += used) {
		if (length - at > SMALL) {
			used = decode_once(reader, data + at, length - at);
		} else {
			uint8_t *rest = copy(data + at, length - at);
			used = decode_once(reader, rest, length - at);
			free(rest);
		}
		if (!used)
			return length - at;
	}
	return 0;
}

static void decode_end(struct reader *reader, size_t left)
{
	struct dx_piece piece;
	memset(&piece, 0, sizeof(piece));
	uint8_t *data = copy(reader->stream + reader->decoded->offset, left);
	int rc = left || reader->inside ? -DX_CODEC_TRUNCATED : 0;
	if (reader->ops->end)
		rc = reader->ops->end(reader->state, &reader->options, data, left, &piece);
	if (rc == DX_DECODE_PIECE) {
		take_piece(reader, &piece, data, left);
		reader->decoded->offset += left;
		CHECK(!reader->inside);
	} else if (rc) {
		check_error(rc);
		reader->decoded->error = rc;
	} else {
		check_untouched(&piece);
		CHECK(!reader->inside);
	}
	free(data);
}

static void forget_message(struct test_message *message)
{
	free(message->data);
	free(message->extra);
}

void test_decode(const struct dx_codec_options *options, const void *stream, size_t length, const size_t *parts,
		size_t part_count, bool at_end, struct test_decoded *decoded)
{
	struct reader reader = {.stream = stream, .decoded = decoded};
	memset(decoded, 0, sizeof(*decoded));
	reader.ops = find(options, &reader.options);
	reader.state = allocate(reader.ops->decoder_size);
	if (reader.ops->decoder_size)
		memset(reader.state, 0, reader.ops->decoder_size);
	size_t left = 0;
	for (size_t read = 0, i = 0; read < length && !reader.over; i++) {
		size_t part = parts && i < part_count && parts[i] < length - read ? parts[i] : length - read;
		read += part;
		if (!part)
			continue;
		CHECK_EQ(decoded->offset, read - part - left);
		uint8_t *data = copy(reader.stream + decoded->offset, left + part);
		left = decode_buffer(&reader, data, left + part);
		free(data);
	}
	if (at_end && !reader.over)
		decode_end(&reader, left);
	forget_message(&reader.message);
	free(reader.state);
}

void test_forget(struct test_decoded *decoded)
{
	for (uint32_t i = 0; i < decoded->count; i++)
		forget_message(&decoded->messages[i]);
	free(decoded->messages);
	memset(decoded, 0, sizeof(*decoded));
}

static bool same_bytes(const uint8_t *left, size_t left_length, const uint8_t *right, size_t right_length)
{
	return left_length == right_length && (!left_length || !memcmp(left, right, left_length));
}

void test_decoded_same(const struct test_decoded *expected, const struct test_decoded *actual)
{
	CHECK_EQ(actual->error, expected->error);
	CHECK_EQ(actual->count, expected->count);
	CHECK_EQ(actual->offset, expected->offset);
	for (uint32_t i = 0; i < expected->count; i++) {
		const struct test_message *left = &expected->messages[i], *right = &actual->messages[i];
		CHECK_EQ(right->flags, left->flags);
		CHECK_EQ(right->kind, left->kind);
		CHECK(same_bytes(left->data, left->length, right->data, right->length));
		CHECK(same_bytes(left->extra, left->extra_length, right->extra, right->extra_length));
	}
}

/* ------------------------------------------------------------------------------------------------------- splits */

static struct rng *generator(void)
{
	static struct rng rng;
	static bool ready;
	if (!ready)
		rng_init(&rng, 0xc0dec);
	ready = true;
	return &rng;
}

/* Lengths of reads that cover a stream: short ones, and now and then a long one. */
static size_t random_parts(size_t length, size_t *parts, size_t most)
{
	size_t count = 0;
	uint64_t bound = 1 + rng_below(generator(), rng_below(generator(), 2) ? 8 : length + 1);
	for (size_t sum = 0; sum < length && count < most; count++) {
		parts[count] = 1 + rng_below(generator(), bound);
		sum += parts[count];
	}
	return count;
}

static void decode_again(const struct dx_codec_options *options, const void *stream, size_t length, const size_t *parts,
		size_t part_count, bool at_end, const struct test_decoded *expected)
{
	struct test_decoded again;
	test_note("%zu bytes in %zu reads, the first of %zu", length, part_count, part_count ? parts[0] : length);
	test_decode(options, stream, length, parts, part_count, at_end, &again);
	test_decoded_same(expected, &again);
	test_forget(&again);
}

void test_decode_splits(const struct dx_codec_options *options, const void *stream, size_t length, bool at_end,
		struct test_decoded *decoded)
{
	size_t *parts = allocate((length + 1) * sizeof(*parts));
	test_decode(options, stream, length, NULL, 0, at_end, decoded);
	for (size_t i = 1; i < length; i++) {
		parts[0] = length <= SPLITS_MOST ? i : 1 + rng_below(generator(), length);
		decode_again(options, stream, length, parts, 1, at_end, decoded);
		if (i == SPLITS_MOST)
			break;
	}
	for (size_t i = 0; i < length; i++)
		parts[i] = 1;
	decode_again(options, stream, length, parts, length, at_end, decoded);
	for (unsigned i = 0; i < 50; i++) {
		size_t count = random_parts(length, parts, length);
		decode_again(options, stream, length, parts, count, at_end, decoded);
	}
	free(parts);
}

/* ------------------------------------------------------------------------------------------------------ vectors */

static unsigned digit(char c)
{
	CHECK(isxdigit((unsigned char)c));
	return isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)(tolower((unsigned char)c) - 'a') + 10;
}

/* Hex digits to bytes, or text as it is. Answers the length. */
static size_t read_bytes(const char *text, bool is_text, uint8_t *out)
{
	size_t length = 0;
	if (is_text) {
		memcpy(out, text, strlen(text));
		return strlen(text);
	}
	while (*(text += strspn(text, " "))) {
		out[length++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text += 2;
	}
	return length;
}

static void print_bytes(FILE *to, const uint8_t *data, size_t length, bool is_text)
{
	for (size_t i = 0; i < length; i++)
		fprintf(to, is_text && isprint(data[i]) ? "%c" : "%02x", data[i]);
}

/* What came, when it is not what was expected. */
static void unexpected(const char *stream, const char *expected, const struct test_decoded *decoded, bool is_text)
		__attribute__((noreturn));
static void unexpected(const char *stream, const char *expected, const struct test_decoded *decoded, bool is_text)
{
	fprintf(stderr, "\n");
	for (uint32_t i = 0; i < decoded->count; i++) {
		const struct test_message *message = &decoded->messages[i];
		fprintf(stderr, "  message %u: flags %x, kind %u, ", i, message->flags, message->kind);
		print_bytes(stderr, message->data, message->length, is_text);
		if (message->extra_length)
			fprintf(stderr, "+");
		print_bytes(stderr, message->extra, message->extra_length, is_text);
		fprintf(stderr, "\n");
	}
	fprintf(stderr, "  then !%d@%llu\n", -decoded->error, (unsigned long long)decoded->offset);
	FAIL("vector %s: expected %s", stream, expected);
}

static uint32_t read_flags(const char **text)
{
	uint32_t flags = 0;
	for (; **text != ':'; ++*text) {
		switch (**text) {
		case 'm': flags |= DX_MESSAGE_MORE; break;
		case 'l': flags |= DX_MESSAGE_LAST; break;
		case 'c': flags |= DX_MESSAGE_CONTROL; break;
		case 'r': flags |= DX_PIECE_REPLY; break;
		default: FAIL("no flag: %s", *text);
		}
	}
	++*text;
	return flags;
}

static bool matches(const struct test_message *message, const char *expected, bool is_text)
{
	uint32_t flags = read_flags(&expected);
	char *payload;
	unsigned long kind = strtoul(expected, &payload, 10);
	CHECK_EQ(*payload, ':');
	payload++;
	/* the mark is the last of its kind, so that a text may have some */
	char *text = (char *)copy(payload, strlen(payload) + 1), *extra = message->extra_length ? strrchr(text, '+') : NULL;
	if (extra)
		*extra++ = 0;
	uint8_t *data = allocate(strlen(payload) + 1), *more = allocate(strlen(payload) + 1);
	size_t length = read_bytes(text, is_text, data), more_length = extra ? read_bytes(extra, is_text, more) : 0;
	bool same = flags == message->flags && kind == message->kind
			&& same_bytes(data, length, message->data, message->length)
			&& same_bytes(more, more_length, message->extra, message->extra_length);
	free(text);
	free(data);
	free(more);
	return same;
}

static bool matches_error(const struct test_decoded *decoded, const char *expected)
{
	char *at;
	long error = strtol(expected + 1, &at, 10);
	CHECK_EQ(*at, '@');
	return decoded->error == -error && decoded->offset == strtoull(at + 1, NULL, 10);
}

void test_vector(const struct dx_codec_options *options, bool at_end, const char *stream, ...)
{
	bool is_text = *stream == '\'';
	uint8_t *bytes = allocate(strlen(stream) + 1);
	size_t length = read_bytes(stream + is_text, is_text, bytes);
	struct test_decoded decoded;
	uint32_t count = 0;
	bool refused = false;
	test_note("vector %s", stream);
	test_decode_splits(options, bytes, length, at_end, &decoded);
	va_list expectations;
	va_start(expectations, stream);
	for (const char *expected; (expected = va_arg(expectations, const char *));) {
		CHECK(!refused);
		if (*expected == '!')
			refused = true;
		if (refused ? count != decoded.count || !matches_error(&decoded, expected)
				: count == decoded.count || !matches(&decoded.messages[count++], expected, is_text))
			unexpected(stream, expected, &decoded, is_text);
	}
	va_end(expectations);
	if (count != decoded.count || refused != !!decoded.error)
		unexpected(stream, "nothing else", &decoded, is_text);
	test_forget(&decoded);
	free(bytes);
}

/* ----------------------------------------------------------------------------------------------------- encoding */

void test_encoder_open(struct test_encoder *encoder, const struct dx_codec_options *options)
{
	memset(encoder, 0, sizeof(*encoder));
	encoder->ops = find(options, &encoder->options);
	encoder->state = allocate(encoder->ops->encoder_size);
	if (encoder->ops->encoder_size)
		memset(encoder->state, 0, encoder->ops->encoder_size);
}

/* A buffer of marks, and whether it still is one. */
static uint8_t *blank(size_t length)
{
	uint8_t *out = allocate(length);
	if (length)
		memset(out, 0xa5, length);
	return out;
}

static bool is_blank(const uint8_t *out, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (out[i] != 0xa5)
			return false;
	}
	return true;
}

int64_t test_encoder_put(struct test_encoder *encoder, const struct dx_piece *piece)
{
	size_t room = encoder->ops->overhead + piece->length + piece->extra_length;
	uint8_t *out = blank(room), *before = copy(encoder->state, encoder->ops->encoder_size);
	struct dx_piece given = *piece; /* with bytes that end where they end */
	uint8_t *data = copy(piece->data, piece->length), *extra = copy(piece->extra, piece->extra_length);
	given.data = piece->length ? data : piece->data;
	given.extra = piece->extra_length ? extra : piece->extra;
	int64_t n = encoder->ops->encode(encoder->state, &encoder->options, &given, out);
	CHECK_LE(n, (int64_t)room);
	if (n < 0) {
		check_error((int)n);
		CHECK(is_blank(out, room));
		CHECK(same_bytes(before, encoder->ops->encoder_size, encoder->state, encoder->ops->encoder_size));
	} else {
		append(&encoder->out, &encoder->length, out, (size_t)n);
	}
	CHECK(!piece->length || !memcmp(data, piece->data, piece->length));
	free(out);
	free(before);
	free(data);
	free(extra);
	return n;
}

void test_encoder_finish(struct test_encoder *encoder, uint32_t error)
{
	if (!encoder->ops->finish)
		return;
	uint8_t *out = blank(encoder->ops->overhead);
	int64_t n = encoder->ops->finish(encoder->state, &encoder->options, error, out);
	CHECK(n >= 0 && n <= encoder->ops->overhead);
	append(&encoder->out, &encoder->length, out, (size_t)n);
	CHECK_EQ(encoder->ops->finish(encoder->state, &encoder->options, error, out), 0);
	free(out);
}

void test_encoder_close(struct test_encoder *encoder)
{
	free(encoder->state);
	free(encoder->out);
}

int64_t test_encode(const struct dx_codec_options *options, uint32_t kind, uint32_t flags, const void *data, size_t length,
		uint8_t *out)
{
	struct test_encoder encoder;
	test_encoder_open(&encoder, options);
	int64_t n = test_encoder_put(&encoder, &(struct dx_piece){.flags = flags | WHOLE, .kind = kind, .total = length,
			.data = data, .length = length});
	if (n > 0)
		memcpy(out, encoder.out, (size_t)n);
	test_encoder_close(&encoder);
	return n;
}

/* -------------------------------------------------------------------------------------------------- round trips */

static bool is_control(const struct dx_codec_options *options, uint32_t kind)
{
	if (options->type == DX_CODEC_ZMTP)
		return kind == DX_ZMTP_COMMAND;
	return options->type == DX_CODEC_WEBSOCKET && kind >= DX_WEBSOCKET_CLOSE && kind <= DX_WEBSOCKET_PONG;
}

static void put_pieces(struct test_encoder *encoder, const struct test_message *message)
{
	bool whole = encoder->ops->needs_total || message->flags & DX_MESSAGE_CONTROL || !rng_below(generator(), 3);
	uint64_t total = whole || rng_below(generator(), 2) ? message->length : DX_LENGTH_UNKNOWN;
	size_t at = 0;
	for (bool begins = true, ends = false; !ends; begins = false) {
		size_t left = message->length - at, n = whole ? left : rng_below(generator(), left + 1);
		ends = whole || (n == left && rng_below(generator(), 2));
		struct dx_piece piece = {.kind = message->kind, .data = message->data + at, .length = n};
		piece.flags = message->flags | (begins ? DX_PIECE_BEGIN : 0) | (ends ? DX_PIECE_END : 0);
		piece.total = begins && ends ? n : total;
		total = piece.total;
		CHECK_GE(test_encoder_put(encoder, &piece), 0);
		at += n;
	}
}

static void random_message(struct test_message *message, const struct dx_codec_options *options, const uint32_t *kinds,
		size_t kind_count, size_t most, void (*fill)(uint8_t *data, size_t length))
{
	size_t least = options->type == DX_CODEC_CHUNKED;
	memset(message, 0, sizeof(*message));
	message->kind = kinds && kind_count ? kinds[rng_below(generator(), kind_count)] : 0;
	if (is_control(options, message->kind)) {
		message->flags = DX_MESSAGE_CONTROL;
		most = most < 125 ? most : 125;
	}
	if (rng_below(generator(), 2) && most > 20)
		most = 20;
	message->length = least + rng_below(generator(), most + 1 - least);
	message->data = allocate(message->length + 1);
	for (size_t i = 0; i < message->length; i++)
		message->data[i] = (uint8_t)rng_next(generator());
	if (fill)
		fill(message->data, message->length);
}

/* Puts together what the decoder has told in parts. Control messages may stand between them. */
static void put_together(struct test_decoded *decoded)
{
	struct test_message *whole = NULL;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < decoded->count; i++) {
		struct test_message *message = &decoded->messages[i];
		bool more = message->flags & DX_MESSAGE_MORE;
		if (message->flags & DX_MESSAGE_CONTROL || !whole) {
			decoded->messages[kept] = *message;
			if (more)
				whole = &decoded->messages[kept];
			kept++;
			continue;
		}
		append(&whole->data, &whole->length, message->data, message->length);
		whole->flags = message->flags;
		forget_message(message);
		if (!more)
			whole = NULL;
	}
	decoded->count = kept;
}

static void check_round_trip(const struct test_message *sent, size_t count, struct test_decoded *decoded)
{
	CHECK_EQ(decoded->error, 0);
	put_together(decoded);
	CHECK_GE(decoded->count, count);
	for (size_t i = 0; i < count; i++) {
		const struct test_message *came = &decoded->messages[i];
		CHECK(same_bytes(sent[i].data, sent[i].length, came->data, came->length));
		CHECK_EQ(came->flags & DX_MESSAGE_CONTROL, sent[i].flags & DX_MESSAGE_CONTROL);
		CHECK(!sent[i].kind || sent[i].flags & DX_MESSAGE_CONTROL || came->kind == sent[i].kind);
	}
	/* what finish() has written */
	CHECK(decoded->count == count || (decoded->count == count + 1 && decoded->messages[count].flags & DX_MESSAGE_LAST));
}

static void round_trip(const struct dx_codec_options *encoder_options, const struct dx_codec_options *decoder_options,
		const uint32_t *kinds, size_t kind_count, size_t most, void (*fill)(uint8_t *data, size_t length))
{
	struct test_message sent[16];
	size_t parts[256], count = 1 + rng_below(generator(), 16);
	struct test_encoder encoder;
	test_encoder_open(&encoder, encoder_options);
	for (size_t i = 0; i < count; i++) {
		random_message(&sent[i], encoder_options, kinds, kind_count, most, fill);
		put_pieces(&encoder, &sent[i]);
	}
	test_encoder_finish(&encoder, 0);
	for (unsigned i = 0; i < 4; i++) {
		struct test_decoded decoded;
		size_t part_count = i ? random_parts(encoder.length, parts, 256) : 0;
		test_decode(decoder_options, encoder.out, encoder.length, parts, part_count, true, &decoded);
		check_round_trip(sent, count, &decoded);
		test_forget(&decoded);
	}
	for (size_t i = 0; i < count; i++)
		forget_message(&sent[i]);
	test_encoder_close(&encoder);
}

void test_round_trips(const struct dx_codec_options *encoder, const struct dx_codec_options *decoder,
		const uint32_t *kinds, size_t kind_count, size_t most, void (*fill)(uint8_t *data, size_t length))
{
	for (unsigned round = 0; round < scaled(300); round++)
		round_trip(encoder, decoder, kinds, kind_count, most, fill);
}
