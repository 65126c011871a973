/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NO_CLOSE: the end of one side is not passed on, and when the join is over both sockets are the application's again.
 * (Laws 4 and 7.)
 */
#include "support.h"

static void the_end_of_one_side_is_not_passed_on(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, 0, &options);
		struct flow there = flow_new(bridge.a.peer, bridge.b.peer, 300000, false);
		struct flow back = flow_new(bridge.b.peer, bridge.a.peer, 2 * MIB, false);
		CHECK_EQ(join_info(bridge.join).flags, DX_JOIN_NO_CLOSE);
		flows_run(&there, 1);
		peer_shut(bridge.a.peer);
		AWAIT(join_info(bridge.join).state == DX_JOIN_HALF_CLOSED);
		CHECK(!peer_readable(bridge.b.peer, 0));
		flows_run(&back, 1); /* the other direction goes on */
		peer_shut(bridge.b.peer);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
		CHECK_EQ(end.a_to_b, 300000);
		CHECK_EQ(end.b_to_a, 2 * MIB);

		/* the sockets are held: their inputs have ended, their outputs have not */
		struct stream a_sent = stream_new(), at_a = a_sent, b_sent = stream_new(), at_b = b_sent;
		app_expect(bridge.a.socket, 0);
		app_expect(bridge.b.socket, 0);
		app_send(bridge.a.socket, &a_sent, 1000);
		app_send(bridge.b.socket, &b_sent, 1000);
		peer_recv(bridge.a.peer, &at_a, 1000);
		peer_recv(bridge.b.peer, &at_b, 1000);
		CHECK_OK(dx_shutdown_wait(bridge.b.socket));
		peer_expect_end(bridge.b.peer);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* What b's peer has not taken yet is delivered by the join before it ends. */
static void its_end_waits_for_the_last_byte(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 16 * KIB, &options);
	struct stream sent = stream_new(), received = sent;
	uint64_t bytes = peer_send_until_stalled(bridge.a.peer, &sent);
	peer_shut(bridge.a.peer);
	peer_shut(bridge.b.peer);
	peer_recv(bridge.b.peer, &received, bytes);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.a_to_b, bytes);
	CHECK_EQ(end.a_to_b_pending, 0);
	CHECK(!peer_readable(bridge.b.peer, 0));
	bridge_close(&bridge);
	engine_close(engine);
}

/* A side whose partner is gone serves the next one: a long-lived backend connection, one client after the other. */
static void one_side_can_be_joined_with_one_after_another(void)
{
	dx_id engine = engine_open(2), join;
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
	struct line shared = line_open(engine, WIRE_TCP4, 0);
	struct stream to_shared = { 0 };
	for (unsigned i = 0; i < scaled(100); i++) {
		struct line client = line_open(engine, i % WIRES, 0);
		CHECK_OK(dx_join_wait(client.socket, shared.socket, &options, &join));
		struct stream to_client = stream_new(), at_client = to_client, at_shared;
		to_shared = at_shared = stream_new();
		peer_send(client.peer, &to_shared, 10000);
		peer_recv(shared.peer, &at_shared, 10000);
		peer_send(shared.peer, &to_client, 10000);
		peer_recv(client.peer, &at_client, 10000);
		peer_shut(client.peer);
		AWAIT(join_info(join).state == DX_JOIN_HALF_CLOSED);
		struct dx_event result;
		CHECK_OK(dx_unjoin_wait(join, &result));
		CHECK_EQ(result.a_to_b, 10000);
		CHECK_EQ(result.b_to_a, 10000);
		line_close(&client);
	}
	CHECK(!peer_readable(shared.peer, 0));
	line_close(&shared);
	engine_close(engine);
}

static void a_time_limit_hands_the_sockets_back(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
	options.max_lifetime = 50;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_LIFETIME);
	struct stream sent = stream_new(), received = sent;
	app_send(bridge.a.socket, &sent, 1000);
	peer_recv(bridge.a.peer, &received, 1000);
	peer_send(bridge.b.peer, &sent, 1000);
	app_recv(bridge.b.socket, &received, 1000);
	bridge_close(&bridge);
	engine_close(engine);
}

/* dx_join_close() closes both all the same. */
static void closing_the_join_closes_both(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, &options);
	uint64_t token = token_new();
	uint8_t byte;
	CHECK_OK(dx_join_close(bridge.join, token));
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_CLOSED);
	peer_expect_end(bridge.a.peer);
	peer_expect_end(bridge.b.peer);
	CHECK_EQ(dx_recv(bridge.a.socket, &byte, 1), -ENOENT);
	CHECK_EQ(dx_recv(bridge.b.socket, &byte, 1), -ENOENT);
	peer_shut(bridge.a.peer);
	peer_shut(bridge.b.peer);
	await_success(engine, token);
	bridge_close(&bridge);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_end_of_one_side_is_not_passed_on);
	RUN(its_end_waits_for_the_last_byte);
	RUN(one_side_can_be_joined_with_one_after_another);
	RUN(a_time_limit_hands_the_sockets_back);
	RUN(closing_the_join_closes_both);
	return test_end();
}
