/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that are passed on to another engine, with their unread bytes, as they would be to another process. */
#include "support.h"

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

/* Descriptors by themselves. */
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
	return test_end();
}
