/* SPDX-License-Identifier: Apache-2.0 */
/* Files, options, and listeners that listen already. */
#include "support.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int file_new(struct stream stream, size_t size)
{
	int file = (int)CHECK_SYS(memfd_create("file", MFD_CLOEXEC));
	uint8_t *data = malloc(size);
	stream_fill(&stream, data, size);
	CHECK_EQ(CHECK_SYS(write(file, data, size)), size);
	free(data);
	return file;
}

struct reading {
	int peer;
	struct stream stream;
	uint64_t bytes;
};

static void *read_it(void *argument)
{
	struct reading *reading = argument;
	peer_recv(reading->peer, &reading->stream, reading->bytes);
	return NULL;
}

static void a_file_is_sent_from_where_to_where(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct stream stream = stream_new(), expected = stream;
		int file = file_new(stream, 3 * MIB);
		struct line line = line_open(engine, wire, 64 * KIB);
		expected.offset += 12345;
		struct reading reading = { line.peer, expected, 2 * MIB };
		pthread_t thread = thread_start(read_it, &reading);
		CHECK_EQ(dx_send_file_wait(line.socket, file, 12345, 2 * MIB, 30000), 2 * MIB);
		thread_join(thread);
		CHECK_EQ(dx_send_file(line.socket, file, 3 * MIB, 1), 0);
		CHECK_EQ(dx_send_file_wait(line.socket, file, 3 * MIB - 5, 10, 1000), 5);
		/* full: tells how much went */
		int64_t sent = dx_send_file_wait(line.socket, file, 0, 3 * MIB, 20);
		CHECK(sent > 0 && sent < (int64_t)(3 * MIB));
		do
			sent = dx_send_file(line.socket, file, 0, 3 * MIB);
		while (sent > 0);
		CHECK_EQ(sent, -EAGAIN);
		close(file);
		CHECK_EQ(dx_send_file(line.socket, 999999, 0, 1), -EBADF);
		CHECK_EQ(dx_send_file(line.socket, line.peer, 0, 1), -EINVAL);
		CHECK_EQ(dx_send_file(line.socket, 0, UINT64_MAX, 1), -EINVAL);
		line_close(&line);
	}
	engine_close(engine);
}

static void a_peer_that_has_gone_kills_nobody(void)
{
	dx_id engine = engine_open(1);
	int file = file_new(stream_new(), 1000);
	struct line line = line_open(engine, WIRE_UNIX, 0);
	CHECK_SYS(close(line.peer));
	CHECK_EQ(dx_send_file(line.socket, file, 0, 1000), -EPIPE);
	CHECK_OK(dx_close_wait(line.socket, 0, 0));
	close(file);
	engine_close(engine);
}

static void options_are_set_and_told(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0), other = line_open(engine, WIRE_UNIX, 0);
	int32_t value;
	for (uint32_t option = DX_OPTION_NO_DELAY; option <= DX_OPTION_LINGER; option++) {
		CHECK_OK(dx_option_set(line.socket, option, 1));
		CHECK_OK(dx_option_get(line.socket, option, &value));
		CHECK_GE(value, 1);
		CHECK_EQ(dx_option_set(line.socket, option, -2), -EINVAL);
	}
	CHECK_OK(dx_option_set(line.socket, DX_OPTION_USER_TIMEOUT, 4321));
	CHECK_OK(dx_option_get(line.socket, DX_OPTION_USER_TIMEOUT, &value));
	CHECK_EQ(value, 4321);
	CHECK_EQ(dx_option_set(line.socket, 0, 1), -EINVAL);
	CHECK_EQ(dx_option_set(line.socket, DX_OPTION_LINGER + 1, 1), -EINVAL);
	CHECK_EQ(dx_option_set(other.socket, DX_OPTION_NO_DELAY, 1), -EOPNOTSUPP);
	CHECK_OK(dx_option_set(other.socket, DX_OPTION_SEND_BUFFER, 50000));
	/* also while it flows */
	dx_id join;
	CHECK_OK(dx_join_wait(line.socket, other.socket, NULL, &join));
	CHECK_OK(dx_option_set(line.socket, DX_OPTION_KEEP_ALIVE_IDLE, 99));
	CHECK_OK(dx_option_get(line.socket, DX_OPTION_KEEP_ALIVE_IDLE, &value));
	CHECK_EQ(value, 99);
	CHECK_OK(dx_unjoin_wait(join, NULL));
	/* linger 0: closing resets */
	CHECK_OK(dx_option_set(line.socket, DX_OPTION_LINGER, 0));
	CHECK_OK(dx_close_wait(line.socket, 0, 0));
	struct stream nothing = stream_new();
	CHECK_EQ(peer_recv_to_reset(line.peer, &nothing), 0);
	peer_close(line.peer);
	CHECK_EQ(dx_option_get(line.socket, DX_OPTION_LINGER, &value), -ENOENT);
	line_close(&other);
	engine_close(engine);
}

static void a_listener_is_taken_over(void)
{
	dx_id engine = engine_open(1), listener, accepted, proxy;
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct dx_address address, backend_address;
		int fd = wire_listen(wire, 5, &address);
		int early = wire_connect(&address, 0);
		CHECK_OK(dx_adopt_listener(engine, fd, &listener));
		CHECK_OK(dx_accept_wait(listener, 5000, &accepted));
		struct line line = { accepted, early, wire };
		line_close(&line);
		/* and from there by a proxy, with a connection that waits */
		int waiting = wire_connect(&address, 0);
		int released = dx_release_wait(listener, 0);
		CHECK_GE(released, 0);
		int backend = wire_listen(WIRE_TCP4, 5, &backend_address);
		struct dx_proxy_options options = { .size = sizeof(options) };
		uint64_t token = token_new();
		uint16_t port = 0;
		CHECK_OK(dx_proxy_open(engine, &address, &options, &proxy));
		CHECK_OK(dx_proxy_backend(proxy, 0, &backend_address, 1, token));
		await_success(engine, token);
		CHECK_OK(dx_proxy_start_on_wait(proxy, released, &port));
		CHECK_EQ(port, wire == WIRE_UNIX ? 0 : address.port);
		int behind = wire_accept(backend);
		struct stream stream = stream_new(), expected = stream;
		peer_send(waiting, &stream, 1000);
		peer_recv(behind, &expected, 1000);
		int second = wire_listen(WIRE_TCP4, 5, NULL);
		CHECK_EQ(dx_proxy_start_on_wait(proxy, second, NULL), -EALREADY);
		CHECK_OK(dx_proxy_close_wait(proxy));
		peer_close(waiting);
		peer_close(behind);
		peer_close(backend);
	}
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_EQ(dx_adopt_listener(engine, line.peer, &listener), -EINVAL);
	CHECK_EQ(dx_adopt_listener(engine, 999999, &listener), -EBADF);
	int datagram = (int)CHECK_SYS(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	CHECK_LT(dx_adopt_listener(engine, datagram, &listener), 0);
	close(datagram);
	line_close(&line);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_file_is_sent_from_where_to_where);
	RUN(a_peer_that_has_gone_kills_nobody);
	RUN(options_are_set_and_told);
	RUN(a_listener_is_taken_over);
	return test_end();
}
