/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections come and go in every possible way at the same time; each join ends exactly once, counts add up, and no
 * descriptor, pipe or socket is left. (Laws 6, 7 and 9; trap: events for an object that an earlier event freed.)
 */
#include "support.h"

#include <stdatomic.h>

static dx_id engine;
static atomic_uint made;

enum ending {
	BY_BOTH_PEERS,
	BY_A_RESET,
	BY_A_CLOSE_WITH_UNREAD_DATA,
	BY_CLOSING_A_SOCKET,
	BY_RESETTING_A_SOCKET,
	BY_CLOSING_THE_JOIN,
	BY_UNJOINING,
	BY_CLOSING_BOTH_SOCKETS_AT_ONCE,
	ENDINGS,
};

/* Whatever still lives is closed; nobody's data matters any more. */
static void clean_up(struct bridge *bridge, bool a_peer_open)
{
	if (a_peer_open)
		peer_close(bridge->a.peer);
	peer_close(bridge->b.peer);
	int result = dx_close_wait(bridge->a.socket, 0, 0);
	CHECK(result == 0 || result == -ENOENT);
	result = dx_close_wait(bridge->b.socket, 0, 0);
	CHECK(result == 0 || result == -ENOENT);
}

static void one_life(struct rng *rng)
{
	struct bridge bridge = bridge_open(engine, rng_below(rng, WIRES), rng_below(rng, WIRES), 0, NULL);
	struct stream there = stream_new(), at_b = there, back = stream_new(), at_a = back;
	uint64_t most = rng_below(rng, 3) ? 1000 : 500000;
	bool a_peer_open = true;
	atomic_fetch_add(&made, 1);
	peer_send_some(bridge.a.peer, &there, rng_below(rng, most));
	peer_send_some(bridge.b.peer, &back, rng_below(rng, most));
	peer_recv_some(bridge.b.peer, &at_b, rng_below(rng, most));
	peer_recv_some(bridge.a.peer, &at_a, rng_below(rng, most));
	enum ending ending = rng_below(rng, ENDINGS);
	uint32_t reason = 0;
	int second = -1;
	uint64_t tokens[2] = { token_new(), token_new() };
	test_note("life that ends by %u", ending);
	switch (ending) {
	case BY_BOTH_PEERS:
		peer_shut(bridge.a.peer);
		peer_shut(bridge.b.peer);
		peer_recv_to_end(bridge.b.peer, &at_b);
		peer_recv_to_end(bridge.a.peer, &at_a);
		CHECK_EQ(at_b.offset, there.offset);
		CHECK_EQ(at_a.offset, back.offset);
		break;
	case BY_A_RESET:
		peer_reset(bridge.a.peer);
		a_peer_open = false;
		break;
	case BY_A_CLOSE_WITH_UNREAD_DATA:
		peer_close(bridge.a.peer);
		a_peer_open = false;
		break;
	case BY_CLOSING_A_SOCKET:
	case BY_RESETTING_A_SOCKET:
		CHECK_OK(dx_close(rng_below(rng, 2) ? bridge.a.socket : bridge.b.socket,
				ending == BY_RESETTING_A_SOCKET ? DX_CLOSE_RESET : 0, 100, tokens[0]));
		reason = DX_REASON_CLOSED;
		break;
	case BY_CLOSING_THE_JOIN:
		CHECK_OK(dx_join_close(bridge.join, tokens[0]));
		reason = DX_REASON_CLOSED;
		break;
	case BY_UNJOINING:
		CHECK_OK(dx_unjoin(bridge.join, tokens[0]));
		reason = DX_REASON_UNJOINED;
		break;
	case BY_CLOSING_BOTH_SOCKETS_AT_ONCE:
		CHECK_OK(dx_close(bridge.a.socket, 0, 100, tokens[0]));
		second = dx_close(bridge.b.socket, DX_CLOSE_RESET, 100, tokens[1]);
		CHECK(second == 0 || second == -ENOENT);
		reason = DX_REASON_CLOSED;
		break;
	case ENDINGS:
		break;
	}
	struct dx_event end;
	if (reason)
		end = await_ended(engine, bridge.join);
	clean_up(&bridge, a_peer_open);
	if (reason)
		await_success(engine, tokens[0]);
	else
		end = await_ended(engine, bridge.join);
	if (second == 0)
		await_success(engine, tokens[1]);
	if (reason)
		CHECK_EQ(end.reason, reason);
	CHECK_LE(end.a_to_b + end.a_to_b_pending, there.offset);
	CHECK_LE(end.b_to_a + end.b_to_a_pending, back.offset);
	CHECK_GE(end.a_to_b + end.a_to_b_pending, at_b.offset);
	CHECK_GE(end.b_to_a + end.b_to_a_pending, at_a.offset);
	if (ending == BY_BOTH_PEERS) {
		CHECK_EQ(end.a_to_b, there.offset);
		CHECK_EQ(end.b_to_a, back.offset);
		CHECK(end.reason == DX_REASON_CLIENT_CLOSED || end.reason == DX_REASON_BACKEND_CLOSED);
	}
}

static void *live(void *argument)
{
	struct rng rng;
	rng_init(&rng, (uintptr_t)argument);
	for (unsigned i = 0; i < scaled(400); i++)
		one_life(&rng);
	return NULL;
}

static void churn(unsigned workers)
{
	pthread_t threads[4];
	engine = engine_open(workers);
	unsigned descriptors = count_descriptors();
	atomic_store(&made, 0);
	for (uintptr_t i = 0; i < 4; i++)
		threads[i] = thread_start(live, (void *)(i + 10 * workers));
	for (unsigned i = 0; i < 4; i++)
		thread_join(threads[i]);
	AWAIT(engine_info(engine).sockets == 0);
	struct dx_engine_info info = engine_info(engine);
	CHECK_EQ(info.joins_active, 0);
	CHECK_EQ(info.joins_total, atomic_load(&made));
	CHECK_EQ(info.pipes_in_use, 0);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	/* what is left are pooled pipes */
	CHECK_EQ(count_descriptors(), descriptors + 2 * info.pipes_pooled);
	engine_close(engine);
}

static void on_one_worker(void)
{
	churn(1);
}

static void on_three_workers(void)
{
	churn(3);
}

int main(void)
{
	test_begin();
	RUN(on_one_worker);
	RUN(on_three_workers);
	return test_end();
}
