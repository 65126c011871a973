/* SPDX-License-Identifier: Apache-2.0 */
/* Time limits of a join: idle, idle once one direction has ended, whole life. (Law 7.) */
#include "support.h"

#include <sys/socket.h>

static void an_idle_join_ends(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct dx_join_options options = join_options(0);
		options.idle_timeout = 120;
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, 0, &options);
		struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 1000, false);
		flows_run(&flow, 1);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_IDLE);
		CHECK_EQ(end.side, DX_SIDE_NONE);
		CHECK_EQ(end.a_to_b, 1000);
		CHECK_GE(end.duration_ns, 115000000);
		peer_expect_end(bridge.a.peer); /* both are closed, in order */
		peer_expect_end(bridge.b.peer);
		bridge_close(&bridge);
		AWAIT(engine_info(engine).sockets == 0);
	}
	engine_close(engine);
}

/* Bytes in either direction keep it alive, however few. */
static void a_byte_in_either_direction_counts(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(0);
	options.idle_timeout = 300;
	for (bool kept_up = false; !kept_up;) { /* again when this machine was too slow to be regular */
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
		uint64_t last = now_ms(), start = last;
		kept_up = true;
		for (unsigned i = 0; kept_up && now_ms() - start < 900; i++) {
			struct stream sent = stream_new(), received = sent;
			peer_send(i % 2 ? bridge.a.peer : bridge.b.peer, &sent, 1);
			peer_recv(i % 2 ? bridge.b.peer : bridge.a.peer, &received, 1);
			kept_up = now_ms() - last < 250;
			last = now_ms();
			AWAIT(now_ms() - last >= 100);
		}
		if (kept_up)
			CHECK_EQ(join_info(bridge.join).state, DX_JOIN_OPEN);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* Data that the sink does not take moves nobody: a reader that stands still is idle, too. */
static void a_stalled_join_is_idle(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(0);
	options.idle_timeout = 500;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 16 * KIB, &options);
	struct stream sent = stream_new();
	peer_send_some(bridge.a.peer, &sent, 8 * MIB);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_IDLE);
	CHECK_LE(end.a_to_b + end.a_to_b_pending, sent.offset);
	bridge_close(&bridge);
	engine_close(engine);
}

static void a_half_closed_join_has_its_own_limit(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 2; i++) {
		struct dx_join_options options = join_options(0);
		options.idle_timeout = i ? 120 : 0;
		options.half_close_timeout = i ? 0 : 120; /* 0: as idle_timeout */
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, &options);
		uint64_t start = now_ms();
		if (!i) {
			AWAIT(now_ms() - start >= 250); /* does not count yet */
			CHECK_EQ(join_info(bridge.join).state, DX_JOIN_OPEN);
		}
		start = now_ms();
		peer_shut(bridge.a.peer);
		peer_expect_end(bridge.b.peer);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_IDLE);
		CHECK_GE(now_ms() - start, 115);
		peer_expect_end(bridge.a.peer);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

static void bytes_extend_the_half_close_limit(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(0);
	options.half_close_timeout = 400;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
	struct stream sent = stream_new(), received = sent;
	uint64_t start = now_ms();
	peer_shut(bridge.a.peer);
	while (now_ms() - start < 600) {
		uint64_t last = now_ms();
		peer_send(bridge.b.peer, &sent, 1);
		peer_recv(bridge.a.peer, &received, 1);
		AWAIT(now_ms() - last >= 50);
		if (now_ms() - last > 300)
			start = now_ms(); /* too slow to prove anything; it must only live on from here */
	}
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_IDLE);
	CHECK_EQ(end.b_to_a, sent.offset);
	CHECK_GE(end.duration_ns, 900000000);
	bridge_close(&bridge);
	engine_close(engine);
}

/* Sends as long as somebody takes it. */
static void *send_on(void *argument)
{
	struct flow *flow = argument;
	while (!flow->ended) {
		uint8_t data[4096] = { 0 };
		flow->ended = send(flow->from, data, sizeof(data), MSG_NOSIGNAL) == -1;
	}
	return NULL;
}

static void *receive_on(void *argument)
{
	struct flow *flow = argument;
	uint8_t data[65536];
	while (recv(flow->to, data, sizeof(data), 0) > 0)
		;
	return NULL;
}

/* However busy it is. */
static void a_life_has_an_end(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(0);
	options.max_lifetime = 200;
	options.idle_timeout = 10000;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 0, false);
	pthread_t sender = thread_start(send_on, &flow), receiver = thread_start(receive_on, &flow);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_LIFETIME);
	CHECK_EQ(end.side, DX_SIDE_NONE);
	CHECK_GE(end.duration_ns, 200000000);
	CHECK_GT(end.a_to_b, 0);
	thread_join(receiver);
	shutdown(bridge.a.peer, SHUT_RDWR); /* unless that is known there already */
	thread_join(sender);
	bridge_close(&bridge);
	engine_close(engine);
}

/* Limits of an undone join are forgotten: the sockets live on. */
static void an_undone_join_has_no_limits(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(0);
	options.idle_timeout = 50;
	options.max_lifetime = 60;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
	int result = dx_unjoin_wait(bridge.join, NULL);
	if (result == 0) { /* not too late */
		uint64_t start = now_ms();
		CHECK_OK(dx_join_wait(bridge.a.socket, bridge.b.socket, NULL, &bridge.join));
		AWAIT(now_ms() - start >= 150);
		CHECK_EQ(join_info(bridge.join).state, DX_JOIN_OPEN);
		struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 1000, true);
		flows_run(&flow, 1);
	}
	bridge_close(&bridge);
	engine_close(engine);
}

/* Limits of all sizes fire in their order; far ones wait. */
static void many_limits_run_at_once(void)
{
	enum { JOINS = 40 };
	dx_id engine = engine_open(2);
	struct bridge bridges[JOINS];
	for (unsigned i = 0; i < JOINS; i++) {
		struct dx_join_options options = join_options(0);
		options.max_lifetime = i % 8 == 7 ? UINT64_MAX : 20 + 17 * (i * 7 % JOINS);
		options.idle_timeout = i % 8 == 7 ? 86400000ull * 365 * 1000 : 3600000;
		bridges[i] = bridge_open(engine, WIRE_UNIX, WIRE_UNIX, 0, &options);
	}
	for (unsigned i = 0; i < JOINS; i++) {
		if (i % 8 == 7)
			continue;
		struct dx_event end = await_ended(engine, bridges[i].join);
		CHECK_EQ(end.reason, DX_REASON_LIFETIME);
		CHECK_GE(end.duration_ns / 1000000, 19 + 17 * (i * 7 % JOINS));
	}
	for (unsigned i = 0; i < JOINS; i++) {
		if (i % 8 == 7)
			CHECK_EQ(join_info(bridges[i].join).state, DX_JOIN_OPEN);
		bridge_close(&bridges[i]);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(an_idle_join_ends);
	RUN(a_byte_in_either_direction_counts);
	RUN(a_stalled_join_is_idle);
	RUN(a_half_closed_join_has_its_own_limit);
	RUN(bytes_extend_the_half_close_limit);
	RUN(a_life_has_an_end);
	RUN(an_undone_join_has_no_limits);
	RUN(many_limits_run_at_once);
	return test_end();
}
