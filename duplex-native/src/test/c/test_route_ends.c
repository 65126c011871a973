/* SPDX-License-Identifier: Apache-2.0 */
/* Where a route ends: with what, for whom, and how much of a message has gone by then. */
#include "support_message.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WS_SERVER codec_of(DX_CODEC_WEBSOCKET, 0)
#define LINES codec_of(DX_CODEC_LINE, 0)
#define CHUNKS codec_of(DX_CODEC_CHUNKED, 0)

static dx_id join_route(struct line *a, const struct dx_codec_options *a_codec, struct line *b, const struct dx_codec_options *b_codec,
		uint32_t flags)
{
	dx_id join;
	struct dx_join_options options = join_options(DX_JOIN_ROUTE | flags);
	CHECK_OK(dx_codec_set(a->socket, a_codec));
	CHECK_OK(dx_codec_set(b->socket, b_codec));
	CHECK_OK(dx_join_wait(a->socket, b->socket, &options, &join));
	return join;
}

/* A message is a byte; none is the last. */
static int decode_byte(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
		struct dx_piece *piece)
{
	(void)decoder, (void)options, (void)length;
	*used = 1;
	*piece = (struct dx_piece){.flags = DX_PIECE_BEGIN | DX_PIECE_END, .total = 1, .data = data, .length = 1};
	return DX_DECODE_PIECE;
}

static int64_t encode_byte(void *encoder, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out)
{
	(void)encoder, (void)options;
	if (piece->length)
		memcpy(out, piece->data, piece->length);
	return (int64_t)piece->length;
}

static int end_anywhere(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t left, struct dx_piece *piece)
{
	(void)decoder, (void)options, (void)data, (void)left, (void)piece;
	return 0;
}

static void the_end_of_a_plugins_stream_is_an_end_like_others(void)
{
	static const struct dx_codec_ops bytes = {
		.size = sizeof(bytes), .keep = 1, .decode = decode_byte, .end = end_anywhere, .encode = encode_byte,
	};
	struct dx_codec_options options = *codec_of(DX_CODEC_PLUGIN, 0);
	memcpy(options.plugin, "bytes", 6);
	CHECK_OK(dx_codec_register("bytes", &bytes));
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	dx_id join = join_route(&a, &options, &b, LINES, 0);
	peer_say(a.peer, "xy");
	peer_shut(a.peer);
	peer_hears(b.peer, "x\ny\n");
	peer_expect_end(b.peer);
	/* the other direction goes on */
	peer_say(b.peer, "answer\n");
	peer_shut(b.peer);
	peer_hears(a.peer, "answer");
	peer_expect_end(a.peer);
	CHECK_EQ(await_ended(engine, join).reason, DX_REASON_CLIENT_CLOSED);
	peer_close(a.peer);
	peer_close(b.peer);
	engine_close(engine);
}

#define BULK 60000

/* A socket that has received a message of this size, and a Close behind it: in one turn that fills a narrow sink. */
static struct line line_with_close(dx_id engine, char *payload)
{
	struct line line = {.wire = WIRE_TCP4};
	int wire[2];
	char *ahead = malloc(BULK + 16);
	memset(payload, 'p', BULK);
	memcpy(ahead, "\x82\xfe\xea\x60\0\0\0\0", 8);
	memcpy(ahead + 8, payload, BULK);
	memcpy(ahead + 8 + BULK, "\x88\x82\0\0\0\0\x03\xe8", 8);
	wire_pair(WIRE_TCP4, 0, wire);
	line.peer = wire[1];
	CHECK_OK(dx_adopt(engine, wire[0], ahead, BULK + 16, &line.socket));
	free(ahead);
	return line;
}

static void nothing_is_sent_to_who_has_said_close(void)
{
	dx_id engine = engine_open(1);
	char *payload = malloc(BULK);
	struct line a = line_with_close(engine, payload), b = line_open(engine, WIRE_UNIX, 4 * KIB);
	dx_id join = join_route(&a, WS_SERVER, &b, NULL, 0);
	peer_expect(a.peer, "\x88\x02\x03\xe8", 4);
	CHECK_GT(join_info(join).a_to_b_pending, 0);
	peer_say(b.peer, "late");
	peer_expect(b.peer, payload, BULK);
	peer_expect_end(b.peer);
	peer_expect_end(a.peer);
	struct dx_event ended = await_ended(engine, join);
	CHECK_EQ(ended.reason, DX_REASON_CLIENT_CLOSED);
	CHECK_EQ(ended.a_to_b_messages, 1);
	CHECK_EQ(ended.b_to_a_messages, 0);
	CHECK_EQ(ended.failure, 0);
	peer_close(a.peer);
	peer_close(b.peer);
	free(payload);
	engine_close(engine);
}

static void who_resets_behind_a_close_has_closed(void)
{
	dx_id engine = engine_open(1);
	char *payload = malloc(BULK);
	struct line a = line_with_close(engine, payload), b = line_open(engine, WIRE_UNIX, 4 * KIB);
	dx_id join = join_route(&a, WS_SERVER, &b, NULL, 0);
	peer_expect(a.peer, "\x88\x02\x03\xe8", 4);
	peer_reset(a.peer);
	AWAIT(socket_info(a.socket).error == -ECONNRESET);
	peer_expect(b.peer, payload, BULK);
	peer_expect_end(b.peer);
	CHECK_EQ(await_ended(engine, join).reason, DX_REASON_CLIENT_CLOSED);
	peer_close(b.peer);
	free(payload);
	engine_close(engine);
}

static void without_close_the_end_of_one_side_is_not_told_to_the_other(void)
{
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	dx_id join = join_route(&a, NULL, &b, WS_SERVER, DX_JOIN_NO_CLOSE);
	peer_say(a.peer, "all");
	peer_shut(a.peer);
	peer_expect(b.peer, "\x82\x03" "all", 5);
	AWAIT(join_info(join).state == DX_JOIN_HALF_CLOSED);
	peer_write(b.peer, "\x82\x83\0\0\0\0yes", 9);
	peer_hears(a.peer, "yes");
	peer_write(b.peer, "\x88\x82\0\0\0\0\x03\xe9", 8);
	/* the first Close is its own, answered */
	peer_expect(b.peer, "\x88\x02\x03\xe9", 4);
	CHECK_EQ(await_ended(engine, join).reason, DX_REASON_CLIENT_CLOSED);
	line_close(&a);
	line_close(&b);

	/* and chunks have no last one */
	a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	join = join_route(&a, NULL, &b, CHUNKS, DX_JOIN_NO_CLOSE);
	peer_say(a.peer, "all");
	peer_shut(a.peer);
	peer_hears(b.peer, "3\r\nall\r\n");
	AWAIT(join_info(join).state == DX_JOIN_HALF_CLOSED);
	peer_say(b.peer, "0\r\n\r\n");
	CHECK_EQ(await_ended(engine, join).reason, DX_REASON_FINISHED);
	app_puts(b.socket, "more");
	peer_hears(b.peer, "4\r\nmore\r\n");
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

/* Both sockets are used on: neither is left inside a message. */
static void the_last_chunk_waits_for_the_message_that_comes_the_other_way(void)
{
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	dx_id join = join_route(&a, CHUNKS, &b, LINES, 0);
	peer_say(b.peer, "half");
	peer_hears(a.peer, "4\r\nhalf\r\n");
	peer_say(a.peer, "2\r\nhi\r\n0\r\n\r\nrest");
	/* the empty message of the last chunk, too */
	peer_hears(b.peer, "hi\n\n");
	peer_say(b.peer, " done\nnext\n");
	peer_hears(a.peer, "5\r\n done\r\n");
	struct dx_event ended = await_ended(engine, join);
	CHECK_EQ(ended.reason, DX_REASON_FINISHED);
	CHECK_EQ(ended.side, DX_SIDE_A);
	CHECK_EQ(ended.b_to_a_messages, 1);
	app_gets(b.socket, "next");
	app_puts(a.socket, "more");
	peer_hears(a.peer, "4\r\nmore\r\n");
	char rest[8];
	CHECK_EQ(dx_recv_wait(a.socket, rest, sizeof(rest), 30000), 4);
	CHECK(!memcmp(rest, "rest", 4));
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

static void a_route_that_has_ended_holds_no_memory(void)
{
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	struct dx_codec_options length = *codec_of(DX_CODEC_LENGTH, 0);
	length.prefix = 4;
	dx_id join = join_route(&a, WS_SERVER, &b, &length, 0);
	peer_write(a.peer, "\x02\x83\0\0\0\0abc", 9);
	AWAIT(engine_info(engine).message_memory > 0);
	peer_reset(a.peer);
	AWAIT(engine_info(engine).joins_active == 0);
	/* nobody has read the event */
	AWAIT(engine_info(engine).message_memory == 0);
	CHECK_EQ(await_ended(engine, join).reason, DX_REASON_RESET);
	peer_close(b.peer);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_end_of_a_plugins_stream_is_an_end_like_others);
	RUN(nothing_is_sent_to_who_has_said_close);
	RUN(who_resets_behind_a_close_has_closed);
	RUN(without_close_the_end_of_one_side_is_not_told_to_the_other);
	RUN(the_last_chunk_waits_for_the_message_that_comes_the_other_way);
	RUN(a_route_that_has_ended_holds_no_memory);
	return test_end();
}
