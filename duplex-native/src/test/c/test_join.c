/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A join carries both directions over any mix of TCP and unix sockets, byte for byte; at the end its counts are exact,
 * both sockets are closed and their ids stale. (Laws 4, 6 and 7.)
 */
#include "support.h"

#include <stdio.h>

/* Bulk one way, less the other way, at the same time. Side a ends first. */
static void carry(enum wire a, enum wire b, int buffer, uint64_t there, uint64_t back)
{
	test_note("%s to %s", wire_name(a), wire_name(b));
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, a, b, buffer, NULL);
	struct flow flows[2] = {
		flow_new(bridge.a.peer, bridge.b.peer, there, false),
		flow_new(bridge.b.peer, bridge.a.peer, back, false),
	};
	CHECK_EQ(socket_info(bridge.a.socket).input, DX_HALF_FLOWING);
	CHECK_EQ(socket_info(bridge.b.socket).output, DX_HALF_FLOWING);
	flows_run(flows, 2);
	CHECK_EQ(engine_info(engine).joins_active, 1);
	peer_shut(bridge.a.peer);
	peer_expect_end(bridge.b.peer);
	peer_shut(bridge.b.peer);
	peer_expect_end(bridge.a.peer);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
	CHECK_EQ(end.side, DX_SIDE_A);
	CHECK_EQ(end.result, 0);
	CHECK_EQ(end.value, 0);
	CHECK_EQ(end.a, bridge.a.socket);
	CHECK_EQ(end.b, bridge.b.socket);
	CHECK_EQ(end.a_to_b, there);
	CHECK_EQ(end.b_to_a, back);
	CHECK_EQ(end.a_to_b_pending, 0);
	CHECK_EQ(end.b_to_a_pending, 0);

	uint8_t byte;
	CHECK_EQ(dx_recv(bridge.a.socket, &byte, 1), -ENOENT);
	CHECK_EQ(dx_recv(bridge.b.socket, &byte, 1), -ENOENT);
	CHECK_EQ(dx_unjoin_wait(bridge.join, NULL), -ENOENT);
	struct dx_engine_info info = engine_info(engine);
	CHECK_EQ(info.joins_active, 0);
	CHECK_EQ(info.joins_total, 1);
	CHECK_EQ(info.bytes, there + back);
	CHECK_LE(info.bytes_spliced, info.bytes);
	AWAIT(engine_info(engine).sockets == 0);
	bridge_close(&bridge);
	engine_close(engine);
}

static void every_mix_of_wires_carries_both_ways(void)
{
	for (enum wire a = 0; a < WIRES; a++) {
		for (enum wire b = 0; b < WIRES; b++)
			carry(a, b, 0, 4 * MIB + 4711, 2 * MIB + 1);
	}
}

static void small_buffers_carry_both_ways(void)
{
	for (enum wire wire = 0; wire < WIRES; wire++)
		carry(wire, wire, 4 * KIB, MIB + 13, MIB / 2 + 7);
}

static void an_empty_join_counts_nothing(void)
{
	carry(WIRE_TCP4, WIRE_TCP4, 0, 0, 0);
	carry(WIRE_UNIX, WIRE_TCP6, 0, 0, 1);
}

static void single_bytes_arrive_one_by_one(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, 0, NULL);
		struct stream there_sent = stream_new(), there = there_sent, back_sent = stream_new(), back = back_sent;
		unsigned rounds = scaled(3000);
		for (unsigned i = 0; i < rounds; i++) {
			peer_send(bridge.a.peer, &there_sent, 1);
			peer_recv(bridge.b.peer, &there, 1); /* nothing is held back for company */
			peer_send(bridge.b.peer, &back_sent, 1);
			peer_recv(bridge.a.peer, &back, 1);
		}
		struct dx_event result;
		CHECK_OK(dx_unjoin_wait(bridge.join, &result));
		CHECK_EQ(result.a_to_b, rounds);
		CHECK_EQ(result.b_to_a, rounds);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* Single bytes without waiting for each: they may travel together, and none may be missing. */
static void a_stream_of_single_bytes_is_complete(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, NULL);
	struct stream sent = stream_new(), received = sent;
	unsigned rounds = scaled(50000);
	for (unsigned i = 0; i < rounds; i++) {
		peer_send(bridge.a.peer, &sent, 1);
		peer_recv_some(bridge.b.peer, &received, UINT64_MAX);
	}
	peer_shut(bridge.a.peer);
	peer_recv_to_end(bridge.b.peer, &received);
	CHECK_EQ(received.offset, rounds);
	bridge_close(&bridge);
	engine_close(engine);
}

static void many_joins_run_side_by_side(void)
{
	enum { JOINS = 30 };
	struct bridge bridges[JOINS];
	struct flow flows[2 * JOINS];
	dx_id engine = engine_open(2);
	for (unsigned i = 0; i < JOINS; i++) {
		bridges[i] = bridge_open(engine, i % WIRES, i / WIRES % WIRES, 0, NULL);
		flows[2 * i] = flow_new(bridges[i].a.peer, bridges[i].b.peer, 256 * KIB * (i % 7) + i, true);
		flows[2 * i + 1] = flow_new(bridges[i].b.peer, bridges[i].a.peer, 256 * KIB * (i % 5) + 1, true);
	}
	CHECK_EQ(engine_info(engine).joins_active, JOINS);
	flows_run(flows, 2 * JOINS);
	for (unsigned i = 0; i < JOINS; i++) {
		struct dx_event end = await_ended(engine, bridges[i].join);
		CHECK_EQ(end.a_to_b, flows[2 * i].total);
		CHECK_EQ(end.b_to_a, flows[2 * i + 1].total);
		CHECK(end.reason == DX_REASON_CLIENT_CLOSED || end.reason == DX_REASON_BACKEND_CLOSED);
		bridge_close(&bridges[i]);
	}
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	engine_close(engine);
}

static void a_join_made_with_a_token_is_answered(void)
{
	dx_id engine = engine_open(0), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	uint64_t token = token_new();
	CHECK_OK(dx_join(a.socket, b.socket, NULL, token, &join));
	struct dx_event event = await_success(engine, token);
	CHECK_EQ(event.object, join);
	struct flow flow = flow_new(a.peer, b.peer, 10000, false);
	flows_run(&flow, 1);
	token = token_new();
	CHECK_OK(dx_unjoin(join, token));
	event = await_success(engine, token);
	CHECK_EQ(event.a_to_b + event.a_to_b_pending, 10000);
	event = await_ended(engine, join); /* an unjoin is an end too */
	CHECK_EQ(event.reason, DX_REASON_UNJOINED);
	CHECK_EQ(event.a_to_b + event.a_to_b_pending, 10000);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

static void wrong_joins_are_refused_and_change_nothing(void)
{
	dx_id engine = engine_open(1), other = engine_open(1), join = 0, listener, second;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	struct line c = line_open(other, WIRE_UNIX, 0);
	struct dx_join_options options = join_options(0x80000000u);
	struct dx_address any = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	CHECK_OK(dx_listen(engine, &any, 0, &listener));
	CHECK_EQ(dx_join_wait(a.socket, a.socket, NULL, &join), -EINVAL);
	CHECK_EQ(dx_join_wait(a.socket, b.socket, &options, &join), -EINVAL);
	options = join_options(0);
	options.size = 4;
	CHECK_EQ(dx_join_wait(a.socket, b.socket, &options, &join), -EINVAL);
	CHECK_EQ(dx_join_wait(a.socket, c.socket, NULL, &join), -EXDEV);
	CHECK_OK(dx_listen(engine, &any, 0, &second));
	CHECK_EQ(dx_join_wait(listener, second, NULL, &join), -ENOTCONN);
	CHECK_OK(dx_close_wait(second, 0, 0));
	CHECK_OK(dx_shutdown_wait(b.socket));
	CHECK_EQ(dx_join_wait(a.socket, b.socket, NULL, &join), -EPIPE);
	CHECK_EQ(socket_info(a.socket).input, DX_HALF_HELD);
	CHECK_EQ(socket_info(a.socket).output, DX_HALF_HELD);
	CHECK_EQ(engine_info(engine).joins_total, 0);

	/* only the outputs that are needed count: b can still be a source */
	options = join_options(DX_JOIN_HALF_DUPLEX);
	CHECK_OK(dx_join_wait(b.socket, a.socket, &options, &join));
	struct flow flow = flow_new(b.peer, a.peer, 1000, false);
	flows_run(&flow, 1);
	CHECK_OK(dx_close_wait(listener, 0, 0));
	line_close(&a);
	line_close(&b);
	line_close(&c);
	engine_close(engine);
	engine_close(other);
}

int main(void)
{
	test_begin();
	RUN(every_mix_of_wires_carries_both_ways);
	RUN(small_buffers_carry_both_ways);
	RUN(an_empty_join_counts_nothing);
	RUN(single_bytes_arrive_one_by_one);
	RUN(a_stream_of_single_bytes_is_complete);
	RUN(many_joins_run_side_by_side);
	RUN(a_join_made_with_a_token_is_answered);
	RUN(wrong_joins_are_refused_and_change_nothing);
	return test_end();
}
