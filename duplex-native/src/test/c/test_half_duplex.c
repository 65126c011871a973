/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HALF_DUPLEX: a to b flows, a's output and b's input stay the application's, also while data flows. Calls on flowing
 * halves fail with -EBUSY, and so do calls that were parked on them when the join took them. (Laws 3 and 4.)
 */
#include "support.h"

#include <stdatomic.h>
#include <sys/socket.h>

static const struct dx_join_options half = { .size = sizeof(half), .flags = DX_JOIN_HALF_DUPLEX };

static void flowing_halves_are_busy(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, &half);
	uint8_t byte = 0;
	dx_id join = 0;
	CHECK_EQ(socket_info(bridge.a.socket).input, DX_HALF_FLOWING);
	CHECK_EQ(socket_info(bridge.a.socket).output, DX_HALF_HELD);
	CHECK_EQ(socket_info(bridge.b.socket).input, DX_HALF_HELD);
	CHECK_EQ(socket_info(bridge.b.socket).output, DX_HALF_FLOWING);
	CHECK_EQ(dx_recv(bridge.a.socket, &byte, 1), -EBUSY);
	CHECK_EQ(dx_recv_wait(bridge.a.socket, &byte, 1, -1), -EBUSY);
	CHECK_EQ(dx_send(bridge.b.socket, &byte, 1), -EBUSY);
	CHECK_EQ(dx_send_wait(bridge.b.socket, &byte, 1, -1), -EBUSY);
	CHECK_EQ(dx_arm(bridge.a.socket, DX_READABLE), -EBUSY);
	CHECK_EQ(dx_arm(bridge.b.socket, DX_WRITABLE), -EBUSY);
	CHECK_EQ(dx_arm(bridge.b.socket, DX_READABLE | DX_WRITABLE), -EBUSY);
	CHECK_EQ(dx_shutdown(bridge.b.socket, token_new()), -EBUSY);
	CHECK_EQ(dx_shutdown_wait(bridge.b.socket), -EBUSY);
	CHECK_EQ(dx_release_wait(bridge.a.socket, 0), -EBUSY);
	CHECK_EQ(dx_release_wait(bridge.b.socket, 0), -EBUSY);
	CHECK_EQ(dx_join_wait(bridge.a.socket, bridge.b.socket, NULL, &join), -EBUSY);
	CHECK_EQ(dx_join_wait(bridge.a.socket, bridge.b.socket, &half, &join), -EBUSY);
	struct dx_join_info row = join_info(bridge.join);
	CHECK_EQ(row.b_to_a_path, DX_PATH_NONE);
	CHECK_EQ(row.flags, DX_JOIN_HALF_DUPLEX);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	bridge_close(&bridge);
	engine_close(engine);
}

struct echo {
	dx_id in;
	dx_id out;
	struct stream received;
	struct stream sent;
	uint64_t bytes;
};

static void *receive(void *argument)
{
	struct echo *echo = argument;
	app_recv(echo->in, &echo->received, echo->bytes);
	return NULL;
}

static void *transmit(void *argument)
{
	struct echo *echo = argument;
	app_send(echo->out, &echo->sent, echo->bytes);
	return NULL;
}

/* a to b flows in bulk while the application receives from b and sends to a in bulk. */
static void the_other_halves_work_while_data_flows(void)
{
	dx_id engine = engine_open(2);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, 32 * KIB, &half);
		struct echo echo = { bridge.b.socket, bridge.a.socket, stream_new(), stream_new(), MIB };
		int to_app = bridge.b.peer, from_app = bridge.a.peer;
		struct stream app_in = echo.received, app_out = echo.sent;
		struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 4 * MIB, true);
		pthread_t receiver = thread_start(receive, &echo), sender = thread_start(transmit, &echo);
		for (unsigned i = 0; i < 16; i++) {
			peer_send(to_app, &app_in, echo.bytes / 16);
			peer_recv(from_app, &app_out, echo.bytes / 16);
			if (i == 3)
				flows_run(&flow, 1);
		}
		thread_join(receiver);
		thread_join(sender);
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
		CHECK_EQ(end.a_to_b, 4 * MIB);
		CHECK_EQ(end.b_to_a, 0);

		/* over: the sockets are held; b's output was shut, for the end of a was passed on */
		uint8_t byte = 0;
		app_expect(bridge.a.socket, 0);
		CHECK_EQ(dx_send(bridge.b.socket, &byte, 1), -EPIPE);
		CHECK_EQ(socket_info(bridge.b.socket).output, DX_HALF_SHUT);
		app_send(bridge.a.socket, &echo.sent, 100);
		peer_recv(from_app, &app_out, 100);
		peer_send(to_app, &app_in, 100);
		app_recv(bridge.b.socket, &echo.received, 100);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

struct parked {
	dx_id socket;
	bool receiving;
	atomic_bool started;
	int64_t result;
};

static void *park(void *argument)
{
	static uint8_t data[4 * MIB];
	struct parked *parked = argument;
	uint8_t byte;
	atomic_store(&parked->started, true);
	parked->result = parked->receiving ? dx_recv_wait(parked->socket, &byte, 1, -1)
									   : dx_send_wait(parked->socket, data, sizeof(data), -1);
	return NULL;
}

static void a_parked_receive_fails_when_a_join_takes_the_half(void)
{
	dx_id engine = engine_open(1);
	for (unsigned round = 0; round < scaled(200); round++) {
		struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 0);
		struct parked parked = { .socket = a.socket, .receiving = true };
		dx_id join;
		pthread_t thread = thread_start(park, &parked);
		if (round % 4)
			AWAIT(atomic_load(&parked.started));
		CHECK_OK(dx_join_wait(a.socket, b.socket, &half, &join));
		thread_join(thread);
		CHECK_EQ(parked.result, -EBUSY);
		struct flow flow = flow_new(a.peer, b.peer, 100, false);
		flows_run(&flow, 1);
		line_close(&a);
		line_close(&b);
	}
	engine_close(engine);
}

/* What it had sent already counts; the rest was never taken. */
static void a_parked_send_stops_when_a_join_takes_the_half(void)
{
	dx_id engine = engine_open(1);
	for (unsigned round = 0; round < scaled(50); round++) {
		struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 16 * KIB);
		struct parked parked = { .socket = b.socket };
		dx_id join;
		pthread_t thread = thread_start(park, &parked);
		AWAIT(atomic_load(&parked.started));
		if (round % 2)
			CHECK(peer_readable(b.peer, -1));
		CHECK_OK(dx_join_wait(a.socket, b.socket, &half, &join));
		thread_join(thread);
		CHECK(parked.result == -EBUSY || parked.result > 0);
		CHECK_LT(parked.result, 4 * MIB);
		if (round % 2)
			CHECK_GT(parked.result, 0);
		uint8_t data[4096];
		for (int64_t left = parked.result > 0 ? parked.result : 0; left > 0;) {
			size_t part = left < (int64_t)sizeof(data) ? (size_t)left : sizeof(data);
			ssize_t got = CHECK_SYS(recv(b.peer, data, part, 0));
			CHECK_GT(got, 0);
			for (ssize_t i = 0; i < got; i++)
				CHECK_EQ(data[i], 0);
			left -= got;
		}
		struct flow flow = flow_new(a.peer, b.peer, 10000, false); /* the join's bytes come next */
		flows_run(&flow, 1);
		line_close(&a);
		line_close(&b);
	}
	engine_close(engine);
}

/* An armed half that a join takes: waiting became pointless, and the host is told. */
static void an_armed_half_is_reported_when_a_join_takes_it(void)
{
	dx_id engine = engine_open(1), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	uint8_t byte;
	CHECK_OK(dx_arm(a.socket, DX_READABLE));
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	await_ready(engine, a.socket);
	CHECK_EQ(dx_recv(a.socket, &byte, 1), -EBUSY);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

/* Two half-duplex joins make a loop through the application's sockets: a ring of three carries three streams. */
static void a_ring_of_three(void)
{
	dx_id engine = engine_open(4), joins[3];
	struct line lines[3];
	struct flow flows[3];
	for (unsigned i = 0; i < 3; i++)
		lines[i] = line_open(engine, i, 0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_OK(dx_join_wait(lines[i].socket, lines[(i + 1) % 3].socket, &half, &joins[i]));
		flows[i] = flow_new(lines[i].peer, lines[(i + 1) % 3].peer, 2 * MIB + i, true);
	}
	flows_run(flows, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct dx_event end = await_ended(engine, joins[i]);
		CHECK_EQ(end.a_to_b, 2 * MIB + i);
		CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
	}
	for (unsigned i = 0; i < 3; i++)
		line_close(&lines[i]);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(flowing_halves_are_busy);
	RUN(the_other_halves_work_while_data_flows);
	RUN(a_parked_receive_fails_when_a_join_takes_the_half);
	RUN(a_parked_send_stops_when_a_join_takes_the_half);
	RUN(an_armed_half_is_reported_when_a_join_takes_it);
	RUN(a_ring_of_three);
	return test_end();
}
