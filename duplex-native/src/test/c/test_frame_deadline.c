/* SPDX-License-Identifier: Apache-2.0 */
/* How long a message may take: who dawdles is cut off, and who is held back is not. */
#include "support_message.h"

#include "framing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS UINT64_C(1000000) /* ns */

/* Decodes all that it can; answers the bytes that are left over. */
static size_t feed(struct dx__framing *framing, const char *bytes, size_t length, unsigned pieces)
{
	uint8_t data[64];
	size_t at = 0;
	struct dx_piece piece;
	memcpy(data, bytes, length);
	while (at < length && dx__framing_decode(framing, data + at, length - at, &at, &piece) == DX_DECODE_PIECE)
		pieces--;
	CHECK_EQ(pieces, 0);
	return length - at;
}

static void a_message_has_its_time_from_where_it_begins(void)
{
	struct dx__framing framing = {0};
	struct dx_codec_options options = *codec_of(DX_CODEC_WEBSOCKET, 0);
	options.frame_timeout = 1000;
	CHECK_OK(dx__codec_find(&options, &framing.options, &framing.ops));
	framing.decoder = calloc(1, framing.ops->decoder_size);
	/* half a ping */
	CHECK_OK(dx__framing_check_time(&framing, feed(&framing, "\x89\x82", 2, 0), 5000 * MS));
	/* the rest of it, and with it the beginning of the next frame */
	CHECK_OK(dx__framing_check_time(&framing, feed(&framing, "\x89\x82\0\0\0\0hi\x82", 9, 1), 5900 * MS));
	CHECK_OK(dx__framing_check_time(&framing, 1, 6100 * MS));
	CHECK_EQ(dx__framing_check_time(&framing, 1, 6900 * MS), -DX_CODEC_TOO_SLOW);
	/* a ping inside a message is not the message's end */
	CHECK_OK(dx__codec_find(&options, &framing.options, &framing.ops));
	memset(framing.decoder, 0, framing.ops->decoder_size);
	framing.begun = 0;
	CHECK_OK(dx__framing_check_time(&framing, feed(&framing, "\x02\x81\0\0\0\0a", 7, 1), 8000 * MS));
	CHECK_OK(dx__framing_check_time(&framing, feed(&framing, "\x89\x80\0\0\0\0", 6, 1), 8900 * MS));
	CHECK_EQ(dx__framing_check_time(&framing, 0, 9000 * MS), -DX_CODEC_TOO_SLOW);
	free(framing.decoder);
}

static dx_id join_route(struct line *a, struct line *b, uint32_t frame_timeout, uint64_t rate)
{
	dx_id join;
	struct dx_codec_options codec = *codec_of(DX_CODEC_LINE, 0);
	struct dx_join_options options = join_options(DX_JOIN_ROUTE);
	codec.frame_timeout = frame_timeout;
	options.a_to_b_rate = rate;
	CHECK_OK(dx_codec_set(a->socket, &codec));
	CHECK_OK(dx_join_wait(a->socket, b->socket, &options, &join));
	return join;
}

/* A byte every now and then is no progress. */
static void a_trickle_is_cut_off_got_or_routed(void)
{
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	dx_id join = join_route(&a, &b, 100, 0);
	uint64_t begun = now_ms();
	while (engine_info(engine).joins_active) {
		CHECK_LT(now_ms(), begun + 20000);
		(void)!write(a.peer, "x", 1);
		poll_pause();
	}
	CHECK_GE(now_ms(), begun + 99);
	struct dx_event ended = await_ended(engine, join);
	CHECK_EQ(ended.reason, DX_REASON_PROTOCOL);
	CHECK_EQ(ended.failure, DX_CODEC_TOO_SLOW);
	CHECK_EQ(ended.side, DX_SIDE_A);
	peer_close(a.peer);
	peer_close(b.peer);

	a = line_open(engine, WIRE_TCP4, 0);
	struct dx_codec_options codec = *codec_of(DX_CODEC_LINE, 0);
	codec.frame_timeout = 100;
	CHECK_OK(dx_codec_set(a.socket, &codec));
	char buffer[16];
	struct dx_message message;
	int64_t n;
	begun = now_ms();
	while ((n = dx_get(a.socket, buffer, sizeof(buffer), &message, 1)) == -EAGAIN) {
		CHECK_LT(now_ms(), begun + 20000);
		peer_say(a.peer, "x");
		poll_pause();
	}
	CHECK_EQ(n, -EPROTO);
	CHECK_GE(now_ms(), begun + 99);
	CHECK_EQ(failure_of(a.socket).input, DX_CODEC_TOO_SLOW);
	line_close(&a);
	engine_close(engine);
}

/* However long the reader takes, the writer has its time from when it may go on. */
static void who_is_held_back_by_the_other_side_is_not_slow(void)
{
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 4 * KIB);
	dx_id join = join_route(&a, &b, 1000, 0);
	uint64_t begun = now_ms();
	char *begin = malloc(60000);
	memset(begin, 'x', 60000);
	peer_write(a.peer, begin, 60000);
	AWAIT(join_info(join).a_to_b_pending > 0);
	AWAIT(now_ms() >= begun + 1750);
	peer_expect(b.peer, begin, 60000);
	AWAIT(now_ms() >= begun + 2250);
	peer_say(a.peer, "end\n");
	peer_hears(b.peer, "end");
	CHECK_EQ(join_info(join).a_to_b_messages, 1);
	/* and then it is */
	peer_say(a.peer, "x");
	struct dx_event ended = await_ended(engine, join);
	CHECK_EQ(ended.failure, DX_CODEC_TOO_SLOW);
	free(begin);
	peer_close(a.peer);
	peer_close(b.peer);
	engine_close(engine);
}

static void who_is_held_back_by_a_rate_is_not_slow(void)
{
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	dx_id join = join_route(&a, &b, 200, 40000);
	char *line = malloc(40001);
	memset(line, 'x', 40000);
	line[40000] = '\n';
	peer_write(a.peer, line, 40001);
	peer_expect(b.peer, line, 40000);
	AWAIT(join_info(join).a_to_b_messages == 1);
	free(line);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

struct asker {
	dx_id socket;
	_Atomic bool over;
};

static void *ask(void *argument)
{
	struct asker *asker = argument;
	while (!asker->over) {
		dx_get_deadline(asker->socket);
		struct dx_codec_failure failure = {.size = sizeof(failure)};
		dx_codec_failure(asker->socket, &failure);
	}
	return NULL;
}

/* For ThreadSanitizer. */
static void anybody_may_ask_while_the_worker_looks_at_the_time(void)
{
	dx_id engine = engine_open(1);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 4 * KIB);
	dx_id join = join_route(&a, &b, 5, 0);
	struct asker asker = {.socket = a.socket};
	pthread_t thread = thread_start(ask, &asker);
	char begin[60000];
	memset(begin, 'x', sizeof(begin));
	peer_write(a.peer, begin, sizeof(begin));
	AWAIT(join_info(join).a_to_b_pending > 0);
	/* a few looks while the sink is full */
	uint64_t begun = now_ms();
	AWAIT(now_ms() >= begun + 50);
	peer_expect(b.peer, begin, sizeof(begin));
	CHECK_EQ(await_ended(engine, join).failure, DX_CODEC_TOO_SLOW);
	asker.over = true;
	thread_join(thread);
	peer_close(a.peer);
	peer_close(b.peer);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_message_has_its_time_from_where_it_begins);
	RUN(a_trickle_is_cut_off_got_or_routed);
	RUN(who_is_held_back_by_the_other_side_is_not_slow);
	RUN(who_is_held_back_by_a_rate_is_not_slow);
	RUN(anybody_may_ask_while_the_worker_looks_at_the_time);
	return test_end();
}
