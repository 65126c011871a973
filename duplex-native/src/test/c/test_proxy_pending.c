/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions are bounded: those not made in time are refused and counted, and no more than max_pending are asked for at
 * once; further connections wait in the backlog (law 8).
 */
#include "support_proxy.h"

static bool is_any_connection(const struct dx_event *event, uint64_t nothing)
{
	(void)nothing;
	return event->type == DX_EVENT_CONNECTION;
}

static void undecided_connections_are_refused_in_time(void)
{
	dx_id engine = engine_open(1);
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS);
	options.decision_timeout = 150;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_start(&front);
	int clients[5];
	uint64_t start = now_ms();
	for (unsigned i = 0; i < 5; i++)
		clients[i] = client_open(&front);
	for (unsigned i = 0; i < 5; i++) {
		dx_id connection = await_connection(engine, front.proxy).object;
		CHECK_EQ(await_ended(engine, connection).reason, DX_REASON_REFUSED);
		CHECK_GE(now_ms() - start, 145);
		CHECK_EQ(dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER), -ENOENT);
	}
	for (unsigned i = 0; i < 5; i++) {
		CHECK_EQ(client_hello(clients[i]), -ECONNRESET);
		peer_close(clients[i]);
	}
	CHECK_EQ(await_quiet(&front).refused_by_timeout, 5);
	engine_close(engine);
}

static void the_rest_waits_in_the_backlog(void)
{
	enum { PENDING = 3, CLIENTS = 10 };
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED);
	options.max_pending = PENDING;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_start(&front);
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = client_open(&front);
	AWAIT(proxy_info(&front).state == DX_PROXY_PAUSED);
	uint64_t before = cpu_ns();
	CHECK(!peer_readable(clients[0], 300));
	CHECK_LT(cpu_ns() - before, 150 * 1000000);
	AWAIT(events_pending(engine, is_any_connection, 0) == PENDING);
	CHECK_EQ(proxy_info(&front).pending, PENDING);
	CHECK_EQ(proxy_info(&front).accepted, PENDING);

	/* each answer makes room for one more; those that were answered do not count */
	for (unsigned i = 0; i < CLIENTS; i++) {
		dx_id connection = await_connection(engine, front.proxy).object;
		CHECK_LE(proxy_info(&front).pending, PENDING);
		if (i % 3)
			CHECK_OK(dx_proxy_decide(connection, server_address(server), 1));
		else
			CHECK_OK(dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER));
	}
	unsigned served = 0, refused = 0;
	for (unsigned i = 0; i < CLIENTS; i++) {
		int answer = client_hello(clients[i]);
		CHECK(answer == 'A' || answer == -ECONNRESET);
		served += answer == 'A';
		refused += answer != 'A';
		peer_close(clients[i]);
	}
	CHECK_EQ(refused, 4);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, served);
	CHECK_EQ(info.refused_by_router, refused);
	AWAIT(proxy_info(&front).state == DX_PROXY_STARTED);
	server_close(server);
	engine_close(engine);
}

static void undecided_ones_end_with_a_drain(void)
{
	dx_id engine = engine_open(1);
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS);
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_start(&front);
	int client = client_open(&front);
	dx_id connection = await_connection(engine, front.proxy).object;
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_drain(front.proxy, 0, token));
	CHECK_EQ(await_success(engine, token).value, 1);
	CHECK_EQ(await_ended(engine, connection).reason, DX_REASON_SHUT_DOWN);
	CHECK_EQ(dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER), -ENOENT);
	CHECK_LE(client_hello(client), 0);
	peer_close(client);
	engine_close(engine);
}

static void dx_join_close_ends_an_undecided_one(void)
{
	dx_id engine = engine_open(1);
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS);
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_start(&front);
	int client = client_open(&front);
	dx_id connection = await_connection(engine, front.proxy).object;
	uint64_t token = token_new();
	CHECK_OK(dx_join_close(connection, token));
	CHECK_EQ(await_ended(engine, connection).reason, DX_REASON_CLOSED);
	CHECK_LE(client_hello(client), 0);
	peer_close(client);
	await_success(engine, token);
	AWAIT(proxy_info(&front).active == 0);
	CHECK_EQ(proxy_info(&front).pending, 0);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(undecided_connections_are_refused_in_time);
	RUN(the_rest_waits_in_the_backlog);
	RUN(undecided_ones_end_with_a_drain);
	RUN(dx_join_close_ends_an_undecided_one);
	return test_end();
}
