/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round robin over backends: every connection goes to the next one, exactly; the addresses of one backend take turns;
 * a backend without addresses is passed over until it has some (law 14).
 */
#include "support_proxy.h"

#define SERVERS 3

static struct server *servers[SERVERS];

static void servers_open(void)
{
	for (unsigned i = 0; i < SERVERS; i++)
		servers[i] = server_open(WIRE_TCP4, (char)('A' + i));
}

static void servers_close(void)
{
	for (unsigned i = 0; i < SERVERS; i++)
		server_close(servers[i]);
}

/* Connect, hear who answers, go. */
static char visit(const struct front *front)
{
	int client = client_open(front);
	int name = client_hello(client);
	CHECK_GT(name, 0);
	client_finish(client);
	return (char)name;
}

static void one_after_the_other_they_take_turns(void)
{
	dx_id engine = engine_open(2);
	servers_open();
	struct front front = front_of(engine, WIRE_TCP4, NULL, servers, SERVERS);
	unsigned rounds = scaled(40);
	char first = visit(&front);
	for (unsigned i = 1; i < rounds * SERVERS; i++)
		CHECK_EQ(visit(&front), 'A' + (first - 'A' + (int)i) % SERVERS);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, rounds * SERVERS);
	for (unsigned i = 0; i < SERVERS; i++) {
		struct dx_backend_info backend = backend_info(&front, i);
		CHECK_EQ(backend.joined, rounds);
		CHECK_EQ(backend.failed, 0);
		CHECK_EQ(backend.state, DX_BACKEND_UP);
		CHECK_EQ(server_counts(servers[i]).accepted, rounds);
	}
	servers_close();
	engine_close(engine);
}

static void all_at_once_they_share_exactly(void)
{
	dx_id engine = engine_open(2);
	servers_open();
	struct front front = front_of(engine, WIRE_TCP4, NULL, servers, SERVERS);
	enum { CLIENTS = 300 };
	int clients[CLIENTS];
	unsigned seen[SERVERS] = { 0 };
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = client_open(&front);
	for (unsigned i = 0; i < CLIENTS; i++)
		seen[client_hello(clients[i]) - 'A']++;
	for (unsigned i = 0; i < SERVERS; i++) {
		CHECK_EQ(seen[i], CLIENTS / SERVERS);
		CHECK_EQ(backend_info(&front, i).active, CLIENTS / SERVERS);
	}
	CHECK_EQ(proxy_info(&front).active, CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_finish(clients[i]);
	await_quiet(&front);
	servers_close();
	engine_close(engine);
}

static void addresses_of_a_backend_take_turns(void)
{
	dx_id engine = engine_open(1);
	servers_open();
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	struct dx_address two[2] = { *server_address(servers[0]), *server_address(servers[1]) };
	front_set(&front, 0, two, 2);
	front_set(&front, 1, server_address(servers[2]), 1);
	CHECK_EQ(backend_info(&front, 0).addresses, 2);
	front_start(&front);
	unsigned rounds = scaled(20);
	for (unsigned i = 0; i < rounds * 4; i++)
		visit(&front);
	await_quiet(&front);
	CHECK_EQ(server_counts(servers[0]).accepted, rounds);
	CHECK_EQ(server_counts(servers[1]).accepted, rounds);
	CHECK_EQ(server_counts(servers[2]).accepted, 2 * rounds);
	servers_close();
	engine_close(engine);
}

static void an_unresolved_backend_is_passed_over(void)
{
	dx_id engine = engine_open(1);
	servers_open();
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_set(&front, 0, NULL, 0);
	front_set(&front, 1, server_address(servers[1]), 1);
	front_set(&front, 2, server_address(servers[2]), 1);
	front_start(&front);
	CHECK_EQ(backend_info(&front, 0).state, DX_BACKEND_UNRESOLVED);
	for (unsigned i = 0; i < 10; i++)
		CHECK_NE(visit(&front), 'A');
	await_quiet(&front);
	CHECK_EQ(server_counts(servers[1]).accepted, 5);
	CHECK_EQ(server_counts(servers[2]).accepted, 5);
	CHECK_EQ(backend_info(&front, 0).failed, 0);

	front_set(&front, 0, server_address(servers[0]), 1);
	CHECK_EQ(backend_info(&front, 0).state, DX_BACKEND_UP);
	for (unsigned i = 0; i < 9; i++)
		visit(&front);
	await_quiet(&front);
	CHECK_EQ(server_counts(servers[0]).accepted, 3);

	front_set(&front, 0, NULL, 0);
	CHECK_EQ(backend_info(&front, 0).state, DX_BACKEND_UNRESOLVED);
	for (unsigned i = 0; i < 4; i++)
		CHECK_NE(visit(&front), 'A');
	servers_close();
	engine_close(engine);
}

static void with_none_resolved_connections_are_refused(void)
{
	dx_id engine = engine_open(1);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_set(&front, 0, NULL, 0);
	front_start(&front);
	int client = client_open(&front);
	CHECK_EQ(client_hello(client), -ECONNRESET);
	peer_close(client);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.connect_failed, 1);
	engine_close(engine);
}

static void indices_are_checked(void)
{
	dx_id engine = engine_open(1);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	struct dx_address address = any_address(WIRE_TCP4), many[65];
	struct dx_backend_info info = { .size = sizeof(info) };
	address.port = 1;
	for (unsigned i = 0; i < 65; i++)
		many[i] = address;
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_backend(front.proxy, 1, &address, 1, token));
	CHECK_EQ(await_done(engine, token).result, -ERANGE); /* past the next */
	CHECK_EQ(dx_proxy_backend(front.proxy, 4096, &address, 1, 0), -ERANGE);
	CHECK_EQ(dx_proxy_backend(front.proxy, 0, many, 65, 0), -EINVAL);
	CHECK_EQ(dx_proxy_backend(front.proxy, 0, NULL, 1, 0), -EINVAL);
	address.family = 77;
	CHECK_EQ(dx_proxy_backend(front.proxy, 0, &address, 1, 0), -EINVAL);
	CHECK_EQ(dx_proxy_backend_info(front.proxy, 0, &info), -ERANGE);
	front_set(&front, 0, many, 64);
	CHECK_EQ(backend_info(&front, 0).addresses, 64);
	CHECK_EQ(proxy_info(&front).backends, 1);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(one_after_the_other_they_take_turns);
	RUN(all_at_once_they_share_exactly);
	RUN(addresses_of_a_backend_take_turns);
	RUN(an_unresolved_backend_is_passed_over);
	RUN(with_none_resolved_connections_are_refused);
	RUN(indices_are_checked);
	return test_end();
}
