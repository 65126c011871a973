/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that the caller had read before adopting come first: for the application and for a join.
 * (Law 6; trap: a join that starts after some bytes were read hangs or loses them.)
 */
#include "support.h"

#include <stdlib.h>
#include <unistd.h>

/* A managed socket whose stream begins with read-ahead bytes that are on no wire. */
static struct line adopt_with(dx_id engine, enum wire wire, struct stream *sent, size_t length)
{
	int pair[2];
	struct line line = { .wire = wire };
	uint8_t *data = malloc(length + 1);
	CHECK(data);
	wire_pair(wire, 0, pair);
	stream_fill(sent, data, length);
	CHECK_OK(dx_adopt(engine, pair[0], data, length, &line.socket));
	free(data); /* was copied */
	line.peer = pair[1];
	return line;
}

static void the_application_receives_it_first(void)
{
	dx_id engine = engine_open(1);
	struct stream sent = stream_new(), received = sent;
	struct line line = adopt_with(engine, WIRE_TCP4, &sent, 1000);
	CHECK_EQ(socket_info(line.socket).input_queued, 1000);
	peer_send(line.peer, &sent, 500);
	app_recv(line.socket, &received, 300);
	CHECK_EQ(socket_info(line.socket).input_queued, 700);
	app_recv(line.socket, &received, 1200);
	CHECK_EQ(socket_info(line.socket).input_queued, 0);
	line_close(&line);
	engine_close(engine);
}

static void it_can_be_taken_alone(void)
{
	dx_id engine = engine_open(1);
	struct stream sent = stream_new(), received = sent;
	struct line line = adopt_with(engine, WIRE_UNIX, &sent, 1000);
	uint8_t data[700];
	peer_send(line.peer, &sent, 500);
	CHECK_EQ(dx_recv_queued(line.socket, data, 700), 700);
	stream_verify(&received, data, 700);
	CHECK_EQ(dx_recv_queued(line.socket, data, 700), 300);
	stream_verify(&received, data, 300);
	CHECK_EQ(dx_recv_queued(line.socket, data, 700), 0); /* what is on the wire stays there */
	app_recv(line.socket, &received, 500);
	line_close(&line);
	engine_close(engine);
}

static void it_makes_a_socket_readable_at_once(void)
{
	dx_id engine = engine_open(1);
	struct stream sent = stream_new();
	struct line line = adopt_with(engine, WIRE_TCP6, &sent, 1);
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
	line_close(&line);
	engine_close(engine);
}

static void a_join_sends_it_first_both_ways(void)
{
	static const size_t lengths[] = { 0, 1, 4095, 300000, 2 * MIB };
	dx_id engine = engine_open(1), join;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct stream there_sent = stream_new(), there = there_sent, back_sent = stream_new(), back = back_sent;
		struct line a = adopt_with(engine, i % WIRES, &there_sent, lengths[i]);
		struct line b = adopt_with(engine, (i + 1) % WIRES, &back_sent, lengths[i] / 2);
		CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
		peer_recv(b.peer, &there, lengths[i]); /* before anything was sent */
		peer_recv(a.peer, &back, lengths[i] / 2);
		peer_send(a.peer, &there_sent, 100000);
		peer_shut(a.peer);
		CHECK_EQ(peer_recv_to_end(b.peer, &there), 100000);
		peer_shut(b.peer);
		CHECK_EQ(peer_recv_to_end(a.peer, &back), 0);
		struct dx_event end = await_ended(engine, join);
		CHECK_EQ(end.a_to_b, lengths[i] + 100000);
		CHECK_EQ(end.b_to_a, lengths[i] / 2);
		line_close(&a);
		line_close(&b);
	}
	engine_close(engine);
}

/* The peer has ended before the join: the read-ahead bytes are delivered all the same, and then the end. */
static void it_is_delivered_before_the_end(void)
{
	dx_id engine = engine_open(1), join;
	struct stream sent = stream_new(), received = sent;
	struct line a = adopt_with(engine, WIRE_TCP4, &sent, 100000), b = line_open(engine, WIRE_TCP4, 0);
	peer_send(a.peer, &sent, 1000);
	peer_shut(a.peer);
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	CHECK_EQ(peer_recv_to_end(b.peer, &received), 101000);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

/* Unjoined before a slow sink took it: what was not moved stays first for the application. */
static void an_unjoin_loses_nothing_of_it(void)
{
	dx_id engine = engine_open(1), join;
	struct stream sent = stream_new(), at_b = sent, at_app;
	struct line a = adopt_with(engine, WIRE_TCP4, &sent, 4 * MIB), b = line_open(engine, WIRE_UNIX, 8 * KIB);
	struct dx_event result;
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	peer_recv(b.peer, &at_b, 100000);
	CHECK_OK(dx_unjoin_wait(join, &result));
	uint64_t left = socket_info(a.socket).input_queued;
	CHECK_EQ(result.a_to_b + result.a_to_b_pending + left, 4 * MIB); /* wherever it lies now */
	at_app = sent;
	at_app.offset = 4 * MIB - left;
	peer_send(a.peer, &sent, 1000);
	app_recv(a.socket, &at_app, left + 1000);
	peer_recv(b.peer, &at_b, 4 * MIB - left - 100000);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

static void it_has_a_limit(void)
{
	dx_id engine = engine_open(1), socket = 0;
	size_t most = 16 * (size_t)MIB;
	int pair[2];
	uint8_t *data = calloc(1, most + 1);
	CHECK(data);
	wire_pair(WIRE_UNIX, 0, pair);
	CHECK_EQ(dx_adopt(engine, pair[0], data, most + 1, &socket), -EMSGSIZE);
	CHECK(is_open(pair[0]));
	CHECK_OK(dx_adopt(engine, pair[0], data, most, &socket));
	CHECK_EQ(socket_info(socket).input_queued, most);
	CHECK_OK(dx_close_wait(socket, DX_CLOSE_RESET, 0));
	free(data);
	peer_close(pair[1]);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_application_receives_it_first);
	RUN(it_can_be_taken_alone);
	RUN(it_makes_a_socket_readable_at_once);
	RUN(a_join_sends_it_first_both_ways);
	RUN(it_is_delivered_before_the_end);
	RUN(an_unjoin_loses_nothing_of_it);
	RUN(it_has_a_limit);
	return test_end();
}
