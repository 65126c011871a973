/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of local ports: the connection at hand is refused or waits, a counter says so, the others go on, and it is served
 * again when ports come back. In a network namespace of its own, whose port range is a few ports wide; clients come over
 * a unix socket, so that they need none.
 */
#include "support_proxy.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORTS 8

/* @return false where it cannot be set */
static bool set_port_range(const char *range)
{
	int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
	bool done = fd != -1 && write(fd, range, strlen(range)) == (ssize_t)strlen(range);
	if (fd != -1)
		peer_close(fd);
	return done;
}

static void without_a_port_the_others_go_on(void)
{
	CHECK(set_port_range("32768 60999"));
	dx_id engine = engine_open(1);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 64, &address);
	struct front front = front_open(engine, WIRE_UNIX, NULL);
	front_add(&front, &address);
	front_start(&front);
	CHECK(set_port_range("20000 20007"));

	int clients[PORTS], backends[PORTS];
	for (unsigned i = 0; i < PORTS; i++) {
		clients[i] = client_open(&front);
		backends[i] = wire_accept(listener);
		AWAIT(proxy_info(&front).joined == i + 1);
	}
	CHECK_EQ(engine_info(engine).exhausted, 0);
	int late = client_open(&front);
	AWAIT(engine_info(engine).exhausted > 0);
	uint64_t before = cpu_ns();
	CHECK(!peer_readable(listener, 300));
	CHECK_LT(cpu_ns() - before, 150 * 1000000);
	for (unsigned i = 0; i < PORTS; i++) {
		struct flow both[2] = {
			flow_new(clients[i], backends[i], 10000, false), flow_new(backends[i], clients[i], 10000, false),
		};
		flows_run(both, 2);
	}
	CHECK_EQ(proxy_info(&front).connect_failed, 0); /* no backend failed */
	CHECK_EQ(backend_info(&front, 0).failed, 0);

	for (unsigned i = 0; i < PORTS; i++) { /* a reset frees the port at once, without TIME_WAIT */
		peer_reset(backends[i]);
		peer_expect_end(clients[i]);
		peer_close(clients[i]);
	}
	int next = client_open(&front), backend = wire_accept(listener); /* for the late one, if that has waited */
	struct dx_proxy_info info = proxy_info(&front);
	if (info.refused_exhausted == 0) {
		int other = wire_accept(listener);
		peer_close(other);
	} else {
		CHECK_EQ(info.refused_exhausted, 1);
	}
	peer_close(backend);
	peer_expect_end(next);
	peer_expect_end(late);
	peer_close(next);
	peer_close(late);
	info = await_quiet(&front);
	CHECK_EQ(info.accepted, PORTS + 2);
	CHECK_EQ(info.joined + info.refused_exhausted, PORTS + 2);
	peer_close(listener);
	engine_close(engine);
}

int main(void)
{
	if (!own_network() || !set_port_range("32768 60999")) {
		printf("skipped: no network namespace of its own\n");
		return 0;
	}
	test_begin();
	RUN(without_a_port_the_others_go_on);
	return test_end();
}
