/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of descriptors (laws 11 and 12): connections wait in the backlog or are refused and counted, the others go on,
 * nothing spins, and accepting resumes by itself. Opening an engine raises the soft limit and leaves some to the host.
 */
#include "support_proxy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 40

static void limit_descriptors(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { .rlim_cur = soft, .rlim_max = hard };
	CHECK_SYS(setrlimit(RLIMIT_NOFILE, &limit));
}

static dx_id engine_with(uint32_t max, uint32_t reserved)
{
	struct dx_engine_options options = {
		.size = sizeof(options), .workers = 2, .max_descriptors = max, .reserved_descriptors = reserved,
	};
	dx_id engine = 0;
	CHECK_OK(dx_engine_open(&options, &engine));
	return engine;
}

static void the_host_keeps_its_share(void)
{
	struct rlimit limit;
	limit_descriptors(256, 2000);
	dx_id engine = engine_open(1);
	CHECK_SYS(getrlimit(RLIMIT_NOFILE, &limit));
	CHECK_EQ(limit.rlim_cur, 2000);
	CHECK_EQ(engine_info(engine).descriptors_max, 2000 - 512);
	engine_close(engine);
	engine = engine_with(5000, 0); /* more than there are: clamped */
	CHECK_EQ(engine_info(engine).descriptors_max, 2000 - 512);
	engine_close(engine);
	engine = engine_with(0, 100);
	CHECK_EQ(engine_info(engine).descriptors_max, 1900);
	engine_close(engine);
	engine = engine_with(80, 100);
	CHECK_EQ(engine_info(engine).descriptors_max, 80);
	engine_close(engine);
}

/* Await what becomes of a client. @return 1 when served */
static unsigned outcome(int client)
{
	int answer = client_hello(client);
	CHECK(answer == 'A' || answer == -ECONNRESET);
	if (answer == 'A')
		client_ping(client, 1000);
	return answer == 'A';
}

static void at_the_engines_limit_connections_wait(void)
{
	dx_id engine = engine_with(60, 100);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct front front = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = client_open(&front);
	AWAIT(proxy_info(&front).state == DX_PROXY_PAUSED);
	struct dx_engine_info info = engine_info(engine);
	CHECK_LE(info.descriptors, 60);
	CHECK_GE(info.descriptors, 40); /* and what there is, is used */
	uint64_t before = cpu_ns();
	CHECK(!peer_readable(clients[CLIENTS - 1], 400));
	CHECK_LT(cpu_ns() - before, 200 * 1000000);

	unsigned served = 0;
	for (unsigned i = 0; i < CLIENTS; i++) {
		served += outcome(clients[i]);
		peer_close(clients[i]); /* makes room for the next */
	}
	struct dx_proxy_info proxy = await_quiet(&front);
	CHECK_EQ(proxy.joined, served);
	CHECK_EQ(proxy.refused_exhausted, CLIENTS - served);
	CHECK_GE(served, CLIENTS / 2);
	AWAIT(proxy_info(&front).state == DX_PROXY_STARTED);
	server_close(server);
	engine_close(engine);
}

static void idle_pipes_make_room_for_connections(void)
{
	enum { BULKS = 6 };
	dx_id engine = engine_with(60, 100);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 64, &address), clients[24], backends[24];
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, &address);
	front_start(&front);
	struct flow flows[2 * BULKS];
	for (unsigned i = 0; i < BULKS; i++) {
		clients[i] = client_open(&front);
		backends[i] = wire_accept(listener);
		flows[2 * i] = flow_new(clients[i], backends[i], 8 * MIB, true);
		flows[2 * i + 1] = flow_new(backends[i], clients[i], 8 * MIB, true);
	}
	flows_run(flows, 2 * BULKS);
	for (unsigned i = 0; i < BULKS; i++) {
		peer_close(clients[i]);
		peer_close(backends[i]);
	}
	await_quiet(&front);
	test_note("%llu pipes pooled", (unsigned long long)engine_info(engine).pipes_pooled);
	for (unsigned i = 0; i < 24; i++) { /* two descriptors each: more than fit beside pooled pipes */
		clients[i] = client_open(&front);
		backends[i] = wire_accept(listener);
	}
	AWAIT(proxy_info(&front).joined == BULKS + 24);
	CHECK_EQ(proxy_info(&front).refused_exhausted, 0);
	for (unsigned i = 0; i < 24; i++) {
		peer_reset(clients[i]);
		peer_close(backends[i]);
	}
	await_quiet(&front);
	peer_close(listener);
	engine_close(engine);
}

static unsigned hog_count;
static int hogs[1000];

static void hog_all(void)
{
	int fd;
	while ((fd = fcntl(2, F_DUPFD_CLOEXEC, 0)) != -1)
		hogs[hog_count++] = fd;
	CHECK_EQ(errno, EMFILE);
}

static void hog_release(unsigned count)
{
	while (count-- && hog_count)
		peer_close(hogs[--hog_count]);
}

/* Connect a socket that was made while there were descriptors. */
static void connect_late(int fd, const struct front *front)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(front->address.port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_SYS(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

static void when_the_process_has_none_left_accepting_resumes_by_itself(void)
{
	limit_descriptors(400, 2000);
	dx_id engine = engine_with(0, 16);
	limit_descriptors(400, 400); /* lower than the engine thinks: it meets EMFILE itself */
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct front front = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	int first = client_open(&front);
	client_expect(&front, first, 'A');
	int clients[10];
	for (unsigned i = 0; i < 10; i++)
		clients[i] = (int)CHECK_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	hog_all();
	for (unsigned i = 0; i < 10; i++)
		connect_late(clients[i], &front);
	AWAIT(engine_info(engine).exhausted > 0);
	AWAIT(proxy_info(&front).state == DX_PROXY_PAUSED);
	CHECK_EQ(proxy_info(&front).accepted, 1);
	client_ping(first, 100000); /* the others go on */
	uint64_t before = cpu_ns();
	CHECK(!peer_readable(clients[0], 400));
	CHECK_LT(cpu_ns() - before, 200 * 1000000);

	/* one descriptor is enough to accept, and too few to serve */
	uint64_t exhausted = engine_info(engine).exhausted;
	hog_release(1);
	AWAIT(engine_info(engine).exhausted > exhausted);
	client_ping(first, 100000);

	hog_release(1000);
	unsigned served = 0;
	for (unsigned i = 0; i < 10; i++) {
		served += outcome(clients[i]);
		peer_close(clients[i]);
	}
	client_finish(first);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, served + 1);
	CHECK_EQ(info.refused_exhausted, 10 - served);
	CHECK_GE(served, 5);
	CHECK_EQ(info.connect_failed, 0);
	CHECK_EQ(backend_info(&front, 0).failed, 0); /* not the backend's fault */
	CHECK_EQ(proxy_info(&front).state, DX_PROXY_STARTED);
	server_close(server);
	engine_close(engine);
}

static void without_descriptors_streams_copy(void)
{
	dx_id engine = engine_with(0, 16);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 4, &address);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, &address);
	front_start(&front);
	int client = client_open(&front), backend = wire_accept(listener);
	AWAIT(proxy_info(&front).joined == 1);
	hog_all();
	struct flow flows[2] = {
		flow_new(client, backend, 20 * MIB, false), flow_new(backend, client, 20 * MIB, false),
	};
	flows_run(flows, 2);
	struct dx_engine_info info = engine_info(engine);
	CHECK_GT(info.pipes_refused, 0);
	CHECK_EQ(info.bytes_spliced, 0);
	hog_release(1000);
	struct flow more = flow_new(client, backend, UINT64_MAX, false);
	while (engine_info(engine).bytes_spliced == 0) { /* and back to splice */
		peer_send_some(client, &more.sent, 4 * MIB);
		peer_recv_some(backend, &more.received, 4 * MIB);
	}
	peer_recv(backend, &more.received, more.sent.offset - more.received.offset);
	peer_close(client);
	peer_close(backend);
	await_quiet(&front);
	peer_close(listener);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_host_keeps_its_share);
	RUN(at_the_engines_limit_connections_wait);
	RUN(idle_pipes_make_room_for_connections);
	RUN(when_the_process_has_none_left_accepting_resumes_by_itself);
	RUN(without_descriptors_streams_copy);
	return test_end();
}
