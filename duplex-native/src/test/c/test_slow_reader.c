/* SPDX-License-Identifier: Apache-2.0 */
/* A reader that stands still stops the sender: no queue grows without bound, and nobody else notices. (Law 8.) */
#include "support.h"

static void what_is_in_flight_is_bounded(void)
{
	dx_id engine = engine_open(1);
	uint32_t pipe_size = engine_info(engine).pipe_size;
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, 32 * KIB, NULL);
		struct stream sent = stream_new(), received = sent;
		uint64_t taken = peer_send_until_stalled(bridge.a.peer, &sent);
		struct dx_join_info row = join_info(bridge.join);
		CHECK_LE(row.a_to_b_pending, 2 * pipe_size);
		CHECK_LE(taken, 2 * pipe_size + 1024 * KIB); /* four socket buffers of 64 KiB and their slack */
		CHECK_LE(engine_info(engine).pipes_in_use, 1);
		/* it goes on where it stopped */
		peer_recv(bridge.b.peer, &received, taken);
		struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, MIB, true);
		flows_run(&flow, 1);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* A dripping reader: many small partial writes out of one pipe. */
static void a_dripping_reader_gets_every_byte(void)
{
	dx_id engine = engine_open(1);
	struct rng rng;
	rng_init(&rng, 1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, (wire + 2) % WIRES, wire, 4 * KIB, NULL);
		struct stream sent = stream_new(), received = sent;
		uint64_t total = scaled(1500000);
		while (received.offset < total) {
			peer_send_some(bridge.a.peer, &sent, total - sent.offset);
			uint64_t most = 1 + rng_below(&rng, rng_below(&rng, 2) ? 100 : 5000);
			peer_recv(bridge.b.peer, &received, most < total - received.offset ? most : total - received.offset);
		}
		peer_shut(bridge.a.peer);
		peer_expect_end(bridge.b.peer);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* Many stalled joins beside one that runs: it runs at full speed, and memory stays where it was. */
static void stalled_joins_hinder_nobody(void)
{
	enum { STALLED = 60 };
	dx_id engine = engine_open(1);
	struct bridge stalled[STALLED], running = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct stream sent[STALLED], received[STALLED];
	for (unsigned i = 0; i < STALLED; i++) {
		stalled[i] = bridge_open(engine, i % WIRES, i / 2 % WIRES, 16 * KIB, NULL);
		sent[i] = received[i] = stream_new();
		for (unsigned j = 0; j < 3; j++)
			peer_send_some(stalled[i].a.peer, &sent[i], MIB);
	}
	peer_send_until_stalled(stalled[STALLED - 1].a.peer, &sent[STALLED - 1]);
	uint64_t memory = resident_bytes(), cpu = cpu_ns(), start = now_ms();
	AWAIT(now_ms() - start >= 200); /* a stalled join costs no processor time */
	CHECK_LT(cpu_ns() - cpu, 150000000);
	struct flow flow = flow_new(running.a.peer, running.b.peer, 64 * MIB, true);
	flows_run(&flow, 1);
	if (!sanitized())
		CHECK_LT(resident_bytes(), memory + 16 * MIB);
	for (unsigned i = 0; i < STALLED; i++) {
		peer_send_some(stalled[i].a.peer, &sent[i], MIB);
		CHECK_LE(sent[i].offset, 3 * MIB);
		peer_recv(stalled[i].b.peer, &received[i], sent[i].offset);
		bridge_close(&stalled[i]);
	}
	bridge_close(&running);
	engine_close(engine);
}

/* Both peers only send, for a while: each direction waits for its own reader alone. */
static void directions_do_not_wait_for_each_other(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 16 * KIB, NULL);
	struct stream stuck = stream_new(), unstuck = stuck;
	peer_send_until_stalled(bridge.a.peer, &stuck);
	struct flow back = flow_new(bridge.b.peer, bridge.a.peer, 4 * MIB, true);
	flows_run(&back, 1);
	peer_recv(bridge.b.peer, &unstuck, stuck.offset);
	peer_shut(bridge.a.peer);
	peer_expect_end(bridge.b.peer);
	CHECK_EQ(await_ended(engine, bridge.join).a_to_b, stuck.offset);
	bridge_close(&bridge);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(what_is_in_flight_is_bounded);
	RUN(a_dripping_reader_gets_every_byte);
	RUN(stalled_joins_hinder_nobody);
	RUN(directions_do_not_wait_for_each_other);
	return test_end();
}
