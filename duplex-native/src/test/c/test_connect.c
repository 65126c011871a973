/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting: several addresses in their order, time limits, closing meanwhile. (Trap: a non-blocking connect to a
 * unix socket whose backlog is full says EAGAIN, and no event ever comes.)
 */
#include "support.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* A listener whose backlog is full: further connects wait. The plain connections that fill it go to `fillers`. */
#define FILLERS 8
struct full {
	int listener;
	struct dx_address address;
	int fillers[FILLERS];
};

static struct full full_open(enum wire wire)
{
	struct full full;
	full.listener = wire_listen(wire, 0, &full.address);
	for (unsigned i = 0; i < FILLERS; i++) {
		union {
			struct sockaddr any;
			struct sockaddr_storage storage;
		} name;
		socklen_t length = sizeof(name);
		CHECK_SYS(getsockname(full.listener, &name.any, &length));
		full.fillers[i] = (int)CHECK_SYS(socket(name.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
		int result = connect(full.fillers[i], &name.any, length);
		CHECK(result == 0 || errno == EAGAIN || errno == EINPROGRESS);
	}
	return full;
}

static void full_close(struct full *full)
{
	peer_close(full->listener);
	for (unsigned i = 0; i < FILLERS; i++)
		peer_close(full->fillers[i]);
}

static void a_connected_socket_works(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct dx_address address;
		int listener = wire_listen(wire, 5, &address);
		uint64_t token = token_new();
		dx_id socket;
		CHECK_OK(dx_connect(engine, &address, 1, within(5000), token, &socket));
		CHECK_EQ(await_success(engine, token).object, socket);
		struct line line = { socket, wire_accept(listener), wire };
		struct stream there = stream_new(), at_peer = there, back = stream_new(), at_app = back;
		app_send(socket, &there, 1000);
		peer_recv(line.peer, &at_peer, 1000);
		peer_send(line.peer, &back, 1000);
		app_recv(socket, &at_app, 1000);
		struct dx_socket_info info = socket_info(socket);
		CHECK_EQ(info.connecting, 0);
		CHECK_EQ(info.listening, 0);
		CHECK_EQ(info.peer.family, address.family);
		CHECK_EQ(info.peer.port, address.port);
		if (wire != WIRE_UNIX)
			CHECK_NE(info.local.port, 0);
		line_close(&line);
		peer_close(listener);
	}
	engine_close(engine);
}

static void refused_is_told(void)
{
	dx_id engine = engine_open(1), socket = 0;
	for (enum wire wire = 0; wire < WIRE_UNIX; wire++) {
		struct dx_address address;
		int bound = wire_refused(wire, &address);
		uint64_t token = token_new();
		CHECK_EQ(dx_connect_wait(engine, &address, 1, within(5000), &socket), -ECONNREFUSED);
		CHECK_OK(dx_connect(engine, &address, 1, NULL, token, &socket));
		CHECK_EQ(await_done(engine, token).result, -ECONNREFUSED);
		uint8_t byte;
		CHECK_EQ(dx_recv(socket, &byte, 1), -ENOENT); /* the socket is gone */
		CHECK_EQ(dx_close_wait(socket, 0, 0), -ENOENT);
		peer_close(bound);
	}
	CHECK_EQ(engine_info(engine).sockets, 0);
	engine_close(engine);
}

static void what_cannot_be_reached_is_told(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address address;
	CHECK_OK(dx_address_parse("unix:///nowhere/at/all", &address));
	CHECK_EQ(dx_connect_wait(engine, &address, 1, within(5000), &socket), -ENOENT);
	CHECK_OK(dx_address_parse("unix://@nobody-listens-here", &address));
	CHECK_EQ(dx_connect_wait(engine, &address, 1, within(5000), &socket), -ECONNREFUSED);
	CHECK_OK(dx_address_parse("tcp://[fe80::1%lo]:9", &address));
	CHECK_LT(dx_connect_wait(engine, &address, 1, within(300), &socket), 0);
	CHECK_EQ(engine_info(engine).sockets, 0);
	engine_close(engine);
}

static void the_first_address_that_answers_is_taken(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address addresses[5], other;
	int bound = wire_refused(WIRE_TCP4, &addresses[0]), bound6 = wire_refused(WIRE_TCP6, &addresses[2]);
	CHECK_OK(dx_address_parse("unix:///nowhere/at/all", &addresses[1]));
	int listener = wire_listen(WIRE_TCP6, 5, &addresses[3]), unused = wire_listen(WIRE_TCP4, 5, &addresses[4]);
	CHECK_OK(dx_connect_wait(engine, addresses, 5, within(5000), &socket));
	CHECK_EQ(socket_info(socket).peer.port, addresses[3].port);
	struct line line = { socket, wire_accept(listener), WIRE_TCP6 };
	CHECK(!peer_readable(unused, 0));
	line_close(&line);
	/* none answers: the last one's error */
	other = addresses[1];
	addresses[1] = addresses[2];
	addresses[2] = other;
	CHECK_EQ(dx_connect_wait(engine, addresses, 2, within(5000), &socket), -ECONNREFUSED);
	CHECK_EQ(dx_connect_wait(engine, addresses, 3, within(5000), &socket), -ENOENT);
	peer_close(bound);
	peer_close(bound6);
	peer_close(listener);
	peer_close(unused);
	engine_close(engine);
}

static void a_connect_that_gets_no_answer_times_out(void)
{
	dx_id engine = engine_open(1), socket;
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct full full = full_open(wire);
		uint64_t start = now_ms();
		CHECK_EQ(dx_connect_wait(engine, &full.address, 1, within(300), &socket), -ETIMEDOUT);
		CHECK_GE(now_ms() - start, 250);
		CHECK_LE(now_ms() - start, 3000);
		full_close(&full);
	}
	CHECK_EQ(engine_info(engine).sockets, 0);
	engine_close(engine);
}

/* Each address has its share of the time: a silent first one leaves enough for the second. */
static void a_silent_address_leaves_time_for_the_next(void)
{
	dx_id engine = engine_open(1), socket;
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct full full = full_open(wire);
		struct dx_address addresses[2] = { full.address };
		int listener = wire_listen(WIRE_TCP4, 5, &addresses[1]);
		uint64_t start = now_ms();
		struct dx_connect_options in_turn = { .size = sizeof(in_turn), .timeout = 600,
				.attempt_delay = DX_CONNECT_IN_TURN };
		CHECK_OK(dx_connect_wait(engine, addresses, 2, &in_turn, &socket));
		CHECK_GE(now_ms() - start, 250);
		struct line line = { socket, wire_accept(listener), WIRE_TCP4 };
		line_close(&line);
		peer_close(listener);
		full_close(&full);
	}
	engine_close(engine);
}

/* The unix listener takes one: the connect that was turned away is tried again by itself. */
static void a_full_unix_backlog_is_tried_again(void)
{
	dx_id engine = engine_open(1), socket;
	struct full full = full_open(WIRE_UNIX);
	uint64_t token = token_new();
	struct stream sent = stream_new(), received = sent;
	CHECK_OK(dx_connect(engine, &full.address, 1, within(30000), token, &socket));
	CHECK_EQ(socket_info(socket).connecting, 1);
	peer_close(wire_accept(full.listener)); /* room for one */
	await_success(engine, token);
	app_send(socket, &sent, 100);
	struct line line = { .socket = socket, .wire = WIRE_UNIX };
	while (!peer_readable(line.peer = wire_accept(full.listener), 0)) /* one that filled the backlog */
		peer_close(line.peer);
	peer_recv(line.peer, &received, 100);
	line_close(&line);
	full_close(&full);
	engine_close(engine);
}

/* Until it is connected, a socket can only be closed. */
static void other_calls_wait_for_the_connect(void)
{
	dx_id engine = engine_open(1), socket, join;
	struct full full = full_open(WIRE_TCP4);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	uint64_t token = token_new();
	uint8_t byte = 0;
	CHECK_OK(dx_connect(engine, &full.address, 1, NULL, token, &socket));
	CHECK_EQ(socket_info(socket).connecting, 1);
	CHECK_EQ(dx_recv(socket, &byte, 1), -EINPROGRESS);
	CHECK_EQ(dx_recv_wait(socket, &byte, 1, -1), -EINPROGRESS);
	CHECK_EQ(dx_send(socket, &byte, 1), -EINPROGRESS);
	CHECK_EQ(dx_send_wait(socket, &byte, 1, -1), -EINPROGRESS);
	CHECK_EQ(dx_arm(socket, DX_READABLE), -EINPROGRESS);
	CHECK_EQ(dx_shutdown_wait(socket), -EINPROGRESS);
	CHECK_EQ(dx_release_wait(socket, 0), -EINPROGRESS);
	CHECK_EQ(dx_join_wait(socket, line.socket, NULL, &join), -EINPROGRESS);
	CHECK_EQ(dx_join_wait(line.socket, socket, NULL, &join), -EINPROGRESS);
	CHECK_EQ(socket_info(line.socket).input, DX_HALF_HELD);
	CHECK_OK(dx_close_wait(socket, 0, 0));
	CHECK_EQ(await_done(engine, token).result, -ECANCELED);
	line_close(&line);
	full_close(&full);
	engine_close(engine);
}

static void closing_while_connecting_cancels(void)
{
	dx_id engine = engine_open(2), socket;
	for (unsigned i = 0; i < scaled(60); i++) {
		struct full full = full_open(i % WIRES);
		uint64_t connected = token_new(), closed = token_new();
		CHECK_OK(dx_connect(engine, &full.address, 1, within(i % 2 ? 60000 : 0), connected, &socket));
		CHECK_OK(dx_close(socket, i % 4 < 2 ? 0 : DX_CLOSE_RESET, 0, closed));
		CHECK_EQ(await_done(engine, connected).result, -ECANCELED);
		await_success(engine, closed);
		CHECK_EQ(dx_close_wait(socket, 0, 0), -ENOENT);
		full_close(&full);
	}
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

static void wrong_arguments_are_refused(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address addresses[65];
	memset(addresses, 0, sizeof(addresses));
	CHECK_EQ(dx_connect_wait(engine, addresses, 1, NULL, &socket), -EINVAL); /* no family */
	for (unsigned i = 0; i < 65; i++)
		CHECK_OK(dx_address_parse("tcp://127.0.0.1:1", &addresses[i]));
	CHECK_EQ(dx_connect_wait(engine, addresses, 0, NULL, &socket), -EINVAL);
	CHECK_EQ(dx_connect_wait(engine, addresses, 65, NULL, &socket), -EINVAL);
	CHECK_EQ(dx_connect_wait(engine, addresses, 64, within(5000), &socket), -ECONNREFUSED);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	engine_close(engine);
}

/* As the header promises for sockets that the engine connects. */
static void tcp_options_are_set(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 5, &address);
	CHECK_OK(dx_connect_wait(engine, &address, 1, within(5000), &socket));
	int peer = wire_accept(listener), fd = dx_release_wait(socket, 0);
	CHECK_GE(fd, 0);
	CHECK_EQ(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	CHECK_EQ(get_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	peer_close(fd);
	peer_close(peer);
	peer_close(listener);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_connected_socket_works);
	RUN(refused_is_told);
	RUN(what_cannot_be_reached_is_told);
	RUN(the_first_address_that_answers_is_taken);
	RUN(a_connect_that_gets_no_answer_times_out);
	RUN(a_silent_address_leaves_time_for_the_next);
	RUN(a_full_unix_backlog_is_tried_again);
	RUN(other_calls_wait_for_the_connect);
	RUN(closing_while_connecting_cancels);
	RUN(wrong_arguments_are_refused);
	RUN(tcp_options_are_set);
	return test_end();
}
