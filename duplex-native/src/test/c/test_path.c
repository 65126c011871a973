/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adaptive data path: small messages are copied, bulk is spliced, and back again, without a byte out of place.
 * (Law 5.)
 */
#include "support.h"

#include <stdatomic.h>

struct traffic {
	struct bridge *bridge;
	atomic_bool over;
};

static void *bulk(void *argument)
{
	struct traffic *traffic = argument;
	while (!atomic_load(&traffic->over)) {
		struct flow flow = flow_new(traffic->bridge->a.peer, traffic->bridge->b.peer, 4 * MIB, false);
		flows_run(&flow, 1);
	}
	return NULL;
}

static void ping_pong(struct bridge *bridge, unsigned bytes)
{
	struct flow there = flow_new(bridge->a.peer, bridge->b.peer, bytes, false);
	struct flow back = flow_new(bridge->b.peer, bridge->a.peer, bytes, false);
	flows_run(&there, 1);
	flows_run(&back, 1);
}

static void bulk_is_spliced_and_small_messages_are_copied(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < WIRES * WIRES; i++) {
		struct bridge bridge = bridge_open(engine, i % WIRES, i / WIRES, 0, NULL);
		struct traffic traffic = { .bridge = &bridge };
		CHECK_EQ(join_info(bridge.join).a_to_b_path, DX_PATH_COPY);
		CHECK_EQ(join_info(bridge.join).b_to_a_path, DX_PATH_COPY);
		ping_pong(&bridge, 100);
		CHECK_EQ(join_info(bridge.join).a_to_b_path, DX_PATH_COPY);
		uint64_t before = engine_info(engine).bytes_spliced;
		for (unsigned round = 0; round < 2; round++) {
			atomic_store(&traffic.over, false);
			pthread_t thread = thread_start(bulk, &traffic);
			AWAIT(join_info(bridge.join).a_to_b_path == DX_PATH_SPLICE);
			AWAIT(engine_info(engine).bytes_spliced > before + 4 * MIB);
			CHECK_EQ(join_info(bridge.join).b_to_a_path, DX_PATH_COPY); /* each direction for itself */
			atomic_store(&traffic.over, true);
			thread_join(thread);
			AWAIT((ping_pong(&bridge, 100), join_info(bridge.join).a_to_b_path == DX_PATH_COPY));
			before = engine_info(engine).bytes_spliced;
			ping_pong(&bridge, 100);
			CHECK_EQ(engine_info(engine).bytes_spliced, before);
		}
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* Small messages on the splice path go out at once. (Trap: SPLICE_F_MORE holds them back for 200 ms each.) */
static void spliced_messages_are_not_held_back(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRE_UNIX; wire++) {
		struct bridge bridge = bridge_open(engine, wire, wire, 0, NULL);
		uint64_t spent = 0;
		for (unsigned i = 0; i < 10; i++) {
			bridge_make_splice(&bridge);
			uint64_t start = now_ms();
			for (unsigned j = 0; j < 5; j++)
				ping_pong(&bridge, 100);
			spent += now_ms() - start;
		}
		CHECK_LT(spent, 3000); /* 50 messages; held back, they take 10 s */
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* Sizes around every threshold, in random order: the switches happen all the time and no byte is out of place. */
static void switching_keeps_the_order(void)
{
	dx_id engine = engine_open(1);
	struct rng rng;
	rng_init(&rng, 1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, wire ? 0 : 24 * KIB, NULL);
		struct stream sent = stream_new(), received = sent;
		for (unsigned i = 0; i < scaled(300); i++) {
			static const uint64_t sizes[] = { 1, 100, 16 * KIB, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 256 * KIB, MIB };
			uint64_t size = sizes[rng_below(&rng, 8)];
			peer_send_some(bridge.a.peer, &sent, size);
			if (rng_below(&rng, 2))
				peer_recv(bridge.b.peer, &received, rng_below(&rng, sent.offset - received.offset + 1));
		}
		peer_shut(bridge.a.peer);
		peer_recv_to_end(bridge.b.peer, &received);
		CHECK_EQ(received.offset, sent.offset);
		bridge_close(&bridge);
	}
	CHECK_LE(engine_info(engine).bytes_spliced, engine_info(engine).bytes);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(bulk_is_spliced_and_small_messages_are_copied);
	RUN(spliced_messages_are_not_held_back);
	RUN(switching_keeps_the_order);
	return test_end();
}
