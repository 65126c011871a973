/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decided proxies: each connection is an event and waits for one answer, which names its target or refuses it. Answers
 * that come twice, too late or for something else are told so.
 */
#include "support_proxy.h"

static struct front decided_open(dx_id engine, enum wire wire)
{
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS);
	options.connect_timeout = 200;
	struct front front = front_open(engine, wire, &options);
	front_start(&front);
	return front;
}

static void the_application_names_the_target(enum wire outer, enum wire inner)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(inner, 'A');
	struct front front = decided_open(engine, outer);
	int client = client_open(&front);
	struct stream sent = stream_new(), received = sent;
	peer_send(client, &sent, 500); /* before the decision: kept */
	struct dx_event event = await_connection(engine, front.proxy);
	CHECK_NE(event.object, 0);
	CHECK_EQ(event.peer_family, front.address.family);
	if (outer == WIRE_TCP4) {
		CHECK_EQ(event.peer_port, wire_address(client).port);
		CHECK_EQ(event.peer_ip[0], 127);
		CHECK_EQ(event.peer_ip[3], 1);
	}
	CHECK_EQ(proxy_info(&front).pending, 1);
	CHECK_EQ(join_info(event.object).state, DX_JOIN_DECIDING);
	CHECK_EQ(join_info(event.object).proxy, front.proxy);
	CHECK_EQ(dx_unjoin_wait(event.object, NULL), -EOPNOTSUPP);
	CHECK_OK(dx_proxy_decide(event.object, server_address(server), 1));
	client_expect(&front, client, 'A');
	peer_recv(client, &received, 500);
	CHECK_EQ(proxy_info(&front).pending, 0);
	CHECK_EQ(join_info(event.object).state, DX_JOIN_OPEN); /* the same id, from the decision to the end */
	client_finish(client);
	struct dx_event ended = await_ended(engine, event.object);
	CHECK_EQ(ended.reason, DX_REASON_CLIENT_CLOSED);
	CHECK_EQ(ended.value, front.proxy);
	CHECK_EQ(ended.a_to_b, 500);
	CHECK_EQ(ended.b_to_a, 501);
	CHECK_EQ(await_quiet(&front).joined, 1);
	server_close(server);
	engine_close(engine);
}

static void tcp_to_tcp(void)
{
	the_application_names_the_target(WIRE_TCP4, WIRE_TCP4);
}

static void tcp_to_unix(void)
{
	the_application_names_the_target(WIRE_TCP4, WIRE_UNIX);
}

static void unix_to_tcp6(void)
{
	the_application_names_the_target(WIRE_UNIX, WIRE_TCP6);
}

static void a_list_of_addresses_is_tried_in_turn(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP6, 'A');
	struct stuck stuck = stuck_open(WIRE_TCP4);
	struct front front = decided_open(engine, WIRE_TCP4);
	struct dx_address list[3];
	int hold = wire_refused(WIRE_TCP4, &list[0]);
	list[1] = stuck.address;
	list[2] = *server_address(server);
	for (unsigned i = 0; i < 3; i++) {
		int client = client_open(&front);
		CHECK_OK(dx_proxy_decide(await_connection(engine, front.proxy).object, list + i, 3 - i));
		client_expect(&front, client, 'A');
		client_finish(client);
	}
	/* and when none of them answers, the last error is told */
	int client = client_open(&front);
	dx_id connection = await_connection(engine, front.proxy).object;
	CHECK_OK(dx_proxy_decide(connection, list, 2));
	CHECK_EQ(client_hello(client), -ECONNRESET);
	peer_close(client);
	struct dx_event event = await_ended(engine, connection);
	CHECK_EQ(event.reason, DX_REASON_CONNECT_FAILED);
	CHECK_EQ(event.result, -ETIMEDOUT);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, 3);
	CHECK_EQ(info.connect_failed, 1);
	peer_close(hold);
	stuck_close(&stuck);
	server_close(server);
	engine_close(engine);
}

static void refusals_are_counted_by_cause(void)
{
	dx_id engine = engine_open(1);
	struct front front = decided_open(engine, WIRE_TCP4);
	for (unsigned i = 0; i < 5; i++) {
		int client = client_open(&front);
		dx_id connection = await_connection(engine, front.proxy).object;
		CHECK_EQ(dx_proxy_refuse(connection, 99), -EINVAL);
		CHECK_OK(dx_proxy_refuse(connection, i < 3 ? DX_REFUSED_BY_ROUTER : DX_REFUSED_BY_FAILURE));
		CHECK_EQ(client_hello(client), -ECONNRESET);
		peer_close(client);
		CHECK_EQ(await_ended(engine, connection).reason, DX_REASON_REFUSED);
	}
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.accepted, 5);
	CHECK_EQ(info.refused_by_router, 3);
	CHECK_EQ(info.refused_by_failure, 2);
	engine_close(engine);
}

static void the_second_answer_is_refused(void)
{
	dx_id engine = engine_open(1);
	struct stuck stuck = stuck_open(WIRE_UNIX); /* keeps it connecting */
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS);
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_start(&front);
	int client = client_open(&front);
	dx_id connection = await_connection(engine, front.proxy).object;
	CHECK_OK(dx_proxy_decide(connection, &stuck.address, 1));
	CHECK_EQ(dx_proxy_decide(connection, server_address(server), 1), -EALREADY);
	CHECK_EQ(dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER), -EALREADY);
	AWAIT(join_info(connection).state == DX_JOIN_CONNECTING);
	CHECK_EQ(dx_unjoin_wait(connection, NULL), -EOPNOTSUPP);
	peer_reset(client);
	await_ended(engine, connection);
	CHECK_EQ(dx_proxy_decide(connection, server_address(server), 1), -ENOENT);
	CHECK_EQ(server_counts(server).accepted, 0);
	await_quiet(&front);
	stuck_close(&stuck);
	server_close(server);
	engine_close(engine);
}

static void an_answer_after_the_client_has_gone_is_told(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct front front = decided_open(engine, WIRE_TCP4);
	int client = client_open(&front);
	dx_id connection = await_connection(engine, front.proxy).object;
	peer_reset(client);
	await_ended(engine, connection);
	CHECK_EQ(dx_proxy_decide(connection, server_address(server), 1), -ENOENT);
	CHECK_EQ(dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER), -ENOENT);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.client_gone, 1);
	CHECK_EQ(server_counts(server).accepted, 0);
	server_close(server);
	engine_close(engine);
}

static void foreign_ids_are_refused(void)
{
	dx_id engine = engine_open(1);
	struct front front = decided_open(engine, WIRE_TCP4);
	struct dx_address target = front.address;
	CHECK_EQ(dx_proxy_decide(front.proxy, &target, 1), -EBADF);
	CHECK_EQ(dx_proxy_decide(engine, &target, 1), -EBADF);
	CHECK_EQ(dx_proxy_refuse(0, DX_REFUSED_BY_ROUTER), -ENOENT);
	int client = client_open(&front);
	dx_id connection = await_connection(engine, front.proxy).object;
	CHECK_EQ(dx_proxy_decide(connection, &target, 0), -EINVAL);
	CHECK_EQ(dx_proxy_decide(connection, NULL, 1), -EINVAL);
	CHECK_EQ(dx_proxy_decide(connection, &target, 65), -EINVAL);
	CHECK_EQ(dx_proxy_backend(front.proxy, 0, &target, 1, 0), -EOPNOTSUPP);
	struct rng rng;
	rng_init(&rng, 1);
	for (unsigned i = 0; i < scaled(20000); i++) {
		dx_id made_up = i % 2 ? rng_next(&rng) : connection ^ (1ull << rng_below(&rng, 64));
		int result = dx_proxy_refuse(made_up, DX_REFUSED_BY_ROUTER);
		CHECK(result == -ENOENT || result == -EBADF);
	}
	CHECK_OK(dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER)); /* still undecided */
	CHECK_EQ(client_hello(client), -ECONNRESET);
	peer_close(client);
	await_quiet(&front);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(tcp_to_tcp);
	RUN(tcp_to_unix);
	RUN(unix_to_tcp6);
	RUN(a_list_of_addresses_is_tried_in_turn);
	RUN(refusals_are_counted_by_cause);
	RUN(the_second_answer_is_refused);
	RUN(an_answer_after_the_client_has_gone_is_told);
	RUN(foreign_ids_are_refused);
	return test_end();
}
