/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port that is in use is refused by name, whoever uses it: a second start of the same application must not bind
 * silently (trap: SO_REUSEPORT). A failed start changes nothing and can be repeated.
 */
#include "support_proxy.h"

static int32_t start_result(const struct front *front)
{
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_start(front->proxy, token));
	struct dx_event event = await_done(front->engine, token);
	CHECK_EQ(event.object, front->proxy);
	return event.result;
}

static void another_proxy_has_the_port(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct front first = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	struct front second = front_at(engine, &first.address, NULL);
	front_add(&second, server_address(server));
	CHECK_EQ(start_result(&second), -EADDRINUSE);
	CHECK_EQ(proxy_info(&second).state, DX_PROXY_STOPPED);
	uint16_t port;
	CHECK_EQ(dx_proxy_start_wait(second.proxy, &port), -EADDRINUSE);

	CHECK_OK(dx_proxy_close_wait(first.proxy));
	CHECK_EQ(start_result(&second), 0);
	int client = client_open(&second);
	client_expect(&second, client, 'A');
	client_finish(client);
	server_close(server);
	engine_close(engine);
}

static void another_engine_has_the_port(void)
{
	dx_id engine = engine_open(1), other = engine_open(1);
	struct front first = front_of(engine, WIRE_TCP6, NULL, NULL, 0);
	struct front second = front_at(other, &first.address, NULL);
	CHECK_EQ(start_result(&second), -EADDRINUSE);
	engine_close(engine);
	CHECK_EQ(start_result(&second), 0);
	engine_close(other);
}

static void a_foreign_listener_has_the_port(void)
{
	dx_id engine = engine_open(1);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 1, &address);
	struct front front = front_at(engine, &address, NULL);
	CHECK_EQ(start_result(&front), -EADDRINUSE);
	peer_close(listener);
	CHECK_EQ(start_result(&front), 0);
	engine_close(engine);
}

static void an_address_of_another_host_is_refused(void)
{
	dx_id engine = engine_open(1);
	struct dx_address address;
	CHECK_OK(dx_address_parse("tcp://192.0.2.1:0", &address)); /* reserved for documentation */
	struct front front = front_at(engine, &address, NULL);
	CHECK_EQ(start_result(&front), -EADDRNOTAVAIL);
	CHECK_EQ(proxy_info(&front).state, DX_PROXY_STOPPED);
	engine_close(engine);
}

static void arguments_are_checked(void)
{
	dx_id engine = engine_open(1), proxy = 0;
	struct dx_address address = any_address(WIRE_TCP4);
	struct dx_proxy_options options = proxy_options(0);
	struct dx_proxy_info info = { .size = sizeof(info) };
	options.size = 4;
	CHECK_EQ(dx_proxy_open(engine, &address, &options, &proxy), -EINVAL);
	options = proxy_options(1u << 30);
	CHECK_EQ(dx_proxy_open(engine, &address, &options, &proxy), -EINVAL);
	CHECK_EQ(dx_proxy_open(engine, NULL, NULL, &proxy), -EINVAL);
	address.family = 9;
	CHECK_EQ(dx_proxy_open(engine, &address, NULL, &proxy), -EINVAL);
	CHECK_EQ(proxy, 0);

	struct front front = front_open(engine, WIRE_TCP4, NULL);
	info.size = 8;
	CHECK_EQ(dx_proxy_info(front.proxy, &info), -EINVAL);
	info.size = sizeof(info);
	CHECK_EQ(dx_proxy_info(engine, &info), -EBADF);
	CHECK_EQ(dx_proxy_stop(engine, 0), -EBADF);
	CHECK_EQ(dx_close(front.proxy, 0, 0, 0), -EBADF);
	CHECK_OK(dx_proxy_close_wait(front.proxy));
	CHECK_EQ(dx_proxy_info(front.proxy, &info), -ENOENT);
	CHECK_EQ(dx_proxy_start(front.proxy, 0), -ENOENT);
	CHECK_EQ(dx_proxy_backend(front.proxy, 0, NULL, 0, 0), -ENOENT);
	CHECK_EQ(dx_proxy_drain(front.proxy, 0, 0), -ENOENT);
	CHECK_EQ(dx_proxy_close(front.proxy, 0), -ENOENT);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(another_proxy_has_the_port);
	RUN(another_engine_has_the_port);
	RUN(a_foreign_listener_has_the_port);
	RUN(an_address_of_another_host_is_refused);
	RUN(arguments_are_checked);
	return test_end();
}
