/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that vanishes before its backend is connected is noticed at once, counted, and costs nothing any more. One
 * that has only ended its stream is still there: it may wait for a reply.
 */
#include "support_proxy.h"

static struct front stuck_front(dx_id engine, const struct stuck *stuck)
{
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	options.connect_timeout = 600000; /* never within this test */
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &stuck->address);
	front_start(&front);
	return front;
}

static void a_reset_while_connecting_is_noticed(enum wire wire)
{
	enum { CLIENTS = 20 };
	dx_id engine = engine_open(2);
	struct stuck stuck = stuck_open(wire);
	struct front front = stuck_front(engine, &stuck);
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = client_open(&front);
		if (i % 2) { /* also with data on its way */
			struct stream stream = stream_new();
			peer_send(clients[i], &stream, 1000);
		}
	}
	AWAIT(backend_info(&front, 0).active == CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++)
		peer_reset(clients[i]);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct dx_event event = await_proxy_ended(&front);
		CHECK(event.reason == DX_REASON_RESET || event.reason == DX_REASON_CLIENT_CLOSED);
		CHECK_EQ(event.side, DX_SIDE_A);
		CHECK_EQ(event.a_to_b, 0);
	}
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.client_gone, CLIENTS);
	CHECK_EQ(info.joined, 0);
	CHECK_EQ(info.connect_failed, 0);
	CHECK_EQ(backend_info(&front, 0).failed, 0); /* not the backend's fault */
	stuck_close(&stuck);
	engine_close(engine);
}

static void while_a_tcp_backend_is_connected(void)
{
	a_reset_while_connecting_is_noticed(WIRE_TCP4);
}

static void while_a_unix_backend_is_retried(void)
{
	a_reset_while_connecting_is_noticed(WIRE_UNIX);
}

static void an_end_alone_does_not_mean_gone(void)
{
	dx_id engine = engine_open(1);
	struct stuck stuck = stuck_open(WIRE_UNIX);
	struct front front = stuck_front(engine, &stuck);
	int client = client_open(&front);
	struct stream sent = stream_new(), received = sent;
	peer_send(client, &sent, 1000);
	peer_shut(client);
	AWAIT(backend_info(&front, 0).active == 1);
	CHECK(!peer_readable(client, 100)); /* neither ended nor reset */
	CHECK_EQ(proxy_info(&front).active, 1);

	peer_close(wire_accept(stuck.listener)); /* the filler: now there is room */
	int backend = wire_accept(stuck.listener);
	CHECK_EQ(peer_recv_to_end(backend, &received), 1000);
	struct stream reply = stream_new(), heard = reply;
	peer_send(backend, &reply, 3000);
	peer_close(backend);
	CHECK_EQ(peer_recv_to_end(client, &heard), 3000);
	peer_close(client);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, 1);
	CHECK_EQ(info.client_gone, 0);
	stuck_close(&stuck);
	engine_close(engine);
}

static void resets_in_the_backlog_do_no_harm(void)
{
	/* the connection is gone before it is even accepted */
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(0);
	options.max_connections = 1;
	struct front front = front_of(engine, WIRE_TCP4, &options, &server, 1);
	int first = client_open(&front);
	client_expect(&front, first, 'A');
	for (unsigned i = 0; i < 50; i++)
		peer_reset(client_open(&front));
	int last = client_open(&front);
	client_finish(first);
	client_expect(&front, last, 'A');
	client_finish(last);
	await_quiet(&front);
	server_close(server);
	engine_close(engine);
}

static void clients_that_vanish_at_any_moment_are_all_counted(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct front front = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	for (unsigned i = 0; i < scaled(2000); i++) {
		int client = client_open(&front);
		if (i % 3 == 0)
			peer_readable(client, 1); /* or long enough to be joined */
		peer_reset(client);
	}
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined + info.client_gone, info.accepted);
	AWAIT(server_counts(server).connected == 0);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(while_a_tcp_backend_is_connected);
	RUN(while_a_unix_backend_is_retried);
	RUN(an_end_alone_does_not_mean_gone);
	RUN(resets_in_the_backlog_do_no_harm);
	RUN(clients_that_vanish_at_any_moment_are_all_counted);
	return test_end();
}
