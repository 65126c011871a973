/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drain stops and waits for the connections to end; when the grace is over the rest is closed with SHUT_DOWN and
 * counted. Close is a drain with no grace, after which the id is stale. A start meanwhile gives the drain up.
 */
#include "support_proxy.h"

#define CLIENTS 10

struct scene {
	dx_id engine;
	struct server *server;
	struct front front;
	int clients[CLIENTS];
};

static struct scene scene_open(void)
{
	struct scene scene = { .engine = engine_open(2), .server = server_open(WIRE_TCP4, 'A') };
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	scene.front = front_of(scene.engine, WIRE_TCP4, &options, &scene.server, 1);
	for (unsigned i = 0; i < CLIENTS; i++) {
		scene.clients[i] = client_open(&scene.front);
		client_expect(&scene.front, scene.clients[i], 'A');
	}
	return scene;
}

static void scene_close(struct scene *scene)
{
	server_close(scene->server);
	engine_close(scene->engine);
}

/* The rest was closed: an end for the client, or a reset where it had sent something meanwhile. */
static void expect_gone(int client)
{
	int answer = client_hello(client);
	CHECK(answer == 0 || answer == -ECONNRESET);
	peer_close(client);
}

static void drain_waits_for_the_last_to_end(void)
{
	struct scene scene = scene_open();
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_drain(scene.front.proxy, 60000, token));
	AWAIT(proxy_info(&scene.front).state == DX_PROXY_DRAINING);
	CHECK_EQ(client_try(&scene.front.address), -ECONNREFUSED);
	for (unsigned i = 0; i < CLIENTS; i++) {
		CHECK_EQ(events_pending(scene.engine, NULL, 0), 0); /* not answered before */
		client_ping(scene.clients[i], 1000);
		client_finish(scene.clients[i]);
		CHECK_EQ(await_proxy_ended(&scene.front).reason, DX_REASON_CLIENT_CLOSED);
	}
	CHECK_EQ(await_success(scene.engine, token).value, 0);
	CHECK_EQ(proxy_info(&scene.front).active, 0);
	CHECK_EQ(proxy_info(&scene.front).state, DX_PROXY_STOPPED);
	scene_close(&scene);
}

static void after_the_grace_the_rest_is_closed(void)
{
	struct scene scene = scene_open();
	uint64_t token = token_new(), start = now_ms();
	CHECK_OK(dx_proxy_drain(scene.front.proxy, 300, token));
	for (unsigned i = 0; i < 3; i++)
		client_finish(scene.clients[i]);
	struct dx_event done = await_success(scene.engine, token);
	CHECK_GE(now_ms() - start, 295);
	CHECK_EQ(done.value, CLIENTS - 3);
	CHECK_EQ(proxy_info(&scene.front).active, 0);
	unsigned shut_down = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		shut_down += await_proxy_ended(&scene.front).reason == DX_REASON_SHUT_DOWN;
	CHECK_EQ(shut_down, CLIENTS - 3);
	for (unsigned i = 3; i < CLIENTS; i++)
		expect_gone(scene.clients[i]);
	AWAIT(server_counts(scene.server).connected == 0);
	scene_close(&scene);
}

static void no_grace_closes_at_once(void)
{
	struct scene scene = scene_open();
	CHECK_GE(dx_proxy_drain_wait(scene.front.proxy, 0), 0);
	CHECK_EQ(proxy_info(&scene.front).active, 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		CHECK_EQ(await_proxy_ended(&scene.front).reason, DX_REASON_SHUT_DOWN);
		expect_gone(scene.clients[i]);
	}
	CHECK_EQ(client_try(&scene.front.address), -ECONNREFUSED);

	front_start(&scene.front); /* a drained proxy can be started again */
	int client = client_open(&scene.front);
	client_expect(&scene.front, client, 'A');
	client_finish(client);
	CHECK_EQ(await_quiet(&scene.front).joined, CLIENTS + 1);
	scene_close(&scene);
}

static void an_empty_proxy_drains_at_once(void)
{
	dx_id engine = engine_open(1);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_drain(front.proxy, 60000, token)); /* never started */
	CHECK_EQ(await_success(engine, token).value, 0);
	front_start(&front);
	token = token_new();
	CHECK_OK(dx_proxy_drain(front.proxy, 60000, token));
	CHECK_EQ(await_success(engine, token).value, 0);
	engine_close(engine);
}

static void close_ends_all_and_forgets_the_proxy(void)
{
	struct scene scene = scene_open();
	uint64_t drained = token_new(), closed = token_new();
	struct dx_proxy_info info = { .size = sizeof(info) };
	CHECK_OK(dx_proxy_drain(scene.front.proxy, 60000, drained)); /* does not hold up the close */
	CHECK_OK(dx_proxy_close(scene.front.proxy, closed));
	CHECK_EQ(dx_proxy_info(scene.front.proxy, &info), -ENOENT);
	CHECK_EQ(dx_proxy_start(scene.front.proxy, 0), -ENOENT);
	await_success(scene.engine, closed);
	await_done(scene.engine, drained);
	for (unsigned i = 0; i < CLIENTS; i++) {
		CHECK_EQ(await_proxy_ended(&scene.front).reason, DX_REASON_SHUT_DOWN);
		expect_gone(scene.clients[i]);
	}
	CHECK_EQ(client_try(&scene.front.address), -ECONNREFUSED);
	CHECK_EQ(engine_info(scene.engine).joins_active, 0);
	scene_close(&scene);
}

static void a_start_gives_the_drain_up(void)
{
	struct scene scene = scene_open();
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_drain(scene.front.proxy, 300, token));
	front_start(&scene.front);
	CHECK_EQ(await_done(scene.engine, token).result, -ECANCELED);
	uint64_t over = now_ms() + 500; /* the grace would be over */
	do {
		int client = client_open(&scene.front);
		client_expect(&scene.front, client, 'A');
		client_finish(client);
		CHECK_EQ(await_proxy_ended(&scene.front).reason, DX_REASON_CLIENT_CLOSED);
		poll_pause();
	} while (now_ms() < over);
	for (unsigned i = 0; i < CLIENTS; i++) { /* the old ones live on, too */
		client_ping(scene.clients[i], 100);
		client_finish(scene.clients[i]);
	}
	await_quiet(&scene.front);
	scene_close(&scene);
}

static void drain_ends_those_that_connect_too(void)
{
	dx_id engine = engine_open(1);
	struct stuck stuck = stuck_open(WIRE_TCP4);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	options.connect_timeout = 60000;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &stuck.address);
	front_start(&front);
	int client = client_open(&front);
	AWAIT(proxy_info(&front).active == 1);
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_drain(front.proxy, 0, token));
	CHECK_EQ(await_success(engine, token).value, 1);
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_SHUT_DOWN);
	expect_gone(client);
	stuck_close(&stuck);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(drain_waits_for_the_last_to_end);
	RUN(after_the_grace_the_rest_is_closed);
	RUN(no_grace_closes_at_once);
	RUN(an_empty_proxy_drains_at_once);
	RUN(close_ends_all_and_forgets_the_proxy);
	RUN(a_start_gives_the_drain_up);
	RUN(drain_ends_those_that_connect_too);
	return test_end();
}
