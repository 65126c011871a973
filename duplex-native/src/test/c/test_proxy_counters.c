/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters are exact (law 10): after thousands of connections that end in every way, accepted is the sum of what became
 * of them, and bytes are the bytes that clients and servers have seen.
 */
#include "support_proxy.h"

#define THREADS 4

static struct front shared;

struct visitor {
	unsigned rounds;
	uint64_t sent;
	uint64_t received;
};

static void *visit_often(void *argument)
{
	struct visitor *visitor = argument;
	struct rng rng;
	rng_init(&rng, (uint64_t)(uintptr_t)visitor);
	for (unsigned i = 0; i < visitor->rounds; i++) {
		int client = client_open(&shared);
		uint64_t bytes = rng_below(&rng, 3) ? rng_below(&rng, 2000) : rng_below(&rng, 200000);
		CHECK_GT(client_hello(client), 0);
		struct flow echo = flow_new(client, client, bytes, true);
		flows_run(&echo, 1);
		peer_close(client);
		visitor->sent += bytes;
		visitor->received += bytes + 1;
	}
	return NULL;
}

static void thousands_of_echoes_add_up(void)
{
	dx_id engine = engine_open(2);
	struct server *servers[2] = { server_open(WIRE_TCP4, 'A'), server_open(WIRE_UNIX, 'B') };
	shared = front_of(engine, WIRE_TCP4, NULL, servers, 2);
	struct visitor visitors[THREADS] = { { 0 } };
	pthread_t threads[THREADS];
	for (unsigned i = 0; i < THREADS; i++) {
		visitors[i].rounds = scaled(500);
		threads[i] = thread_start(visit_often, &visitors[i]);
	}
	uint64_t sent = 0, received = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		thread_join(threads[i]);
		sent += visitors[i].sent;
		received += visitors[i].received;
	}
	struct dx_proxy_info info = await_quiet(&shared);
	CHECK_EQ(info.accepted, THREADS * scaled(500));
	CHECK_EQ(info.joined, info.accepted);
	CHECK_EQ(info.bytes_from_client, sent);
	CHECK_EQ(info.bytes_from_backend, received);
	struct dx_backend_info backends[2] = { backend_info(&shared, 0), backend_info(&shared, 1) };
	CHECK_EQ(backends[0].joined, backends[1].joined);
	CHECK_EQ(backends[0].joined + backends[1].joined, info.joined);
	CHECK_EQ(backends[0].bytes_from_client + backends[1].bytes_from_client, sent);
	CHECK_EQ(backends[0].bytes_from_backend + backends[1].bytes_from_backend, received);
	struct server_counts counts[2] = { server_counts(servers[0]), server_counts(servers[1]) };
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(counts[i].received, backends[i].bytes_from_client);
		CHECK_EQ(counts[i].sent, backends[i].bytes_from_backend);
	}
	struct dx_engine_info engine_wide = engine_info(engine);
	CHECK_EQ(engine_wide.bytes, sent + received);
	CHECK_LE(engine_wide.bytes_spliced, engine_wide.bytes);
	CHECK_EQ(engine_wide.joins_active, 0);
	CHECK_EQ(engine_wide.joins_total, info.joined);
	CHECK_EQ(engine_wide.pipes_in_use, 0);
	server_close(servers[0]);
	server_close(servers[1]);
	engine_close(engine);
}

static void every_end_is_counted_once(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS);
	options.decision_timeout = 2000;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_start(&front);
	struct dx_address dead;
	int hold = wire_refused(WIRE_TCP4, &dead);
	unsigned rounds = scaled(40);
	int undecided[40 * 10];
	CHECK_LE(rounds, 400);
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned way = 0; way < 5; way++) {
			int client = client_open(&front);
			dx_id connection = await_connection(engine, front.proxy).object;
			if (way == 0) {
				CHECK_OK(dx_proxy_decide(connection, server_address(server), 1));
				client_expect(&front, client, 'A');
			} else if (way == 1) {
				CHECK_OK(dx_proxy_decide(connection, &dead, 1));
				CHECK_EQ(client_hello(client), -ECONNRESET);
			} else if (way == 2) {
				CHECK_OK(dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER));
				CHECK_EQ(client_hello(client), -ECONNRESET);
			} else if (way == 3) {
				CHECK_OK(dx_proxy_refuse(connection, DX_REFUSED_BY_FAILURE));
				CHECK_EQ(client_hello(client), -ECONNRESET);
			}
			if (way == 4)
				peer_reset(client);
			else
				peer_close(client);
			await_ended(engine, connection);
		}
	}
	for (unsigned i = 0; i < rounds; i++)
		undecided[i] = client_open(&front);
	for (unsigned i = 0; i < rounds; i++) {
		CHECK_EQ(client_hello(undecided[i]), -ECONNRESET);
		peer_close(undecided[i]);
	}
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.accepted, rounds * 6);
	CHECK_EQ(info.joined, rounds);
	CHECK_EQ(info.connect_failed, rounds);
	CHECK_EQ(info.refused_by_router, rounds);
	CHECK_EQ(info.refused_by_failure, rounds);
	CHECK_EQ(info.client_gone, rounds);
	CHECK_EQ(info.refused_by_timeout, rounds);
	CHECK_EQ(info.refused_exhausted, 0);
	CHECK_EQ(info.bytes_from_client, 0);
	CHECK_EQ(info.bytes_from_backend, rounds);
	peer_close(hold);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(thousands_of_echoes_add_up);
	RUN(every_end_is_counted_once);
	return test_end();
}
