/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closing is orderly: what is queued goes out, the peer reads the end, its input is discarded until it ends or the time
 * is over. (Traps: closing with unread input sends a reset and destroys a reply on its way; an inherited SO_LINGER
 * blocks close.)
 */
#include "support.h"

#include <sys/socket.h>

/* Fill what lies between here and a peer that does not read. */
static void send_until_full(dx_id socket, struct stream *stream)
{
	uint8_t data[16 * KIB];
	for (unsigned quiet = 0; quiet < 20;) {
		struct stream next = *stream;
		stream_fill(&next, data, sizeof(data));
		int64_t sent = dx_send(socket, data, sizeof(data));
		if (sent == -EAGAIN) {
			quiet++;
			poll_pause();
			continue;
		}
		CHECK_GT(sent, 0);
		stream->offset += (uint64_t)sent;
		quiet = 0;
	}
}

static void unread_input_does_not_destroy_a_large_reply(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		struct stream request = stream_new(), reply = stream_new(), received = reply;
		uint64_t token = token_new();
		peer_send(line.peer, &request, 50000); /* which nobody reads */
		send_until_full(line.socket, &reply);
		CHECK_GT(reply.offset, 60000);
		CHECK_OK(dx_close(line.socket, 0, 30000, token));
		peer_send_some(line.peer, &request, 100000); /* still talking */
		CHECK_EQ(peer_recv_to_end(line.peer, &received), reply.offset);
		peer_shut(line.peer);
		CHECK_EQ(await_success(engine, token).value, 0);
		peer_close(line.peer);
	}
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

static void the_id_is_stale_at_once(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	uint64_t token = token_new();
	uint8_t byte = 0;
	CHECK_OK(dx_close(line.socket, 0, 0, token));
	CHECK_EQ(dx_recv(line.socket, &byte, 1), -ENOENT);
	CHECK_EQ(dx_send(line.socket, &byte, 1), -ENOENT);
	CHECK_EQ(dx_close(line.socket, 0, 0, token_new()), -ENOENT);
	CHECK_EQ(dx_close_wait(line.socket, DX_CLOSE_RESET, 0), -ENOENT);
	peer_close(line.peer);
	CHECK_EQ(await_success(engine, token).object, line.socket);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	engine_close(engine);
}

/* The peer neither reads nor ends. */
static void it_takes_no_longer_than_its_limit(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 2; i++) {
		struct line line = line_open(engine, WIRE_TCP4, 16 * KIB);
		struct stream reply = stream_new();
		if (i)
			send_until_full(line.socket, &reply);
		uint64_t start = now_ms();
		CHECK_OK(dx_close_wait(line.socket, 0, 200));
		CHECK_GE(now_ms() - start, 150);
		CHECK_LE(now_ms() - start, 1500);
		peer_close(line.peer);
	}
	engine_close(engine);
}

/* What a join had queued and the time did not suffice for is counted. */
static void lost_bytes_are_counted(void)
{
	dx_id engine = engine_open(1);
	for (uint32_t flags = 0; flags <= DX_CLOSE_RESET; flags += DX_CLOSE_RESET) {
		struct bridge bridge = bridge_open_narrow(engine, WIRE_TCP4, flags ? WIRE_TCP4 : WIRE_UNIX);
		struct stream sent = stream_new();
		struct dx_event result;
		uint64_t token = token_new();
		bridge_make_splice(&bridge);
		peer_send_until_stalled(bridge.a.peer, &sent);
		CHECK_OK(dx_unjoin_wait(bridge.join, &result));
		CHECK_GT(result.a_to_b_pending, 0);
		CHECK_OK(dx_close(bridge.b.socket, flags, 50, token));
		CHECK_EQ(await_success(engine, token).value, result.a_to_b_pending);
		CHECK_EQ(engine_info(engine).pipes_in_use, 0);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

static void a_reset_can_be_asked_for(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		struct stream nothing = stream_new(), request = stream_new();
		uint64_t start = now_ms();
		peer_send(line.peer, &request, 100);
		CHECK_OK(dx_close_wait(line.socket, DX_CLOSE_RESET, 0));
		CHECK_LE(now_ms() - start, 1000); /* at once: the peer does nothing for it */
		CHECK_EQ(peer_recv_to_reset(line.peer, &nothing), 0);
		peer_close(line.peer);
	}
	engine_close(engine);
}

static void flags_are_checked(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_EQ(dx_close(line.socket, 0x10, 0, token_new()), -EINVAL);
	CHECK_EQ(dx_close_wait(line.socket, ~0u, 0), -EINVAL);
	struct stream sent = stream_new(), received = sent;
	app_send(line.socket, &sent, 10);
	peer_recv(line.peer, &received, 10);
	line_close(&line);
	engine_close(engine);
}

static void *receive_in_vain(void *argument)
{
	uint8_t byte;
	CHECK_EQ(dx_recv_wait(*(dx_id *)argument, &byte, 1, -1), -ENOENT);
	return NULL;
}

static void parked_calls_fail(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < scaled(100); i++) {
		struct line line = line_open(engine, i % WIRES, 0);
		pthread_t threads[2];
		threads[0] = thread_start(receive_in_vain, &line.socket);
		threads[1] = thread_start(receive_in_vain, &line.socket);
		if (i % 2)
			poll_pause();
		CHECK_OK(dx_close(line.socket, 0, 1, token_new()));
		thread_join(threads[0]);
		thread_join(threads[1]);
		peer_close(line.peer);
	}
	engine_close(engine);
}

/* A linger of ten seconds with data that nobody reads: the worker that closes must not wait for it. */
static void an_inherited_linger_does_not_block(void)
{
	dx_id engine = engine_open(1), socket;
	struct linger linger = { .l_onoff = 1, .l_linger = 10 };
	struct stream sent = stream_new();
	int pair[2];
	wire_pair(WIRE_TCP4, 16 * KIB, pair);
	CHECK_SYS(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &socket));
	send_until_full(socket, &sent);
	uint64_t start = now_ms();
	CHECK_OK(dx_close_wait(socket, 0, 10));
	/* the worker is free for others */
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 1000, true);
	flows_run(&flow, 1);
	CHECK_LT(now_ms() - start, 5000);
	bridge_close(&bridge);
	peer_close(pair[1]);
	engine_close(engine);
}

/* Closing one socket of a join: the join ends, the closed side's peer gets what was in flight and the end. */
static void closing_a_joined_socket_ends_the_join(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 2; i++) {
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 16 * KIB, NULL);
		struct stream sent = stream_new(), received = sent;
		uint64_t token = token_new();
		peer_send_until_stalled(bridge.a.peer, &sent);
		CHECK_OK(dx_close(i ? bridge.a.socket : bridge.b.socket, 0, 30000, token));
		struct dx_event end = await_ended(engine, bridge.join);
		CHECK_EQ(end.reason, DX_REASON_CLOSED);
		CHECK_EQ(end.side, i ? DX_SIDE_A : DX_SIDE_B);
		peer_recv(bridge.b.peer, &received, end.a_to_b + end.a_to_b_pending);
		peer_expect_end(i ? bridge.a.peer : bridge.b.peer);
		peer_shut(i ? bridge.a.peer : bridge.b.peer);
		CHECK_EQ(await_success(engine, token).value, 0);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* dx_join_close(): both peers get all that was read for them, and the end. */
static void closing_a_join_delivers_what_is_in_flight(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open_narrow(engine, wire, (wire + 1) % WIRES);
		struct stream sent = stream_new(), received = sent;
		uint64_t token = token_new(), before = 0;
		if (wire) { /* in a pipe */
			bridge_make_splice(&bridge);
			before = join_info(bridge.join).a_to_b;
		}
		peer_send_until_stalled(bridge.a.peer, &sent);
		struct dx_join_info row = join_info(bridge.join);
		CHECK_GT(row.a_to_b_pending, 0);
		CHECK_OK(dx_join_close(bridge.join, token));
		CHECK_EQ(peer_recv_to_end(bridge.b.peer, &received), row.a_to_b - before + row.a_to_b_pending);
		peer_expect_end(bridge.a.peer);
		peer_close(bridge.a.peer);
		peer_close(bridge.b.peer);
		await_success(engine, token);
		CHECK_EQ(await_ended(engine, bridge.join).reason, DX_REASON_CLOSED);
		CHECK_EQ(dx_join_close_wait(bridge.join), -ENOENT);
		AWAIT(engine_info(engine).sockets == 0);
	}
	engine_close(engine);
}

/* Through the half that the join leaves to the application, in every way, until that fails. */
static void *use_output(void *argument)
{
	static uint8_t bytes[300 * KIB];
	dx_id socket = *(dx_id *)argument;
	int64_t result;
	unsigned round = 0;
	do {
		struct dx_message message = { .length = sizeof(bytes) };
		switch (round++ % 4) {
		case 0: result = dx_put(socket, bytes, sizeof(bytes), &message, 1); break;
		case 1: result = dx_send(socket, bytes, sizeof(bytes)); break;
		case 2: result = dx_send_wait(socket, bytes, sizeof(bytes), 1); break;
		default: result = dx_queue_wait(socket, bytes, 100); break;
		}
	} while (result >= 0 || result == -EAGAIN || result == -ETIMEDOUT || result == -EBUSY);
	CHECK_EQ(result, -ENOENT);
	return NULL;
}

static void *take_all(void *argument)
{
	static uint8_t bytes[300 * KIB];
	while (recv(*(int *)argument, bytes, sizeof(bytes), 0) > 0)
		;
	return NULL;
}

/* Closing a join closes its sockets, also halves that it did not use and that the application is using now. */
static void closing_a_join_waits_for_who_is_inside(void)
{
	dx_id engine = engine_open(2);
	for (unsigned round = 0; round < scaled(300); round++) {
		struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
		struct bridge bridge = bridge_open(engine, WIRE_UNIX, WIRE_UNIX, 0, &options);
		pthread_t users[2], reader = thread_start(take_all, &bridge.a.peer);
		for (unsigned i = 0; i < 2; i++)
			users[i] = thread_start(use_output, &bridge.a.socket);
		if (round % 2)
			AWAIT(peer_readable(bridge.a.peer, 0));
		CHECK_OK(dx_join_close_wait(bridge.join));
		for (unsigned i = 0; i < 2; i++)
			thread_join(users[i]);
		peer_shut(bridge.a.peer);
		peer_close(bridge.b.peer);
		AWAIT(engine_info(engine).sockets == 0);
		thread_join(reader);
		peer_close(bridge.a.peer);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(unread_input_does_not_destroy_a_large_reply);
	RUN(the_id_is_stale_at_once);
	RUN(it_takes_no_longer_than_its_limit);
	RUN(lost_bytes_are_counted);
	RUN(a_reset_can_be_asked_for);
	RUN(flags_are_checked);
	RUN(parked_calls_fail);
	RUN(an_inherited_linger_does_not_block);
	RUN(closing_a_joined_socket_ends_the_join);
	RUN(closing_a_join_delivers_what_is_in_flight);
	RUN(closing_a_join_waits_for_who_is_inside);
	return test_end();
}
