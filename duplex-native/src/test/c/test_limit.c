/* SPDX-License-Identifier: Apache-2.0 */
/* Rates, numbers of bytes, and limits that are changed while a join runs. */
#include "support.h"

static void a_rate_is_kept_and_lifted(void)
{
	for (enum wire wire = 0; wire < WIRES; wire++) {
		dx_id engine = engine_open(1);
		struct dx_join_options options = join_options(0);
		options.a_to_b_rate = 4 * MIB;
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, wire, 0, &options);
		struct flow flows[] = { flow_new(bridge.a.peer, bridge.b.peer, MIB, false),
				flow_new(bridge.b.peer, bridge.a.peer, 16 * MIB, false) };
		uint64_t began = now_ns();
		flows_run(flows, 2);
		/* a quarter of a second's bytes, less what a bucket holds at most */
		CHECK_GE(now_ns() - began, 190 * 1000000ull);
		CHECK_OK(dx_join_limit_wait(bridge.join, &(struct dx_join_options){ .size = sizeof(options), .a_to_b_rate = 1 }));
		struct stream stream = flows[0].sent, at_b = flows[0].received;
		peer_send(bridge.a.peer, &stream, 100000);
		options = join_options(0);
		CHECK_OK(dx_join_limit_wait(bridge.join, &options));
		peer_recv(bridge.b.peer, &at_b, 100000);
		options.a_to_b_rate = UINT64_MAX;
		CHECK_OK(dx_join_limit_wait(bridge.join, &options));
		peer_send(bridge.a.peer, &stream, 100000);
		peer_recv(bridge.b.peer, &at_b, 100000);
		bridge_close(&bridge);
		engine_close(engine);
	}
}

static void exactly_so_many_bytes_are_moved(void)
{
	static const uint64_t limits[] = { 1, 1000, 32768, 1000001, 5000000 };
	for (unsigned i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		dx_id engine = engine_open(1);
		struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
		options.max_bytes = limits[i];
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
		struct stream sent = stream_new(), at_b = sent;
		uint64_t there = 0, taken = 0;
		while (there < limits[i]) {
			taken += peer_send_some(bridge.a.peer, &sent, 1000000);
			there += peer_recv_some(bridge.b.peer, &at_b, UINT64_MAX);
		}
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_BYTES);
		CHECK_EQ(end.a_to_b + end.b_to_a, limits[i]);
		CHECK_EQ(there, limits[i]);
		/* the rest was not touched */
		struct stream rest = at_b;
		app_recv(bridge.a.socket, &rest, taken - there);
		bridge_close(&bridge);
		engine_close(engine);
	}
}

static void a_limit_that_has_passed_already_ends_the_join(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, NULL);
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 5000, false);
	flows_run(&flow, 1);
	struct dx_join_options options = join_options(0);
	options.max_bytes = 4999;
	CHECK_OK(dx_join_limit_wait(bridge.join, &options));
	CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_BYTES);
	CHECK_EQ(dx_join_limit_wait(bridge.join, &options), -ENOENT);
	CHECK_EQ(dx_join_limit_wait(bridge.join, NULL), -EINVAL);
	bridge_close(&bridge);

	bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, NULL);
	options = join_options(0);
	options.max_lifetime = 1;
	CHECK_OK(dx_join_limit_wait(bridge.join, &options));
	CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_LIFETIME);
	bridge_close(&bridge);

	bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, NULL);
	options = join_options(0);
	options.idle_timeout = 30;
	CHECK_OK(dx_join_limit_wait(bridge.join, &options));
	CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_IDLE);
	bridge_close(&bridge);
	engine_close(engine);
}

/* Of several sinks one has a limit: it leaves, the others go on. */
static void a_limited_sink_of_several_leaves(void)
{
	for (unsigned first = 0; first < 2; first++) {
		dx_id engine = engine_open(1), joins[2];
		struct line source = line_open(engine, WIRE_TCP4, 0), sinks[2];
		struct stream stream = stream_new(), at[2] = { stream, stream };
		for (unsigned i = 0; i < 2; i++) {
			struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE);
			options.max_bytes = i == first ? 1000 : 0;
			sinks[i] = line_open(engine, WIRE_UNIX, 0);
			CHECK_OK(dx_join_wait(source.socket, sinks[i].socket, &options, &joins[i]));
		}
		peer_send(source.peer, &stream, 100000);
		peer_recv(sinks[!first].peer, &at[!first], 100000);
		peer_recv(sinks[first].peer, &at[first], 1000);
		struct dx_event end = await_ended(engine, joins[first]);
		CHECK_EQ(end.reason, DX_REASON_BYTES);
		CHECK_EQ(end.a_to_b, 1000);
		line_close(&source);
		line_close(&sinks[0]);
		line_close(&sinks[1]);
		engine_close(engine);
	}
}

/* A lossy sink that has had all its bytes and stands still holds nobody back. */
static void a_lossy_sink_that_has_had_its_bytes_is_not_waited_for(void)
{
	for (unsigned first = 0; first < 2; first++) {
		dx_id engine = engine_open(1), joins[2];
		struct line source = line_open(engine, WIRE_TCP4, 0), sinks[2];
		struct stream stream = stream_new(), at[2] = { stream, stream };
		for (unsigned i = 0; i < 2; i++) {
			struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE);
			options.max_bytes = i == first ? 700000 : 0;
			options.flags |= i == first ? DX_JOIN_LOSSY : 0;
			sinks[i] = line_open(engine, WIRE_UNIX, i == first ? 16 * KIB : 0);
			CHECK_OK(dx_join_wait(source.socket, sinks[i].socket, &options, &joins[i]));
		}
		struct flow flow = { .from = source.peer, .to = sinks[!first].peer, .total = 4 * MIB, .sent = stream,
				.received = at[!first] };
		flows_run(&flow, 1);
		CHECK_EQ(join_info(joins[first]).a_to_b + join_info(joins[first]).a_to_b_pending, 700000);
		peer_recv(sinks[first].peer, &at[first], 700000);
		struct dx_event end = await_ended(engine, joins[first]);
		CHECK_EQ(end.reason, DX_REASON_BYTES);
		CHECK_EQ(end.a_to_b, 700000);
		line_close(&source);
		line_close(&sinks[0]);
		line_close(&sinks[1]);
		engine_close(engine);
	}
}

/* Who sets the same rate again and again gets no more for it. */
static void a_rate_that_is_set_again_is_the_same_rate(void)
{
	dx_id engine = engine_open(1);
	struct dx_join_options options = join_options(0);
	options.a_to_b_rate = MIB;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
	struct stream sent = stream_new(), at_b = sent;
	uint64_t began = now_ns(), taken = 0;
	peer_send_until_stalled(bridge.a.peer, &sent);
	while (now_ns() - began < 500 * 1000000ull) {
		CHECK_OK(dx_join_limit_wait(bridge.join, &options));
		taken += peer_recv_some(bridge.b.peer, &at_b, UINT64_MAX);
		peer_send_some(bridge.a.peer, &sent, MIB);
	}
	/* and what a bucket holds at the beginning */
	uint64_t passed = now_ns() - began;
	CHECK_LE(taken, passed / 1000 * MIB / 1000000 + MIB / 20 + 1);
	options.a_to_b_rate = 0;
	CHECK_OK(dx_join_limit_wait(bridge.join, &options));
	peer_recv(bridge.b.peer, &at_b, sent.offset - taken);
	bridge_close(&bridge);
	engine_close(engine);
}

static void the_lag_of_a_lossy_sink_stays(void)
{
	for (unsigned asked = 0; asked < 2; asked++) {
		dx_id engine = engine_open(1);
		struct dx_join_options options = join_options(DX_JOIN_LOSSY);
		options.max_lag = asked ? 100000 : 0;
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &options);
		uint64_t lag = join_info(bridge.join).max_lag;
		CHECK_EQ(lag, asked ? 100000 : MIB);
		options.max_lag = 1;
		CHECK_OK(dx_join_limit_wait(bridge.join, &options));
		CHECK_EQ(join_info(bridge.join).max_lag, lag);
		bridge_close(&bridge);
		engine_close(engine);
	}
}

int main(void)
{
	test_begin();
	RUN(a_rate_is_kept_and_lifted);
	RUN(exactly_so_many_bytes_are_moved);
	RUN(a_limited_sink_of_several_leaves);
	RUN(a_lossy_sink_that_has_had_its_bytes_is_not_waited_for);
	RUN(a_rate_that_is_set_again_is_the_same_rate);
	RUN(the_lag_of_a_lossy_sink_stays);
	RUN(a_limit_that_has_passed_already_ends_the_join);
	return test_end();
}
