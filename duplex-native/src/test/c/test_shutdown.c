/* SPDX-License-Identifier: Apache-2.0 */
/* Ending the output of a held socket: what is queued goes first, receiving goes on, sending is over. */
#include "support.h"

static void the_peer_reads_the_end_and_can_still_send(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		struct stream there = stream_new(), at_peer = there, back = stream_new(), at_app = back;
		uint8_t byte = 0;
		app_send(line.socket, &there, 50000);
		CHECK_OK(dx_shutdown_wait(line.socket));
		CHECK_EQ(dx_send(line.socket, &byte, 1), -EPIPE);
		CHECK_EQ(dx_send_wait(line.socket, &byte, 1, -1), -EPIPE);
		CHECK_EQ(socket_info(line.socket).output, DX_HALF_SHUT);
		CHECK_EQ(peer_recv_to_end(line.peer, &at_peer), 50000);
		peer_send(line.peer, &back, 50000);
		app_recv(line.socket, &at_app, 50000);
		peer_shut(line.peer);
		app_expect(line.socket, 0);
		app_expect(line.socket, 0); /* as often as one asks */
		line_close(&line);
	}
	engine_close(engine);
}

static void it_can_be_asked_for_with_a_token(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	uint64_t token = token_new();
	CHECK_OK(dx_shutdown(line.socket, token));
	CHECK_EQ(await_success(engine, token).object, line.socket);
	peer_expect_end(line.peer);
	line_close(&line);
	engine_close(engine);
}

/* Twice is an error or nothing, never a hang, and the output stays shut. */
static void twice_is_harmless(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_UNIX, 0);
	uint8_t byte = 0;
	CHECK_OK(dx_shutdown_wait(line.socket));
	int result = dx_shutdown_wait(line.socket);
	CHECK(result == 0 || result == -EPIPE);
	CHECK_EQ(dx_send(line.socket, &byte, 1), -EPIPE);
	line_close(&line);
	engine_close(engine);
}

/* While what a join left is still being delivered, the output is as good as shut: nothing may get behind the end. */
static void one_that_waits_for_a_residue_bars_the_output(void)
{
	dx_id engine = engine_open(1), join;
	struct bridge bridge = bridge_open_narrow(engine, WIRE_TCP4, WIRE_TCP4);
	struct line other = line_open(engine, WIRE_UNIX, 0);
	struct stream sent = stream_new(), received = sent;
	struct dx_event result;
	uint64_t token = token_new();
	uint8_t byte = 0;
	peer_send_until_stalled(bridge.a.peer, &sent);
	CHECK_OK(dx_unjoin_wait(bridge.join, &result));
	CHECK_OK(dx_shutdown(bridge.b.socket, token));
	CHECK_EQ(dx_join_wait(other.socket, bridge.b.socket, NULL, &join), -EPIPE);
	CHECK_EQ(dx_send(bridge.b.socket, &byte, 1), -EPIPE);
	CHECK_EQ(dx_send_wait(bridge.b.socket, &byte, 1, -1), -EPIPE);
	CHECK_EQ(events_pending(engine, NULL, 0), 1); /* the end of the join; not yet shut */
	CHECK_EQ(peer_recv_to_end(bridge.b.peer, &received), result.a_to_b + result.a_to_b_pending);
	await_success(engine, token);
	line_close(&other);
	bridge_close(&bridge);
	engine_close(engine);
}

/* A shut output does not hinder the input half from being joined, nor the peer's end from closing all. */
static void a_shut_socket_is_still_a_source(void)
{
	dx_id engine = engine_open(1), join;
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_shutdown_wait(a.socket));
	CHECK_EQ(dx_join_wait(b.socket, a.socket, &options, &join), -EPIPE);
	CHECK_OK(dx_join_wait(a.socket, b.socket, &options, &join));
	struct flow flow = flow_new(a.peer, b.peer, 300000, true);
	flows_run(&flow, 1);
	CHECK_EQ(await_ended(engine, join).a_to_b, 300000);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

/* The order of commands counts: shut down and closed at once, all that was sent arrives. */
static void a_close_right_behind_it_is_orderly(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < scaled(100); i++) {
		struct line line = line_open(engine, i % WIRES, 0);
		struct stream sent = stream_new(), received = sent;
		uint64_t shut = token_new(), closed = token_new();
		app_send(line.socket, &sent, 20000);
		CHECK_OK(dx_shutdown(line.socket, shut));
		CHECK_OK(dx_close(line.socket, 0, 0, closed));
		CHECK_EQ(peer_recv_to_end(line.peer, &received), 20000);
		peer_close(line.peer);
		await_success(engine, shut);
		await_success(engine, closed);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_peer_reads_the_end_and_can_still_send);
	RUN(it_can_be_asked_for_with_a_token);
	RUN(twice_is_harmless);
	RUN(one_that_waits_for_a_residue_bars_the_output);
	RUN(a_shut_socket_is_still_a_source);
	RUN(a_close_right_behind_it_is_orderly);
	return test_end();
}
