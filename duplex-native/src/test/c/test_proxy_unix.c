/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix listeners with a path: a stale one is replaced, one on which somebody listens or that is no socket is not; the
 * path goes with the listener. Unix backends work like others.
 */
#include "support_proxy.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

static struct dx_address path_address(const char *name)
{
	char text[DX_ADDRESS_TEXT];
	struct dx_address address;
	snprintf(text, sizeof(text), "unix://%s/%s", folder, name);
	CHECK_OK(dx_address_parse(text, &address));
	return address;
}

static struct sockaddr_un path_name(const char *name)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	CHECK_LT(snprintf(local.sun_path, sizeof(local.sun_path), "%s/%s", folder, name), sizeof(local.sun_path));
	return local;
}

static bool exists(const char *name)
{
	struct sockaddr_un local = path_name(name);
	return access(local.sun_path, F_OK) == 0;
}

static int bind_path(const char *name)
{
	struct sockaddr_un local = path_name(name);
	int fd = (int)CHECK_SYS(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	CHECK_SYS(bind(fd, (struct sockaddr *)&local, sizeof(local)));
	return fd;
}

static void visit(const struct front *front)
{
	int client = client_open(front);
	client_expect(front, client, 'A');
	client_ping(client, 10000);
	client_finish(client);
}

static void the_path_comes_and_goes_with_the_listener(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_UNIX, 'A');
	struct dx_address address = path_address("listen");
	struct front front = front_at(engine, &address, NULL);
	front_add(&front, server_address(server));
	for (unsigned round = 0; round < 3; round++) {
		CHECK(!exists("listen"));
		front_start(&front);
		CHECK(exists("listen"));
		visit(&front);
		CHECK_OK(dx_proxy_stop_wait(front.proxy));
	}
	CHECK_EQ(client_try(&address), -ENOENT);
	front_start(&front);
	CHECK_OK(dx_proxy_close_wait(front.proxy));
	CHECK(!exists("listen"));
	server_close(server);
	engine_close(engine);
}

static void engine_close_removes_the_path_too(void)
{
	dx_id engine = engine_open(1);
	struct dx_address address = path_address("listen");
	struct front front = front_at(engine, &address, NULL);
	front_start(&front);
	CHECK(exists("listen"));
	engine_close(engine);
	CHECK(!exists("listen"));
}

static void a_stale_path_is_replaced(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP4, 'A');
	peer_close(bind_path("stale")); /* what a killed process leaves behind */
	CHECK(exists("stale"));
	struct dx_address address = path_address("stale");
	struct front front = front_at(engine, &address, NULL);
	front_add(&front, server_address(server));
	front_start(&front);
	visit(&front);
	CHECK_OK(dx_proxy_stop_wait(front.proxy));
	CHECK(!exists("stale"));
	server_close(server);
	engine_close(engine);
}

static void a_path_in_use_is_left_alone(void)
{
	dx_id engine = engine_open(1);
	int listener = bind_path("used");
	CHECK_SYS(listen(listener, 5));
	struct server *owner = server_on(listener, 'B');
	struct dx_address address = path_address("used");
	struct front front = front_at(engine, &address, NULL);
	CHECK_EQ(dx_proxy_start_wait(front.proxy, NULL), -EADDRINUSE);
	int client = client_try(&address); /* the owner still has it */
	CHECK_GE(client, 0);
	client_expect(&front, client, 'B');
	client_finish(client);
	CHECK_OK(dx_proxy_close_wait(front.proxy));
	CHECK(exists("used"));
	server_close(owner);
	struct sockaddr_un local = path_name("used");
	CHECK_SYS(unlink(local.sun_path));
	engine_close(engine);
}

static void what_is_no_socket_is_left_alone(void)
{
	dx_id engine = engine_open(1);
	struct sockaddr_un local = path_name("file");
	peer_close((int)CHECK_SYS(open(local.sun_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
	struct dx_address address = path_address("file");
	struct front front = front_at(engine, &address, NULL);
	CHECK_EQ(dx_proxy_start_wait(front.proxy, NULL), -EADDRINUSE);
	CHECK_OK(dx_proxy_close_wait(front.proxy));
	CHECK(exists("file"));
	CHECK_SYS(unlink(local.sun_path));
	engine_close(engine);
}

static void a_missing_folder_is_named(void)
{
	dx_id engine = engine_open(1);
	struct dx_address address = path_address("missing/listen");
	struct front front = front_at(engine, &address, NULL);
	CHECK_EQ(dx_proxy_start_wait(front.proxy, NULL), -ENOENT);
	engine_close(engine);
}

static void a_missing_unix_backend_fails_over(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_UNIX, 'A');
	struct dx_address missing = path_address("nobody");
	struct front front = front_open(engine, WIRE_UNIX, NULL);
	front_add(&front, &missing);
	front_add(&front, server_address(server));
	front_start(&front);
	for (unsigned i = 0; i < 4; i++)
		visit(&front);
	await_quiet(&front);
	CHECK_EQ(backend_info(&front, 0).error, -ENOENT);
	CHECK_EQ(backend_info(&front, 0).state, DX_BACKEND_FAILING);
	CHECK_EQ(backend_info(&front, 1).joined, 4);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%.32s/dx-proxy-XXXXXX", base ? base : "/tmp");
	CHECK(mkdtemp(folder));
	RUN(the_path_comes_and_goes_with_the_listener);
	RUN(engine_close_removes_the_path_too);
	RUN(a_stale_path_is_replaced);
	RUN(a_path_in_use_is_left_alone);
	RUN(what_is_no_socket_is_left_alone);
	RUN(a_missing_folder_is_named);
	RUN(a_missing_unix_backend_fails_over);
	CHECK_SYS(rmdir(folder));
	return test_end();
}
