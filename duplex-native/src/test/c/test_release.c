/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A released descriptor is the host's again, with its flags and options as they were; queued output is delivered
 * first, unread input must be taken first. (Law 6.)
 */
#include "support.h"

#include <fcntl.h>
#include <sys/socket.h>

static void flags_and_options_are_restored(void)
{
	dx_id engine = engine_open(1), socket;
	for (unsigned i = 0; i < 4; i++) {
		struct linger linger = { .l_onoff = 1, .l_linger = 7 };
		int pair[2];
		wire_pair(WIRE_TCP4, 0, pair);
		if (i & 1) {
			CHECK_SYS(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
			set_option(pair[0], SOL_SOCKET, SO_RCVLOWAT, 77);
			CHECK_SYS(fcntl(pair[0], F_SETFL, fcntl(pair[0], F_GETFL) | O_NONBLOCK));
		}
		if (i & 2) {
			CHECK_SYS(fcntl(pair[0], F_SETFD, 0));
			set_option(pair[0], SOL_SOCKET, SO_OOBINLINE, 1);
		}
		int flags = fcntl(pair[0], F_GETFL), descriptor_flags = fcntl(pair[0], F_GETFD);
		CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &socket));
		int fd = dx_release_wait(socket, 0);
		CHECK_GE(fd, 0);
		CHECK(is_open(fd));
		CHECK_EQ(fcntl(fd, F_GETFL), flags);
		CHECK_EQ(fcntl(fd, F_GETFD), descriptor_flags);
		CHECK_EQ(get_option(fd, SOL_SOCKET, SO_RCVLOWAT), i & 1 ? 77 : 1);
		CHECK_EQ(get_option(fd, SOL_SOCKET, SO_OOBINLINE), i & 2 ? 1 : 0);
		CHECK_SYS(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof(linger) }));
		CHECK_EQ(linger.l_onoff, i & 1);
		if (i & 1)
			CHECK_EQ(linger.l_linger, 7);
		uint8_t byte;
		CHECK_EQ(dx_recv(socket, &byte, 1), -ENOENT);
		peer_close(fd);
		peer_close(pair[1]);
	}
	CHECK_EQ(engine_info(engine).sockets, 0);
	engine_close(engine);
}

/* After a join was undone: the host goes on with plain system calls where the join stopped. */
static void the_stream_goes_on_with_the_host(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open(engine, wire, (wire + 1) % WIRES, 0, NULL);
		struct stream sent = stream_new(), received = sent;
		struct dx_event result;
		uint64_t token = token_new();
		peer_send(bridge.a.peer, &sent, 100000);
		peer_recv(bridge.b.peer, &received, 100000);
		CHECK_OK(dx_unjoin_wait(bridge.join, &result));
		CHECK_EQ(result.a_to_b, 100000);
		CHECK_OK(dx_release(bridge.a.socket, 0, token));
		int a = (int)await_success(engine, token).value, b = dx_release_wait(bridge.b.socket, 0);
		struct flow flows[4] = {
			flow_new(bridge.a.peer, a, MIB, true),
			flow_new(a, bridge.a.peer, MIB, true),
			flow_new(bridge.b.peer, b, MIB, true),
			flow_new(b, bridge.b.peer, MIB, true),
		};
		flows_run(flows, 4);
		peer_close(a);
		peer_close(b);
		peer_close(bridge.a.peer);
		peer_close(bridge.b.peer);
	}
	CHECK_EQ(engine_info(engine).sockets, 0);
	engine_close(engine);
}

static void queued_output_is_delivered_first(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct bridge bridge = bridge_open_narrow(engine, wire, wire);
		struct stream sent = stream_new(), received = sent, next = stream_new(), at_peer = next;
		struct dx_event result;
		uint64_t token = token_new();
		uint8_t byte = 0;
		bridge_make_splice(&bridge);
		uint64_t before = join_info(bridge.join).a_to_b;
		peer_send_until_stalled(bridge.a.peer, &sent);
		CHECK_OK(dx_unjoin_wait(bridge.join, &result));
		CHECK_GT(result.a_to_b_pending, 0);
		uint64_t start = now_ms();
		CHECK_EQ(dx_release_wait(bridge.b.socket, 100), -ETIMEDOUT);
		CHECK_GE(now_ms() - start, 90);
		CHECK_EQ(dx_send(bridge.b.socket, &byte, 1), -EAGAIN); /* still managed */
		CHECK_EQ(socket_info(bridge.b.socket).output_queued, result.a_to_b_pending);
		CHECK_OK(dx_release(bridge.b.socket, 0, token));
		peer_recv(bridge.b.peer, &received, result.a_to_b - before + result.a_to_b_pending);
		int fd = (int)await_success(engine, token).value;
		CHECK(is_open(fd));
		peer_send(fd, &next, 1000);
		peer_recv(bridge.b.peer, &at_peer, 1000);
		peer_close(fd);
		bridge_close(&bridge);
	}
	engine_close(engine);
}

/* A shutdown that is still being delivered comes first; then the descriptor is given back with its output ended. */
static void a_shutdown_that_waits_is_not_lost(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open_narrow(engine, WIRE_TCP4, WIRE_TCP4);
	struct stream sent = stream_new(), received = sent;
	struct dx_event result;
	uint64_t token = token_new();
	peer_send_until_stalled(bridge.a.peer, &sent);
	CHECK_OK(dx_unjoin_wait(bridge.join, &result));
	CHECK_OK(dx_shutdown(bridge.b.socket, token));
	CHECK_EQ(dx_release_wait(bridge.b.socket, 0), -EBUSY);
	CHECK_EQ(peer_recv_to_end(bridge.b.peer, &received), result.a_to_b + result.a_to_b_pending);
	await_success(engine, token);
	int fd = dx_release_wait(bridge.b.socket, 0);
	CHECK_GE(fd, 0);
	struct flow flow = flow_new(bridge.b.peer, fd, 100000, true);
	flows_run(&flow, 1);
	peer_close(fd);
	bridge_close(&bridge);
	engine_close(engine);
}

static void read_ahead_must_be_taken_first(void)
{
	dx_id engine = engine_open(1), socket;
	struct stream sent = stream_new(), received = sent;
	uint8_t data[100];
	int pair[2];
	wire_pair(WIRE_TCP4, 0, pair);
	stream_fill(&sent, data, sizeof(data));
	CHECK_OK(dx_adopt(engine, pair[0], data, sizeof(data), &socket));
	CHECK_EQ(dx_release_wait(socket, 0), -ENOTEMPTY);
	CHECK_EQ(dx_release(socket, 0, token_new()), -ENOTEMPTY);
	CHECK_EQ(dx_recv_queued(socket, data, 60), 60);
	stream_verify(&received, data, 60);
	CHECK_EQ(dx_release_wait(socket, 0), -ENOTEMPTY);
	CHECK_EQ(dx_recv_queued(socket, data, 100), 40);
	stream_verify(&received, data, 40);
	peer_send(pair[1], &sent, 1000);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	int fd = dx_release_wait(socket, 0);
	CHECK_GE(fd, 0);
	peer_recv(fd, &received, 1000); /* what was not read is the host's to read */
	peer_close(fd);
	peer_close(pair[1]);
	engine_close(engine);
}

static void a_flowing_half_is_not_released(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	CHECK_EQ(dx_release_wait(bridge.a.socket, 0), -EBUSY);
	CHECK_EQ(dx_release(bridge.b.socket, 0, token_new()), -EBUSY);
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 100000, true);
	flows_run(&flow, 1);
	bridge_close(&bridge);
	engine_close(engine);
}

static void *receive_in_vain(void *argument)
{
	uint8_t byte;
	int64_t result = dx_recv_wait(*(dx_id *)argument, &byte, 1, -1);
	CHECK(result == -ENOENT || result == -EBUSY);
	return NULL;
}

static void parked_calls_fail(void)
{
	dx_id engine = engine_open(1);
	for (unsigned i = 0; i < scaled(100); i++) {
		struct line line = line_open(engine, i % WIRES, 0);
		pthread_t thread = thread_start(receive_in_vain, &line.socket);
		if (i % 2)
			poll_pause();
		int fd = dx_release_wait(line.socket, 0);
		CHECK_GE(fd, 0);
		thread_join(thread);
		peer_close(fd);
		peer_close(line.peer);
	}
	engine_close(engine);
}

/* Given back and taken again: nothing sticks to the descriptor. */
static void it_can_be_adopted_again(void)
{
	dx_id first = engine_open(1), second = engine_open(1), socket, join;
	int pair[2];
	wire_pair(WIRE_TCP4, 0, pair);
	for (unsigned i = 0; i < 10; i++) {
		struct line b = line_open(i % 2 ? first : second, WIRE_UNIX, 0);
		CHECK_OK(dx_adopt(i % 2 ? first : second, pair[0], NULL, 0, &socket));
		CHECK_OK(dx_join_wait(socket, b.socket, NULL, &join));
		struct flow flow = flow_new(pair[1], b.peer, 300000, false);
		flows_run(&flow, 1);
		CHECK_OK(dx_unjoin_wait(join, NULL));
		pair[0] = dx_release_wait(socket, 0);
		CHECK_GE(pair[0], 0);
		line_close(&b);
	}
	peer_close(pair[0]);
	peer_close(pair[1]);
	engine_close(first);
	engine_close(second);
}

int main(void)
{
	test_begin();
	RUN(flags_and_options_are_restored);
	RUN(the_stream_goes_on_with_the_host);
	RUN(queued_output_is_delivered_first);
	RUN(a_shutdown_that_waits_is_not_lost);
	RUN(read_ahead_must_be_taken_first);
	RUN(a_flowing_half_is_not_released);
	RUN(parked_calls_fail);
	RUN(it_can_be_adopted_again);
	return test_end();
}
