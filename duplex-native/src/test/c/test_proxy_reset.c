/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reset is passed on through a proxy, both ways, after what could be read before it (law 7); the join ends with RESET
 * and the side that did it. A unix peer reads the end of the stream.
 */
#include "support_proxy.h"

#include <sys/ioctl.h>

struct scene {
	dx_id engine;
	int listener;
	struct front front;
};

static struct scene scene_open(enum wire outer, enum wire inner)
{
	struct scene scene = { .engine = engine_open(2) };
	struct dx_address address;
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	scene.listener = wire_listen(inner, 64, &address);
	scene.front = front_open(scene.engine, outer, &options);
	front_add(&scene.front, &address);
	front_start(&scene.front);
	return scene;
}

static void scene_close(struct scene *scene)
{
	await_quiet(&scene->front);
	peer_close(scene->listener);
	engine_close(scene->engine);
}

/* Bytes that can be received now. */
static int waiting(int fd)
{
	int bytes = 0;
	CHECK_SYS(ioctl(fd, FIONREAD, &bytes));
	return bytes;
}

static void check_reset(struct scene *scene, enum dx_side side)
{
	struct dx_event event = await_proxy_ended(&scene->front);
	CHECK_EQ(event.reason, DX_REASON_RESET);
	CHECK_EQ(event.side, side);
}

/* One more connection, joined: the backend's kernel answers before the proxy knows of it. */
static void pair_open(struct scene *scene, int *client, int *backend)
{
	uint64_t joined = proxy_info(&scene->front).joined;
	*client = client_open(&scene->front);
	*backend = wire_accept(scene->listener);
	AWAIT(proxy_info(&scene->front).joined == joined + 1);
}

/* `from` resets when all it sent was passed on; `to` receives all of it, and then the reset. */
static void reset_after_data(int from, int to, uint64_t bytes)
{
	struct stream sent = stream_new(), received = sent;
	peer_send(from, &sent, bytes);
	AWAIT((uint64_t)waiting(to) == bytes);
	peer_reset(from);
	CHECK_EQ(peer_recv_to_reset(to, &received), bytes);
	peer_close(to);
}

static void a_reset_is_passed_on_both_ways(void)
{
	struct scene scene = scene_open(WIRE_TCP4, WIRE_TCP6);
	for (unsigned i = 0; i < scaled(50); i++) {
		int client, backend;
		pair_open(&scene, &client, &backend);
		if (i % 2)
			reset_after_data(client, backend, i % 4 == 1 ? 0 : 3000);
		else
			reset_after_data(backend, client, i % 4 == 0 ? 0 : 3000);
		check_reset(&scene, i % 2 ? DX_SIDE_A : DX_SIDE_B);
	}
	scene_close(&scene);
}

static void a_unix_backend_reads_the_end(void)
{
	struct scene scene = scene_open(WIRE_TCP4, WIRE_UNIX);
	for (unsigned i = 0; i < scaled(20); i++) {
		int client, backend;
		pair_open(&scene, &client, &backend);
		struct stream sent = stream_new(), received = sent;
		peer_send(client, &sent, 3000);
		AWAIT(waiting(backend) == 3000);
		peer_reset(client);
		CHECK_EQ(peer_recv_to_end(backend, &received), 3000);
		peer_close(backend);
		check_reset(&scene, DX_SIDE_A);
	}
	scene_close(&scene);
}

static void a_reset_with_a_slow_reader_behind_loses_nothing_it_had_taken(void)
{
	/* trap: SO_LINGER 0 right after writing destroyed most of what was on its way */
	struct scene scene = scene_open(WIRE_TCP4, WIRE_TCP4);
	int client, backend;
	pair_open(&scene, &client, &backend);
	struct stream sent = stream_new(), received = sent;
	uint64_t before;
	do { /* fill all that lies between, until nothing moves any more */
		before = sent.offset;
		peer_send_some(client, &sent, 64 * MIB);
		AWAIT(!peer_readable(client, 0)); /* nothing ever comes back */
		poll_pause();
	} while (sent.offset != before);
	AWAIT(waiting(backend) > 0);
	/* what the client's kernel had not sent dies with the reset; all that the proxy has read must arrive */
	struct dx_join_info row = { .size = 0 };
	uint64_t next;
	CHECK_EQ(dx_joins_wait(scene.engine, scene.front.proxy, 0, &row, 1, &next), 1);
	uint64_t taken = row.a_to_b + row.a_to_b_pending;
	peer_reset(client);
	uint64_t got = peer_recv_to_reset(backend, &received);
	CHECK_GE(got, taken);
	peer_close(backend);
	check_reset(&scene, DX_SIDE_A);
	scene_close(&scene);
}

int main(void)
{
	test_begin();
	RUN(a_reset_is_passed_on_both_ways);
	RUN(a_unix_backend_reads_the_end);
	RUN(a_reset_with_a_slow_reader_behind_loses_nothing_it_had_taken);
	return test_end();
}
