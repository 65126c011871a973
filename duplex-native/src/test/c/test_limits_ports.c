/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of local ports: the connection at hand is refused or waits, a counter says so, the others go on, and it is served
 * again when ports come back. What looks like it (no route, a connect that meets itself) is told apart. In a network
 * namespace of its own, whose port range is a few ports wide; clients come over a unix socket, so that they need none.
 */
#include "support_proxy.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS 8

static bool write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd != -1 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (fd != -1)
		peer_close(fd);
	return done;
}

/* @return false where it cannot be set */
static bool set_port_range(const char *range)
{
	return write_setting("/proc/sys/net/ipv4/ip_local_port_range", range);
}

static void set_ipv6(bool on)
{
	CHECK(write_setting("/proc/sys/net/ipv6/conf/all/disable_ipv6", on ? "0" : "1"));
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

static void ports_to_another_backend_are_used(void)
{
	/* out of ports means: to one address; the next one may have some */
	CHECK(set_port_range("32768 60999"));
	dx_id engine = engine_open(1);
	struct dx_address addresses[2];
	int listeners[2] = { wire_listen(WIRE_TCP4, 64, &addresses[0]), wire_listen(WIRE_TCP4, 64, &addresses[1]) };
	struct front front = front_open(engine, WIRE_UNIX, NULL);
	front_add(&front, &addresses[0]);
	front_start(&front);
	CHECK(set_port_range("20000 20007"));
	int clients[2 * PORTS], backends[2 * PORTS];
	for (unsigned i = 0; i < 2 * PORTS; i++) {
		if (i == PORTS)
			front_add(&front, &addresses[1]);
		clients[i] = client_open(&front);
		backends[i] = wire_accept(listeners[i / PORTS]);
	}
	AWAIT(proxy_info(&front).joined == 2 * PORTS);
	CHECK_EQ(proxy_info(&front).refused_exhausted, 0);
	for (unsigned i = 0; i < 2 * PORTS; i++) {
		peer_reset(backends[i]);
		peer_expect_end(clients[i]);
		peer_close(clients[i]);
	}
	await_quiet(&front);
	peer_close(listeners[0]);
	peer_close(listeners[1]);
	engine_close(engine);
}

static void an_address_without_a_route_fails_over(void)
{
	/* trap: where IPv6 is switched off, a connect to ::1 says EADDRNOTAVAIL, too, and localhost still resolves to it */
	CHECK(set_port_range("32768 60999"));
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_address both[2];
	CHECK_OK(dx_address_parse("tcp://[::1]:9", &both[0]));
	both[1] = *server_address(server);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_set(&front, 0, both, 2);
	front_start(&front);
	set_ipv6(false);
	for (unsigned i = 0; i < 20; i++) {
		int client = client_open(&front);
		client_expect(&front, client, 'A');
		client_finish(client);
	}
	set_ipv6(true);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, 20);
	CHECK_EQ(info.refused_exhausted, 0);
	CHECK_EQ(proxy_info(&front).state, DX_PROXY_STARTED);
	server_close(server);
	engine_close(engine);
}

static void a_connect_does_not_meet_itself(void)
{
	/* trap: a port of the range on which nobody listens: TCP's simultaneous open connects the socket to itself */
	CHECK(set_port_range("32768 60999"));
	dx_id engine = engine_open(1);
	struct dx_address nobody;
	CHECK_OK(dx_address_parse("tcp://127.0.0.1:20003", &nobody));
	struct front front = front_open(engine, WIRE_UNIX, NULL);
	front_add(&front, &nobody);
	front_start(&front);
	CHECK(set_port_range("20000 20007"));
	for (unsigned i = 0; i < 100; i++) {
		int client = client_open(&front);
		send(client, "A", 1, MSG_NOSIGNAL); /* it may have ended already */
		CHECK_LE(client_hello(client), 0); /* not an echo of its own bytes */
		peer_close(client);
	}
	CHECK_EQ(await_quiet(&front).connect_failed, 100);
	CHECK_EQ(backend_info(&front, 0).joined, 0);
	CHECK_EQ(backend_info(&front, 0).error, -ECONNREFUSED);
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
	RUN(ports_to_another_backend_are_used);
	RUN(an_address_without_a_route_fails_over);
	RUN(a_connect_does_not_meet_itself);
	return test_end();
}
