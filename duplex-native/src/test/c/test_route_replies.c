/* SPDX-License-Identifier: Apache-2.0 */
/* What a route has to say to a peer itself: pongs and Close frames, between the frames that it passes on, and never without bound. */
#include "support_message.h"

#include <string.h>
#include <unistd.h>

#define WS_SERVER codec_of(DX_CODEC_WEBSOCKET, 0)
#define WS_FRAMES codec_of(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_FRAMES)
#define ZMTP codec_of(DX_CODEC_ZMTP, 0)

/* A masked ping with a number, and the pong for it. */
#define PING 10
#define PONG 6

static void make_ping(uint32_t number, uint8_t frame[PING])
{
	memcpy(frame, "\x89\x84\0\0\0\0", 6);
	memcpy(frame + 6, &number, 4);
}

static uint32_t hear_pong(int fd)
{
	uint8_t frame[PONG];
	uint32_t number;
	for (size_t at = 0; at < PONG;) {
		long n = CHECK_SYS(read(fd, frame + at, PONG - at));
		CHECK_GT(n, 0);
		at += (size_t)n;
	}
	CHECK(!memcmp(frame, "\x8a\x04", 2));
	memcpy(&number, frame + 2, 4);
	return number;
}

/* The newest pong takes the place of those that wait: a peer that never reads costs no memory. */
static void pings_that_nobody_reads_the_answers_of_are_not_queued(void)
{
	dx_id engine = engine_open(1);
	/* A unix socket: TCP that is full both ways, with windows smaller than a segment, may stall on its own. */
	struct bridge bridge = route_of(engine, line_open(engine, WIRE_UNIX, 16 * KIB), line_open(engine, WIRE_TCP4, 0), WS_SERVER,
			NULL, 0);
	uint32_t count = scaled(400) * 1000;
	for (uint32_t number = 0; number < count;) {
		uint8_t pings[500 * PING];
		uint32_t batch = count - number < 500 ? count - number : 500;
		for (uint32_t i = 0; i < batch; i++)
			make_ping(number++, pings + i * PING);
		peer_write(bridge.a.peer, pings, batch * PING);
	}
	peer_write(bridge.a.peer, "\x82\x84\0\0\0\0" "done", 10);
	peer_hears(bridge.b.peer, "done");
	CHECK_LE(socket_info(bridge.a.socket).output_queued, KIB);
	/* what waited is sent when there is room, and the last ping is answered */
	uint32_t last = 0;
	for (uint32_t heard = hear_pong(bridge.a.peer); heard != count - 1; heard = hear_pong(bridge.a.peer)) {
		CHECK(!last || heard > last);
		last = heard;
	}
	bridge_close(&bridge);
	engine_close(engine);
}

static void a_pong_never_stands_inside_a_frame(void)
{
	dx_id engine = engine_open(1);
	/* the same codec on both sides: the bytes are the same, too */
	struct bridge bridge = route_open(engine, ZMTP, ZMTP, 0);
	char half[500];
	memset(half, 'x', sizeof(half));
	peer_write(bridge.b.peer, "\2\0\0\0\0\0\0\3\xe8", 9);
	peer_write(bridge.b.peer, half, sizeof(half));
	peer_expect(bridge.a.peer, "\2\0\0\0\0\0\0\3\xe8", 9);
	peer_expect(bridge.a.peer, half, sizeof(half));
	peer_write(bridge.a.peer, "\4\x0a\4PING\0\1ctx" "\0\5after", 19);
	/* the ping was handled when what follows it arrives */
	peer_expect(bridge.b.peer, "\0\5after", 7);
	peer_write(bridge.b.peer, half, sizeof(half));
	peer_expect(bridge.a.peer, half, sizeof(half));
	peer_expect(bridge.a.peer, "\4\x08\4PONGctx", 10);
	bridge_close(&bridge);

	bridge = route_open(engine, WS_SERVER, codec_of(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_CLIENT), 0);
	peer_write(bridge.b.peer, "\x82\x7e\3\xe8", 4);
	peer_write(bridge.b.peer, half, sizeof(half));
	peer_expect(bridge.a.peer, "\x82\x7e\3\xe8", 4);
	peer_expect(bridge.a.peer, half, sizeof(half));
	peer_write(bridge.a.peer, "\x89\x82\0\0\0\0hi", 8);
	peer_write(bridge.a.peer, "\x82\x81\0\0\0\0x", 7);
	uint8_t masked[7];
	for (size_t at = 0; at < sizeof(masked);)
		at += (size_t)CHECK_SYS(read(bridge.b.peer, masked + at, sizeof(masked) - at));
	peer_write(bridge.b.peer, half, sizeof(half));
	peer_expect(bridge.a.peer, half, sizeof(half));
	peer_expect(bridge.a.peer, "\x8a\x02hi", 4);
	bridge_close(&bridge);
	engine_close(engine);
}

static void a_pong_that_waits_for_the_end_of_a_frame_is_sent_when_that_undoes_the_route(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = route_open(engine, WS_SERVER, codec_of(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_CLIENT), 0);
	peer_write(bridge.b.peer, "\x82\x06" "abc", 5);
	peer_expect(bridge.a.peer, "\x82\x06" "abc", 5);
	peer_write(bridge.a.peer, "\x82\x81\0\0\0\0x" "\x89\x82\0\0\0\0hi", 15);
	uint8_t masked[7];
	for (size_t at = 0; at < sizeof(masked);)
		at += (size_t)CHECK_SYS(read(bridge.b.peer, masked + at, sizeof(masked) - at));
	CHECK_OK(dx_unjoin(bridge.join, 1));
	peer_write(bridge.b.peer, "def", 3);
	await_success(engine, 1);
	peer_expect(bridge.a.peer, "def", 3);
	peer_expect(bridge.a.peer, "\x8a\x02hi", 4);
	bridge_close(&bridge);
	engine_close(engine);
}

/* The route has the output and the application the input: what it gets is answered although nothing is routed. */
static void who_gets_from_the_sink_of_a_route_is_answered_for(void)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		dx_id engine = engine_open(workers);
		struct bridge bridge = route_open(engine, NULL, WS_SERVER, DX_JOIN_HALF_DUPLEX);
		char buffer[16];
		struct dx_message message;
		peer_write(bridge.b.peer, "\x89\x82\0\0\0\0hi" "\x81\x81\0\0\0\0x", 15);
		CHECK_EQ(dx_get_wait(bridge.b.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
		peer_expect(bridge.b.peer, "\x8a\x02hi", 4);
		peer_say(bridge.a.peer, "routed");
		peer_expect(bridge.b.peer, "\x82\x06routed", 8);
		bridge_close(&bridge);
		engine_close(engine);
	}
}

/* Nobody else answers the Close of a peer whose frames are passed on. */
static void a_close_is_answered_where_frames_are_passed_on(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = route_open(engine, WS_FRAMES, codec_of(DX_CODEC_WEBSOCKET, DX_WEBSOCKET_FRAMES), 0);
	peer_write(bridge.a.peer, "\x88\x82\0\0\0\0\x03\xe9", 8);
	peer_expect(bridge.b.peer, "\x88\x02\x03\xe9", 4);
	peer_expect_end(bridge.b.peer);
	peer_expect(bridge.a.peer, "\x88\x02\x03\xe8", 4);
	peer_expect_end(bridge.a.peer);
	CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_CLIENT_CLOSED);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(pings_that_nobody_reads_the_answers_of_are_not_queued);
	RUN(a_pong_never_stands_inside_a_frame);
	RUN(a_pong_that_waits_for_the_end_of_a_frame_is_sent_when_that_undoes_the_route);
	RUN(who_gets_from_the_sink_of_a_route_is_answered_for);
	RUN(a_close_is_answered_where_frames_are_passed_on);
	return test_end();
}
