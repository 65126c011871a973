/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving and sending on held halves: from any thread, with and without waiting, both ways at once. */
#include "support.h"

#include <stdatomic.h>

static void nothing_there_is_told(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 16 * KIB);
	static uint8_t data[MIB];
	uint64_t start = now_ms();
	CHECK_EQ(dx_recv(line.socket, data, 1), -EAGAIN);
	CHECK_EQ(dx_recv(line.socket, data, 0), 0);
	CHECK_EQ(dx_send(line.socket, data, 0), 0);
	CHECK_EQ(dx_recv_wait(line.socket, data, 1, 0), -ETIMEDOUT);
	CHECK_EQ(dx_recv_wait(line.socket, data, 1, 80), -ETIMEDOUT);
	CHECK_GE(now_ms() - start, 75);
	CHECK_EQ(dx_recv_queued(line.socket, data, 1), 0);
	peer_close(line.peer);
	app_expect(line.socket, 0);
	CHECK_EQ(dx_recv(line.socket, data, 1), 0);
	CHECK_OK(dx_close_wait(line.socket, 0, 0));
	engine_close(engine);
}

/* What was sent before the time was over is told; nothing is sent twice and nothing left out. */
static void a_send_that_runs_out_of_time_tells_how_far_it_came(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 16 * KIB);
		static uint8_t data[2 * MIB];
		struct stream sent = stream_new(), received = sent, whole = sent;
		stream_fill(&whole, data, sizeof(data));
		int64_t first = dx_send_wait(line.socket, data, sizeof(data), 50);
		CHECK_GT(first, 0);
		CHECK_LT(first, sizeof(data));
		CHECK_EQ(dx_send_wait(line.socket, data + first, sizeof(data) - (size_t)first, 20), -ETIMEDOUT);
		CHECK_EQ(dx_send_wait(line.socket, data + first, sizeof(data) - (size_t)first, 0), -ETIMEDOUT);
		CHECK_EQ(dx_send(line.socket, data + first, sizeof(data) - (size_t)first), -EAGAIN);
		CHECK_EQ(socket_info(line.socket).output_queued, 0); /* no queue of our own */
		peer_recv(line.peer, &received, (uint64_t)first);
		sent.offset = (uint64_t)first;
		app_send(line.socket, &sent, 1000);
		peer_recv(line.peer, &received, 1000);
		line_close(&line);
	}
	engine_close(engine);
}

struct one_way {
	dx_id socket;
	uint64_t bytes;
	struct stream stream;
};

static void *transmit(void *argument)
{
	struct one_way *way = argument;
	app_send(way->socket, &way->stream, way->bytes);
	return NULL;
}

static void *receive(void *argument)
{
	struct one_way *way = argument;
	app_recv(way->socket, &way->stream, way->bytes);
	return NULL;
}

/* Two managed sockets at the two ends of one connection: no plain descriptor involved. */
static void both_ways_at_once_through_blocking_calls(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		int pair[2];
		dx_id sockets[2];
		struct one_way ways[4];
		pthread_t threads[4];
		wire_pair(wire, 32 * KIB, pair);
		for (unsigned i = 0; i < 2; i++)
			CHECK_OK(dx_adopt(engine, pair[i], NULL, 0, &sockets[i]));
		for (unsigned i = 0; i < 2; i++) {
			ways[2 * i] = (struct one_way){ sockets[i], 8 * MIB, stream_new() };
			ways[2 * i + 1] = ways[2 * i];
			ways[2 * i + 1].socket = sockets[1 - i];
			threads[2 * i] = thread_start(transmit, &ways[2 * i]);
			threads[2 * i + 1] = thread_start(receive, &ways[2 * i + 1]);
		}
		for (unsigned i = 0; i < 4; i++)
			thread_join(threads[i]);
		CHECK_OK(dx_close(sockets[0], 0, 0, token_new()));
		CHECK_OK(dx_close_wait(sockets[1], 0, 0));
		AWAIT(engine_info(engine).sockets == 0);
	}
	engine_close(engine);
}

/* Many threads receive from one socket: each byte goes to exactly one of them. */
static dx_id shared;
static atomic_ullong sum, count;

static void *receive_share(void *argument)
{
	uint8_t data[1000];
	int64_t got;
	(void)argument;
	while ((got = dx_recv_wait(shared, data, sizeof(data), -1)) > 0) {
		uint64_t part = 0;
		for (int64_t i = 0; i < got; i++)
			part += data[i];
		atomic_fetch_add(&sum, part);
		atomic_fetch_add(&count, (uint64_t)got);
	}
	CHECK_EQ(got, 0);
	return NULL;
}

static void many_receivers_share_a_stream(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct stream sent = stream_new(), same = sent;
	pthread_t threads[6];
	static uint8_t data[MIB];
	uint64_t expected = 0;
	shared = line.socket;
	for (unsigned i = 0; i < 6; i++)
		threads[i] = thread_start(receive_share, NULL);
	peer_send(line.peer, &sent, sizeof(data));
	peer_shut(line.peer);
	for (unsigned i = 0; i < 6; i++)
		thread_join(threads[i]); /* the end is told to all */
	stream_fill(&same, data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		expected += data[i];
	CHECK_EQ(atomic_load(&count), sizeof(data));
	CHECK_EQ(atomic_load(&sum), expected);
	line_close(&line);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(nothing_there_is_told);
	RUN(a_send_that_runs_out_of_time_tells_how_far_it_came);
	RUN(both_ways_at_once_through_blocking_calls);
	RUN(many_receivers_share_a_stream);
	return test_end();
}
