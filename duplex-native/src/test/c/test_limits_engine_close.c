/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine that is stopped or closed while a proxy is under load: it comes to an end, every client sees one, joins end
 * with SHUT_DOWN, and STOPPED is the last event.
 */
#include "support_proxy.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>

#define THREADS 6

static struct front shared;
static atomic_bool loading;
static _Atomic unsigned talks;

/* Visit until the proxy is gone. Some other process may have its port by then: nothing that is heard is checked. */
static void *load(void *argument)
{
	unsigned kind = (unsigned)(uintptr_t)argument;
	while (loading) {
		struct timeval patience = { .tv_sec = 5 };
		uint8_t data[4 * KIB] = { 0 };
		int client = client_try(&shared.address);
		if (client < 0) {
			poll_pause();
			continue;
		}
		CHECK_SYS(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
		for (unsigned i = 0; i < (kind % 2 ? 1 : 1000000) && loading; i++) {
			if (send(client, data, sizeof(data), MSG_NOSIGNAL) <= 0 || recv(client, data, sizeof(data), 0) <= 0)
				break;
			talks++;
		}
		peer_close(client);
	}
	return NULL;
}

static void end_under_load(bool stop_first)
{
	struct server *servers[2] = { server_open(WIRE_TCP4, 'A'), server_open(WIRE_UNIX, 'B') };
	struct stuck stuck = stuck_open(WIRE_TCP4); /* some connections are being connected */
	for (unsigned round = 0; round < scaled(20); round++) {
		dx_id engine = engine_open(2);
		struct dx_proxy_options options = proxy_options(round % 2 ? DX_PROXY_JOIN_EVENTS : 0);
		shared = front_of(engine, round % 3 ? WIRE_TCP4 : WIRE_UNIX, &options, servers, 2);
		if (round % 4 == 3)
			front_add(&shared, &stuck.address);
		loading = true;
		talks = 0;
		pthread_t threads[THREADS];
		for (unsigned i = 0; i < THREADS; i++)
			threads[i] = thread_start(load, (void *)(uintptr_t)i);
		AWAIT(talks > 50 * (1 + round % 5));
		if (stop_first) {
			CHECK_OK(dx_engine_stop(engine));
			CHECK_OK(dx_engine_stop(engine));
			await_stopped(engine);
			struct dx_event event;
			CHECK_EQ(dx_events_wait(engine, &event, 1, 0), -ESHUTDOWN);
			CHECK_EQ(engine_info(engine).stopped, 1);
			CHECK_EQ(engine_info(engine).joins_active, 0);
		}
		engine_close(engine);
		loading = false;
		for (unsigned i = 0; i < THREADS; i++)
			thread_join(threads[i]);
	}
	stuck_close(&stuck);
	AWAIT(server_counts(servers[0]).connected == 0 && server_counts(servers[1]).connected == 0);
	server_close(servers[0]);
	server_close(servers[1]);
}

static void close_under_load(void)
{
	end_under_load(false);
}

static void stop_under_load_then_close(void)
{
	end_under_load(true);
}

static void a_stop_tells_every_end(void)
{
	enum { CLIENTS = 50 };
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	struct front front = front_of(engine, WIRE_TCP4, &options, &server, 1);
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = client_open(&front);
		client_expect(&front, clients[i], 'A');
	}
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_drain(front.proxy, 600000, token)); /* in progress when the engine stops */
	CHECK_OK(dx_engine_stop(engine));
	CHECK_EQ(await_done(engine, token).result, -ESHUTDOWN);
	for (unsigned i = 0; i < CLIENTS; i++)
		CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_SHUT_DOWN);
	await_stopped(engine);
	for (unsigned i = 0; i < CLIENTS; i++) {
		CHECK_LE(client_hello(clients[i]), 0);
		peer_close(clients[i]);
	}
	struct dx_proxy_options none = proxy_options(0);
	struct dx_address address = any_address(WIRE_TCP4);
	dx_id proxy;
	CHECK_EQ(dx_proxy_open(engine, &address, &none, &proxy), -ESHUTDOWN);
	CHECK_EQ(client_try(&front.address), -ECONNREFUSED);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(close_under_load);
	RUN(stop_under_load_then_close);
	RUN(a_stop_tells_every_end);
	return test_end();
}
