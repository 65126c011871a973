/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes are owned only while data is in flight; one with residue is closed and never used for another connection.
 * (Law 5; trap: a pipe with residue put back in the pool.)
 */
#include "support.h"

#include <unistd.h>

static void an_idle_join_owns_no_pipe(void)
{
	enum { JOINS = 40 };
	dx_id engine = engine_open(1);
	struct bridge bridges[JOINS];
	for (unsigned i = 0; i < JOINS; i++)
		bridges[i] = bridge_open(engine, i % WIRES, i / 2 % WIRES, 0, NULL);
	CHECK_EQ(engine_info(engine).pipes_in_use, 0);
	for (unsigned i = 0; i < JOINS; i++) {
		struct flow flow = flow_new(bridges[i].a.peer, bridges[i].b.peer, 2 * MIB, false);
		flows_run(&flow, 1);
	}
	CHECK_GT(engine_info(engine).bytes_spliced, 0);
	AWAIT(engine_info(engine).pipes_in_use == 0);
	/* one after the other: they took turns with the same few */
	CHECK_LE(engine_info(engine).pipes_pooled, 8);
	for (unsigned i = 0; i < JOINS; i++)
		bridge_close(&bridges[i]);
	engine_close(engine);
}

/* Leave residue of stream X in a pipe, drop it, and run others over whatever pipes there are. */
static void a_residue_never_reaches_another_connection(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < scaled(24); i++) {
		struct bridge bridge = bridge_open_narrow(engine, WIRE_TCP4, i % WIRES);
		struct stream sent = stream_new();
		struct dx_event result;
		bridge_make_splice(&bridge);
		peer_send_some(bridge.a.peer, &sent, MIB);
		AWAIT(join_info(bridge.join).a_to_b_pending > 0);
		peer_send_until_stalled(bridge.a.peer, &sent);
		CHECK_EQ(engine_info(engine).pipes_in_use, 1);
		uint64_t token = token_new();
		if (i % 4 == 0) {
			CHECK_OK(dx_unjoin_wait(bridge.join, &result));
			CHECK_GT(result.a_to_b_pending, 0);
			CHECK_OK(dx_close(bridge.b.socket, DX_CLOSE_RESET, 0, token));
			CHECK_EQ(await_success(engine, token).value, result.a_to_b_pending);
		} else if (i % 4 == 1) {
			CHECK_OK(dx_close(bridge.b.socket, DX_CLOSE_RESET, 0, token));
			CHECK_GT(await_ended(engine, bridge.join).a_to_b_pending, 0);
		} else if (i % 4 == 2) {
			peer_reset(bridge.b.peer);
			CHECK_GT(await_ended(engine, bridge.join).a_to_b_pending, 0);
			bridge.b.peer = (int)CHECK_SYS(dup(bridge.a.peer)); /* something for bridge_close() */
		} else {
			CHECK_OK(dx_close(bridge.b.socket, 0, 1, token));
			CHECK_GT(await_success(engine, token).value, 0);
		}
		AWAIT(engine_info(engine).pipes_in_use == 0);
		struct bridge other = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, NULL);
		struct flow flows[2] = {
			flow_new(other.a.peer, other.b.peer, MIB, true),
			flow_new(other.b.peer, other.a.peer, MIB, true),
		};
		flows_run(flows, 2);
		bridge_close(&other);
		bridge_close(&bridge);
	}
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

/* After all joins are gone the engine owns what it owned before, and its pooled pipes. */
static void no_pipe_leaks(void)
{
	dx_id engine = engine_open(2);
	uint64_t descriptors = engine_info(engine).descriptors;
	unsigned open = count_descriptors();
	for (unsigned i = 0; i < scaled(60); i++) {
		struct bridge bridge = bridge_open_narrow(engine, i % WIRES, i / 3 % WIRES);
		struct stream sent = stream_new();
		uint64_t token = token_new();
		if (i & 4)
			bridge_make_splice(&bridge);
		peer_send_some(bridge.a.peer, &sent, MIB);
		peer_send_some(bridge.b.peer, &sent, MIB);
		if (i % 3 == 0)
			CHECK_OK(dx_unjoin_wait(bridge.join, NULL));
		if (i % 2)
			CHECK_OK(dx_close(bridge.a.socket, 0, 1 + i % 5, token));
		else
			CHECK_OK(dx_close(bridge.a.socket, DX_CLOSE_RESET, 0, token));
		await_success(engine, token);
		bridge_close(&bridge);
	}
	AWAIT(engine_info(engine).sockets == 0);
	struct dx_engine_info info = engine_info(engine);
	CHECK_EQ(info.pipes_in_use, 0);
	CHECK_EQ(info.descriptors, descriptors + 2 * info.pipes_pooled);
	CHECK_EQ(count_descriptors(), open + 2 * info.pipes_pooled);
	engine_close(engine);
}

/* The size of the pipes is the host's choice, within limits. */
static void their_size_can_be_chosen(void)
{
	static const struct {
		uint32_t asked;
		uint32_t given;
	} sizes[] = { { 0, 262144 }, { 65536, 65536 }, { 65537, 131072 }, { 1048576, 1048576 } };
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct dx_engine_options options = { .size = sizeof(options), .workers = 1, .pipe_size = sizes[i].asked };
		dx_id engine;
		CHECK_OK(dx_engine_open(&options, &engine));
		CHECK_EQ(engine_info(engine).pipe_size, sizes[i].given);
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
		struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 8 * MIB, true);
		flows_run(&flow, 1);
		CHECK_GT(engine_info(engine).bytes_spliced, 0);
		bridge_close(&bridge);
		engine_close(engine);
	}
	dx_id engine;
	struct dx_engine_options options = { .size = sizeof(options), .workers = 1, .pipe_size = 65535 };
	CHECK_EQ(dx_engine_open(&options, &engine), -EINVAL);
	options.pipe_size = 1048577;
	CHECK_EQ(dx_engine_open(&options, &engine), -EINVAL);
}

int main(void)
{
	test_begin();
	RUN(an_idle_join_owns_no_pipe);
	RUN(a_residue_never_reaches_another_connection);
	RUN(no_pipe_leaks);
	RUN(their_size_can_be_chosen);
	return test_end();
}
