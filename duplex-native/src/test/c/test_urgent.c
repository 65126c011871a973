/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Urgent bytes are bytes: they travel in their place, on the copy path and in the middle of a splice. (Trap: splice
 * says EAGAIN for ever while poll says readable: a remote hang or hot loop.)
 */
#include "support.h"

#include <poll.h>
#include <sys/socket.h>

/* The next byte of the stream, as an urgent one. False where the kernel knows none. */
static bool send_urgent(int fd, struct stream *stream)
{
	struct stream next = *stream;
	uint8_t byte;
	stream_fill(&next, &byte, 1);
	ssize_t sent;
	while ((sent = send(fd, &byte, 1, MSG_OOB | MSG_NOSIGNAL)) == -1 && errno == EAGAIN)
		poll_pause();
	if (sent == -1 && errno == EOPNOTSUPP)
		return false;
	CHECK_EQ(sent, 1);
	*stream = next;
	return true;
}

static void between_small_messages(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, 0, NULL);
		struct stream sent = stream_new(), received = sent;
		for (unsigned i = 0; i < scaled(200); i++) {
			uint64_t before = sent.offset;
			peer_send(bridge.a.peer, &sent, 1 + i % 50);
			if (!send_urgent(bridge.a.peer, &sent))
				break;
			if (i % 3 == 0)
				peer_send(bridge.a.peer, &sent, 10);
			peer_recv(bridge.b.peer, &received, sent.offset - before);
		}
		peer_shut(bridge.a.peer);
		peer_recv_to_end(bridge.b.peer, &received);
		CHECK_EQ(received.offset, sent.offset);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* The first and the last byte are urgent, and one comes alone on an idle join. */
static void alone_first_and_last(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct stream sent = stream_new(), received = sent;
	CHECK(send_urgent(bridge.a.peer, &sent));
	peer_recv(bridge.b.peer, &received, 1);
	CHECK(send_urgent(bridge.a.peer, &sent));
	CHECK(send_urgent(bridge.a.peer, &sent));
	peer_recv(bridge.b.peer, &received, 2);
	peer_send(bridge.a.peer, &sent, 100000);
	CHECK(send_urgent(bridge.a.peer, &sent));
	peer_shut(bridge.a.peer);
	CHECK_EQ(peer_recv_to_end(bridge.b.peer, &received), 100001);
	peer_shut(bridge.b.peer);
	struct dx_event end = await_ended(engine, bridge.join);
	CHECK_EQ(end.a_to_b, 100004);
	CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
	bridge_close(&bridge);
	engine_close(engine);
}

/* Bulk that is being spliced, with an urgent byte now and then; the reader is sometimes slow. */
static void in_the_middle_of_bulk(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 3 * WIRES; i++) {
		struct bridge bridge = bridge_open(engine, i % WIRES, i / WIRES, i % 2 ? 64 * KIB : 0, NULL);
		struct stream sent = stream_new(), received = sent;
		for (unsigned part = 0; part < 30; part++) {
			for (uint64_t done = 0; done < 300000; done += 20000) {
				peer_send_some(bridge.a.peer, &sent, 20000);
				if (part % 3)
					peer_recv_some(bridge.b.peer, &received, UINT64_MAX);
			}
			peer_recv_some(bridge.b.peer, &received, 100000); /* so that there is room for the byte, some day */
			if (part > 20 || part % 2) {
				if (sent.offset - received.offset > 30000)
					peer_recv(bridge.b.peer, &received, sent.offset - received.offset - 30000);
				if (!send_urgent(bridge.a.peer, &sent))
					break;
			}
		}
		peer_shut(bridge.a.peer);
		peer_recv_to_end(bridge.b.peer, &received);
		CHECK_EQ(received.offset, sent.offset);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/*
 * Spliced bulk whose last byte is urgent, and then the end: splice says 0 at both. They wait behind a full receive
 * window, so that they arrive while the worker is splicing, before epoll can tell.
 */
static void between_bulk_and_the_end(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < scaled(100); i++) {
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, i % WIRES, 0, NULL);
		struct stream sent = stream_new(), received = sent;
		bridge_make_splice(&bridge);
		while (peer_send_some(bridge.a.peer, &sent, 8 * MIB))
			;
		peer_recv(bridge.b.peer, &received, 300000 + 3000 * i);
		struct pollfd room = { .fd = bridge.a.peer, .events = POLLOUT };
		while (CHECK_SYS(poll(&room, 1, 0)) == 0)
			peer_recv_some(bridge.b.peer, &received, 20000);
		CHECK(send_urgent(bridge.a.peer, &sent));
		peer_shut(bridge.a.peer);
		peer_recv_to_end(bridge.b.peer, &received);
		CHECK_EQ(received.offset, sent.offset);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* An urgent byte waits behind a reader that stands still, or lies at the head of the queue: the worker sleeps. */
static void it_makes_no_hot_loop(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < 2; i++) {
		struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 32 * KIB, NULL);
		struct stream sent = stream_new(), received = sent;
		struct flow warm_up = flow_new(bridge.a.peer, bridge.b.peer, 2 * MIB, false);
		flows_run(&warm_up, 1);
		if (i) {
			peer_send_until_stalled(bridge.a.peer, &sent);
			while (peer_unsent(bridge.a.peer) > 0 && sent.offset - received.offset > 60000)
				peer_recv(bridge.b.peer, &received, 1000);
		}
		CHECK(send_urgent(bridge.a.peer, &sent));
		if (!i)
			peer_recv(bridge.b.peer, &received, 1);
		uint64_t cpu = cpu_ns(), start = now_ms();
		AWAIT(now_ms() - start >= 300);
		CHECK_LT(cpu_ns() - cpu, 150000000);
		peer_shut(bridge.a.peer);
		peer_recv_to_end(bridge.b.peer, &received);
		CHECK_EQ(received.offset, sent.offset);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* The application receives it in its place, too. */
static void a_held_socket_receives_it_in_line(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct stream sent = stream_new(), received = sent;
	peer_send(line.peer, &sent, 10);
	CHECK(send_urgent(line.peer, &sent));
	peer_send(line.peer, &sent, 10);
	app_recv(line.socket, &received, 21);
	CHECK(send_urgent(line.peer, &sent));
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	CHECK(await_ready(engine, line.socket) & DX_READABLE);
	app_recv(line.socket, &received, 1);
	line_close(&line);
	engine_close(engine);
}

/* Urgent bytes that came before the socket was adopted. */
static void one_that_came_before_the_join_travels_too(void)
{
	dx_id engine = engine_open(1), join;
	struct line a = { .wire = WIRE_TCP4 }, b = line_open(engine, WIRE_TCP4, 0);
	struct stream sent = stream_new(), received = sent;
	int pair[2];
	wire_pair(WIRE_TCP4, 0, pair);
	a.peer = pair[1];
	peer_send(a.peer, &sent, 40000);
	CHECK(send_urgent(a.peer, &sent));
	peer_send(a.peer, &sent, 1000);
	AWAIT(peer_unsent(a.peer) == 0);
	CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &a.socket));
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	peer_recv(b.peer, &received, sent.offset);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(between_small_messages);
	RUN(alone_first_and_last);
	RUN(in_the_middle_of_bulk);
	RUN(between_bulk_and_the_end);
	RUN(it_makes_no_hot_loop);
	RUN(a_held_socket_receives_it_in_line);
	RUN(one_that_came_before_the_join_travels_too);
	return test_end();
}
