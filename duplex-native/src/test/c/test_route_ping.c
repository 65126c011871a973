/* SPDX-License-Identifier: Apache-2.0 */
/* Pings of a route: who answers stays, who has vanished does not. */
#include "support_message.h"

#include <string.h>

static struct dx_codec_options pinging(uint32_t type, uint32_t flags, uint32_t interval)
{
	struct dx_codec_options options = *codec_of(type, flags);
	options.ping_interval = interval;
	return options;
}

static void expect_vanished(struct bridge *bridge, uint32_t side)
{
	struct dx_event ended = await_ended(bridge->engine, bridge->join);
	CHECK_EQ(ended.reason, DX_REASON_IDLE);
	CHECK_EQ(ended.side, side);
	peer_close(bridge->a.peer);
	peer_close(bridge->b.peer);
}

static void a_websocket_that_answers_stays(void)
{
	dx_id engine = engine_open(1);
	struct dx_codec_options server = pinging(DX_CODEC_WEBSOCKET, 0, 500);
	struct bridge bridge = route_open(engine, &server, NULL, 0);
	for (int i = 0; i < 3; i++) {
		peer_expect(bridge.a.peer, "\x89\0", 2);
		peer_write(bridge.a.peer, "\x8a\x80\0\0\0\0", 6);
	}
	/* messages are as good as an answer, and pongs are no messages */
	peer_write(bridge.a.peer, "\x82\x82\0\0\0\0hi", 8);
	peer_hears(bridge.b.peer, "hi");
	peer_expect(bridge.a.peer, "\x89\0", 2);
	CHECK_EQ(join_info(bridge.join).a_to_b_messages, 1);
	/* and then it has vanished */
	expect_vanished(&bridge, DX_SIDE_A);
	engine_close(engine);
}

/* "\x89\x80" and a mask, which the payload of no bytes does not need */
static void a_client_masks_its_pings(void)
{
	dx_id engine = engine_open(2);
	struct dx_codec_options client = pinging(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_CLIENT, 20);
	struct bridge bridge = route_open(engine, NULL, &client, 0);
	peer_expect(bridge.b.peer, "\x89\x80", 2);
	expect_vanished(&bridge, DX_SIDE_B);
	engine_close(engine);
}

static void zmtp_has_heartbeats(void)
{
	dx_id engine = engine_open(1);
	struct dx_codec_options zmtp = pinging(DX_CODEC_ZMTP, 0, 500);
	struct bridge bridge = route_open(engine, &zmtp, codec_of(DX_CODEC_LINE, 0), 0);
	for (int i = 0; i < 2; i++) {
		peer_expect(bridge.a.peer, "\4\7\4PING\0\0", 9);
		peer_write(bridge.a.peer, "\4\5\4PONG", 7);
	}
	peer_write(bridge.a.peer, "\0\2hi", 4);
	peer_hears(bridge.b.peer, "hi\n");
	peer_expect(bridge.a.peer, "\4\7\4PING\0\0", 9);
	expect_vanished(&bridge, DX_SIDE_A);
	engine_close(engine);
}

/* A frame's promised payload must come before anything else, and whoever was not asked owes no answer. */
static void a_ping_waits_for_the_end_of_a_frame(void)
{
	dx_id engine = engine_open(1);
	struct dx_codec_options pinged = pinging(DX_CODEC_WEBSOCKET, 0, 20);
	struct bridge bridge = route_open(engine, codec_of(DX_CODEC_WEBSOCKET, 0), &pinged, 0);
	struct bridge clock = route_open(engine, &pinged, NULL, 0);
	peer_write(bridge.a.peer, "\x82\x8a\0\0\0\0" "abcd", 10);
	peer_expect(bridge.b.peer, "\x82\x0a" "abcd", 6);
	/* more than one interval, as others feel it */
	peer_expect(clock.a.peer, "\x89\0", 2);
	expect_vanished(&clock, DX_SIDE_A);
	peer_write(bridge.a.peer, "efghij", 6);
	peer_expect(bridge.b.peer, "efghij\x89\0", 8);
	expect_vanished(&bridge, DX_SIDE_B);
	engine_close(engine);
}

/* Nobody knows what has come from a peer that is not read from. */
static void a_peer_that_is_held_back_has_not_vanished(void)
{
	dx_id engine = engine_open(1);
	struct dx_codec_options server = pinging(DX_CODEC_WEBSOCKET, 0, 20);
	server.max_message = UINT64_MAX;
	struct bridge bridge = route_open(engine, &server, NULL, 0);
	struct stream stream = stream_new();
	peer_write(bridge.a.peer, "\x82\xff\0\0\1\0\0\0\0\0\0\0\0\0", 14);
	peer_send_until_stalled(bridge.a.peer, &stream);
	for (int i = 0; i < 5; i++)
		peer_expect(bridge.a.peer, "\x89\0", 2);
	CHECK_EQ(join_info(bridge.join).state, DX_JOIN_OPEN);
	bridge_close(&bridge);
	engine_close(engine);
}

static void others_cannot_ping(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct dx_codec_options wrong[] = {
		pinging(DX_CODEC_LINE, 0, 10), pinging(DX_CODEC_STREAM, 0, 10), pinging(DX_CODEC_CHUNKED, 0, 10),
		pinging(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_FRAMES, 10), pinging(DX_CODEC_ZMTP, DX_ZMTP_FRAMES, 10),
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK_EQ(dx_codec_set(line.socket, &wrong[i]), -EINVAL);
	line_close(&line);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_websocket_that_answers_stays);
	RUN(a_client_masks_its_pings);
	RUN(zmtp_has_heartbeats);
	RUN(a_ping_waits_for_the_end_of_a_frame);
	RUN(a_peer_that_is_held_back_has_not_vanished);
	RUN(others_cannot_ping);
	return test_end();
}
