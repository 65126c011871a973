/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody starves (law 5): ready streams move at most 1 MiB a turn. Beside bulk streams that never pause, on the same
 * worker, ping-pongs go on; between a ping and its pong the bulk gets ahead by little. Order is asserted, not time.
 */
#include "support_proxy.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BULKS 4
#define BULK_BYTES (100ull * 1000 * 1000)
#define PINGS 1000

struct bulk {
	int client;
	int backend;
	pthread_t thread;
};

static atomic_bool running;
static _Atomic uint64_t moved; /* by all bulks */

/* Both ends of one bulk stream in one thread: keep it full, discard what arrives. */
static void *bulk_run(void *argument)
{
	struct bulk *bulk = argument;
	uint8_t data[64 * KIB] = { 0 };
	while (running) {
		struct pollfd ends[2] = {
			{ .fd = bulk->client, .events = POLLOUT },
			{ .fd = bulk->backend, .events = POLLIN },
		};
		CHECK_SYS(poll(ends, 2, 100));
		if (ends[0].revents & POLLOUT)
			send(bulk->client, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
		ssize_t got = recv(bulk->backend, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);
		if (got > 0)
			moved += (uint64_t)got;
	}
	return NULL;
}

static int by_size(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return a < b ? -1 : a > b;
}

static void ping_pongs_beside_bulk(void)
{
	dx_id engine = engine_open(1);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 64, &address);
	struct server *echo = server_open(WIRE_TCP4, 'A');
	struct front bulk_front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&bulk_front, &address);
	front_start(&bulk_front);
	struct front echo_front = front_of(engine, WIRE_TCP4, NULL, &echo, 1);
	struct bulk bulks[BULKS];
	running = true;
	moved = 0;
	for (unsigned i = 0; i < BULKS; i++) {
		bulks[i].client = client_open(&bulk_front);
		bulks[i].backend = wire_accept(listener);
		bulks[i].thread = thread_start(bulk_run, &bulks[i]);
	}
	AWAIT(moved > 10 * MIB);

	/* until both are done: at least 1,000 ping-pongs, and at least 100 MB of bulk beside them */
	uint64_t start = moved, ahead[PINGS];
	unsigned pings = 0;
	int client = client_open(&echo_front);
	client_expect(&echo_front, client, 'A');
	for (; pings < PINGS || moved - start < BULK_BYTES; pings++) {
		uint64_t before = moved;
		client_ping(client, 64);
		if (pings < PINGS)
			ahead[pings] = moved - before;
	}
	CHECK_GE(moved - start, BULK_BYTES);
	qsort(ahead, PINGS, sizeof(ahead[0]), by_size);
	test_note("bulk bytes a ping: median %llu, 90%% %llu, worst %llu", (unsigned long long)ahead[PINGS / 2],
			(unsigned long long)ahead[PINGS * 9 / 10], (unsigned long long)ahead[PINGS - 1]);
	/* A turn of all bulks is 4 MiB at most. Without fairness a ping would wait until the bulk ends, which is never. */
	CHECK_LE(ahead[PINGS / 2], 16 * MIB);
	client_finish(client);

	/* connecting goes on too, not only what is connected already */
	for (unsigned i = 0; i < scaled(50); i++) {
		client = client_open(&echo_front);
		client_expect(&echo_front, client, 'A');
		client_finish(client);
	}
	running = false;
	for (unsigned i = 0; i < BULKS; i++) {
		thread_join(bulks[i].thread);
		peer_reset(bulks[i].client);
		peer_close(bulks[i].backend);
	}
	await_quiet(&bulk_front);
	await_quiet(&echo_front);
	peer_close(listener);
	server_close(echo);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(ping_pongs_beside_bulk);
	return test_end();
}
