/* SPDX-License-Identifier: Apache-2.0 */
/* Mirrors of a join: always lossy, never in the way. */
#include "support.h"

static void each_direction_is_mirrored(void)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		dx_id engine = engine_open(workers), there, back;
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, NULL);
		struct line mirror = line_open(engine, WIRE_TCP4, 0), second = line_open(engine, WIRE_UNIX, 0);
		CHECK_OK(dx_tee_wait(bridge.join, mirror.socket, DX_SIDE_A, 0, &there));
		CHECK_OK(dx_tee_wait(bridge.join, second.socket, DX_SIDE_B, 0, &back));
		struct stream sent = stream_new(), at_b = sent, at_mirror = sent;
		peer_send(bridge.a.peer, &sent, 50000);
		peer_recv(bridge.b.peer, &at_b, 50000);
		peer_recv(mirror.peer, &at_mirror, 50000);
		struct stream answer = stream_new(), at_a = answer, at_second = answer;
		peer_send(bridge.b.peer, &answer, 50000);
		peer_recv(bridge.a.peer, &at_a, 50000);
		peer_recv(second.peer, &at_second, 50000);
		CHECK_EQ(join_info(there).flags, DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE | DX_JOIN_LOSSY | DX_JOIN_TEE);

		/* undone, the mirror is the application's */
		struct dx_event undone;
		CHECK_OK(dx_unjoin_wait(there, &undone));
		CHECK_EQ(undone.a_to_b, 50000);
		struct stream own = stream_new(), own_at_peer = own;
		app_send(mirror.socket, &own, 100);
		peer_recv(mirror.peer, &own_at_peer, 100);
		peer_send(bridge.a.peer, &sent, 50000);
		peer_recv(bridge.b.peer, &at_b, 50000);

		/* the other ends with its join */
		peer_shut(bridge.a.peer);
		peer_expect_end(bridge.b.peer);
		peer_shut(bridge.b.peer);
		CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_CLIENT_CLOSED);
		CHECK_EQ(await_ended(engine, back).a_to_b, 50000);
		app_send(second.socket, &own, 100);
		peer_recv(second.peer, &own_at_peer, 100);
		line_close(&mirror);
		line_close(&second);
		bridge_close(&bridge);
		engine_close(engine);
	}
}

static void a_mirror_that_stalls_or_dies_disturbs_nobody(void)
{
	dx_id engine = engine_open(2), stalled_tee, dead_tee;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct line stalled = line_open(engine, WIRE_TCP4, 16 * KIB), dead = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_tee_wait(bridge.join, stalled.socket, DX_SIDE_A, 200 * KIB, &stalled_tee));
	CHECK_OK(dx_tee_wait(bridge.join, dead.socket, DX_SIDE_A, 0, &dead_tee));
	peer_reset(dead.peer);
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 16 * MIB, false);
	flows_run(&flow, 1);
	CHECK_EQ(await_ended(engine, stalled_tee).reason, DX_REASON_BEHIND);
	CHECK_EQ(await_ended(engine, dead_tee).reason, DX_REASON_RESET);
	/* nobody is mirrored to: back to splice */
	flow.total = 16 * MIB;
	struct flow more = flow_new(bridge.b.peer, bridge.a.peer, 100, false);
	flows_run(&more, 1);
	flow = (struct flow){ .from = bridge.a.peer, .to = bridge.b.peer, .total = 16 * MIB, .sent = flow.sent,
			.received = flow.received };
	flows_run(&flow, 1);
	CHECK_EQ(join_info(bridge.join).a_to_b_path, DX_PATH_SPLICE);
	CHECK_OK(dx_close_wait(dead.socket, 0, 0));
	line_close(&stalled);
	bridge_close(&bridge);
	engine_close(engine);
}

static void wrong_tees_are_refused(void)
{
	dx_id engine = engine_open(1), other = engine_open(1), tee, listener;
	struct dx_join_options half = join_options(DX_JOIN_HALF_DUPLEX);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &half);
	struct line mirror = line_open(engine, WIRE_UNIX, 0), foreign = line_open(other, WIRE_UNIX, 0);
	struct dx_address any = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	CHECK_OK(dx_listen(engine, &any, 0, &listener));
	CHECK_EQ(dx_tee_wait(bridge.join, bridge.b.socket, DX_SIDE_A, 0, &tee), -EINVAL);
	CHECK_EQ(dx_tee_wait(bridge.join, mirror.socket, DX_SIDE_B, 0, &tee), -EOPNOTSUPP);
	CHECK_EQ(dx_tee_wait(bridge.join, mirror.socket, DX_SIDE_NONE, 0, &tee), -EINVAL);
	CHECK_EQ(dx_tee_wait(bridge.join, listener, DX_SIDE_A, 0, &tee), -ENOTCONN);
	CHECK_EQ(dx_tee_wait(bridge.join, foreign.socket, DX_SIDE_A, 0, &tee), -EXDEV);
	CHECK_EQ(dx_tee_wait(bridge.join, 0, DX_SIDE_A, 0, &tee), -ENOENT);
	CHECK_EQ(dx_tee_wait(mirror.socket, mirror.socket, DX_SIDE_A, 0, &tee), -EBADF);
	CHECK_OK(dx_shutdown_wait(mirror.socket));
	CHECK_EQ(dx_tee_wait(bridge.join, mirror.socket, DX_SIDE_A, 0, &tee), -EPIPE);
	CHECK_OK(dx_unjoin_wait(bridge.join, NULL));
	CHECK_EQ(dx_tee_wait(bridge.join, mirror.socket, DX_SIDE_A, 0, &tee), -ENOENT);
	CHECK_OK(dx_close_wait(listener, 0, 0));
	line_close(&mirror);
	line_close(&foreign);
	bridge_close(&bridge);
	engine_close(engine);
	engine_close(other);
}

/* Tees that are undone before they were made, while the join ends under them. */
static void tees_come_and_go(void)
{
	dx_id engine = engine_open(2), tee;
	for (unsigned round = 0; round < scaled(300); round++) {
		struct bridge bridge = bridge_open(engine, round % WIRES, (round + 1) % WIRES, 0, NULL);
		struct line mirror = line_open(engine, WIRE_UNIX, 0);
		uint64_t made = token_new(), undone = token_new(), closed = token_new();
		CHECK_OK(dx_tee(bridge.join, mirror.socket, 1 + round % 2, 0, made, &tee));
		if (round % 3 == 0)
			CHECK_OK(dx_join_close(bridge.join, closed));
		int result = dx_unjoin(tee, undone);
		CHECK(result == 0 || result == -ENOENT);
		await_done(engine, made);
		if (!result)
			await_done(engine, undone);
		if (round % 3 == 0)
			await_done(engine, closed);
		line_close(&mirror);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* A join of one direction, whose source is the application's otherwise: closed with its tee. */
static void a_half_duplex_join_is_closed_under_its_tee(void)
{
	dx_id engine = engine_open(2), tee;
	struct dx_join_options half = join_options(DX_JOIN_HALF_DUPLEX);
	for (unsigned round = 0; round < scaled(50); round++) {
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_UNIX, 0, &half);
		struct line mirror = line_open(engine, WIRE_UNIX, 0);
		CHECK_OK(dx_tee_wait(bridge.join, mirror.socket, DX_SIDE_A, 0, &tee));
		CHECK_OK(dx_join_close_wait(bridge.join));
		peer_expect_end(bridge.a.peer);
		peer_expect_end(bridge.b.peer);
		CHECK_EQ(await_ended(engine, tee).reason, DX_REASON_CLOSED);
		line_close(&mirror);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(each_direction_is_mirrored);
	RUN(a_mirror_that_stalls_or_dies_disturbs_nobody);
	RUN(wrong_tees_are_refused);
	RUN(tees_come_and_go);
	RUN(a_half_duplex_join_is_closed_under_its_tee);
	return test_end();
}
