/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from socket to socket, without the application. */
#include "support_message.h"

#include <stdlib.h>
#include <string.h>

#define WS_SERVER codec_of(DX_CODEC_WEBSOCKET, 0)
#define WS_CLIENT codec_of(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_CLIENT)
#define LINES codec_of(DX_CODEC_LINE, 0)

static void each_side_has_its_codec(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = route_open(engine, WS_SERVER, LINES, 0);
	peer_write(bridge.a.peer, "\x81\x85\1\1\1\1Idmmn", 11); /* "Hello", masked by 1 */
	peer_hears(bridge.b.peer, "Hello\n");
	peer_say(bridge.b.peer, "one\ntwo\r\n");
	peer_expect(bridge.a.peer, "\x82\x03one\x82\x03two", 10);
	struct dx_join_info info = join_info(bridge.join);
	CHECK_EQ(info.a_to_b_messages, 1);
	CHECK_EQ(info.b_to_a_messages, 2);
	CHECK_EQ(info.flags & DX_JOIN_ROUTE, DX_JOIN_ROUTE);
	/* a ping is answered on the way, and does not go along */
	peer_write(bridge.a.peer, "\x89\x82\0\0\0\0hi", 8);
	peer_expect(bridge.a.peer, "\x8a\x02hi", 4);
	bridge_close(&bridge);
	engine_close(engine);
}

static void a_stream_becomes_messages_and_back(void)
{
	dx_id engine = engine_open(2);
	struct bridge bridge = route_open(engine, WS_SERVER, NULL, 0);
	peer_write(bridge.a.peer, "\x82\x83\0\0\0\0" "abc" "\x82\x82\0\0\0\0" "de", 17);
	peer_hears(bridge.b.peer, "abcde");
	peer_say(bridge.b.peer, "reply");
	peer_expect(bridge.a.peer, "\x82\x05reply", 7);
	bridge_close(&bridge);
	engine_close(engine);
}

/* wherever the reads end: each message is text by itself */
static void a_stream_becomes_text(void)
{
	dx_id engine = engine_open(1);
	struct rng rng;
	rng_init(&rng, 5);
	for (uint32_t chunk = 0; chunk < 6; chunk++) {
		struct dx_codec_options text = *codec_of(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_TEXT), reader = *WS_CLIENT;
		text.chunk = chunk;
		struct bridge bridge = route_open(engine, NULL, &text, 0);
		dx_id socket;
		CHECK_OK(dx_adopt(engine, bridge.b.peer, NULL, 0, &socket));
		CHECK_OK(dx_codec_set(socket, &reader));
		char sent[4000], got[4000];
		size_t length = 0, at = 0, received = 0;
		while (length < sizeof(sent) - 4) {
			static const char *const characters[] = {"a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8e\x84"};
			const char *next = characters[rng_below(&rng, 4)];
			memcpy(sent + length, next, strlen(next));
			length += strlen(next);
		}
		while (received < length) {
			size_t n = 1 + rng_below(&rng, 3);
			n = n < length - at ? n : length - at;
			peer_write(bridge.a.peer, sent + at, n);
			at += n;
			struct dx_message message;
			int64_t count = at < length ? dx_get(socket, got + received, sizeof(got) - received, &message, 1)
					: dx_get_wait(socket, got + received, sizeof(got) - received, &message, 1, 30000);
			CHECK(count == 1 || (count == -EAGAIN && at < length));
			received += count == 1 ? message.length : 0;
		}
		CHECK_EQ(received, length);
		CHECK(!memcmp(sent, got, length));
		/* what is not text is found at the end, too */
		peer_write(bridge.a.peer, "\xe2\x82", 2);
		peer_shut(bridge.a.peer);
		struct dx_event ended = await_ended(engine, bridge.join);
		CHECK_EQ(ended.reason, DX_REASON_PROTOCOL);
		CHECK_EQ(ended.failure, DX_CODEC_MESSAGE);
		CHECK_OK(dx_close_wait(socket, 0, 1000));
		peer_close(bridge.a.peer);
	}
	engine_close(engine);
}

/* a gateway before and a gateway behind: what goes in comes out, whatever the sizes */
static void bulk_goes_through_two_gateways(void)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		dx_id engine = engine_open(workers);
		struct line first = line_open(engine, WIRE_TCP4, 0), last = line_open(engine, WIRE_TCP4, 0);
		int wire[2];
		dx_id left, right, to_socket, from_socket;
		wire_pair(WIRE_TCP4, 0, wire);
		CHECK_OK(dx_adopt(engine, wire[0], NULL, 0, &left));
		CHECK_OK(dx_adopt(engine, wire[1], NULL, 0, &right));
		CHECK_OK(dx_codec_set(left, WS_CLIENT));
		CHECK_OK(dx_codec_set(right, WS_SERVER));
		struct dx_join_options options = join_options(DX_JOIN_ROUTE);
		CHECK_OK(dx_join_wait(first.socket, left, &options, &to_socket));
		CHECK_OK(dx_join_wait(right, last.socket, &options, &from_socket));
		struct flow flows[] = {
			flow_new(first.peer, last.peer, scaled(32) * MIB, false), flow_new(last.peer, first.peer, scaled(32) * MIB, false),
		};
		flows_run(flows, 2);
		/* the end becomes a Close, which is answered, and becomes an end: on both sides */
		peer_shut(first.peer);
		peer_expect_end(last.peer);
		peer_expect_end(first.peer);
		CHECK_EQ(await_ended(engine, to_socket).reason, DX_REASON_CLIENT_CLOSED);
		CHECK_EQ(await_ended(engine, from_socket).reason, DX_REASON_CLIENT_CLOSED);
		peer_close(first.peer);
		peer_close(last.peer);
		engine_close(engine);
	}
}

/* One message that nobody could put together: it is told in pieces, and none of them waits for the others. */
static void a_message_of_any_size_passes_in_a_few_kilobytes(void)
{
	dx_id engine = engine_open(1);
	struct dx_codec_options options = *WS_SERVER;
	options.max_message = UINT64_MAX;
	struct bridge bridge = route_open(engine, &options, &options, 0);
	uint64_t length = scaled(1024) * MIB, total = length + 1;
	uint8_t header[15] = {0x82, 0xff, [14] = 'x'}; /* masked by 0 */
	for (int i = 0; i < 8; i++)
		header[2 + i] = (uint8_t)(total >> (56 - 8 * i));
	peer_write(bridge.a.peer, header, sizeof(header));
	header[1] = 0x7f;
	header[10] = 'x';
	peer_expect(bridge.b.peer, header, 11);
	uint64_t resident = resident_bytes();
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, length, false);
	flows_run(&flow, 1);
	CHECK_EQ(engine_info(engine).message_memory, 0);
	CHECK_EQ(join_info(bridge.join).a_to_b_messages, 1);
	if (!sanitized())
		CHECK_LE(resident_bytes(), resident + 2 * MIB);
	bridge_close(&bridge);
	engine_close(engine);
}

static void a_close_ends_both_directions(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = route_open(engine, WS_SERVER, NULL, 0);
	peer_write(bridge.a.peer, "\x82\x83\0\0\0\0" "abc" "\x88\x82\0\0\0\0\x03\xe8", 17);
	peer_hears(bridge.b.peer, "abc");
	peer_expect_end(bridge.b.peer);
	peer_expect(bridge.a.peer, "\x88\x02\x03\xe8", 4);
	peer_expect_end(bridge.a.peer);
	CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_CLIENT_CLOSED);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	engine_close(engine);
}

static void an_end_without_close_is_a_reset(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = route_open(engine, WS_SERVER, NULL, 0);
	peer_write(bridge.a.peer, "\x82\x83\0\0\0\0" "abc", 9);
	peer_shut(bridge.a.peer);
	peer_hears(bridge.b.peer, "abc");
	struct stream none = stream_new();
	CHECK_EQ(peer_recv_to_reset(bridge.b.peer, &none), 0);
	CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_RESET);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	engine_close(engine);
}

static void a_close_that_is_not_answered_is_not_waited_for(void)
{
	dx_id engine = engine_open(1);
	struct dx_codec_options options = *WS_SERVER;
	options.close_timeout = 20;
	struct bridge bridge = route_open(engine, &options, NULL, 0);
	peer_shut(bridge.b.peer);
	peer_expect(bridge.a.peer, "\x88\x02\x03\xe8", 4);
	peer_expect_end(bridge.a.peer);
	CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_BACKEND_CLOSED);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	engine_close(engine);
}

static void what_a_codec_refuses_ends_the_route(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = route_open(engine, WS_SERVER, LINES, 0);
	peer_write(bridge.a.peer, "\x82\x83\0\0\0\0" "abc" "\x82\x01" "x", 12);
	peer_hears(bridge.b.peer, "abc\n");
	struct stream none = stream_new();
	CHECK_EQ(peer_recv_to_reset(bridge.b.peer, &none), 0);
	peer_expect(bridge.a.peer, "\x88\x02\x03\xea", 4);
	peer_expect_end(bridge.a.peer);
	struct dx_event ended = await_ended(engine, bridge.join);
	CHECK_EQ(ended.reason, DX_REASON_PROTOCOL);
	CHECK_EQ(ended.side, DX_SIDE_A);
	CHECK_EQ(ended.failure, DX_CODEC_WS_UNMASKED);
	CHECK_EQ(ended.a_to_b_messages, 1);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);

	/* a message that the other codec has no words for: that side is at fault */
	bridge = route_open(engine, WS_SERVER, LINES, 0);
	peer_write(bridge.a.peer, "\x82\x83\0\0\0\0" "a\nc", 9);
	ended = await_ended(engine, bridge.join);
	CHECK_EQ(ended.reason, DX_REASON_PROTOCOL);
	CHECK_EQ(ended.side, DX_SIDE_B);
	CHECK_EQ(ended.failure, DX_CODEC_MESSAGE);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	engine_close(engine);
}

static void a_slow_frame_is_cut_off_and_a_slow_reader_is_not(void)
{
	dx_id engine = engine_open(1);
	struct dx_codec_options options = *LINES;
	options.frame_timeout = 30;
	struct bridge bridge = route_open(engine, &options, NULL, 0);
	peer_say(bridge.a.peer, "whole\nhal");
	peer_hears(bridge.b.peer, "wholehal");
	struct dx_event ended = await_ended(engine, bridge.join);
	CHECK_EQ(ended.reason, DX_REASON_PROTOCOL);
	CHECK_EQ(ended.failure, DX_CODEC_TOO_SLOW);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	engine_close(engine);
}

static void it_is_undone_between_two_messages(void)
{
	dx_id engine = engine_open(2);
	struct bridge bridge = route_open(engine, LINES, codec_of(DX_CODEC_LINE, DX_LINE_CRLF), 0);
	peer_say(bridge.a.peer, "one\ntw");
	peer_hears(bridge.b.peer, "one\r\ntw");
	CHECK_OK(dx_unjoin(bridge.join, 77));
	CHECK_EQ(dx_unjoin_wait(bridge.join, NULL), -EALREADY);
	peer_say(bridge.a.peer, "o\nthree\n");
	struct dx_event done = await_done(engine, 77);
	CHECK_OK(done.result);
	CHECK_EQ(done.a_to_b_messages, 2);
	peer_hears(bridge.b.peer, "o\r\n");
	app_gets(bridge.a.socket, "three");
	app_puts(bridge.b.socket, "three");
	peer_hears(bridge.b.peer, "three\r\n");
	/* joined anew, as bytes */
	CHECK_OK(dx_join_wait(bridge.a.socket, bridge.b.socket, NULL, &bridge.join));
	peer_say(bridge.a.peer, "raw");
	peer_hears(bridge.b.peer, "raw");
	bridge_close(&bridge);
	engine_close(engine);
}

static void the_halves_of_a_route_are_its_own(void)
{
	dx_id engine = engine_open(1), join, tee;
	struct bridge bridge = route_open(engine, LINES, LINES, 0);
	struct line other = line_open(engine, WIRE_TCP4, 0);
	struct dx_join_options options = join_options(DX_JOIN_ROUTE);
	CHECK_EQ(dx_join_wait(bridge.a.socket, other.socket, NULL, &join), -EBUSY);
	CHECK_EQ(dx_join_wait(bridge.a.socket, other.socket, &options, &join), -EBUSY);
	CHECK_EQ(dx_tee_wait(bridge.join, other.socket, DX_SIDE_A, 0, &tee), -EBUSY);
	options.flags |= DX_JOIN_LOSSY;
	CHECK_EQ(dx_join_wait(bridge.a.socket, other.socket, &options, &join), -EINVAL);
	peer_say(bridge.a.peer, "goes on\n");
	peer_hears(bridge.b.peer, "goes on\n");
	line_close(&other);
	bridge_close(&bridge);
	engine_close(engine);
}

static void random_lines_survive_random_reads(void)
{
	dx_id engine = engine_open(2);
	struct rng rng;
	rng_init(&rng, 3);
	for (unsigned round = 0; round < scaled(20); round++) {
		struct dx_codec_options to = *codec_of(DX_CODEC_LINE, round % 2 ? DX_LINE_CRLF : DX_LINE_LF);
		struct bridge bridge = route_open(engine, LINES, &to, DX_JOIN_HALF_DUPLEX);
		size_t length = 200000, out = 0;
		char *in = malloc(length), *expected = malloc(2 * length);
		for (size_t i = 0; i < length; i++) {
			in[i] = i == length - 1 || rng_below(&rng, 1 + rng_below(&rng, 200)) == 0 ? '\n' : (char)('a' + i % 26);
			if (in[i] == '\n' && round % 2)
				expected[out++] = '\r';
			expected[out++] = in[i];
		}
		for (size_t at = 0; at < length;) {
			size_t n = 1 + rng_below(&rng, 3000);
			n = n < length - at ? n : length - at;
			peer_write(bridge.a.peer, in + at, n);
			at += n;
		}
		peer_expect(bridge.b.peer, expected, out);
		free(in);
		free(expected);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(each_side_has_its_codec);
	RUN(a_stream_becomes_messages_and_back);
	RUN(a_stream_becomes_text);
	RUN(bulk_goes_through_two_gateways);
	RUN(a_message_of_any_size_passes_in_a_few_kilobytes);
	RUN(a_close_ends_both_directions);
	RUN(an_end_without_close_is_a_reset);
	RUN(a_close_that_is_not_answered_is_not_waited_for);
	RUN(what_a_codec_refuses_ends_the_route);
	RUN(a_slow_frame_is_cut_off_and_a_slow_reader_is_not);
	RUN(it_is_undone_between_two_messages);
	RUN(the_halves_of_a_route_are_its_own);
	RUN(random_lines_survive_random_reads);
	return test_end();
}
