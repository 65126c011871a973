/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing engines, also under load and with threads inside every blocking call; calls after the close.
 * RUN() sees to it that no thread and no descriptor is left. (Laws 1, 2 and 12.)
 */
#include "support.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void engines_come_and_go(void)
{
	for (unsigned i = 0; i < scaled(100); i++) {
		dx_id engine = engine_open(1 + i % 4);
		CHECK_EQ(engine_info(engine).workers, 1 + i % 4);
		if (i % 3 == 0)
			CHECK_OK(dx_engine_stop(engine));
		engine_close(engine);
		CHECK_EQ(dx_engine_close(engine), -ENOENT);
		CHECK_EQ(dx_engine_stop(engine), -ENOENT);
	}
}

static void several_engines_live_side_by_side(void)
{
	enum { ENGINES = 6 };
	dx_id engines[ENGINES];
	struct bridge bridges[ENGINES];
	struct flow flows[ENGINES];
	for (unsigned i = 0; i < ENGINES; i++) {
		engines[i] = engine_open(1);
		bridges[i] = bridge_open(engines[i], WIRE_TCP4, WIRE_UNIX, 0, NULL);
		flows[i] = flow_new(bridges[i].a.peer, bridges[i].b.peer, MIB, true);
	}
	flows_run(flows, ENGINES);
	for (unsigned i = 0; i < ENGINES; i++) {
		CHECK_EQ(engine_info(engines[i]).bytes, MIB);
		bridge_close(&bridges[i]);
		engine_close(engines[i]);
	}
}

static void there_is_a_limit_of_engines(void)
{
	enum { MOST = 255 };
	static dx_id engines[MOST + 1];
	unsigned count = 0;
	int result = 0;
	while (count <= MOST && (result = dx_engine_open(&(struct dx_engine_options){
			.size = sizeof(struct dx_engine_options), .workers = 1 }, &engines[count])) == 0)
		count++;
	CHECK_EQ(count, MOST);
	CHECK_EQ(result, -EUSERS);
	while (count)
		engine_close(engines[--count]);
	dx_id engine = engine_open(1); /* and they are reused */
	engine_close(engine);
}

static void the_limit_on_open_files_is_raised(void)
{
	struct rlimit before, after;
	CHECK_SYS(getrlimit(RLIMIT_NOFILE, &before));
	struct rlimit low = { .rlim_cur = 1000, .rlim_max = before.rlim_max };
	CHECK_SYS(setrlimit(RLIMIT_NOFILE, &low));
	dx_id engine = engine_open(1);
	CHECK_SYS(getrlimit(RLIMIT_NOFILE, &after));
	CHECK_EQ(after.rlim_cur, before.rlim_max);
	CHECK_LE(engine_info(engine).descriptors_max, after.rlim_cur - 512);
	CHECK_GT(engine_info(engine).descriptors_max, 0);
	engine_close(engine);
	CHECK_SYS(setrlimit(RLIMIT_NOFILE, &before));
}

/* Threads of this process that block all signals that can be blocked. */
static unsigned count_deaf_threads(void)
{
	unsigned deaf = 0;
	DIR *tasks = opendir("/proc/self/task");
	CHECK(tasks);
	for (struct dirent *entry; (entry = readdir(tasks));) {
		char path[64], line[256];
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/status", entry->d_name);
		FILE *status = fopen(path, "re");
		while (status && fgets(line, sizeof(line), status)) {
			if (strncmp(line, "SigBlk:", 7) == 0)
				deaf += (strtoull(line + 7, NULL, 16) & 0x7ffbfeff) == 0x7ffbfeff;
		}
		if (status)
			fclose(status);
	}
	closedir(tasks);
	return deaf;
}

static void workers_block_all_signals(void)
{
	unsigned threads = count_threads(), deaf = count_deaf_threads();
	dx_id engine = engine_open(3);
	CHECK_EQ(count_threads(), threads + 3);
	CHECK_EQ(count_deaf_threads(), deaf + 3);
	engine_close(engine);
}

static dx_id engine;
static struct line idle, full;
static dx_id listener;
static atomic_uint inside;

static void *in_events(void *argument)
{
	struct dx_event event;
	int count;
	(void)argument;
	atomic_fetch_add(&inside, 1);
	while ((count = dx_events_wait(engine, &event, 1, -1)) > 0)
		;
	CHECK(count == -ESHUTDOWN || count == -ENOENT); /* inside when it was closed, or called just after */
	return NULL;
}

static void *in_recv(void *argument)
{
	uint8_t byte;
	(void)argument;
	atomic_fetch_add(&inside, 1);
	int64_t result = dx_recv_wait(idle.socket, &byte, 1, -1);
	CHECK(result == -ESHUTDOWN || result == -ENOENT);
	return NULL;
}

static void *in_send(void *argument)
{
	static uint8_t data[8 * MIB];
	(void)argument;
	atomic_fetch_add(&inside, 1);
	int64_t result = dx_send_wait(full.socket, data, sizeof(data), -1);
	CHECK(result == -ESHUTDOWN || result == -ENOENT || (result > 0 && result < (int64_t)sizeof(data)));
	return NULL;
}

static void *in_accept(void *argument)
{
	dx_id socket;
	(void)argument;
	atomic_fetch_add(&inside, 1);
	int result = dx_accept_wait(listener, -1, &socket);
	CHECK(result == -ESHUTDOWN || result == -ENOENT);
	return NULL;
}

static void *in_close(void *argument)
{
	(void)argument;
	atomic_fetch_add(&inside, 1);
	struct line line = line_open(engine, WIRE_TCP4, 0); /* whose peer does not end */
	int result = dx_close_wait(line.socket, 0, 600000);
	CHECK(result == -ESHUTDOWN || result == -ENOENT || result == 0);
	peer_close(line.peer);
	return NULL;
}

/* Joins, unjoins, and asks for this and that until the engine says no. */
static void *in_joins(void *argument)
{
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 0);
	struct dx_join_info row;
	(void)argument;
	atomic_fetch_add(&inside, 1);
	for (;;) {
		dx_id join;
		uint64_t next;
		int result = dx_join_wait(a.socket, b.socket, NULL, &join);
		if (result == 0)
			result = dx_join_info_wait(join, &row);
		if (result == 0)
			result = dx_joins_wait(engine, 0, 0, &row, 1, &next);
		if (result >= 0)
			result = dx_unjoin_wait(join, NULL);
		if (result < 0) {
			CHECK(result == -ESHUTDOWN || result == -ENOENT);
			break;
		}
	}
	peer_close(a.peer);
	peer_close(b.peer);
	return NULL;
}

struct load {
	struct bridge bridge;
	uint64_t received;
};

/* Bulk through a join until the engine takes it down. */
static void *in_traffic(void *argument)
{
	struct load *load = argument;
	struct stream sent = stream_new(), received = sent;
	uint8_t data[64 * KIB];
	atomic_fetch_add(&inside, 1);
	for (;;) {
		struct stream next = sent;
		stream_fill(&next, data, sizeof(data));
		ssize_t done = send(load->bridge.a.peer, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done == -1 && errno != EAGAIN)
			break;
		sent.offset += done > 0 ? (uint64_t)done : 0;
		done = recv(load->bridge.b.peer, data, sizeof(data), MSG_DONTWAIT);
		if (done == 0 || (done == -1 && errno != EAGAIN))
			break;
		if (done > 0)
			stream_verify(&received, data, (size_t)done);
	}
	load->received = received.offset;
	return NULL;
}

static void closing_under_load(void)
{
	enum { LOADS = 3, OTHERS = 8 };
	for (unsigned round = 0; round < scaled(20); round++) {
		static void *(*const others[OTHERS])(void *) = { in_events, in_events, in_recv, in_send, in_accept, in_close,
			in_joins, in_joins };
		struct load loads[LOADS];
		pthread_t threads[LOADS + OTHERS];
		struct dx_address anywhere = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
		dx_id closed;
		engine = closed = engine_open(1 + round % 3);
		idle = line_open(engine, WIRE_TCP4, 0);
		full = line_open(engine, WIRE_TCP4, 16 * KIB);
		CHECK_OK(dx_listen(engine, &anywhere, 0, &listener));
		atomic_store(&inside, 0);
		for (unsigned i = 0; i < LOADS; i++) {
			loads[i].bridge = bridge_open(engine, i % WIRES, round % WIRES, 0, NULL);
			threads[i] = thread_start(in_traffic, &loads[i]);
		}
		for (unsigned i = 0; i < OTHERS; i++)
			threads[LOADS + i] = thread_start(others[i], NULL);
		AWAIT(atomic_load(&inside) == LOADS + OTHERS);
		for (unsigned i = 0; i < round % 5; i++)
			poll_pause();
		engine_close(closed);
		for (unsigned i = 0; i < LOADS + OTHERS; i++)
			thread_join(threads[i]);
		for (unsigned i = 0; i < LOADS; i++) {
			peer_close(loads[i].bridge.a.peer);
			peer_close(loads[i].bridge.b.peer);
		}
		peer_close(idle.peer);
		peer_close(full.peer);
	}
}

static void calls_after_the_close_find_nothing(void)
{
	struct bridge bridge = bridge_open(engine = engine_open(1), WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct dx_event event;
	struct dx_join_info row;
	uint8_t byte = 0;
	dx_id out;
	int pair[2];
	engine_close(engine);
	wire_pair(WIRE_TCP4, 0, pair);
	CHECK_EQ(dx_events_wait(engine, &event, 1, -1), -ENOENT);
	CHECK_EQ(dx_adopt(engine, pair[0], NULL, 0, &out), -ENOENT);
	CHECK(is_open(pair[0]));
	CHECK_EQ(dx_recv(bridge.a.socket, &byte, 1), -ENOENT);
	CHECK_EQ(dx_send_wait(bridge.b.socket, &byte, 1, -1), -ENOENT);
	CHECK_EQ(dx_close(bridge.a.socket, 0, 0, 1), -ENOENT);
	CHECK_EQ(dx_unjoin(bridge.join, 1), -ENOENT);
	CHECK_EQ(dx_unjoin_wait(bridge.join, NULL), -ENOENT);
	CHECK_EQ(dx_join_info_wait(bridge.join, &row), -ENOENT);
	CHECK_EQ(dx_joins_wait(engine, 0, 0, &row, 1, &out), -ENOENT);
	/* and the peers see that it is over */
	struct stream nothing = stream_new();
	CHECK(peer_readable(bridge.a.peer, -1));
	CHECK_EQ(peer_recv_some(bridge.a.peer, &nothing, 1), 0);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	peer_close(pair[0]);
	peer_close(pair[1]);
}

int main(void)
{
	test_begin();
	RUN(engines_come_and_go);
	RUN(several_engines_live_side_by_side);
	RUN(there_is_a_limit_of_engines);
	RUN(the_limit_on_open_files_is_raised);
	RUN(workers_block_all_signals);
	RUN(closing_under_load);
	RUN(calls_after_the_close_find_nothing);
	return test_end();
}
