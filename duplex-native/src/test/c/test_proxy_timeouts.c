/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time limits of a proxy's joins (law 7): idle in both directions, idle once one direction has ended, and whole life.
 * Each ends both sides with its reason; a connection that moves bytes is not idle.
 */
#include "support_proxy.h"

struct limits {
	uint64_t idle;
	uint64_t half_close;
	uint64_t lifetime;
};

struct scene {
	dx_id engine;
	struct server *server;
	struct front front;
	int client;
	uint64_t start; /* milliseconds */
};

static struct scene scene_open(struct limits limits)
{
	struct scene scene = { .engine = engine_open(1), .server = server_open(WIRE_TCP4, 'A') };
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	options.idle_timeout = limits.idle;
	options.half_close_timeout = limits.half_close;
	options.max_lifetime = limits.lifetime;
	scene.front = front_of(scene.engine, WIRE_TCP4, &options, &scene.server, 1);
	scene.start = now_ms();
	scene.client = client_open(&scene.front);
	client_expect(&scene.front, scene.client, 'A');
	return scene;
}

/* The join has ended for this reason, no earlier than so many milliseconds after the start; both sides know. */
static void scene_close(struct scene *scene, enum dx_reason reason, uint64_t earliest)
{
	struct dx_event event = await_proxy_ended(&scene->front);
	CHECK_EQ(event.reason, reason);
	CHECK_GE(now_ms() - scene->start, earliest);
	CHECK_LE(client_hello(scene->client), 0);
	peer_close(scene->client);
	AWAIT(server_counts(scene->server).connected == 0);
	await_quiet(&scene->front);
	server_close(scene->server);
	engine_close(scene->engine);
}

static void an_idle_connection_ends(void)
{
	struct scene scene = scene_open((struct limits){ .idle = 200 });
	scene_close(&scene, DX_REASON_IDLE, 190);
}

static void a_busy_one_does_not(void)
{
	struct scene scene = scene_open((struct limits){ .idle = 1000 });
	while (now_ms() - scene.start < 1600) {
		client_ping(scene.client, 1);
		poll_pause();
	}
	CHECK_EQ(proxy_info(&scene.front).active, 1);
	scene_close(&scene, DX_REASON_IDLE, 2500);
}

static void a_half_closed_one_has_a_limit_of_its_own(void)
{
	/* a backend that never ends its own stream */
	dx_id engine = engine_open(1);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 4, &address);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	options.idle_timeout = 600000;
	options.half_close_timeout = 200;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &address);
	front_start(&front);
	int client = client_open(&front), backend = wire_accept(listener);
	AWAIT(proxy_info(&front).joined == 1);
	CHECK(!peer_readable(client, 400)); /* the limit is not in force yet */
	uint64_t start = now_ms();
	peer_shut(client);
	peer_expect_end(backend);
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_IDLE);
	CHECK_GE(now_ms() - start, 190);
	CHECK_LE(client_hello(client), 0);
	peer_close(client);
	peer_close(backend);
	await_quiet(&front);
	peer_close(listener);
	engine_close(engine);
}

static void a_life_has_an_end_however_busy(void)
{
	struct scene scene = scene_open((struct limits){ .lifetime = 1000 });
	while (now_ms() - scene.start < 500) {
		client_ping(scene.client, 1);
		poll_pause();
	}
	scene_close(&scene, DX_REASON_LIFETIME, 990);
}

int main(void)
{
	test_begin();
	RUN(an_idle_connection_ends);
	RUN(a_busy_one_does_not);
	RUN(a_half_closed_one_has_a_limit_of_its_own);
	RUN(a_life_has_an_end_however_busy);
	return test_end();
}
