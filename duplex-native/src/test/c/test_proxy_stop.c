/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stop accepts what is in the backlog, then closes the listener: new peers are refused, no waiting one is reset, joins
 * live on (law 11). Start binds the same port again, also where it was 0.
 */
#include "support_proxy.h"

#define CLIENTS 200

static void stop_serves_the_backlog_then_peers_are_refused(enum wire wire)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	for (unsigned round = 0; round < scaled(10); round++) {
		struct front front = front_of(engine, wire, NULL, &server, 1);
		int clients[CLIENTS];
		for (unsigned i = 0; i < CLIENTS; i++)
			clients[i] = client_open(&front);
		CHECK_OK(dx_proxy_stop_wait(front.proxy));
		CHECK_EQ(client_try(&front.address), -ECONNREFUSED);
		CHECK_EQ(proxy_info(&front).accepted, CLIENTS);
		for (unsigned i = 0; i < CLIENTS; i++)
			client_expect(&front, clients[i], 'A');
		CHECK_EQ(proxy_info(&front).state, DX_PROXY_DRAINING);
		for (unsigned i = 0; i < CLIENTS; i++) {
			client_ping(clients[i], 100);
			client_finish(clients[i]);
		}
		CHECK_EQ(await_quiet(&front).joined, CLIENTS);
		AWAIT(proxy_info(&front).state == DX_PROXY_STOPPED);
		CHECK_OK(dx_proxy_close_wait(front.proxy));
	}
	server_close(server);
	engine_close(engine);
}

static void stop_serves_the_backlog_of_tcp(void)
{
	stop_serves_the_backlog_then_peers_are_refused(WIRE_TCP4);
}

static void stop_serves_the_backlog_of_unix(void)
{
	stop_serves_the_backlog_then_peers_are_refused(WIRE_UNIX);
}

static void stop_of_a_full_proxy_loses_nobody(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(0);
	options.max_connections = 2;
	struct front front = front_of(engine, WIRE_TCP4, &options, &server, 1);
	int clients[6];
	for (unsigned i = 0; i < 6; i++)
		clients[i] = client_open(&front);
	AWAIT(proxy_info(&front).state == DX_PROXY_PAUSED);
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_stop(front.proxy, token));
	for (unsigned i = 0; i < 6; i++) {
		client_expect(&front, clients[i], 'A');
		client_finish(clients[i]);
	}
	await_success(engine, token);
	CHECK_EQ(client_try(&front.address), -ECONNREFUSED);
	CHECK_EQ(await_quiet(&front).joined, 6);
	server_close(server);
	engine_close(engine);
}

static void start_binds_the_same_port_again(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct front front = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	uint16_t port = front.address.port;
	CHECK_EQ(proxy_info(&front).port, port);
	int old = client_open(&front); /* a join that lives through all of it */
	client_expect(&front, old, 'A');
	for (unsigned round = 0; round < scaled(50); round++) {
		CHECK_OK(dx_proxy_stop_wait(front.proxy));
		CHECK_EQ(proxy_info(&front).port, port);
		CHECK_EQ(client_try(&front.address), -ECONNREFUSED);
		uint16_t again = 0;
		CHECK_OK(dx_proxy_start_wait(front.proxy, &again));
		CHECK_EQ(again, port);
		CHECK_EQ(proxy_info(&front).state, DX_PROXY_STARTED);
		int client = client_open(&front);
		client_expect(&front, client, 'A');
		if (round % 2)
			client_finish(client);
		else
			peer_close(client);
		client_ping(old, 64);
	}
	client_finish(old);
	await_quiet(&front);
	server_close(server);
	engine_close(engine);
}

static void commands_can_be_repeated(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, server_address(server));
	CHECK_EQ(proxy_info(&front).state, DX_PROXY_STOPPED);
	CHECK_EQ(proxy_info(&front).port, 0);
	CHECK_OK(dx_proxy_stop_wait(front.proxy)); /* before the first start */
	uint64_t first = token_new(), second = token_new();
	CHECK_OK(dx_proxy_start(front.proxy, first));
	CHECK_OK(dx_proxy_start(front.proxy, second));
	uint64_t port = await_success(engine, first).value;
	CHECK_GT(port, 0);
	CHECK_EQ(await_success(engine, second).value, port);
	front.address.port = (uint16_t)port;
	uint64_t tokens[6];
	for (unsigned i = 0; i < 6; i++) {
		tokens[i] = token_new();
		CHECK_OK(i % 2 ? dx_proxy_start(front.proxy, tokens[i]) : dx_proxy_stop(front.proxy, tokens[i]));
	}
	for (unsigned i = 0; i < 6; i++)
		await_success(engine, tokens[i]);
	int client = client_open(&front); /* commands take effect in their order: the last was a start */
	client_expect(&front, client, 'A');
	client_finish(client);
	CHECK_OK(dx_proxy_stop_wait(front.proxy));
	CHECK_OK(dx_proxy_stop_wait(front.proxy));
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(stop_serves_the_backlog_of_tcp);
	RUN(stop_serves_the_backlog_of_unix);
	RUN(stop_of_a_full_proxy_loses_nobody);
	RUN(start_binds_the_same_port_again);
	RUN(commands_can_be_repeated);
	return test_end();
}
