/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adopting: what is no connected stream is refused with the errno of the header and stays open and untouched; options
 * that would disturb are changed. (Law 13; traps: SO_LINGER, SO_RCVLOWAT, O_NONBLOCK.)
 */
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The refused descriptor is as it was. */
static void refuse(dx_id engine, int fd, int error)
{
	dx_id socket = 0;
	int flags = fcntl(fd, F_GETFL), descriptor_flags = fcntl(fd, F_GETFD);
	CHECK_EQ(dx_adopt(engine, fd, NULL, 0, &socket), error);
	CHECK(is_open(fd));
	CHECK_EQ(fcntl(fd, F_GETFL), flags);
	CHECK_EQ(fcntl(fd, F_GETFD), descriptor_flags);
	CHECK_EQ(engine_info(engine).sockets, 0);
	peer_close(fd);
}

static void what_is_no_connected_stream_is_refused(void)
{
	dx_id engine = engine_open(1), id;
	int pair[2];
	CHECK_EQ(dx_adopt(engine, -1, NULL, 0, &id), -EBADF);
	CHECK_EQ(dx_adopt(engine, 19999, NULL, 0, &id), -EBADF);
	int closed = (int)CHECK_SYS(dup(0));
	peer_close(closed);
	CHECK_EQ(dx_adopt(engine, closed, NULL, 0, &id), -EBADF);

	refuse(engine, (int)CHECK_SYS(open("/dev/null", O_RDWR)), -ENOTSOCK);
	CHECK_SYS(pipe(pair));
	refuse(engine, pair[0], -ENOTSOCK);
	refuse(engine, pair[1], -ENOTSOCK);
	refuse(engine, (int)CHECK_SYS(socket(AF_INET, SOCK_DGRAM, 0)), -ESOCKTNOSUPPORT);
	refuse(engine, (int)CHECK_SYS(socket(AF_UNIX, SOCK_DGRAM, 0)), -ESOCKTNOSUPPORT);
	CHECK_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	refuse(engine, pair[0], -ESOCKTNOSUPPORT);
	peer_close(pair[1]);
	refuse(engine, (int)CHECK_SYS(socket(AF_INET, SOCK_STREAM, 0)), -ENOTCONN);
	refuse(engine, (int)CHECK_SYS(socket(AF_INET6, SOCK_STREAM, 0)), -ENOTCONN);
	refuse(engine, (int)CHECK_SYS(socket(AF_UNIX, SOCK_STREAM, 0)), -ENOTCONN);
	for (enum wire wire = 0; wire < WIRES; wire++)
		refuse(engine, wire_listen(wire, 5, NULL), -EISCONN);
	engine_close(engine);
}

static void a_refused_one_keeps_its_options(void)
{
	dx_id engine = engine_open(1), socket;
	struct linger linger = { .l_onoff = 1, .l_linger = 7 };
	int pair[2];
	uint8_t data = 0;
	wire_pair(WIRE_TCP4, 0, pair);
	CHECK_SYS(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	set_option(pair[0], SOL_SOCKET, SO_RCVLOWAT, 99);
	CHECK_EQ(dx_adopt(engine, pair[0], &data, SIZE_MAX, &socket), -EMSGSIZE);
	CHECK_SYS(getsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof(linger) }));
	CHECK_EQ(linger.l_onoff, 1);
	CHECK_EQ(linger.l_linger, 7);
	CHECK_EQ(get_option(pair[0], SOL_SOCKET, SO_RCVLOWAT), 99);
	CHECK_EQ(get_option(pair[0], SOL_SOCKET, SO_OOBINLINE), 0);
	CHECK(!(fcntl(pair[0], F_GETFL) & O_NONBLOCK));
	peer_close(pair[0]);
	peer_close(pair[1]);
	engine_close(engine);
}

static void options_that_disturb_are_changed(void)
{
	dx_id engine = engine_open(1), socket;
	struct linger linger = { .l_onoff = 1, .l_linger = 7 };
	int pair[2];
	wire_pair(WIRE_TCP4, 0, pair);
	int other = (int)CHECK_SYS(dup(pair[0])); /* sees the same open file */
	CHECK_SYS(setsockopt(other, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	set_option(other, SOL_SOCKET, SO_RCVLOWAT, 99);
	CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &socket));
	CHECK(fcntl(other, F_GETFL) & O_NONBLOCK);
	CHECK_SYS(getsockopt(other, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof(linger) }));
	CHECK_EQ(linger.l_onoff, 0);
	CHECK_EQ(get_option(other, SOL_SOCKET, SO_RCVLOWAT), 1);
	CHECK_EQ(get_option(other, SOL_SOCKET, SO_OOBINLINE), 1);
	peer_close(other);
	peer_close(pair[1]);
	CHECK_OK(dx_close_wait(socket, 0, 0));
	engine_close(engine);
}

/* SO_RCVLOWAT: a single byte is not held back, neither from the application nor in a join. */
static void a_low_water_mark_holds_nothing_back(void)
{
	dx_id engine = engine_open(1), join;
	for (enum wire wire = 0; wire < WIRE_UNIX; wire++) {
		struct line a = { .wire = wire }, b = line_open(engine, wire, 0);
		struct stream sent = stream_new(), received = sent;
		int pair[2];
		wire_pair(wire, 0, pair);
		set_option(pair[0], SOL_SOCKET, SO_RCVLOWAT, 50000);
		CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &a.socket));
		a.peer = pair[1];
		peer_send(a.peer, &sent, 1);
		app_recv(a.socket, &received, 1);
		CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
		for (unsigned i = 0; i < 5; i++) {
			peer_send(a.peer, &sent, 1);
			peer_recv(b.peer, &received, 1);
		}
		line_close(&a);
		line_close(&b);
	}
	engine_close(engine);
}

static void the_addresses_are_known(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		struct dx_socket_info info = socket_info(line.socket);
		struct dx_address peer = wire_address(line.peer);
		CHECK_EQ(info.peer.family, peer.family);
		CHECK_EQ(info.local.family, peer.family);
		CHECK_EQ(info.peer.port, peer.port);
		CHECK(memcmp(info.peer.ip, peer.ip, 16) == 0);
		if (wire != WIRE_UNIX) {
			CHECK_NE(info.local.port, 0);
			CHECK(memcmp(info.local.ip, peer.ip, 16) == 0);
		}
		CHECK_EQ(info.listening, 0);
		CHECK_EQ(info.connecting, 0);
		CHECK_EQ(info.error, 0);
		CHECK_EQ(info.input, DX_HALF_HELD);
		CHECK_EQ(info.output, DX_HALF_HELD);
		line_close(&line);
	}
	engine_close(engine);
}

/* Its peer ended, or reset, before it was adopted. */
static void what_has_ended_can_still_be_adopted(void)
{
	dx_id engine = engine_open(1), socket;
	struct stream sent = stream_new(), received = sent;
	int pair[2];
	wire_pair(WIRE_TCP4, 0, pair);
	peer_send(pair[1], &sent, 1000);
	peer_close(pair[1]);
	CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &socket));
	app_recv(socket, &received, 1000);
	app_expect(socket, 0);
	CHECK_OK(dx_close_wait(socket, 0, 0));

	wire_pair(WIRE_TCP4, 0, pair);
	peer_reset(pair[1]);
	int result = dx_adopt(engine, pair[0], NULL, 0, &socket);
	if (result == 0) {
		app_expect(socket, -ECONNRESET);
		CHECK_OK(dx_close_wait(socket, 0, 0));
	} else {
		CHECK_EQ(result, -ENOTCONN); /* the kernel cannot tell it from one that never was */
		peer_close(pair[0]);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(what_is_no_connected_stream_is_refused);
	RUN(a_refused_one_keeps_its_options);
	RUN(options_that_disturb_are_changed);
	RUN(a_low_water_mark_holds_nothing_back);
	RUN(the_addresses_are_known);
	RUN(what_has_ended_can_still_be_adopted);
	return test_end();
}
