/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs of one's own: found by name, and kept from harm where they are wrong. */
#include "support_message.h"

#include <stdio.h>
#include <string.h>

/* A message is two bytes. */
static int decode_pair(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	(void)decoder, (void)options;
	if (length < 2)
		return DX_DECODE_MORE;
	*used = 2;
	*piece = (struct dx_piece){.flags = DX_PIECE_BEGIN | DX_PIECE_END, .total = 2, .data = data, .length = 2};
	return DX_DECODE_PIECE;
}

static int64_t encode_pair(void *encoder, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	(void)encoder, (void)options;
	if (piece->total != 2)
		return -DX_CODEC_MESSAGE;
	memcpy(out, piece->data, piece->length);
	return (int64_t)piece->length;
}

static const struct dx_codec_ops pairs = {
	.size = sizeof(pairs), .keep = 1, .needs_total = 1, .decode = decode_pair, .encode = encode_pair,
};

static int decode_nothing(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	(void)decoder, (void)options, (void)used;
	*piece = (struct dx_piece){.flags = DX_PIECE_BEGIN | DX_PIECE_END, .data = data, .length = length};
	return DX_DECODE_PIECE;
}

static int decode_never(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	(void)decoder, (void)options, (void)data, (void)length, (void)used, (void)piece;
	return DX_DECODE_MORE;
}

static int decode_beyond(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	(void)decoder, (void)options, (void)data, (void)piece;
	*used = length + 1;
	return DX_DECODE_PIECE;
}

static int decode_nonsense(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	(void)decoder, (void)options, (void)data, (void)length, (void)used, (void)piece;
	return DX_DECODE_PIECE + 1;
}

static struct dx_codec_options named(const char *name)
{
	struct dx_codec_options options = *codec_of(DX_CODEC_PLUGIN, 0);
	snprintf(options.plugin, sizeof(options.plugin), "%s", name);
	return options;
}

static void a_plugin_is_a_codec_like_the_others(void)
{
	dx_id engine = engine_open(1), join;
	CHECK_OK(dx_codec_register("pairs", &pairs));
	CHECK_OK(dx_codec_register("pairs", &pairs));
	struct dx_codec_options options = named("pairs");
	struct line line = line_open(engine, WIRE_TCP4, 0), other = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, &options));
	peer_say(line.peer, "abcde");
	app_gets(line.socket, "ab");
	app_gets(line.socket, "cd");
	app_puts(line.socket, "xy");
	peer_hears(line.peer, "xy");
	CHECK_OK(dx_codec_set(other.socket, codec_of(DX_CODEC_LINE, 0)));
	struct dx_join_options route = join_options(DX_JOIN_ROUTE);
	CHECK_OK(dx_join_wait(line.socket, other.socket, &route, &join));
	peer_say(line.peer, "fgh");
	peer_hears(other.peer, "ef\ngh\n");
	peer_say(other.peer, "no\n");
	peer_hears(line.peer, "no");
	line_close(&line);
	line_close(&other);
	engine_close(engine);
}

static void one_that_is_wrong_harms_nobody(void)
{
	static const struct dx_codec_ops tables[] = {
		{.size = sizeof(pairs), .keep = 1, .decode = decode_nothing, .encode = encode_pair},
		{.size = sizeof(pairs), .keep = 1, .decode = decode_never, .encode = encode_pair},
		{.size = sizeof(pairs), .keep = 1, .decode = decode_beyond, .encode = encode_pair},
		{.size = sizeof(pairs), .keep = 1, .decode = decode_nonsense, .encode = encode_pair},
	};
	dx_id engine = engine_open(1), join;
	for (unsigned i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		char name[] = "wrong-0", buffer[64];
		name[6] += (char)i;
		CHECK_OK(dx_codec_register(name, &tables[i]));
		CHECK_EQ(dx_codec_register(name, &pairs), -EEXIST);
		struct dx_codec_options options = named(name);
		struct dx_message message;
		struct line line = line_open(engine, WIRE_TCP4, 0), other = line_open(engine, WIRE_TCP4, 0);
		CHECK_OK(dx_codec_set(line.socket, &options));
		peer_say(line.peer, "some bytes");
		CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), -EPROTO);
		CHECK_EQ(failure_of(line.socket).input, DX_CODEC_PLUGIN_ERROR);
		line_close(&line);
		line = line_open(engine, WIRE_TCP4, 0);
		CHECK_OK(dx_codec_set(line.socket, &options));
		struct dx_join_options route = join_options(DX_JOIN_ROUTE);
		CHECK_OK(dx_join_wait(line.socket, other.socket, &route, &join));
		peer_say(line.peer, "some bytes");
		CHECK_EQ(await_ended(engine, join).reason, DX_REASON_PROTOCOL);
		peer_close(line.peer);
		peer_close(other.peer);
	}
	engine_close(engine);
}

static void bad_tables_are_refused(void)
{
	struct dx_codec_ops ops = pairs;
	CHECK_EQ(dx_codec_register(NULL, &pairs), -EINVAL);
	CHECK_EQ(dx_codec_register("", &pairs), -EINVAL);
	CHECK_EQ(dx_codec_register("Upper", &pairs), -EINVAL);
	CHECK_EQ(dx_codec_register("a-name-of-more-than-thirty-one-bytes", &pairs), -EINVAL);
	CHECK_EQ(dx_codec_register("none", NULL), -EINVAL);
	ops.decode = NULL;
	CHECK_EQ(dx_codec_register("none", &ops), -EINVAL);
	ops = pairs;
	ops.keep = 40000;
	CHECK_EQ(dx_codec_register("none", &ops), -EINVAL);
	ops = pairs;
	ops.size = 8;
	CHECK_EQ(dx_codec_register("none", &ops), -EINVAL);
}

int main(void)
{
	test_begin();
	RUN(a_plugin_is_a_codec_like_the_others);
	RUN(one_that_is_wrong_harms_nobody);
	RUN(bad_tables_are_refused);
	return test_end();
}
