/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of one stream travels behind its last byte, and the other direction goes on. (Law 7; traps: EOF while bytes
 * are still in the pipe; a short splice together with RDHUP is not yet EOF; EPOLLHUP arriving with the last data.)
 */
#include "support.h"

/* Peer `first` ends; then the other one sends and ends. */
static void half_close(enum wire wire_a, enum wire wire_b, bool a_first)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, wire_a, wire_b, 0, NULL);
	int first = a_first ? bridge.a.peer : bridge.b.peer, second = a_first ? bridge.b.peer : bridge.a.peer;
	struct flow request = flow_new(first, second, 70001, true), reply = flow_new(second, first, 3 * MIB, false);
	flows_run(&request, 1);

	AWAIT(join_info(bridge.join).state == DX_JOIN_HALF_CLOSED);
	struct dx_join_info row = join_info(bridge.join);
	CHECK_EQ(a_first ? row.a_to_b_path : row.b_to_a_path, DX_PATH_NONE);
	CHECK_NE(a_first ? row.b_to_a_path : row.a_to_b_path, DX_PATH_NONE);
	flows_run(&reply, 1);
	peer_shut(second);
	peer_expect_end(first);

	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, a_first ? DX_REASON_CLIENT_CLOSED : DX_REASON_BACKEND_CLOSED);
	CHECK_EQ(end.side, a_first ? DX_SIDE_A : DX_SIDE_B);
	CHECK_EQ(a_first ? end.a_to_b : end.b_to_a, 70001);
	CHECK_EQ(a_first ? end.b_to_a : end.a_to_b, 3 * MIB);
	CHECK_EQ(end.a_to_b_pending + end.b_to_a_pending, 0);
	bridge_close(&bridge);
	engine_close(engine);
}

static void the_other_direction_goes_on(void)
{
	for (enum wire wire = 0; wire < WIRES; wire++) {
		half_close(wire, (wire + 1) % WIRES, true);
		half_close(wire, (wire + 2) % WIRES, false);
	}
}

/* Both directions are full of data when one ends. */
static void an_end_in_the_middle_of_traffic_disturbs_nothing(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, wire, wire, 0, NULL);
		struct flow flows[2] = {
			flow_new(bridge.a.peer, bridge.b.peer, 500000, true),
			flow_new(bridge.b.peer, bridge.a.peer, 8 * MIB, true),
		};
		flows_run(flows, 2);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
		CHECK_EQ(end.a_to_b, 500000);
		CHECK_EQ(end.b_to_a, 8 * MIB);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* The sender is long gone when the slow reader begins to read. */
static void the_end_comes_after_all_that_is_in_flight(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < 2 * WIRES; wire++) {
		struct bridge bridge = bridge_open_narrow(engine, wire % WIRES, wire / 2 % WIRES);
		struct stream sent = stream_new(), received = sent;
		if (wire & 1) /* in a pipe, otherwise in a buffer */
			bridge_make_splice(&bridge);
		uint64_t before = join_info(bridge.join).a_to_b;
		uint64_t bytes = peer_send_until_stalled(bridge.a.peer, &sent);
		CHECK_GT(bytes, 32 * KIB);
		if (wire < WIRES)
			peer_shut(bridge.a.peer);
		else
			peer_close(bridge.a.peer); /* RDHUP and HUP together with data */
		CHECK_EQ(events_pending(engine, NULL, 0), 0); /* not over yet */
		CHECK_EQ(peer_recv_to_end(bridge.b.peer, &received), bytes);
		peer_close(bridge.b.peer);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
		CHECK_EQ(end.a_to_b, before + bytes);
		CHECK_EQ(end.a_to_b_pending, 0);
		if (wire < WIRES)
			peer_close(bridge.a.peer);
	}
	engine_close(engine);
}

/* A short message and the end at once, many times: the last bytes and the end race each other through epoll. */
static void a_last_message_is_never_lost(void)
{
	dx_id engine = engine_open(2);
	struct rng rng;
	rng_init(&rng, 1);
	for (unsigned i = 0; i < scaled(400); i++) {
		struct bridge bridge = bridge_open(engine, rng_below(&rng, WIRES), rng_below(&rng, WIRES), 0, NULL);
		struct stream sent = stream_new(), received = sent;
		uint64_t bytes = 1 + rng_below(&rng, i % 2 ? 100 : 150000);
		struct flow back = flow_new(bridge.b.peer, bridge.a.peer, rng_below(&rng, 10), false);
		flows_run(&back, 1); /* nothing unread at the side that closes */
		peer_send(bridge.a.peer, &sent, bytes);
		peer_close(bridge.a.peer);
		CHECK_EQ(peer_recv_to_end(bridge.b.peer, &received), bytes);
		peer_close(bridge.b.peer);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.a_to_b, bytes);
		CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
	}
	engine_close(engine);
}

/* Both had ended before they were joined. */
static void ends_that_came_before_the_join_count(void)
{
	dx_id engine = engine_open(1), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 0);
	struct stream sent = stream_new(), received = sent;
	peer_send(a.peer, &sent, 5000);
	peer_shut(a.peer);
	peer_shut(b.peer);
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	CHECK_EQ(peer_recv_to_end(b.peer, &received), 5000);
	peer_expect_end(a.peer);
	struct dx_event end = await_ended(engine, join);
	CHECK_EQ(end.a_to_b, 5000);
	CHECK_EQ(end.b_to_a, 0);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_other_direction_goes_on);
	RUN(an_end_in_the_middle_of_traffic_disturbs_nothing);
	RUN(the_end_comes_after_all_that_is_in_flight);
	RUN(a_last_message_is_never_lost);
	RUN(ends_that_came_before_the_join_count);
	return test_end();
}
