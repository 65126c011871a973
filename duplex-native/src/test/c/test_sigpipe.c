/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGPIPE never kills the host, with its default disposition and unblocked. (Trap: splice and sendfile have no
 * MSG_NOSIGNAL.)
 */
#include "support.h"

#include <signal.h>
#include <sys/socket.h>

static void prepare(void)
{
	sigset_t set;
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
}

static void sending_to_nobody_is_an_error(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		uint8_t data[1000] = { 0 };
		int64_t result;
		peer_close(line.peer);
		AWAIT((result = dx_send(line.socket, data, sizeof(data))) < 0 && result != -EAGAIN);
		CHECK(result == -EPIPE || result == -ECONNRESET);
		CHECK_LT(dx_send_wait(line.socket, data, sizeof(data), -1), 0);
		CHECK_OK(dx_close_wait(line.socket, 0, 0));
	}
	engine_close(engine);
}

/* The sink's peer goes away, orderly or not, under small messages and under bulk that is spliced. */
static void a_sink_that_goes_away_ends_the_join(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 4 * WIRES; i++) {
		struct bridge bridge = bridge_open(engine, (i + 1) % WIRES, i % WIRES, i & 1 ? 128 * KIB : 0, NULL);
		struct stream sent = stream_new(), received = sent;
		bool bulk = i < 2 * WIRES;
		if (bulk) {
			bridge_make_splice(&bridge);
			peer_send_until_stalled(bridge.a.peer, &sent);
			peer_recv(bridge.b.peer, &received, 1000);
		}
		peer_close(bridge.b.peer);
		if (!bulk) {
			/* the first message after the end provokes a reset, the next ones meet it */
			uint8_t byte = 0;
			while (send(bridge.a.peer, &byte, 1, MSG_NOSIGNAL) == 1)
				poll_pause();
		}
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK(end.reason == DX_REASON_RESET || (!bulk && end.reason == DX_REASON_BACKEND_CLOSED));
		CHECK_EQ(end.side, DX_SIDE_B);
		peer_close(bridge.a.peer);
	}
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

/* Residue is being delivered by the worker, without a join, to a peer that goes away. */
static void a_residue_for_nobody_is_dropped(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open_narrow(engine, WIRE_TCP4, wire);
		struct stream sent = stream_new();
		struct dx_event result;
		uint8_t byte = 0;
		bridge_make_splice(&bridge);
		peer_send_until_stalled(bridge.a.peer, &sent);
		CHECK_OK(dx_unjoin_wait(bridge.join, &result));
		CHECK_GT(result.a_to_b_pending, 0);
		peer_close(bridge.b.peer);
		AWAIT(socket_info(bridge.b.socket).output != DX_HALF_DRAINING);
		int64_t failure = dx_send(bridge.b.socket, &byte, 1);
		CHECK(failure == -ECONNRESET || failure == -EPIPE);
		CHECK_EQ(dx_send(bridge.b.socket, &byte, 1), failure);
		CHECK_OK(dx_close_wait(bridge.b.socket, 0, 0));
		AWAIT(engine_info(engine).pipes_in_use == 0);
		line_close(&bridge.a);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	prepare();
	RUN(sending_to_nobody_is_an_error);
	RUN(a_sink_that_goes_away_ends_the_join);
	RUN(a_residue_for_nobody_is_dropped);
	return test_end();
}
