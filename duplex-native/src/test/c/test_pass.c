/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that are passed on to another engine, with their unread bytes, as they would be to another process. */
#include "support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct carriers {
	dx_id here;
	dx_id there;
};

static struct carriers carriers_open(dx_id here, dx_id there, int buffer)
{
	struct carriers carriers;
	int pair[2];
	CHECK_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	if (buffer)
		set_option(pair[0], SOL_SOCKET, SO_SNDBUF, buffer);
	CHECK_OK(dx_adopt(here, pair[0], NULL, 0, &carriers.here));
	CHECK_OK(dx_adopt(there, pair[1], NULL, 0, &carriers.there));
	return carriers;
}

static void carriers_close(struct carriers *carriers)
{
	CHECK_OK(dx_close_wait(carriers->here, DX_CLOSE_RESET, 0));
	CHECK_OK(dx_close_wait(carriers->there, DX_CLOSE_RESET, 0));
}

struct taking {
	dx_id engine;
	dx_id carrier;
	dx_id socket;
	int result;
};

static void *take(void *argument)
{
	struct taking *taking = argument;
	taking->result = dx_take_wait(taking->engine, taking->carrier, 30000, &taking->socket);
	return NULL;
}

static void a_socket_goes_with_its_unread_bytes(void)
{
	static const size_t unread[] = { 0, 1, 1000, 300000 };
	for (unsigned i = 0; i < 4; i++) {
		dx_id here = engine_open(1), there = engine_open(1), socket;
		struct carriers carriers = carriers_open(here, there, i == 3 ? 4096 : 0);
		int pair[2];
		struct stream stream = stream_new(), expected = stream, back = stream_new(), back_expected = back;
		uint8_t *ahead = malloc(unread[i] + 1);
		wire_pair(WIRE_TCP4, 0, pair);
		stream_fill(&stream, ahead, unread[i]);
		CHECK_OK(dx_adopt(here, pair[0], ahead, unread[i], &socket));
		peer_send(pair[1], &stream, 5000);
		struct taking taking = { .engine = there, .carrier = carriers.there };
		pthread_t thread = thread_start(take, &taking);
		CHECK_OK(dx_pass_wait(socket, carriers.here, 30000));
		thread_join(thread);
		CHECK_OK(taking.result);
		CHECK_EQ(dx_recv(socket, ahead, 1), -ENOENT);
		app_recv(taking.socket, &expected, unread[i] + 5000);
		app_send(taking.socket, &back, 1000);
		peer_recv(pair[1], &back_expected, 1000);
		CHECK_OK(dx_shutdown_wait(taking.socket));
		peer_expect_end(pair[1]);
		peer_close(pair[1]);
		CHECK_OK(dx_close_wait(taking.socket, 0, 0));
		carriers_close(&carriers);
		free(ahead);
		engine_close(here);
		engine_close(there);
	}
}

static void a_failure_leaves_everything_as_it_was(void)
{
	dx_id engine = engine_open(1), other = engine_open(1), socket, taken;
	struct carriers carriers = carriers_open(engine, other, 4096);
	struct line tcp = line_open(engine, WIRE_TCP4, 0);
	int pair[2];
	wire_pair(WIRE_TCP4, 0, pair);
	CHECK_OK(dx_adopt(engine, pair[0], "ahead", 5, &socket));
	CHECK_EQ(dx_pass_wait(socket, tcp.socket, 10), -EOPNOTSUPP);
	CHECK_EQ(dx_pass_wait(carriers.here, carriers.here, 10), -EINVAL);
	CHECK_EQ(dx_pass_wait(socket, 0, 10), -ENOENT);
	CHECK_EQ(dx_take_wait(other, carriers.there, 10, &taken), -ETIMEDOUT);
	/* a carrier that takes nothing */
	static uint8_t much[MIB];
	while (dx_send(carriers.here, much, sizeof(much)) > 0)
		;
	CHECK_EQ(dx_pass_wait(socket, carriers.here, 20), -ETIMEDOUT);
	uint8_t got[5];
	CHECK_EQ(dx_recv(socket, got, 5), 5);
	CHECK_EQ(memcmp(got, "ahead", 5), 0);
	/* something else that came */
	CHECK_EQ(dx_take_wait(other, carriers.there, 10, &taken), -EPROTO);
	struct stream stream = stream_new(), expected = stream;
	peer_send(pair[1], &stream, 100);
	app_recv(socket, &expected, 100);
	/* joined, it cannot go */
	dx_id join;
	CHECK_OK(dx_join_wait(socket, tcp.socket, NULL, &join));
	struct carriers fresh = carriers_open(engine, other, 0);
	CHECK_EQ(dx_pass_wait(socket, fresh.here, 10), -EBUSY);
	CHECK_OK(dx_unjoin_wait(join, NULL));
	/* the carrier has gone */
	CHECK_OK(dx_close_wait(fresh.there, DX_CLOSE_RESET, 0));
	CHECK_LT(dx_pass_wait(socket, fresh.here, 10), 0);
	CHECK_EQ(socket_info(socket).input, DX_HALF_HELD);
	CHECK_OK(dx_close_wait(fresh.here, DX_CLOSE_RESET, 0));
	struct line line = { socket, pair[1], WIRE_TCP4 };
	line_close(&line);
	line_close(&tcp);
	carriers_close(&carriers);
	engine_close(engine);
	engine_close(other);
}

/* Nothing waits but the host's event loop. */
static void passing_and_taking_are_tried_again_when_they_can_go_on(void)
{
	dx_id engine = engine_open(2), other = engine_open(1), socket, taken, join;
	struct carriers carriers = carriers_open(engine, other, 4096);
	int pair[2];
	static uint8_t much[MIB], got[MIB];
	uint64_t token = token_new();
	struct stream ahead = stream_new(), expected = ahead;
	wire_pair(WIRE_TCP4, 0, pair);
	stream_fill(&ahead, much, sizeof(much));
	CHECK_OK(dx_adopt(engine, pair[0], much, sizeof(much), &socket));
	/* its own output comes first */
	struct line slow = line_open(engine, WIRE_TCP4, 4096);
	CHECK_OK(dx_queue_wait(slow.socket, much, sizeof(much)));
	CHECK_EQ(dx_pass(slow.socket, carriers.here, token), -ENOTEMPTY);
	/* a carrier that takes nothing */
	int64_t n;
	size_t filled = 0;
	while ((n = dx_send(carriers.here, much, sizeof(much))) > 0)
		filled += (size_t)n;
	CHECK_EQ(dx_pass(socket, carriers.here, token), -EAGAIN);
	CHECK_EQ(socket_info(socket).input_queued, MIB);
	CHECK_OK(dx_arm(carriers.here, DX_WRITABLE));
	while (filled) {
		n = dx_recv(carriers.there, got, filled < MIB ? filled : MIB);
		CHECK_GT(n, 0);
		filled -= (size_t)n;
	}
	AWAIT(dx_pass(socket, carriers.here, token) == 0);
	CHECK_OK(await_done(engine, token).result);
	CHECK_EQ(dx_recv(socket, got, 1), -ENOENT);
	/* the rest is on its way behind it, and what is sent next behind that */
	CHECK_EQ(socket_info(carriers.here).output, DX_HALF_DRAINING);
	CHECK_EQ(dx_pass(slow.socket, carriers.here, token), -ENOTEMPTY);
	int rc;
	AWAIT((rc = dx_take(other, carriers.there, &taken)) != -EAGAIN);
	CHECK_OK(rc);
	app_recv(taken, &expected, sizeof(much));
	AWAIT(socket_info(carriers.here).output == DX_HALF_HELD);
	CHECK_EQ(dx_send(carriers.here, "mine", 4), 4);
	CHECK_EQ(dx_recv_wait(carriers.there, got, 4, 10000), 4);
	CHECK_EQ(dx_take(other, carriers.there, &taken), -EAGAIN);
	/* a joined carrier */
	CHECK_OK(dx_join_wait(carriers.here, slow.socket, NULL, &join));
	struct line third = line_open(engine, WIRE_TCP4, 0);
	CHECK_EQ(dx_pass(third.socket, carriers.here, token), -EBUSY);
	CHECK_OK(dx_unjoin_wait(join, NULL));
	CHECK_EQ(dx_pass(third.socket, carriers.there, token), -EXDEV);
	struct line line = { taken, pair[1], WIRE_TCP4 };
	line_close(&line);
	CHECK_OK(dx_close_wait(slow.socket, DX_CLOSE_RESET, 0));
	peer_close(slow.peer);
	line_close(&third);
	carriers_close(&carriers);
	engine_close(engine);
	engine_close(other);
}

/* What has come is kept. */
static void a_taking_goes_on_after_its_time_was_over(void)
{
	dx_id engine = engine_open(1), taken;
	int pair[2], descriptors[2];
	struct line carrier = line_open(engine, WIRE_UNIX, 0);
	wire_pair(WIRE_TCP4, 0, pair);
	/* by hand: the descriptor comes with the first byte */
	const char message[] = "DXS1\0\0\0\5ahead";
	wire_pair(WIRE_UNIX, 0, descriptors);
	dx_id by_hand;
	CHECK_OK(dx_adopt(engine, carrier.peer, NULL, 0, &by_hand));
	CHECK_EQ(dx_send_fd(by_hand, message, 1, pair[0]), 1);
	for (unsigned i = 1; i < 13; i++) {
		CHECK_EQ(dx_take_wait(engine, carrier.socket, 1, &taken), -ETIMEDOUT);
		/* further descriptors are closed */
		CHECK_EQ(dx_send_fd(by_hand, message + i, 1, descriptors[0]), 1);
	}
	CHECK_OK(dx_take_wait(engine, carrier.socket, 10000, &taken));
	peer_close(pair[0]);
	uint8_t got[5];
	CHECK_EQ(dx_recv(taken, got, 5), 5);
	CHECK_EQ(memcmp(got, "ahead", 5), 0);
	struct line line = { taken, pair[1], WIRE_TCP4 };
	line_close(&line);
	/* one that ends within */
	CHECK_EQ(dx_send_fd(by_hand, message, 9, descriptors[0]), 9);
	CHECK_EQ(dx_take(engine, carrier.socket, &taken), -EAGAIN);
	CHECK_OK(dx_shutdown_wait(by_hand));
	CHECK_EQ(dx_take_wait(engine, carrier.socket, 10000, &taken), -EPROTO);
	CHECK_EQ(dx_take_wait(engine, carrier.socket, 10000, &taken), -ENOTCONN);
	peer_close(descriptors[0]);
	peer_close(descriptors[1]);
	CHECK_OK(dx_close_wait(by_hand, DX_CLOSE_RESET, 0));
	CHECK_OK(dx_close_wait(carrier.socket, DX_CLOSE_RESET, 0));
	engine_close(engine);
}

struct passing {
	dx_id socket;
	dx_id carrier;
	_Atomic int result; /* 1 until it is known */
};

static void *pass(void *argument)
{
	struct passing *passing = argument;
	atomic_store(&passing->result, dx_pass_wait(passing->socket, passing->carrier, -1));
	return NULL;
}

/* How many have gone, or may still go. */
static unsigned not_failed(struct passing *passing, unsigned count)
{
	unsigned number = 0;
	for (unsigned i = 0; i < count; i++)
		number += atomic_load(&passing[i].result) >= 0;
	return number;
}

/* Each goes whole, or stays: also when it is closed or joined at the same time. */
static void many_are_passed_at_once(void)
{
	enum { COUNT = 8 };
	for (unsigned round = 0; round < scaled(20); round++) {
		dx_id engine = engine_open(2), other = engine_open(2), taken, join;
		struct carriers carriers = carriers_open(engine, other, 4096);
		struct passing passing[COUNT];
		pthread_t threads[COUNT];
		int pairs[COUNT][2];
		static uint8_t bytes[5000];
		unsigned passed = 0, arrived = 0;
		for (unsigned i = 0; i < COUNT; i++) {
			wire_pair(WIRE_UNIX, 0, pairs[i]);
			memset(bytes, (int)i, sizeof(bytes));
			passing[i].carrier = carriers.here;
			atomic_store(&passing[i].result, 1);
			CHECK_OK(dx_adopt(engine, pairs[i][0], bytes, sizeof(bytes), &passing[i].socket));
			threads[i] = thread_start(pass, &passing[i]);
		}
		if (round % 2) {
			dx_close_wait(passing[0].socket, round % 4 == 1 ? DX_CLOSE_RESET : 0, 1);
			dx_join_wait(passing[1].socket, passing[2].socket, NULL, &join);
		}
		while (arrived < not_failed(passing, COUNT)) {
			int rc = dx_take_wait(other, carriers.there, 20, &taken);
			if (rc == -ETIMEDOUT)
				continue;
			CHECK_OK(rc);
			arrived++;
			CHECK_EQ(dx_recv(taken, bytes, sizeof(bytes)), sizeof(bytes));
			unsigned i = bytes[0];
			CHECK_EQ(bytes[sizeof(bytes) - 1], i);
			CHECK_EQ(dx_send(taken, "x", 1), 1);
			uint8_t byte;
			CHECK_EQ(CHECK_SYS(read(pairs[i][1], &byte, 1)), 1);
			CHECK_OK(dx_close_wait(taken, DX_CLOSE_RESET, 0));
		}
		for (unsigned i = 0; i < COUNT; i++) {
			thread_join(threads[i]);
			passed += !passing[i].result;
			if (passing[i].result)
				CHECK(i < 3 && (passing[i].result == -ENOENT || passing[i].result == -EBUSY));
			peer_close(pairs[i][1]);
		}
		CHECK_EQ(passed, arrived);
		carriers_close(&carriers);
		engine_close(engine);
		engine_close(other);
	}
}

/* Descriptors by themselves. */
struct passer {
	dx_id socket;
	dx_id carrier;
	int result;
};

static void *pass_at_once(void *argument)
{
	struct passer *passer = argument;
	passer->result = dx_pass_wait(passer->socket, passer->carrier, -1);
	return NULL;
}

/* Either it is joined and its unread bytes go that way, or it is passed on and they go with it. */
static void it_is_passed_or_joined(void)
{
	enum { UNREAD = 100000 };
	dx_id engine = engine_open(2), join;
	struct carriers carriers = carriers_open(engine, engine, 0);
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE);
	static uint8_t unread[UNREAD];
	for (unsigned round = 0; round < scaled(500); round++) {
		int pair[2];
		struct stream stream = stream_new(), received = stream;
		struct line sink = line_open(engine, WIRE_UNIX, 0);
		struct passer passer = { .carrier = carriers.here };
		wire_pair(WIRE_TCP4, 0, pair);
		stream_fill(&stream, unread, sizeof(unread));
		CHECK_OK(dx_adopt(engine, pair[0], unread, sizeof(unread), &passer.socket));
		pthread_t thread = thread_start(pass_at_once, &passer);
		int result = dx_join_wait(passer.socket, sink.socket, &options, &join);
		if (result == 0) {
			peer_recv(sink.peer, &received, UNREAD);
			thread_join(thread);
			CHECK_EQ(passer.result, -EBUSY);
		} else {
			CHECK(result == -ENOENT || result == -EBUSY);
			CHECK_OK(dx_take_wait(engine, carriers.there, -1, &passer.socket));
			thread_join(thread);
			CHECK_OK(passer.result);
			app_recv(passer.socket, &received, UNREAD);
		}
		CHECK_OK(dx_close_wait(passer.socket, DX_CLOSE_RESET, 0));
		peer_close(pair[1]);
		CHECK_OK(dx_close_wait(sink.socket, DX_CLOSE_RESET, 0));
		peer_close(sink.peer);
	}
	carriers_close(&carriers);
	engine_close(engine);
}

static void bytes_bring_a_descriptor(void)
{
	dx_id engine = engine_open(1);
	struct carriers carriers = carriers_open(engine, engine, 0);
	int pipe_ends[2], fd = -1;
	uint8_t byte = 7;
	CHECK_SYS(pipe(pipe_ends));
	CHECK_EQ(dx_send_fd(carriers.here, &byte, 1, pipe_ends[1]), 1);
	CHECK_EQ(dx_recv_fd(carriers.there, &byte, 1, &fd), 1);
	CHECK(fd > 2);
	CHECK_EQ(CHECK_SYS(write(fd, "x", 1)), 1);
	CHECK_EQ(CHECK_SYS(read(pipe_ends[0], &byte, 1)), 1);
	int none = 5;
	CHECK_EQ(dx_recv_fd(carriers.there, &byte, 1, &none), -EAGAIN);
	CHECK_EQ(dx_send_fd(carriers.here, &byte, 1, 999999), -EBADF);
	CHECK_EQ(dx_send_fd(carriers.here, &byte, 1, -1), 1);
	CHECK_EQ(dx_recv_fd(carriers.there, &byte, 1, &none), 1);
	CHECK_EQ(none, -1);
	close(fd);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	carriers_close(&carriers);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_socket_goes_with_its_unread_bytes);
	RUN(a_failure_leaves_everything_as_it_was);
	RUN(bytes_bring_a_descriptor);
	RUN(passing_and_taking_are_tried_again_when_they_can_go_on);
	RUN(a_taking_goes_on_after_its_time_was_over);
	RUN(many_are_passed_at_once);
	RUN(it_is_passed_or_joined);
	return test_end();
}
