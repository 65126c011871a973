/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command at once, on connections in every state: clients come and vanish, connections are decided, refused,
 * ended by their join and by their client's socket, the proxy stops, starts and drains. Afterwards every connection is
 * counted once, nothing is left, and the proxy still serves.
 */
#include "support_proxy.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>

#define THREADS 4

static dx_id storm_engine;
static struct front shared;
static struct server *servers[2];
static struct stuck full;
static struct dx_address dead;
static atomic_bool running;

/* Clients of every temper. */
static void *visit(void *argument)
{
	struct rng rng;
	rng_init(&rng, (uint64_t)(uintptr_t)argument);
	while (running) {
		struct timeval patience = { .tv_usec = 1000 * (1 + (long)rng_below(&rng, 20)) };
		uint8_t data[2000] = { 0 };
		int client = client_try(&shared.address);
		if (client < 0) {
			poll_pause();
			continue;
		}
		CHECK_SYS(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
		if (rng_below(&rng, 4))
			send(client, data, rng_below(&rng, sizeof(data)), MSG_NOSIGNAL);
		if (rng_below(&rng, 4))
			recv(client, data, sizeof(data), 0);
		if (rng_below(&rng, 4))
			peer_reset(client);
		else
			peer_close(client);
	}
	return NULL;
}

/* Do something to a connection: rarely only what is proper. */
static void strike(struct rng *rng, dx_id connection)
{
	struct dx_join_info row = { .size = 0 };
	switch (rng_below(rng, 9)) {
	case 0:
	case 1:
		dx_proxy_decide(connection, server_address(servers[rng_below(rng, 2)]), 1);
		break;
	case 2:
		dx_proxy_decide(connection, &full.address, 1);
		break;
	case 3:
		dx_proxy_decide(connection, &dead, 1);
		break;
	case 4:
		dx_proxy_refuse(connection, DX_REFUSED_BY_ROUTER);
		break;
	case 5:
		dx_join_close(connection, 0);
		break;
	case 6:
		dx_unjoin(connection, 0); /* may hand both sockets over: see the end of the test */
		break;
	case 7:
		if (dx_join_info_wait(connection, &row) == 0) {
			if (rng_below(rng, 2))
				dx_join_close(connection, 0);
			dx_close(row.a, rng_below(rng, 2) ? DX_CLOSE_RESET : 0, 100, 0);
			if (row.b && rng_below(rng, 2))
				dx_close(row.b, 0, 100, 0);
		}
		break;
	default:
		break; /* not decided in time */
	}
}

/* Sockets that an unjoin has handed over are closed; connections are struck, some of them again and again. */
static void *handle(void *argument)
{
	struct rng rng;
	rng_init(&rng, 100 + (uint64_t)(uintptr_t)argument);
	dx_id recent[64] = { 0 };
	for (;;) {
		struct dx_event events[16];
		int count = dx_events_wait(storm_engine, events, 16, 10);
		if (count == -ESHUTDOWN)
			return NULL;
		for (int i = 0; i < count; i++) {
			if (events[i].type == DX_EVENT_STOPPED)
				return NULL;
			if (events[i].type == DX_EVENT_DONE && events[i].reason == DX_REASON_UNJOINED && events[i].result == 0) {
				dx_close(events[i].a, 0, 100, 0);
				dx_close(events[i].b, 0, 100, 0);
			}
			if (events[i].type == DX_EVENT_CONNECTION) {
				recent[rng_below(&rng, 64)] = events[i].object;
				strike(&rng, events[i].object);
			}
		}
		if (running)
			strike(&rng, recent[rng_below(&rng, 64)]);
	}
}

static void storm(enum wire wire, uint64_t milliseconds)
{
	storm_engine = engine_open(2);
	struct dx_proxy_options options = proxy_options(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS);
	options.decision_timeout = 30;
	options.connect_timeout = 20;
	options.max_pending = 20;
	options.max_connections = 40;
	shared = front_open(storm_engine, wire, &options);
	front_start(&shared);
	running = true;
	pthread_t visitors[THREADS], handlers[2];
	for (unsigned i = 0; i < THREADS; i++)
		visitors[i] = thread_start(visit, (void *)(uintptr_t)i);
	for (unsigned i = 0; i < 2; i++)
		handlers[i] = thread_start(handle, (void *)(uintptr_t)i);
	struct rng rng;
	rng_init(&rng, 1000);
	for (uint64_t end = now_ms() + milliseconds; now_ms() < end;) {
		uint16_t port;
		uint64_t draw = rng_below(&rng, 20);
		int rc = draw == 0 ? dx_proxy_stop_wait(shared.proxy) : draw == 1 ? dx_proxy_drain_wait(shared.proxy, 5)
				: draw == 2 ? dx_proxy_drain(shared.proxy, 3, 0) : dx_proxy_start_wait(shared.proxy, &port);
		CHECK(rc == 0 || rc == -ECANCELED);
		poll_pause();
	}
	running = false;
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(visitors[i]);
	uint16_t port;
	CHECK_OK(dx_proxy_start_wait(shared.proxy, &port));
	struct dx_proxy_info info;
	AWAIT((info = proxy_info(&shared)).active == 0);
	CHECK_EQ(info.pending, 0);
	CHECK_GT(info.accepted, 0);
	CHECK_GT(info.joined, 0);
	AWAIT(engine_info(storm_engine).joins_active == 0);
	AWAIT(engine_info(storm_engine).sockets == 0);
	AWAIT(proxy_info(&shared).state == DX_PROXY_STARTED);
	CHECK_EQ(ended_connections(&info), info.accepted);
	CHECK_OK(dx_engine_stop(storm_engine));
	for (unsigned i = 0; i < 2; i++)
		thread_join(handlers[i]);
	engine_close(storm_engine);
}

static void all_wires(void)
{
	int hold = wire_refused(WIRE_TCP4, &dead);
	servers[0] = server_open(WIRE_TCP4, 'A');
	servers[1] = server_open(WIRE_UNIX, 'B');
	full = stuck_open(WIRE_UNIX);
	for (enum wire wire = 0; wire < WIRES; wire++)
		storm(wire, scaled(1500));
	stuck_close(&full);
	server_close(servers[0]);
	server_close(servers[1]);
	peer_close(hold);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(all_wires);
	return test_end();
}
