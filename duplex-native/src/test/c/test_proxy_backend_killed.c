/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend that is killed under load: all of its connections end with a reason, the other backend's go on, and new
 * connections go to the other one.
 */
#include "support_proxy.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 8

static struct front shared;
static atomic_bool loading;
static _Atomic unsigned broken;  /* connections that ended under their client */
static _Atomic unsigned after;   /* connections served since the kill */
static atomic_bool killed;

/* Send and receive as much as is possible until the backend is gone. Some leave the other one then, and come anew. */
static void talk(int client, bool stays)
{
	uint8_t data[8 * KIB] = { 0 };
	while (loading && (stays || !killed)) {
		ssize_t got = send(client, data, sizeof(data), MSG_NOSIGNAL);
		for (ssize_t left = got; left > 0; left -= got)
			if ((got = recv(client, data, sizeof(data), 0)) <= 0)
				break;
		if (got <= 0) {
			broken++;
			return;
		}
	}
}

static void *load(void *argument)
{
	bool stays = (uintptr_t)argument % 2;
	while (loading) {
		bool late = killed;
		int client = client_open(&shared);
		int name = client_hello(client);
		if (late) {
			CHECK_EQ(name, 'B'); /* never the dead one, and never refused */
			after++;
		} else if (name > 0) {
			talk(client, stays || name == 'A');
		} else {
			broken++;
		}
		peer_close(client);
	}
	return NULL;
}

/* @return a connection to the backend of this name */
static int open_to(char name)
{
	for (;;) {
		int client = client_open(&shared);
		if (client_hello(client) == name)
			return client;
		client_finish(client);
	}
}

static void killed_under_load(void (*end)(struct server *))
{
	dx_id engine = engine_open(2);
	struct server *servers[2] = { server_open(WIRE_TCP4, 'A'), server_open(WIRE_TCP4, 'B') };
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	shared = front_of(engine, WIRE_TCP4, &options, servers, 2);
	loading = true;
	killed = false;
	broken = after = 0;
	pthread_t threads[THREADS];
	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_start(load, (void *)(uintptr_t)i);
	int idle = open_to('A'), witness = open_to('B'); /* beside the busy ones */
	AWAIT(server_counts(servers[0]).received + server_counts(servers[1]).received > 2 * MIB);
	uint64_t victims = server_counts(servers[0]).connected;
	CHECK_GE(victims, 1);

	end(servers[0]);
	killed = true;
	AWAIT(after > scaled(100));
	client_ping(witness, 100000); /* its connections go on */
	loading = false;
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	CHECK_GE(broken + 1, victims);
	CHECK_LE(client_hello(idle), 0);
	peer_close(idle);
	client_finish(witness);
	struct dx_proxy_info info = await_quiet(&shared);
	CHECK_EQ(info.connect_failed, 0);
	CHECK_EQ(backend_info(&shared, 0).state, DX_BACKEND_FAILING);
	CHECK_EQ(backend_info(&shared, 0).error, -ECONNREFUSED);
	unsigned by_backend = 0;
	for (uint64_t i = 0; i < info.accepted; i++) {
		struct dx_event event = await_proxy_ended(&shared);
		CHECK(event.reason == DX_REASON_CLIENT_CLOSED || event.reason == DX_REASON_BACKEND_CLOSED
				|| event.reason == DX_REASON_RESET);
		by_backend += event.side == DX_SIDE_B;
	}
	CHECK_GE(by_backend, broken);
	server_close(servers[1]);
	engine_close(engine);
}

static void by_a_signal(void)
{
	killed_under_load(server_close);
}

static void by_resets(void)
{
	killed_under_load(server_reset);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(by_a_signal);
	RUN(by_resets);
	return test_end();
}
