/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing joins a page at a time: every join once, also with thousands of them and while others come and go. (Law 10.)
 */
#include "support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct pairs {
	unsigned count;
	dx_id *joins; /* sorted, see find() */
	dx_id *sockets;
	int *peers;
	unsigned *listed;
};

static int compare(const void *left, const void *right)
{
	dx_id a = *(const dx_id *)left, b = *(const dx_id *)right;
	return a < b ? -1 : a > b;
}

/* Joins over socketpair(), four descriptors each. */
static struct pairs pairs_open(dx_id engine, unsigned count)
{
	struct pairs pairs = { .count = count };
	pairs.joins = calloc(count, sizeof(*pairs.joins));
	pairs.sockets = calloc(2 * count, sizeof(*pairs.sockets));
	pairs.peers = calloc(2 * count, sizeof(*pairs.peers));
	pairs.listed = calloc(count, sizeof(*pairs.listed));
	CHECK(pairs.joins && pairs.sockets && pairs.peers && pairs.listed);
	for (unsigned i = 0; i < 2 * count; i++) {
		int pair[2];
		CHECK_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
		CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &pairs.sockets[i]));
		pairs.peers[i] = pair[1];
		if (i % 2)
			CHECK_OK(dx_join_wait(pairs.sockets[i - 1], pairs.sockets[i], NULL, &pairs.joins[i / 2]));
	}
	qsort(pairs.joins, count, sizeof(*pairs.joins), compare);
	return pairs;
}

static void pairs_close(struct pairs *pairs)
{
	for (unsigned i = 0; i < 2 * pairs->count; i++)
		peer_close(pairs->peers[i]);
	free(pairs->joins);
	free(pairs->sockets);
	free(pairs->peers);
	free(pairs->listed);
}

/* List all and count how often each of ours was listed. Returns rows; strangers are rows, too. */
static unsigned list(dx_id engine, struct pairs *pairs, dx_id proxy, uint32_t page, bool blocking)
{
	struct dx_join_info rows[DX_JOINS_PAGE];
	uint64_t cursor = 0;
	unsigned total = 0;
	memset(pairs->listed, 0, pairs->count * sizeof(*pairs->listed));
	do {
		int count;
		memset(rows, 0xee, sizeof(rows));
		if (blocking) {
			count = dx_joins_wait(engine, proxy, cursor, rows, page, &cursor);
		} else {
			uint64_t token = token_new();
			CHECK_OK(dx_joins(engine, proxy, cursor, rows, page, token));
			struct dx_event event = await_done(engine, token);
			count = event.result;
			cursor = event.value;
		}
		CHECK_GE(count, 0);
		CHECK_LE(count, page);
		total += (unsigned)count;
		for (int i = 0; i < count; i++) {
			CHECK_GE(rows[i].size, sizeof(rows[i]));
			dx_id *found = bsearch(&rows[i].id, pairs->joins, pairs->count, sizeof(dx_id), compare);
			if (found)
				pairs->listed[found - pairs->joins]++;
		}
	} while (cursor);
	return total;
}

static void every_join_is_listed_once(void)
{
	dx_id engine = engine_open(3);
	struct pairs pairs = pairs_open(engine, 3000);
	static const uint32_t pages[] = { DX_JOINS_PAGE, 499, 37 };
	CHECK_EQ(engine_info(engine).joins_active, 3000);
	for (unsigned i = 0; i < 6; i++) {
		CHECK_EQ(list(engine, &pairs, 0, pages[i / 2], i % 2), 3000);
		for (unsigned j = 0; j < 3000; j++)
			CHECK_EQ(pairs.listed[j], 1);
	}
	pairs_close(&pairs);
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

static void no_join_gives_no_row(void)
{
	dx_id engine = engine_open(2);
	struct dx_join_info row;
	uint64_t cursor = 77;
	struct pairs none = pairs_open(engine, 0);
	CHECK_EQ(list(engine, &none, 0, 1, true), 0);
	CHECK_EQ(dx_joins_wait(engine, 0, UINT64_MAX, &row, 1, &cursor) >= -EINVAL, 1); /* a made-up cursor: any answer */
	pairs_close(&none);
	engine_close(engine);
}

/* Joins that the host made belong to no proxy. */
static void a_proxy_filters(void)
{
	dx_id engine = engine_open(1), proxy;
	struct dx_address anywhere = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	struct dx_proxy_options options = { .size = sizeof(options) };
	struct pairs pairs = pairs_open(engine, 20);
	struct dx_join_info row;
	uint64_t cursor;
	CHECK_OK(dx_proxy_open(engine, &anywhere, &options, &proxy));
	CHECK_EQ(list(engine, &pairs, proxy, 10, true), 0);
	CHECK_EQ(list(engine, &pairs, 0, 10, true), 20);
	CHECK_OK(dx_proxy_close_wait(proxy));
	CHECK_EQ(dx_joins_wait(engine, proxy, 0, &row, 1, &cursor), -ENOENT);
	pairs_close(&pairs);
	engine_close(engine);
}

static void a_row_tells_all_about_a_join(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP6, 0, &options);
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 12345, false);
	flows_run(&flow, 1);
	struct dx_join_info row, listed;
	uint64_t cursor, token = token_new();
	CHECK_OK(dx_join_info(bridge.join, &row, token));
	await_success(engine, token);
	CHECK_EQ(dx_joins_wait(engine, 0, 0, &listed, 1, &cursor), 1);
	CHECK_EQ(row.id, bridge.join);
	CHECK_EQ(row.proxy, 0);
	CHECK_EQ(row.a, bridge.a.socket);
	CHECK_EQ(row.b, bridge.b.socket);
	CHECK_EQ(row.backend, UINT32_MAX);
	CHECK_EQ(row.state, DX_JOIN_OPEN);
	CHECK_EQ(row.flags, DX_JOIN_NO_CLOSE);
	CHECK_EQ(row.a_to_b_path, DX_PATH_COPY);
	CHECK_EQ(row.b_to_a_path, DX_PATH_COPY);
	CHECK_EQ(row.a_to_b, 12345);
	CHECK_EQ(row.b_to_a, 0);
	CHECK_EQ(row.a_to_b_pending, 0);
	CHECK_EQ(row.a_peer.family, DX_FAMILY_IPV4);
	CHECK_EQ(row.a_peer.port, wire_address(bridge.a.peer).port);
	CHECK_EQ(row.b_peer.family, DX_FAMILY_IPV6);
	CHECK_EQ(row.b_peer.port, wire_address(bridge.b.peer).port);
	CHECK_GT(row.since_ns, 1600000000ull * 1000000000);
	uint64_t idle = row.idle_ns;
	CHECK_GE(listed.idle_ns, idle);
	listed.idle_ns = idle;
	CHECK(memcmp(&row, &listed, sizeof(row)) == 0);
	AWAIT(join_info(bridge.join).idle_ns > 20000000);
	flow = flow_new(bridge.b.peer, bridge.a.peer, 1, false);
	uint64_t before = join_info(bridge.join).idle_ns;
	flows_run(&flow, 1);
	CHECK_LT(join_info(bridge.join).idle_ns, before + 1000000000);
	CHECK_EQ(join_info(bridge.join).b_to_a, 1);
	CHECK_OK(dx_unjoin_wait(bridge.join, NULL));
	CHECK_EQ(dx_join_info_wait(bridge.join, &row), -ENOENT);
	bridge_close(&bridge);
	engine_close(engine);
}

static atomic_bool over;

static void *churn(void *argument)
{
	dx_id engine = *(dx_id *)argument;
	while (!atomic_load(&over)) {
		struct pairs pairs = pairs_open(engine, 10);
		pairs_close(&pairs);
	}
	return NULL;
}

/* Joins that exist all the time are listed, whatever happens to others meanwhile. */
static void a_listing_is_complete_while_others_come_and_go(void)
{
	dx_id engine = engine_open(3);
	struct pairs pairs = pairs_open(engine, 1000);
	atomic_store(&over, false);
	pthread_t threads[2] = { thread_start(churn, &engine), thread_start(churn, &engine) };
	for (unsigned i = 0; i < scaled(50); i++) {
		list(engine, &pairs, 0, i % 2 ? DX_JOINS_PAGE : 61, i % 3);
		for (unsigned j = 0; j < 1000; j++)
			CHECK_EQ(pairs.listed[j], 1);
	}
	atomic_store(&over, true);
	thread_join(threads[0]);
	thread_join(threads[1]);
	pairs_close(&pairs);
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

struct lister {
	dx_id engine;
	struct pairs *pairs;
	atomic_uint rounds;
};

static void *list_on(void *argument)
{
	struct lister *lister = argument;
	while (!atomic_load(&over)) {
		list(lister->engine, lister->pairs, 0, 5, true);
		for (unsigned i = 0; i < lister->pairs->count; i++)
			CHECK_GE(lister->pairs->listed[i], 1);
		atomic_fetch_add(&lister->rounds, 1);
	}
	return NULL;
}

/*
 * Half-duplex joins on four workers, which one chain after the other of further joins connects: groups move from
 * worker to worker while they are listed. None may be missed; one that moves may be seen twice.
 */
static void a_join_that_moves_is_not_missed(void)
{
	enum { JOINS = 32 };
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
	for (unsigned round = 0; round < scaled(30); round++) {
		dx_id engine = engine_open(4), sockets[2 * JOINS], joins[JOINS], listed[JOINS], link;
		int peers[2 * JOINS];
		unsigned counts[JOINS];
		for (unsigned i = 0; i < 2 * JOINS; i++) {
			int pair[2];
			CHECK_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
			CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &sockets[i]));
			peers[i] = pair[1];
			if (i % 2)
				CHECK_OK(dx_join_wait(sockets[i - 1], sockets[i], &options, &joins[i / 2]));
		}
		memcpy(listed, joins, sizeof(joins));
		qsort(listed, JOINS, sizeof(dx_id), compare);
		struct pairs pairs = { .count = JOINS, .joins = listed, .listed = counts };
		struct lister lister = { .engine = engine, .pairs = &pairs };
		atomic_store(&over, false);
		pthread_t thread = thread_start(list_on, &lister);
		for (unsigned step = 1; step < JOINS; step *= 2) {
			unsigned before = atomic_load(&lister.rounds);
			for (unsigned i = 0; i + step < JOINS; i += 2 * step)
				CHECK_OK(dx_join_wait(sockets[2 * (i + step) - 1], sockets[2 * (i + step)], &options, &link));
			AWAIT(atomic_load(&lister.rounds) > before);
		}
		atomic_store(&over, true);
		thread_join(thread);
		for (unsigned i = 0; i < 2 * JOINS; i++)
			peer_close(peers[i]);
		engine_close(engine);
	}
}

int main(void)
{
	test_begin();
	RUN(every_join_is_listed_once);
	RUN(no_join_gives_no_row);
	RUN(a_proxy_filters);
	RUN(a_row_tells_all_about_a_join);
	RUN(a_listing_is_complete_while_others_come_and_go);
	RUN(a_join_that_moves_is_not_missed);
	return test_end();
}
