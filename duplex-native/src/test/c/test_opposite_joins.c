/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opposite joins from many threads neither chase each other from worker to worker nor wait for each other: groups of
 * joined sockets move to the lower worker, commands that come late are forwarded. (Law 1.)
 */
#include "support.h"

#include <stdatomic.h>

#define SOCKETS 8

static dx_id sockets[SOCKETS];
static atomic_uint joined, refused;
static unsigned rounds;
static uint32_t flags;

struct task {
	unsigned a;
	unsigned b;
};

static void *join_and_unjoin(void *argument)
{
	struct task *task = argument;
	struct dx_join_options options = join_options(flags);
	for (unsigned i = 0; i < rounds; i++) {
		dx_id join;
		int result = dx_join_wait(sockets[task->a], sockets[task->b], &options, &join);
		if (result == 0) {
			CHECK_OK(dx_unjoin_wait(join, NULL));
			atomic_fetch_add(&joined, 1);
		} else {
			CHECK_EQ(result, -EBUSY);
			atomic_fetch_add(&refused, 1);
		}
	}
	return NULL;
}

static void run(unsigned workers, const struct task *tasks, unsigned count)
{
	dx_id engine = engine_open(workers);
	struct line lines[SOCKETS];
	pthread_t threads[SOCKETS];
	struct task copies[SOCKETS];
	rounds = scaled(1500);
	atomic_store(&joined, 0);
	for (unsigned i = 0; i < SOCKETS; i++) {
		lines[i] = line_open(engine, i % WIRES, 0);
		sockets[i] = lines[i].socket;
	}
	for (unsigned i = 0; i < count; i++) {
		copies[i] = tasks[i];
		threads[i] = thread_start(join_and_unjoin, &copies[i]);
	}
	for (unsigned i = 0; i < count; i++)
		thread_join(threads[i]);
	CHECK_GT(atomic_load(&joined), 0);
	/* nothing is left behind: all can be joined, and bytes flow */
	for (unsigned i = 0; i < SOCKETS; i += 2) {
		dx_id join;
		CHECK_OK(dx_join_wait(sockets[i], sockets[i + 1], NULL, &join));
		struct flow flows[2] = {
			flow_new(lines[i].peer, lines[i + 1].peer, 100000, true),
			flow_new(lines[i + 1].peer, lines[i].peer, 100000, true),
		};
		flows_run(flows, 2);
		struct dx_event end = await_ended(engine, join);
		CHECK_EQ(end.a_to_b, 100000);
		CHECK_EQ(end.b_to_a, 100000);
	}
	for (unsigned i = 0; i < SOCKETS; i++)
		line_close(&lines[i]);
	engine_close(engine);
}

static void the_same_two_in_both_orders(void)
{
	static const struct task tasks[] = { { 0, 1 }, { 1, 0 }, { 0, 1 }, { 1, 0 } };
	for (unsigned workers = 1; workers <= 3; workers++)
		run(workers, tasks, 4);
}

/* Every socket belongs to two half-duplex joins, so a ring is one group; threads make and break it everywhere. */
static void a_ring_that_connects_groups(void)
{
	static const struct task tasks[] = {
		{ 0, 1 }, { 1, 2 }, { 2, 3 }, { 3, 4 }, { 4, 5 }, { 5, 6 }, { 6, 7 }, { 7, 0 },
	};
	flags = DX_JOIN_HALF_DUPLEX;
	for (unsigned workers = 2; workers <= 4; workers++)
		run(workers, tasks, 8);
	flags = 0;
}

static void two_rings_in_opposite_directions(void)
{
	static const struct task tasks[] = { { 0, 1 }, { 1, 2 }, { 2, 0 }, { 2, 1 }, { 1, 0 }, { 0, 2 } };
	flags = DX_JOIN_HALF_DUPLEX;
	for (unsigned workers = 2; workers <= 4; workers++)
		run(workers, tasks, 6);
	flags = 0;
}

/*
 * Groups grow while they carry data: a chain of half-duplex joins is linked in random order, so that groups from
 * different workers meet in the middle of traffic; every stream stays exact.
 */
static void groups_merge_under_load(void)
{
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
	struct rng rng;
	rng_init(&rng, 1);
	for (unsigned round = 0; round < scaled(20); round++) {
		dx_id engine = engine_open(2 + round % 3), joins[SOCKETS];
		struct line lines[SOCKETS];
		struct flow flows[SOCKETS];
		unsigned order[SOCKETS];
		for (unsigned i = 0; i < SOCKETS; i++) {
			lines[i] = line_open(engine, rng_below(&rng, WIRES), 0);
			unsigned j = (unsigned)rng_below(&rng, i + 1);
			order[i] = order[j];
			order[j] = i;
		}
		for (unsigned i = 0; i < SOCKETS; i++) {
			unsigned from = order[i], to = (from + 1) % SOCKETS;
			CHECK_OK(dx_join_wait(lines[from].socket, lines[to].socket, &options, &joins[from]));
			flows[from] = flow_new(lines[from].peer, lines[to].peer, MIB, true);
			peer_send_some(flows[from].from, &flows[from].sent, flows[from].total);
		}
		flows_run(flows, SOCKETS);
		for (unsigned i = 0; i < SOCKETS; i++) {
			CHECK_EQ(await_ended(engine, joins[i]).a_to_b, MIB);
			line_close(&lines[i]);
		}
		engine_close(engine);
	}
}

int main(void)
{
	test_begin();
	RUN(the_same_two_in_both_orders);
	RUN(a_ring_that_connects_groups);
	RUN(two_rings_in_opposite_directions);
	RUN(groups_merge_under_load);
	return test_end();
}
