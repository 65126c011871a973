/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reset drains like an end and is passed on as a reset: what could be read before it is delivered first. A unix peer
 * reads the end of the stream. (Law 7; traps: SO_LINGER 0 right after writing destroys what is on its way; a socket's
 * error is told only once, a later 0 from recv looks like a clean end.)
 */
#include "support.h"

#include <sys/socket.h>
#include <unistd.h>

/*
 * Peer a sends more than the side to the sink b can take, all of it is acknowledged by the engine's side, and then it
 * resets. Everything must arrive at the slow reader all the same.
 */
static void reset_with_data_pending(enum wire wire_b, bool a_resets)
{
	dx_id engine = engine_open(1), join;
	struct line near = line_open(engine, WIRE_TCP4, 256 * KIB), far = line_open(engine, wire_b, 16 * KIB);
	struct stream sent = stream_new(), received = sent;
	uint64_t bytes = 180000;
	CHECK_OK(dx_join_wait(a_resets ? near.socket : far.socket, a_resets ? far.socket : near.socket, NULL, &join));
	peer_send(near.peer, &sent, bytes);
	AWAIT(peer_unsent(near.peer) == 0);
	peer_reset(near.peer);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	if (wire_b == WIRE_UNIX)
		CHECK_EQ(peer_recv_to_end(far.peer, &received), bytes);
	else
		CHECK_EQ(peer_recv_to_reset(far.peer, &received), bytes);
	struct dx_event end = await_ended(engine, join);
	CHECK_EQ(end.reason, DX_REASON_RESET);
	CHECK_EQ(end.side, a_resets ? DX_SIDE_A : DX_SIDE_B);
	CHECK_EQ(a_resets ? end.a_to_b : end.b_to_a, bytes);
	CHECK_EQ(a_resets ? end.a_to_b_pending : end.b_to_a_pending, 0);
	peer_close(far.peer);
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

static void what_was_readable_is_delivered_first(void)
{
	for (enum wire wire = 0; wire < WIRES; wire++) {
		reset_with_data_pending(wire, true);
		reset_with_data_pending(wire, false);
	}
}

static void an_idle_join_passes_a_reset_on(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, WIRE_TCP6, wire, 0, NULL);
		struct stream nothing = stream_new();
		peer_reset(bridge.a.peer);
		if (wire == WIRE_UNIX)
			CHECK_EQ(peer_recv_to_end(bridge.b.peer, &nothing), 0);
		else
			CHECK_EQ(peer_recv_to_reset(bridge.b.peer, &nothing), 0);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_RESET);
		CHECK_EQ(end.side, DX_SIDE_A);
		peer_close(bridge.b.peer);
	}
	engine_close(engine);
}

/* A unix peer that closes with unread input resets, too. */
static void a_unix_reset_is_passed_on(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_UNIX, WIRE_TCP4, 0, NULL);
	struct stream there = stream_new(), received = there, back = stream_new();
	peer_send(bridge.b.peer, &back, 100);
	CHECK(peer_readable(bridge.a.peer, -1));
	peer_send(bridge.a.peer, &there, 1000);
	peer_recv(bridge.b.peer, &received, 1000);
	peer_close(bridge.a.peer);
	CHECK_EQ(peer_recv_to_reset(bridge.b.peer, &received), 0);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_RESET);
	CHECK_EQ(end.side, DX_SIDE_A);
	CHECK_EQ(end.a_to_b, 1000);
	CHECK_EQ(end.b_to_a, 100);
	peer_close(bridge.b.peer);
	engine_close(engine);
}

/* The receiver vanishes under bulk data: met while writing, on the copy and on the splice path. */
static void a_receiver_that_vanishes_ends_the_join(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 6; i++) {
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, i % WIRES, 0, NULL);
		struct stream sent = stream_new(), received = sent;
		peer_send_until_stalled(bridge.a.peer, &sent);
		peer_recv(bridge.b.peer, &received, i < 3 ? 1 : 100000);
		peer_close(bridge.b.peer); /* with unread input: a reset */
		uint8_t byte;
		test_note("peer a expects a reset");
		CHECK(peer_readable(bridge.a.peer, -1));
		CHECK_EQ(read(bridge.a.peer, &byte, 1), -1);
		CHECK_EQ(errno, ECONNRESET);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_RESET);
		CHECK_EQ(end.side, DX_SIDE_B);
		CHECK_LE(end.a_to_b + end.a_to_b_pending, sent.offset);
		peer_close(bridge.a.peer);
	}
	engine_close(engine);
}

/* One direction ended properly before; a reset by the same side is still a reset, not an end. */
static void a_reset_after_a_half_close_is_a_reset(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct flow request = flow_new(bridge.a.peer, bridge.b.peer, 1000, true);
	struct stream nothing = stream_new();
	flows_run(&request, 1);
	peer_reset(bridge.b.peer);
	CHECK_EQ(peer_recv_to_reset(bridge.a.peer, &nothing), 0);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_RESET);
	CHECK_EQ(end.side, DX_SIDE_B);
	CHECK_EQ(end.a_to_b, 1000);
	peer_close(bridge.a.peer);
	engine_close(engine);
}

/* The sink of the reset never reads: the join ends after the limit of 5 s, or as soon as that peer goes. */
static void a_reset_does_not_wait_for_a_reader_that_is_gone(void)
{
	dx_id engine = engine_open(1), join;
	struct line a = line_open(engine, WIRE_TCP4, 256 * KIB), b = line_open(engine, WIRE_TCP4, 8 * KIB);
	struct stream sent = stream_new();
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	peer_send(a.peer, &sent, 180000);
	AWAIT(peer_unsent(a.peer) == 0);
	peer_reset(a.peer);
	peer_reset(b.peer);
	struct dx_event end = await_ended(engine, join);
	CHECK_EQ(end.reason, DX_REASON_RESET);
	CHECK_LT(end.a_to_b, 180000);
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

/* All is in the kernel of the sink's side, and the peer does not read: the reset waits 5 s for that and no longer. */
static void a_reset_waits_five_seconds_at_most(void)
{
	dx_id engine = engine_open(1), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = { .wire = WIRE_TCP4 };
	struct stream sent = stream_new(), received = sent;
	int pair[2];
	wire_pair(WIRE_TCP4, 4 * KIB, pair);
	set_option(pair[0], SOL_SOCKET, SO_SNDBUF, 256 * KIB);
	b.peer = pair[1];
	CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &b.socket));
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	peer_send(a.peer, &sent, 100000);
	AWAIT(join_info(join).a_to_b == 100000);
	uint64_t start = now_ms();
	peer_reset(a.peer);
	struct dx_event end = await_ended(engine, join);
	CHECK_EQ(end.reason, DX_REASON_RESET);
	CHECK_EQ(end.a_to_b, 100000);
	AWAIT(engine_info(engine).sockets == 0);
	CHECK_GE(now_ms() - start, 4500);
	CHECK_LT(peer_recv_to_reset(b.peer, &received), 100000);
	peer_close(b.peer);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(what_was_readable_is_delivered_first);
	RUN(an_idle_join_passes_a_reset_on);
	RUN(a_unix_reset_is_passed_on);
	RUN(a_receiver_that_vanishes_ends_the_join);
	RUN(a_reset_after_a_half_close_is_a_reset);
	RUN(a_reset_does_not_wait_for_a_reader_that_is_gone);
	RUN(a_reset_waits_five_seconds_at_most);
	return test_end();
}
