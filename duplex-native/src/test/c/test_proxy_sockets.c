/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sockets of a proxy's connection have TCP_NODELAY and keep-alive, and everything that the engine opens is
 * close-on-exec and non-blocking. The engine lives in this process: its descriptors are those that are new.
 */
#include "support_proxy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define MOST 1024

static void note_open(bool open[MOST])
{
	for (int fd = 0; fd < MOST; fd++)
		open[fd] = is_open(fd);
}

static void both_sides_are_prepared(enum wire outer, enum wire inner, unsigned tcp_sockets)
{
	bool before[MOST], joined[MOST];
	dx_id engine = engine_open(2);
	struct dx_address address;
	int listener = wire_listen(inner, 4, &address);
	struct front front = front_open(engine, outer, NULL);
	front_add(&front, &address);
	front_start(&front);
	note_open(before);
	int client = client_open(&front), backend = wire_accept(listener);
	AWAIT(proxy_info(&front).joined == 1);
	struct flow bulk = flow_new(client, backend, 10 * MIB, false); /* so that there are pipes too */
	flows_run(&bulk, 1);
	note_open(joined);
	unsigned checked = 0, fresh = 0;
	for (int fd = 0; fd < MOST; fd++) {
		if (before[fd] || !joined[fd] || fd == client || fd == backend)
			continue;
		fresh++;
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
		int protocol = 0;
		if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &(socklen_t){ sizeof(int) }) == -1
				|| protocol != IPPROTO_TCP)
			continue;
		CHECK_EQ(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
		CHECK_EQ(get_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
		checked++;
	}
	CHECK_EQ(checked, tcp_sockets);
	CHECK_GE(fresh, 2);
	peer_close(client);
	peer_close(backend);
	await_quiet(&front);
	peer_close(listener);
	engine_close(engine);
}

static void tcp_to_tcp(void)
{
	both_sides_are_prepared(WIRE_TCP4, WIRE_TCP6, 2);
}

static void tcp_to_unix(void)
{
	both_sides_are_prepared(WIRE_TCP4, WIRE_UNIX, 1);
}

static void unix_to_tcp(void)
{
	both_sides_are_prepared(WIRE_UNIX, WIRE_TCP4, 1);
}

int main(void)
{
	test_begin();
	RUN(tcp_to_tcp);
	RUN(tcp_to_unix);
	RUN(unix_to_tcp);
	return test_end();
}
