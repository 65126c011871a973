/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that the caller had read before adopting come first: for the application and for a join.
 * (Law 6; trap: a join that starts after some bytes were read hangs or loses them.)
 */
#include "support_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- given back ---- */

static void give(dx_id socket, const char *text) { CHECK_OK(dx_unrecv(socket, text, strlen(text))); }

static void what_is_given_back_comes_first(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		char data[16];
		peer_say(line.peer, "tail");
		CHECK_EQ(dx_recv_wait(line.socket, data, 1, -1), 1);
		give(line.socket, "head, t");
		CHECK_EQ(socket_info(line.socket).input_queued, 7);
		CHECK_EQ(dx_recv(line.socket, data, 4), 4);
		CHECK(!memcmp(data, "head", 4));
		give(line.socket, "ad");              /* where it was taken from */
		give(line.socket, "much more, he");   /* more than there is room for */
		CHECK_EQ(dx_recv(line.socket, data, 11), 11);
		CHECK(!memcmp(data, "much more, ", 11));
		CHECK_EQ(dx_recv(line.socket, data, 16), 7);
		CHECK(!memcmp(data, "head, t", 7));
		CHECK_EQ(dx_recv_wait(line.socket, data, 16, -1), 3);
		CHECK(!memcmp(data, "ail", 3));
		CHECK_EQ(socket_info(line.socket).input_queued, 0);
		CHECK_EQ(dx_recv(line.socket, data, 16), -EAGAIN);
		line_close(&line);
	}
	engine_close(engine);
}

static void it_can_be_given_back_after_the_end(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	char data[8];
	peer_say(line.peer, "x");
	peer_shut(line.peer);
	CHECK_EQ(dx_recv_wait(line.socket, data, 8, -1), 1);
	app_expect(line.socket, 0);
	give(line.socket, "x");
	CHECK_EQ(dx_recv(line.socket, data, 8), 1);
	CHECK_EQ(dx_recv(line.socket, data, 8), 0);
	line_close(&line);
	engine_close(engine);
}

static void it_is_joined_first(void)
{
	dx_id engine = engine_open(1), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 0);
	char data[16];
	peer_say(a.peer, "GET / and what follows");
	CHECK_EQ(dx_recv_wait(a.socket, data, 5, -1), 5);
	give(a.socket, data[0] == 'G' ? "PUT /" : "");
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	peer_hears(b.peer, "PUT / and what follows");
	CHECK_EQ(dx_unrecv(a.socket, "x", 1), -EBUSY);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

static void it_is_decoded_first(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct dx_message message;
	char data[16];
	give(line.socket, "one\ntw");
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	app_gets(line.socket, "one");
	CHECK_EQ(dx_get(line.socket, data, 16, &message, 1), -EAGAIN);
	give(line.socket, "o, thr");
	CHECK_OK(dx_arm(line.socket, DX_READABLE)); /* worth a try again */
	CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
	peer_say(line.peer, "ee\n");
	app_gets(line.socket, "two, three"); /* what was decoded is not undone */
	CHECK_OK(dx_codec_set(line.socket, NULL));
	give(line.socket, "bare");
	app_gets(line.socket, "bare");
	line_close(&line);
	engine_close(engine);
}

static void *await_a_byte(void *argument)
{
	dx_id *socket = argument;
	char byte;
	CHECK_EQ(dx_recv_wait(*socket, &byte, 1, -1), 1);
	CHECK_EQ(byte, 'x');
	return NULL;
}

/* Whether it comes before or after they wait. */
static void it_wakes_who_waits(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	for (unsigned i = 0; i < scaled(200); i++) {
		pthread_t waiter = thread_start(await_a_byte, &line.socket);
		give(line.socket, "x");
		thread_join(waiter);
		CHECK_OK(dx_arm(line.socket, DX_READABLE));
		give(line.socket, "x");
		CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
		await_a_byte(&line.socket);
	}
	line_close(&line);
	engine_close(engine);
}

static void no_more_than_its_limit_can_be_given_back(void)
{
	dx_id engine = engine_open(1), listener;
	struct line line = line_open(engine, WIRE_UNIX, 0);
	struct dx_address here = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	size_t most = 16 * (size_t)MIB;
	uint8_t *data = calloc(1, most + 1);
	CHECK(data);
	CHECK_EQ(dx_unrecv(line.socket, data, most + 1), -EMSGSIZE);
	CHECK_OK(dx_unrecv(line.socket, data, most));
	CHECK_EQ(dx_unrecv(line.socket, data, 1), -EMSGSIZE);
	CHECK_EQ(dx_unrecv(line.socket, data, SIZE_MAX), -EMSGSIZE);
	CHECK_EQ(socket_info(line.socket).input_queued, most);
	CHECK_OK(dx_listen(engine, &here, 0, &listener));
	CHECK_EQ(dx_unrecv(listener, data, 1), -ENOTCONN);
	CHECK_OK(dx_close_wait(listener, 0, 0));
	free(data);
	line_close(&line);
	engine_close(engine);
}

/* ---- looked at ---- */

static void look(dx_id socket, size_t offset, const char *text)
{
	char data[64];
	CHECK_EQ(dx_peek_wait(socket, offset, data, sizeof(data), -1), strlen(text));
	CHECK(!memcmp(data, text, strlen(text)));
}

static void what_was_looked_at_stays(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		char data[16];
		CHECK_EQ(dx_peek(line.socket, 0, data, 16), -EAGAIN);
		CHECK_EQ(dx_peek_wait(line.socket, 0, data, 16, 1), -ETIMEDOUT);
		peer_say(line.peer, "head");
		look(line.socket, 0, "head");
		look(line.socket, 0, "head");
		look(line.socket, 1, "ead");
		CHECK_EQ(dx_peek(line.socket, 0, data, 2), 2);
		CHECK_EQ(dx_peek(line.socket, 4, data, 16), -EAGAIN);
		CHECK_EQ(dx_peek(line.socket, 5, data, 16), -ERANGE);
		peer_say(line.peer, "tail");
		look(line.socket, 4, "tail");
		CHECK_EQ(socket_info(line.socket).input_queued, 8);
		CHECK_EQ(dx_recv_queued(line.socket, data, 6), 6);
		CHECK(!memcmp(data, "headta", 6));
		peer_shut(line.peer);
		CHECK_EQ(dx_peek_wait(line.socket, 2, data, 16, -1), 0);
		look(line.socket, 0, "il");
		CHECK_EQ(dx_recv(line.socket, data, 16), 2);
		CHECK_EQ(dx_peek(line.socket, 0, data, 16), 0);
		line_close(&line);
	}
	engine_close(engine);
}

/* What was seen and was not enough is no news; whatever follows it is. */
static void readiness_means_more_than_was_seen(void)
{
	dx_id engine = engine_open(1), other_join;
	struct line line = line_open(engine, WIRE_TCP4, 0), other = line_open(engine, WIRE_TCP4, 0);
	char data[64];
	struct dx_event event;
	peer_say(line.peer, "half");
	look(line.socket, 0, "half");
	CHECK_EQ(dx_peek(line.socket, 4, data, 64), -EAGAIN);
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	CHECK_EQ(dx_events_wait(engine, &event, 1, 20), 0);
	CHECK_EQ(dx_peek_wait(line.socket, 4, data, 64, 1), -ETIMEDOUT);
	peer_say(line.peer, "more");
	CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
	look(line.socket, 4, "more");
	CHECK_EQ(dx_peek(line.socket, 8, data, 64), -EAGAIN);
	/* Taken, given back: both are news for who waits. */
	CHECK_EQ(dx_recv_queued(line.socket, data, 1), 1);
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
	CHECK_EQ(dx_peek(line.socket, 7, data, 64), -EAGAIN);
	give(line.socket, "h");
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
	/* A join takes all of it. */
	CHECK_EQ(dx_peek(line.socket, 8, data, 64), -EAGAIN);
	CHECK_OK(dx_join_wait(line.socket, other.socket, NULL, &other_join));
	peer_hears(other.peer, "halfmore");
	CHECK_EQ(dx_peek(line.socket, 0, data, 64), -EBUSY);
	line_close(&line);
	line_close(&other);
	engine_close(engine);
}

static void no_more_than_its_limit_is_read_ahead_for_who_looks(void)
{
	dx_id engine = engine_open(1), listener;
	struct stream sent = stream_new();
	struct dx_address here = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	size_t most = 16 * (size_t)MIB;
	struct line line = adopt_with(engine, WIRE_UNIX, &sent, most);
	char data[8];
	peer_say(line.peer, "x");
	CHECK_EQ(dx_peek(line.socket, most - 1, data, 8), 1);
	CHECK_EQ(dx_peek(line.socket, most, data, 8), -EMSGSIZE);
	CHECK_OK(dx_listen(engine, &here, 0, &listener));
	CHECK_EQ(dx_peek(listener, 0, data, 8), -ENOTCONN);
	CHECK_OK(dx_close_wait(listener, 0, 0));
	line_close(&line);
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
	RUN(what_is_given_back_comes_first);
	RUN(it_can_be_given_back_after_the_end);
	RUN(it_is_joined_first);
	RUN(it_is_decoded_first);
	RUN(it_wakes_who_waits);
	RUN(no_more_than_its_limit_can_be_given_back);
	RUN(what_was_looked_at_stays);
	RUN(readiness_means_more_than_was_seen);
	RUN(no_more_than_its_limit_is_read_ahead_for_who_looks);
	return test_end();
}
