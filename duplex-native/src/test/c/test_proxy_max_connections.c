/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full proxy leaves further connections in the backlog and serves them when one ends (law 11). While it waits, it is
 * PAUSED and nothing spins.
 */
#include "support_proxy.h"

#define LIMIT 4
#define CLIENTS 12

static void the_rest_waits(enum wire wire)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(0);
	options.max_connections = LIMIT;
	struct front front = front_of(engine, wire, &options, &server, 1);
	CHECK_EQ(proxy_info(&front).state, DX_PROXY_STARTED);
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = client_open(&front);
	for (unsigned i = 0; i < LIMIT; i++)
		client_expect(&front, clients[i], 'A');
	AWAIT(proxy_info(&front).state == DX_PROXY_PAUSED);
	CHECK_EQ(proxy_info(&front).active, LIMIT);

	uint64_t before = cpu_ns();
	CHECK(!peer_readable(clients[LIMIT], 400));
	CHECK_LT(cpu_ns() - before, 200 * 1000000); /* a spinning worker would use 400 ms */
	for (unsigned i = LIMIT; i < CLIENTS; i++)
		CHECK(!peer_readable(clients[i], 0));
	CHECK_EQ(proxy_info(&front).accepted, LIMIT);
	CHECK_EQ(proxy_info(&front).state, DX_PROXY_PAUSED);
	client_ping(clients[0], 1000); /* the others go on */

	for (unsigned i = LIMIT; i < CLIENTS; i++) {
		client_finish(clients[i - LIMIT]);
		client_expect(&front, clients[i], 'A'); /* in the order of arrival */
		CHECK_LE(proxy_info(&front).active, LIMIT);
		CHECK_LE(server_counts(server).connected, LIMIT + 1); /* it may see an end later than the proxy */
	}
	for (unsigned i = CLIENTS - LIMIT; i < CLIENTS; i++)
		client_finish(clients[i]);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.accepted, CLIENTS);
	CHECK_EQ(info.joined, CLIENTS);
	AWAIT(proxy_info(&front).state == DX_PROXY_STARTED);
	server_close(server);
	engine_close(engine);
}

static void further_connections_wait_for_their_turn(void)
{
	the_rest_waits(WIRE_TCP4);
}

static void further_unix_connections_wait_for_their_turn(void)
{
	the_rest_waits(WIRE_UNIX);
}

static void those_that_connect_count_too(void)
{
	dx_id engine = engine_open(1);
	struct stuck stuck = stuck_open(WIRE_TCP4);
	struct dx_proxy_options options = proxy_options(0);
	options.max_connections = 2;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &stuck.address);
	front_start(&front);
	int clients[4];
	for (unsigned i = 0; i < 4; i++)
		clients[i] = client_open(&front);
	AWAIT(proxy_info(&front).state == DX_PROXY_PAUSED);
	CHECK_EQ(proxy_info(&front).active, 2);
	CHECK_EQ(proxy_info(&front).accepted, 2);
	CHECK_EQ(backend_info(&front, 0).active, 2);
	for (unsigned i = 0; i < 4; i++)
		peer_reset(clients[i]);
	await_quiet(&front);
	stuck_close(&stuck);
	engine_close(engine);
}

static void many_pass_through_a_narrow_gate(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(0);
	options.max_connections = 1;
	struct front front = front_of(engine, WIRE_TCP4, &options, &server, 1);
	unsigned rounds = scaled(400);
	int waiting[8];
	for (unsigned i = 0; i < 8; i++)
		waiting[i] = client_open(&front);
	for (unsigned i = 0; i < rounds; i++) {
		client_expect(&front, waiting[i % 8], 'A');
		if (i % 2)
			peer_reset(waiting[i % 8]);
		else
			client_finish(waiting[i % 8]);
		waiting[i % 8] = client_open(&front);
	}
	for (unsigned i = rounds; i < rounds + 8; i++) {
		client_expect(&front, waiting[i % 8], 'A');
		peer_close(waiting[i % 8]);
	}
	CHECK_EQ(await_quiet(&front).joined, rounds + 8);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(further_connections_wait_for_their_turn);
	RUN(further_unix_connections_wait_for_their_turn);
	RUN(those_that_connect_count_too);
	RUN(many_pass_through_a_narrow_gate);
	return test_end();
}
