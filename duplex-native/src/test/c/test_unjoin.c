/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unjoining is exact at any moment: what was read and is not delivered goes to the sink ahead of anything else, reads
 * are free at once, and both sockets can be joined anew while the residue is still queued. (Law 6; trap: partial write
 * accounting when a pipe drains in several steps.)
 */
#include "support.h"

/* A bridge that stands still: peer b reads nothing, all in between is full. */
struct stalled {
	struct bridge bridge;
	struct stream sent;     /* by peer a */
	struct stream received; /* by peer b */
	struct dx_event result; /* of the unjoin */
};

/* What is in flight lies in a pipe or in a buffer. */
static struct stalled stall_and_unjoin(dx_id engine, enum wire a, enum wire b, bool in_pipe)
{
	struct stalled stalled = { .bridge = bridge_open_narrow(engine, a, b), .sent = stream_new() };
	if (in_pipe)
		bridge_make_splice(&stalled.bridge);
	uint64_t before = join_info(stalled.bridge.join).a_to_b;
	stalled.received = stalled.sent;
	peer_send_until_stalled(stalled.bridge.a.peer, &stalled.sent);
	CHECK_EQ(engine_info(engine).pipes_in_use, in_pipe);
	struct dx_join_info row = join_info(stalled.bridge.join);
	CHECK_GT(row.a_to_b, 0);
	CHECK_GT(row.a_to_b_pending, 0);
	CHECK_OK(dx_unjoin_wait(stalled.bridge.join, &stalled.result));
	CHECK_EQ(stalled.result.a_to_b, row.a_to_b);
	stalled.result.a_to_b -= before;
	CHECK_EQ(stalled.result.a_to_b_pending, row.a_to_b_pending);
	CHECK_EQ(stalled.result.b_to_a, 0);
	CHECK_EQ(stalled.result.b_to_a_pending, 0);
	struct dx_socket_info info = socket_info(stalled.bridge.b.socket);
	CHECK_EQ(info.output, DX_HALF_DRAINING);
	CHECK_EQ(info.output_queued, stalled.result.a_to_b_pending);
	CHECK_EQ(info.input, DX_HALF_HELD);
	return stalled;
}

static uint64_t moved(const struct stalled *stalled)
{
	return stalled->result.a_to_b + stalled->result.a_to_b_pending;
}

/* What peer a sent beyond what the join had read. */
static void receive_rest(struct stalled *stalled)
{
	struct stream rest = stalled->sent;
	rest.offset = moved(stalled);
	app_recv(stalled->bridge.a.socket, &rest, stalled->sent.offset - rest.offset);
}

static void the_residue_goes_ahead_of_what_is_sent_next(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 2 * WIRES; i++) {
		struct stalled stalled = stall_and_unjoin(engine, i % WIRES, (i + 1) % WIRES, i < WIRES);
		dx_id b = stalled.bridge.b.socket;
		uint8_t byte = 0;
		CHECK_EQ(dx_send(b, &byte, 1), -EAGAIN);
		CHECK_EQ(dx_send_wait(b, &byte, 1, 0), -ETIMEDOUT);
		receive_rest(&stalled); /* reads are free at once */
		CHECK_OK(dx_arm(b, DX_WRITABLE));
		peer_recv(stalled.bridge.b.peer, &stalled.received, moved(&stalled));
		CHECK_EQ(await_ready(engine, b), DX_WRITABLE);
		CHECK_EQ(socket_info(b).output, DX_HALF_HELD);
		CHECK_EQ(socket_info(b).output_queued, 0);
		struct stream next = stream_new(), at_b = next;
		app_send(b, &next, 5000);
		peer_recv(stalled.bridge.b.peer, &at_b, 5000);
		bridge_close(&stalled.bridge);
	}
	engine_close(engine);
}

static void *send_more(void *argument)
{
	struct stalled *stalled = argument;
	struct stream next = stalled->sent;
	next.offset = 1 << 30; /* a part of the stream that nobody else sends */
	app_send(stalled->bridge.b.socket, &next, 100000);
	return NULL;
}

/* A blocking send waits until the residue is gone, and goes behind it. */
static void a_waiting_send_queues_behind_the_residue(void)
{
	dx_id engine = engine_open(1);
	struct stalled stalled = stall_and_unjoin(engine, WIRE_TCP4, WIRE_TCP4, true);
	pthread_t sender = thread_start(send_more, &stalled);
	peer_recv(stalled.bridge.b.peer, &stalled.received, moved(&stalled));
	stalled.received.offset = 1 << 30;
	peer_recv(stalled.bridge.b.peer, &stalled.received, 100000);
	thread_join(sender);
	bridge_close(&stalled.bridge);
	engine_close(engine);
}

/* a goes on to d, and c to b, while b is still being delivered what came from a. */
static void both_are_joined_anew_while_the_residue_is_queued(void)
{
	for (unsigned i = 0; i < 2 * WIRES; i++) {
		dx_id engine = engine_open(1 + i % 2), a_to_d, c_to_b;
		struct stalled stalled = stall_and_unjoin(engine, i % WIRES, i / 2 % WIRES, i >= WIRES);
		struct line c = line_open(engine, WIRE_TCP4, 0), d = line_open(engine, WIRE_TCP6, 0);
		struct bridge *bridge = &stalled.bridge;
		CHECK_OK(dx_join_wait(c.socket, bridge->b.socket, NULL, &c_to_b));
		CHECK_OK(dx_join_wait(bridge->a.socket, d.socket, NULL, &a_to_d));
		struct stream rest = stalled.sent, c_sent = stream_new(), c_received = c_sent;
		rest.offset = moved(&stalled);
		peer_send(c.peer, &c_sent, 300000 > 8 * KIB * (i + 1) ? 8 * KIB * (i + 1) : 300000);
		peer_recv(d.peer, &rest, stalled.sent.offset - rest.offset);
		peer_recv(bridge->b.peer, &stalled.received, moved(&stalled));
		peer_recv(bridge->b.peer, &c_received, c_sent.offset);
		struct flow back = flow_new(bridge->b.peer, c.peer, MIB, true);
		flows_run(&back, 1);
		peer_shut(c.peer);
		peer_expect_end(bridge->b.peer);
		/* the residue was the first join's: the second one counts its own bytes */
		struct dx_event end = await_ended(engine, c_to_b);
		CHECK_EQ(end.a_to_b, c_sent.offset);
		CHECK_EQ(end.b_to_a, MIB);
		line_close(&c);
		line_close(&d);
		bridge_close(bridge);
		engine_close(engine);
	}
}

/* Unjoin and rejoin the same two again and again while the reader stands still: residue upon residue, in order. */
static void residues_pile_up_in_order(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open_narrow(engine, WIRE_TCP4, WIRE_TCP4);
	struct stream sent = stream_new(), received = sent;
	uint64_t total = 0;
	for (unsigned i = 0; i < 20; i++) {
		struct dx_event result;
		peer_send_some(bridge.a.peer, &sent, 1 + 10000 * (i % 3));
		CHECK_OK(dx_unjoin_wait(bridge.join, &result));
		total += result.a_to_b + result.a_to_b_pending;
		if (i < 19)
			CHECK_OK(dx_join_wait(bridge.a.socket, bridge.b.socket, NULL, &bridge.join));
	}
	peer_recv(bridge.b.peer, &received, total);
	app_recv(bridge.a.socket, &received, sent.offset - total);
	bridge_close(&bridge);
	engine_close(engine);
}

/* Shut down behind the residue, and close behind it: the peer gets all, then the end. */
static void shutdown_and_close_wait_for_the_residue(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 2 * WIRES; i++) {
		struct stalled stalled = stall_and_unjoin(engine, (i + 2) % WIRES, i % WIRES, i >= WIRES);
		dx_id b = stalled.bridge.b.socket;
		uint64_t token = token_new();
		CHECK_OK(i % 2 ? dx_shutdown(b, token) : dx_close(b, 0, 30000, token));
		CHECK_EQ(peer_recv_to_end(stalled.bridge.b.peer, &stalled.received), moved(&stalled));
		peer_shut(stalled.bridge.b.peer);
		struct dx_event done = await_success(engine, token);
		if (i % 2 == 0)
			CHECK_EQ(done.value, 0);
		bridge_close(&stalled.bridge);
	}
	engine_close(engine);
}

/* The command that follows at once takes effect after the join, and is exact as well. */
static void unjoining_before_the_join_was_answered_is_exact(void)
{
	dx_id engine = engine_open(2);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	struct stream sent = stream_new(), received = sent;
	uint64_t total = 0, bytes = 0;
	for (unsigned i = 0; i < scaled(500); i++) {
		dx_id join;
		uint64_t joined = token_new(), unjoined = token_new();
		bytes += 1000;
		peer_send(a.peer, &sent, 1000);
		CHECK_OK(dx_join(a.socket, b.socket, NULL, joined, &join));
		CHECK_OK(dx_unjoin(join, unjoined));
		await_success(engine, joined);
		struct dx_event result = await_success(engine, unjoined);
		total += result.a_to_b + result.a_to_b_pending;
		CHECK_EQ(dx_unjoin_wait(join, NULL), -ENOENT);
		CHECK_EQ(await_ended(engine, join).a_to_b, result.a_to_b);
	}
	peer_recv(b.peer, &received, total);
	app_recv(a.socket, &received, bytes - total);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_residue_goes_ahead_of_what_is_sent_next);
	RUN(a_waiting_send_queues_behind_the_residue);
	RUN(both_are_joined_anew_while_the_residue_is_queued);
	RUN(residues_pile_up_in_order);
	RUN(shutdown_and_close_wait_for_the_residue);
	RUN(unjoining_before_the_join_was_answered_is_exact);
	return test_end();
}
