/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of a proxy are joins like others: listed a page at a time, filtered by proxy, and each can be ended
 * by itself, exactly that one (law 10).
 */
#include "support_proxy.h"

#include <stdlib.h>
#include <time.h>

#define CLIENTS 120

struct scene {
	dx_id engine;
	struct server *server;
	struct front front;
	struct front other;   /* a second proxy, whose joins are not to be listed */
	int clients[CLIENTS];
	int others[10];
};

static struct scene *scene_open(void)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	CHECK(scene);
	scene->engine = engine_open(2);
	scene->server = server_open(WIRE_TCP4, 'A');
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	scene->front = front_of(scene->engine, WIRE_TCP4, &options, &scene->server, 1);
	scene->other = front_of(scene->engine, WIRE_UNIX, NULL, &scene->server, 1);
	for (unsigned i = 0; i < CLIENTS; i++) {
		scene->clients[i] = client_open(&scene->front);
		client_expect(&scene->front, scene->clients[i], 'A');
		client_ping(scene->clients[i], 100);
	}
	for (unsigned i = 0; i < 10; i++) {
		scene->others[i] = client_open(&scene->other);
		client_expect(&scene->front, scene->others[i], 'A');
	}
	return scene;
}

static void scene_close(struct scene *scene)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (scene->clients[i] != -1)
			client_finish(scene->clients[i]);
	for (unsigned i = 0; i < 10; i++)
		client_finish(scene->others[i]);
	await_quiet(&scene->front);
	await_quiet(&scene->other);
	server_close(scene->server);
	engine_close(scene->engine);
	free(scene);
}

/* All pages. @return rows */
static unsigned list(const struct scene *scene, dx_id proxy, unsigned page, struct dx_join_info *rows, unsigned max)
{
	unsigned count = 0;
	uint64_t cursor = 0;
	do {
		CHECK_GE(max - count, page);
		int got = dx_joins_wait(scene->engine, proxy, cursor, rows + count, page, &cursor);
		CHECK_GE(got, 0);
		CHECK_LE(got, page);
		count += (unsigned)got;
	} while (cursor);
	return count;
}

/* The row of a client's connection, by the port it came from. */
static struct dx_join_info *row_of(struct dx_join_info *rows, unsigned count, int client)
{
	uint16_t port = wire_address(client).port;
	struct dx_join_info *found = NULL;
	for (unsigned i = 0; i < count; i++) {
		if (rows[i].a_peer.port == port) {
			CHECK(!found); /* listed once */
			found = &rows[i];
		}
	}
	CHECK(found);
	return found;
}

static void all_are_listed_whatever_the_page(void)
{
	static const unsigned pages[] = { 1, 7, CLIENTS, DX_JOINS_PAGE };
	struct dx_join_info *rows = calloc(2000, sizeof(*rows));
	CHECK(rows);
	struct scene *scene = scene_open();
	struct timespec clock;
	clock_gettime(CLOCK_REALTIME, &clock);
	uint64_t wall_ns = (uint64_t)clock.tv_sec * 1000000000u + (uint64_t)clock.tv_nsec;
	for (unsigned p = 0; p < 4; p++) {
		unsigned count = list(scene, scene->front.proxy, pages[p], rows, 2000);
		CHECK_EQ(count, CLIENTS);
		for (unsigned i = 0; i < CLIENTS; i++) {
			struct dx_join_info *row = row_of(rows, count, scene->clients[i]);
			CHECK_EQ(row->size, sizeof(*row));
			CHECK_EQ(row->proxy, scene->front.proxy);
			CHECK_EQ(row->state, DX_JOIN_OPEN);
			CHECK_NE(row->a, 0);
			CHECK_NE(row->b, 0);
			CHECK_NE(row->a, row->b);
			CHECK_EQ(row->backend, 0);
			CHECK_EQ(row->a_to_b, 100);
			CHECK_EQ(row->b_to_a, 101);
			CHECK_EQ(row->b_peer.port, server_address(scene->server)->port);
			CHECK_EQ(row->a_to_b_path, DX_PATH_COPY);
			CHECK_LE(row->since_ns, wall_ns);
			CHECK_GE(row->since_ns, wall_ns - 300 * 1000000000ull);
		}
	}
	CHECK_EQ(list(scene, scene->other.proxy, 100, rows, 2000), 10);
	CHECK_EQ(list(scene, 0, 100, rows, 2000), CLIENTS + 10);
	uint64_t next;
	CHECK_EQ(dx_joins_wait(scene->engine, 0, 0, rows, 0, &next), -EINVAL);
	CHECK_EQ(dx_joins_wait(scene->engine, 0, 0, rows, DX_JOINS_PAGE + 1, &next), -EINVAL);
	scene_close(scene);
	free(rows);
}

static void one_is_closed_and_no_other(void)
{
	struct dx_join_info *rows = calloc(2000, sizeof(*rows));
	CHECK(rows);
	struct scene *scene = scene_open();
	unsigned count = list(scene, scene->front.proxy, DX_JOINS_PAGE, rows, 2000);
	for (unsigned i = 0; i < CLIENTS; i += 10) {
		dx_id join = row_of(rows, count, scene->clients[i])->id;
		uint64_t token = token_new();
		CHECK_OK(dx_join_close(join, token));
		struct dx_event event = await_ended(scene->engine, join);
		CHECK_EQ(event.reason, DX_REASON_CLOSED);
		CHECK_EQ(event.value, scene->front.proxy);
		CHECK_EQ(event.a_to_b, 100);
		CHECK_EQ(event.b_to_a, 101);
		peer_expect_end(scene->clients[i]);
		peer_close(scene->clients[i]);
		scene->clients[i] = -1;
		await_success(scene->engine, token);
		CHECK_EQ(dx_join_close_wait(join), -ENOENT);
		struct dx_join_info row = { .size = sizeof(row) };
		CHECK_EQ(dx_join_info_wait(join, &row), -ENOENT);
	}
	CHECK_EQ(list(scene, scene->front.proxy, DX_JOINS_PAGE, rows, 2000), CLIENTS - CLIENTS / 10);
	AWAIT(server_counts(scene->server).connected == CLIENTS - CLIENTS / 10 + 10);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (scene->clients[i] != -1)
			client_ping(scene->clients[i], 100);
	for (unsigned i = 0; i < 10; i++)
		client_ping(scene->others[i], 100);
	scene_close(scene);
	free(rows);
}

static void a_bulk_is_listed_as_spliced(void)
{
	dx_id engine = engine_open(1);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 4, &address);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, &address);
	front_start(&front);
	int client = client_open(&front), backend = wire_accept(listener);
	struct stream sent = stream_new(), received = sent;
	struct dx_join_info row = { .size = 0 };
	uint64_t next;
	while (row.a_to_b_path != DX_PATH_SPLICE) {
		peer_send_some(client, &sent, MIB);
		peer_recv_some(backend, &received, MIB);
		CHECK_EQ(dx_joins_wait(engine, front.proxy, 0, &row, 1, &next), 1);
	}
	peer_shut(client);
	peer_recv_to_end(backend, &received);
	CHECK_EQ(received.offset, sent.offset);
	peer_close(backend);
	peer_expect_end(client);
	peer_close(client);
	CHECK_EQ(await_quiet(&front).bytes_from_client, sent.offset);
	CHECK_GT(engine_info(engine).bytes_spliced, 0);
	peer_close(listener);
	engine_close(engine);
}

static void one_is_undone_and_its_sockets_are_the_applications(void)
{
	dx_id engine = engine_open(2);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 4, &address);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &address);
	front_start(&front);
	for (unsigned i = 0; i < scaled(100); i++) {
		int client = client_open(&front), backend = wire_accept(listener);
		AWAIT(proxy_info(&front).joined == i + 1);
		struct flow flows[2] = {
			flow_new(client, backend, 100 * MIB, false), flow_new(backend, client, 100 * MIB, false),
		};
		for (unsigned turn = 0; turn < i % 8; turn++) { /* undone in the middle of it */
			peer_send_some(client, &flows[0].sent, 256 * KIB);
			peer_send_some(backend, &flows[1].sent, 100);
			peer_recv_some(backend, &flows[0].received, 100 * KIB);
		}
		struct dx_join_info row = { .size = 0 };
		struct dx_event undone;
		uint64_t next;
		CHECK_EQ(dx_joins_wait(engine, front.proxy, 0, &row, 1, &next), 1);
		CHECK_OK(dx_unjoin_wait(row.id, &undone));
		CHECK_EQ(undone.a, row.a);
		CHECK_EQ(undone.b, row.b);
		CHECK_EQ(await_ended(engine, row.id).reason, DX_REASON_UNJOINED);
		CHECK_EQ(proxy_info(&front).active, 0);

		/* what is left of both streams goes through a join that the application makes of the two */
		dx_id again;
		CHECK_OK(dx_join_wait(undone.a, undone.b, NULL, &again));
		for (unsigned side = 0; side < 2; side++) {
			flows[side].total = flows[side].sent.offset + 1000;
			flows[side].end = true;
		}
		flows_run(flows, 2);
		peer_close(client);
		peer_close(backend);
		await_ended(engine, again);
	}
	await_quiet(&front);
	peer_close(listener);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(all_are_listed_whatever_the_page);
	RUN(one_is_closed_and_no_other);
	RUN(one_is_undone_and_its_sockets_are_the_applications);
	RUN(a_bulk_is_listed_as_spliced);
	return test_end();
}
