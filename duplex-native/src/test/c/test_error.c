/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first error of a socket is remembered: every later call on the held half tells it again. (Trap: the kernel tells
 * an error once; after a failed send or SO_ERROR, recv returns 0 and a reset looks like a clean end.)
 */
#include "support.h"


static void expect_for_ever(dx_id socket, int error)
{
	uint8_t byte = 0;
	for (unsigned i = 0; i < 5; i++) {
		CHECK_EQ(dx_recv(socket, &byte, 1), error);
		CHECK_EQ(dx_recv_wait(socket, &byte, 1, -1), error);
		CHECK_EQ(dx_send(socket, &byte, 1), error);
		CHECK_EQ(dx_send_wait(socket, &byte, 1, -1), error);
		CHECK_EQ(socket_info(socket).error, error);
	}
}

static void receiving_tells_it_every_time(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRE_UNIX; wire++) {
		struct line line = line_open(engine, wire, 0);
		struct stream sent = stream_new(), received = sent;
		peer_send(line.peer, &sent, 5000);
		AWAIT(peer_unsent(line.peer) == 0);
		peer_reset(line.peer);
		app_recv(line.socket, &received, 5000);
		app_expect(line.socket, -ECONNRESET);
		expect_for_ever(line.socket, -ECONNRESET);
		CHECK_OK(dx_close_wait(line.socket, 0, 0));
	}
	engine_close(engine);
}

/* The send consumes the kernel's error. */
static void an_error_met_by_sending_is_told_to_the_receiver(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	uint8_t data[1000] = { 0 };
	int64_t result;
	peer_reset(line.peer);
	AWAIT((result = dx_send(line.socket, data, sizeof(data))) < 0 && result != -EAGAIN);
	CHECK_EQ(result, -ECONNRESET);
	expect_for_ever(line.socket, -ECONNRESET);
	CHECK_OK(dx_close_wait(line.socket, 0, 0));
	engine_close(engine);
}

/* Data that lies before the reset can be received even after a send has failed. */
static void what_came_before_it_is_received_first(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct stream sent = stream_new(), received = sent;
	uint8_t byte = 0;
	peer_send(line.peer, &sent, 5000);
	AWAIT(peer_unsent(line.peer) == 0);
	peer_reset(line.peer);
	AWAIT(dx_send(line.socket, &byte, 1) == -ECONNRESET);
	app_recv(line.socket, &received, 5000);
	app_expect(line.socket, -ECONNRESET);
	CHECK_OK(dx_close_wait(line.socket, 0, 0));
	engine_close(engine);
}

/* A join with NO_CLOSE that met it hands the sockets back: the one that broke says so, the other one works. */
static void a_join_leaves_the_error_behind(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
	struct stream sent = stream_new(), received = sent;
	peer_send(bridge.a.peer, &sent, 5000);
	peer_recv(bridge.b.peer, &received, 5000);
	peer_reset(bridge.a.peer);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.reason, DX_REASON_RESET);
	CHECK_EQ(end.side, DX_SIDE_A);
	CHECK_EQ(end.a_to_b, 5000);
	expect_for_ever(bridge.a.socket, -ECONNRESET);
	sent = received = stream_new();
	app_send(bridge.b.socket, &sent, 1000);
	peer_recv(bridge.b.peer, &received, 1000);
	CHECK_OK(dx_close_wait(bridge.a.socket, 0, 0));
	line_close(&bridge.b);
	engine_close(engine);
}

/* Joining a socket that is broken already: the end comes at once, as a reset, behind what can still be read. */
static void a_broken_socket_can_be_joined(void)
{
	dx_id engine = engine_open(1), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	struct stream received = stream_new();
	uint8_t byte;
	peer_reset(a.peer);
	AWAIT(dx_recv(a.socket, &byte, 1) == -ECONNRESET);
	int result = dx_join_wait(a.socket, b.socket, NULL, &join);
	if (result == 0) {
		struct dx_event end = await_ended(engine, join);
		CHECK_EQ(end.reason, DX_REASON_RESET);
		CHECK_EQ(end.side, DX_SIDE_A);
		CHECK_EQ(peer_recv_to_reset(b.peer, &received), 0);
	} else {
		CHECK_EQ(result, -ECONNRESET);
		CHECK_OK(dx_close_wait(a.socket, 0, 0));
		CHECK_OK(dx_close_wait(b.socket, DX_CLOSE_RESET, 0));
	}
	peer_close(b.peer);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(receiving_tells_it_every_time);
	RUN(an_error_met_by_sending_is_told_to_the_receiver);
	RUN(what_came_before_it_is_received_first);
	RUN(a_join_leaves_the_error_behind);
	RUN(a_broken_socket_can_be_joined);
	return test_end();
}
