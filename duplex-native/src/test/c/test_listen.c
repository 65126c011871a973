/* SPDX-License-Identifier: Apache-2.0 */
/* Listening and accepting on demand: the kernel's backlog is the queue. */
#include "support.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct dx_address parse(const char *text)
{
	struct dx_address address;
	CHECK_OK(dx_address_parse(text, &address));
	return address;
}

/* Listen, and say where one can connect to. */
static dx_id listen_at(dx_id engine, const char *text, struct dx_address *bound)
{
	struct dx_address address = parse(text);
	dx_id listener;
	CHECK_OK(dx_listen(engine, &address, 0, &listener));
	struct dx_socket_info info = socket_info(listener);
	CHECK_EQ(info.listening, 1);
	CHECK_EQ(info.local.family, address.family);
	*bound = info.local;
	return listener;
}

static void accepted_sockets_work(void)
{
	static const char *const where[WIRES] = { "tcp://127.0.0.1:0", "tcp://[::1]:0", "unix://@dx-test-listen" };
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct dx_address address;
		struct line line = { .wire = wire };
		dx_id listener = listen_at(engine, where[wire], &address);
		if (wire != WIRE_UNIX)
			CHECK_NE(address.port, 0);
		CHECK_EQ(dx_accept(listener, &line.socket), -EAGAIN);
		CHECK_OK(dx_arm(listener, DX_READABLE));
		line.peer = wire_connect(&address, 0);
		CHECK_EQ(await_ready(engine, listener), DX_READABLE);
		CHECK_OK(dx_accept(listener, &line.socket));
		CHECK_EQ(dx_accept(listener, &line.socket), -EAGAIN);
		struct stream there = stream_new(), at_app = there, back = stream_new(), at_peer = back;
		peer_send(line.peer, &there, 1000);
		app_recv(line.socket, &at_app, 1000);
		app_send(line.socket, &back, 1000);
		peer_recv(line.peer, &at_peer, 1000);
		CHECK_EQ(socket_info(line.socket).listening, 0);
		CHECK_EQ(socket_info(line.socket).peer.family, address.family);
		CHECK_EQ(socket_info(line.socket).peer.port, wire == WIRE_UNIX ? 0 : wire_address(line.peer).port);
		CHECK_OK(dx_close_wait(listener, 0, 0));
		line_close(&line); /* outlives its listener */
	}
	engine_close(engine);
}

struct acceptor {
	dx_id listener;
	int timeout;
	int result;
	dx_id socket;
};

static void *accept_one(void *argument)
{
	struct acceptor *acceptor = argument;
	acceptor->result = dx_accept_wait(acceptor->listener, acceptor->timeout, &acceptor->socket);
	return NULL;
}

/* Many threads wait at one listener: each connection goes to one of them. */
static void waiting_threads_get_one_each(void)
{
	enum { THREADS = 5 };
	dx_id engine = engine_open(1);
	struct dx_address address;
	struct acceptor acceptors[THREADS];
	pthread_t threads[THREADS];
	int peers[THREADS];
	dx_id listener = listen_at(engine, "tcp://127.0.0.1:0", &address);
	for (unsigned i = 0; i < THREADS; i++) {
		acceptors[i] = (struct acceptor){ .listener = listener, .timeout = -1 };
		threads[i] = thread_start(accept_one, &acceptors[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		peers[i] = wire_connect(&address, 0);
	for (unsigned i = 0; i < THREADS; i++) {
		thread_join(threads[i]);
		CHECK_EQ(acceptors[i].result, 0);
		for (unsigned j = 0; j < i; j++)
			CHECK(acceptors[i].socket != acceptors[j].socket);
	}
	for (unsigned i = 0; i < THREADS; i++)
		peer_close(peers[i]);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK_OK(dx_close_wait(acceptors[i].socket, 0, 0));
	CHECK_OK(dx_close_wait(listener, 0, 0));
	engine_close(engine);
}

static void waiting_ends_with_the_time_or_the_listener(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address address;
	dx_id listener = listen_at(engine, "tcp://127.0.0.1:0", &address);
	uint64_t start = now_ms();
	CHECK_EQ(dx_accept_wait(listener, 0, &socket), -ETIMEDOUT);
	CHECK_EQ(dx_accept_wait(listener, 100, &socket), -ETIMEDOUT);
	CHECK_GE(now_ms() - start, 90);
	struct acceptor acceptor = { .listener = listener, .timeout = -1 };
	pthread_t thread = thread_start(accept_one, &acceptor);
	poll_pause();
	CHECK_OK(dx_close_wait(listener, 0, 0));
	thread_join(thread);
	CHECK_EQ(acceptor.result, -ENOENT);
	engine_close(engine);
}

/* A second start must not silently share the port. */
static void a_port_in_use_is_refused(void)
{
	dx_id engine = engine_open(1), other = engine_open(1), again;
	struct dx_address address;
	dx_id listener = listen_at(engine, "tcp://127.0.0.1:0", &address);
	CHECK_EQ(dx_listen(engine, &address, 0, &again), -EADDRINUSE);
	CHECK_EQ(dx_listen(other, &address, 0, &again), -EADDRINUSE);
	/* free at once after the close, also with connections left from before */
	int peer = wire_connect(&address, 0);
	dx_id socket;
	CHECK_OK(dx_accept_wait(listener, -1, &socket));
	CHECK_OK(dx_close_wait(listener, 0, 0));
	CHECK_OK(dx_listen(other, &address, 0, &again));
	peer_close(peer);
	CHECK_OK(dx_close_wait(socket, 0, 0));
	CHECK_OK(dx_close_wait(again, 0, 0));
	engine_close(engine);
	engine_close(other);
}

static void wrong_addresses_are_refused(void)
{
	dx_id engine = engine_open(1), listener;
	struct dx_address address = { .family = DX_FAMILY_NONE };
	CHECK_EQ(dx_listen(engine, &address, 0, &listener), -EINVAL);
	address.family = 77;
	CHECK_EQ(dx_listen(engine, &address, 0, &listener), -EINVAL);
	address = parse("tcp://127.0.0.1:0");
	address.ip[0] = 192; /* documentation network, certainly nobody's here */
	address.ip[2] = 2;
	CHECK_EQ(dx_listen(engine, &address, 0, &listener), -EADDRNOTAVAIL);
	address = parse("unix:///nowhere/at/all");
	CHECK_EQ(dx_listen(engine, &address, 0, &listener), -ENOENT);
	CHECK_EQ(engine_info(engine).sockets, 0);
	engine_close(engine);
}

/* A path: left alone when somebody listens or when it is no socket, replaced when it is a dead one, removed at last. */
static void a_unix_path_is_taken_with_care(void)
{
	dx_id engine = engine_open(1), again;
	char folder[] = "/tmp/dx-test-XXXXXX", text[64], aside[64];
	struct stat status;
	CHECK(mkdtemp(folder));
	snprintf(text, sizeof(text), "unix://%s/s", folder);
	const char *path = text + strlen("unix://");
	struct dx_address address = parse(text), bound;
	dx_id listener = listen_at(engine, text, &bound);
	CHECK_EQ(dx_listen(engine, &address, 0, &again), -EADDRINUSE);
	peer_close(wire_connect(&address, 0)); /* still listens */
	CHECK_OK(dx_close_wait(listener, 0, 0));
	CHECK_EQ(stat(path, &status), -1);
	CHECK_EQ(errno, ENOENT);

	int file = (int)CHECK_SYS(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	peer_close(file);
	CHECK_EQ(dx_listen(engine, &address, 0, &again), -EADDRINUSE);
	CHECK_SYS(stat(path, &status));
	CHECK(S_ISREG(status.st_mode));
	CHECK_SYS(unlink(path));

	listener = listen_at(engine, text, &bound); /* its engine ends without a close */
	engine_close(engine);
	engine = engine_open(1);
	CHECK_EQ(stat(path, &status), -1);
	listener = listen_at(engine, text, &bound);
	snprintf(aside, sizeof(aside), "%s/aside", folder);
	CHECK_SYS(rename(path, aside)); /* a dead socket, such as a process that was killed leaves behind */
	CHECK_OK(dx_close_wait(listener, 0, 0));
	CHECK_SYS(rename(aside, path));
	CHECK_OK(dx_listen(engine, &address, 0, &listener));
	peer_close(wire_connect(&address, 0));
	CHECK_OK(dx_close_wait(listener, 0, 0));
	CHECK_SYS(rmdir(folder));
	engine_close(engine);
}

static void a_listener_is_no_stream(void)
{
	dx_id engine = engine_open(1), socket, listener;
	struct dx_address address;
	struct line line = line_open(engine, WIRE_TCP4, 0);
	uint8_t byte = 0;
	listener = listen_at(engine, "tcp://127.0.0.1:0", &address);
	CHECK_LT(dx_recv(listener, &byte, 1), 0);
	CHECK_LT(dx_recv_wait(listener, &byte, 1, -1), 0);
	CHECK_LT(dx_send(listener, &byte, 1), 0);
	CHECK_LT(dx_send_wait(listener, &byte, 1, -1), 0);
	CHECK_LT(dx_shutdown_wait(listener), 0);
	CHECK_EQ(dx_accept(line.socket, &socket), -EOPNOTSUPP);
	CHECK_EQ(dx_accept_wait(line.socket, -1, &socket), -EOPNOTSUPP);
	peer_close(wire_connect(&address, 0)); /* and is none the worse for it */
	CHECK_OK(dx_accept_wait(listener, -1, &socket));
	CHECK_OK(dx_close_wait(socket, 0, 0));
	CHECK_OK(dx_close_wait(listener, 0, 0));
	line_close(&line);
	engine_close(engine);
}

static void tcp_options_are_set(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address address;
	dx_id listener = listen_at(engine, "tcp://127.0.0.1:0", &address);
	int peer = wire_connect(&address, 0);
	CHECK_OK(dx_accept_wait(listener, -1, &socket));
	int fd = dx_release_wait(socket, 0);
	CHECK_GE(fd, 0);
	CHECK_EQ(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	CHECK_EQ(get_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	peer_close(fd);
	peer_close(peer);
	CHECK_OK(dx_close_wait(listener, 0, 0));
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(accepted_sockets_work);
	RUN(waiting_threads_get_one_each);
	RUN(waiting_ends_with_the_time_or_the_listener);
	RUN(a_port_in_use_is_refused);
	RUN(wrong_addresses_are_refused);
	RUN(a_unix_path_is_taken_with_care);
	RUN(a_listener_is_no_stream);
	RUN(tcp_options_are_set);
	return test_end();
}
