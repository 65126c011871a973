/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend that does not answer costs connect_timeout, then the next one is tried. Trap: a non-blocking connect of a
 * unix socket whose backlog is full says EAGAIN, and no event ever comes; it is retried by timer.
 */
#include "support_proxy.h"

static struct front front_with(dx_id engine, uint32_t timeout, uint32_t flags)
{
	struct dx_proxy_options options = proxy_options(flags);
	options.connect_timeout = timeout;
	return front_open(engine, WIRE_TCP4, &options);
}

static void the_next_serves(enum wire wire)
{
	dx_id engine = engine_open(2);
	struct stuck stuck = stuck_open(wire);
	struct server *server = server_open(WIRE_TCP4, 'B');
	struct front front = front_with(engine, 200, 0);
	front_add(&front, &stuck.address);
	front_add(&front, server_address(server));
	front_start(&front);
	int clients[4]; /* at least one of two in a row meets the stuck one first */
	for (unsigned i = 0; i < 4; i++)
		clients[i] = client_open(&front);
	for (unsigned i = 0; i < 4; i++) {
		client_expect(&front, clients[i], 'B');
		client_finish(clients[i]);
	}
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, 4);
	struct dx_backend_info backend = backend_info(&front, 0);
	CHECK_GE(backend.failed, 1);
	CHECK_EQ(backend.state, DX_BACKEND_FAILING);
	CHECK_EQ(backend.error, -ETIMEDOUT);
	server_close(server);
	stuck_close(&stuck);
	engine_close(engine);
}

static void after_the_timeout_the_next_one_serves(void)
{
	the_next_serves(WIRE_TCP4);
}

static void also_after_a_unix_backend(void)
{
	the_next_serves(WIRE_UNIX);
}

static void none_in_time(enum wire wire)
{
	dx_id engine = engine_open(1);
	struct stuck stuck = stuck_open(wire);
	struct front front = front_with(engine, 100, DX_PROXY_JOIN_EVENTS);
	front_add(&front, &stuck.address);
	front_start(&front);
	uint64_t start = now_ms();
	int client = client_open(&front);
	CHECK_EQ(client_hello(client), -ECONNRESET);
	CHECK_GE(now_ms() - start, 95); /* a timer's tick less */
	struct dx_event event = await_proxy_ended(&front);
	CHECK_EQ(event.reason, DX_REASON_CONNECT_FAILED);
	CHECK_EQ(event.result, -ETIMEDOUT);
	peer_close(client);
	CHECK_EQ(await_quiet(&front).connect_failed, 1);
	stuck_close(&stuck);
	engine_close(engine);
}

static void with_none_in_time_the_client_is_reset(void)
{
	none_in_time(WIRE_TCP4);
}

static void also_with_a_unix_backend(void)
{
	none_in_time(WIRE_UNIX);
}

static void a_full_unix_backlog_is_retried(void)
{
	dx_id engine = engine_open(1);
	struct stuck stuck = stuck_open(WIRE_UNIX);
	struct front front = front_with(engine, 30000, 0);
	front_add(&front, &stuck.address);
	front_start(&front);
	int client = client_open(&front);
	struct stream sent = stream_new(), received = sent;
	peer_send(client, &sent, 1000); /* data that waits meanwhile is not lost */
	AWAIT(backend_info(&front, 0).active == 1);
	CHECK_EQ(proxy_info(&front).joined, 0);

	peer_close(wire_accept(stuck.listener)); /* the filler: now there is room */
	int backend = wire_accept(stuck.listener);
	peer_recv(backend, &received, 1000);
	peer_close(backend);
	client_finish(client);
	CHECK_EQ(await_quiet(&front).joined, 1);
	CHECK_EQ(backend_info(&front, 0).failed, 0);
	stuck_close(&stuck);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(after_the_timeout_the_next_one_serves);
	RUN(also_after_a_unix_backend);
	RUN(with_none_in_time_the_client_is_reset);
	RUN(also_with_a_unix_backend);
	RUN(a_full_unix_backlog_is_retried);
	return test_end();
}
