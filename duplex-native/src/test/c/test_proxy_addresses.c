/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a backend are replaced while joins live on (law 14): old connections keep their peer, new ones go to
 * the new address, and none is lost in between.
 */
#include "support_proxy.h"

#include <stdatomic.h>

static void joins_survive_a_change(void)
{
	dx_id engine = engine_open(2);
	struct server *old = server_open(WIRE_TCP4, 'A'), *young = server_open(WIRE_TCP6, 'B');
	struct front front = front_of(engine, WIRE_TCP4, NULL, &old, 1);
	int clients[20];
	for (unsigned i = 0; i < 20; i++) {
		clients[i] = client_open(&front);
		CHECK_EQ(client_hello(clients[i]), i < 10 ? 'A' : 'B');
		if (i == 9)
			front_set(&front, 0, server_address(young), 1);
	}
	CHECK_EQ(proxy_info(&front).backends, 1);
	CHECK_EQ(backend_info(&front, 0).active, 20);
	for (unsigned i = 0; i < 20; i++)
		client_ping(clients[i], 10000);
	front_set(&front, 0, NULL, 0); /* no address at all: joins still live on */
	for (unsigned i = 0; i < 20; i++) {
		client_ping(clients[i], 10000);
		client_finish(clients[i]);
	}
	CHECK_EQ(await_quiet(&front).joined, 20);
	CHECK_EQ(backend_info(&front, 0).joined, 20);
	server_close(old);
	server_close(young);
	engine_close(engine);
}

static atomic_bool changing;
static struct front shared;
static const struct dx_address *targets[2];

static void *change_addresses(void *argument)
{
	(void)argument;
	for (unsigned i = 0; changing; i++) {
		struct dx_address both[2] = { *targets[0], *targets[1] };
		if (i % 3 == 2)
			front_set(&shared, 0, both, 2);
		else
			front_set(&shared, 0, targets[i % 3], 1);
	}
	return NULL;
}

static void changes_under_load_lose_nobody(void)
{
	dx_id engine = engine_open(2);
	struct server *servers[2] = { server_open(WIRE_TCP4, 'A'), server_open(WIRE_UNIX, 'B') };
	shared = front_of(engine, WIRE_TCP4, NULL, servers, 1);
	targets[0] = server_address(servers[0]);
	targets[1] = server_address(servers[1]);
	changing = true;
	pthread_t changer = thread_start(change_addresses, NULL);
	unsigned rounds = scaled(1000), seen[2] = { 0 };
	for (unsigned i = 0; i < rounds; i++) {
		int client = client_open(&shared);
		seen[client_hello(client) - 'A']++;
		client_ping(client, 100);
		client_finish(client);
	}
	changing = false;
	thread_join(changer);
	CHECK_EQ(seen[0] + seen[1], rounds);
	struct dx_proxy_info info = await_quiet(&shared);
	CHECK_EQ(info.joined, rounds);
	CHECK_EQ(info.connect_failed, 0);
	server_close(servers[0]);
	server_close(servers[1]);
	engine_close(engine);
}

static void a_change_while_connecting_does_no_harm(void)
{
	dx_id engine = engine_open(1);
	struct stuck stuck = stuck_open(WIRE_TCP4);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(0);
	options.connect_timeout = 300;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &stuck.address);
	front_add(&front, server_address(server));
	front_start(&front);
	int clients[2] = { client_open(&front), client_open(&front) };
	AWAIT(backend_info(&front, 0).active == 1);
	front_set(&front, 0, server_address(server), 1);
	client_expect(&front, clients[0], 'A');
	client_expect(&front, clients[1], 'A');
	peer_close(clients[0]);
	peer_close(clients[1]);
	CHECK_EQ(await_quiet(&front).joined, 2);
	stuck_close(&stuck);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(joins_survive_a_change);
	RUN(changes_under_load_lose_nobody);
	RUN(a_change_while_connecting_does_no_harm);
	return test_end();
}
