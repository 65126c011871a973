/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of short connections over two workers: all are served, and both workers work. Trap: one listening socket in
 * every worker's epoll gave 2741 of 3000 connections to one of them; here a listener's worker hands connections out.
 */
#include "support_proxy.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 4

static struct front shared;

static void *visit_often(void *argument)
{
	unsigned rounds = *(unsigned *)argument;
	for (unsigned i = 0; i < rounds; i++) {
		int client = client_open(&shared);
		client_expect(&shared, client, 'A');
		client_ping(client, 64);
		if (i % 4 == 0)
			peer_reset(client);
		else if (i % 4 == 1)
			peer_close(client);
		else
			client_finish(client);
	}
	return NULL;
}

static void short_connections_are_all_served(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	shared = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	unsigned rounds = scaled(750);
	pthread_t threads[THREADS];
	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_start(visit_often, &rounds);
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	struct dx_proxy_info info = await_quiet(&shared);
	CHECK_EQ(info.accepted, THREADS * rounds);
	CHECK_EQ(info.joined, THREADS * rounds);
	CHECK_EQ(info.connect_failed, 0);
	CHECK_EQ(engine_info(engine).exhausted, 0);
	server_close(server);
	engine_close(engine);
}

/* The threads of this process. @return their number */
static unsigned list_threads(unsigned ids[16])
{
	unsigned count = 0;
	DIR *tasks = opendir("/proc/self/task");
	CHECK(tasks);
	for (struct dirent *entry; (entry = readdir(tasks)) && count < 16;)
		if (entry->d_name[0] != '.')
			ids[count++] = (unsigned)atoi(entry->d_name);
	closedir(tasks);
	return count;
}

/* @return nanoseconds of processor time */
static uint64_t thread_time(unsigned id)
{
	char path[64];
	unsigned long long time = 0;
	snprintf(path, sizeof(path), "/proc/self/task/%u/schedstat", id);
	FILE *file = fopen(path, "re");
	CHECK(file && fscanf(file, "%llu", &time) == 1);
	fclose(file);
	return time;
}

static void both_workers_work(void)
{
	enum { CLIENTS = 100 };
	unsigned before[16], ids[16];
	unsigned others = list_threads(before);
	dx_id engine = engine_open(2);
	unsigned workers = 0, threads = list_threads(ids);
	for (unsigned i = 0; i < threads; i++) {
		bool old = false;
		for (unsigned j = 0; j < others; j++)
			old |= before[j] == ids[i];
		if (!old)
			ids[workers++] = ids[i];
	}
	CHECK_GE(workers, 2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	shared = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = client_open(&shared);
		client_expect(&shared, clients[i], 'A');
	}
	uint64_t times[16], all = 0;
	for (unsigned i = 0; i < workers; i++)
		times[i] = thread_time(ids[i]);
	for (unsigned round = 0; round < 30; round++)
		for (unsigned i = 0; i < CLIENTS; i++)
			client_ping(clients[i], 10000);
	for (unsigned i = 0; i < workers; i++) {
		times[i] = thread_time(ids[i]) - times[i];
		all += times[i];
	}
	unsigned busy = 0;
	for (unsigned i = 0; i < workers; i++)
		busy += times[i] * 4 > all;
	CHECK_EQ(busy, 2); /* each has more than a quarter of the work */
	for (unsigned i = 0; i < CLIENTS; i++)
		client_finish(clients[i]);
	await_quiet(&shared);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(short_connections_are_all_served);
	RUN(both_workers_work);
	return test_end();
}
