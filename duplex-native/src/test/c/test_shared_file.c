/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's open file that somebody else holds, too: a duplicate that lives on after our close, or that changes
 * O_NONBLOCK under us. (Traps: the epoll registration of a duplicated descriptor stays; splice blocks a whole worker
 * when another holder clears O_NONBLOCK.)
 */
#include "support.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* A managed socket and a duplicate of its descriptor. */
static struct line line_with_duplicate(dx_id engine, enum wire wire, int *duplicate)
{
	struct line line = { .wire = wire };
	int pair[2];
	wire_pair(wire, 0, pair);
	*duplicate = (int)CHECK_SYS(dup(pair[0]));
	CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &line.socket));
	line.peer = pair[1];
	return line;
}

static void one_that_lives_on_troubles_nobody(void)
{
	dx_id engine = engine_open(1), join;
	for (unsigned i = 0; i < 2 * WIRES; i++) {
		int duplicates[2];
		struct line a = line_with_duplicate(engine, i % WIRES, &duplicates[0]);
		struct line b = line_with_duplicate(engine, (i + 1) % WIRES, &duplicates[1]);
		CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
		struct flow flow = flow_new(a.peer, b.peer, 100000, false);
		flows_run(&flow, 1);
		if (i < WIRES) {
			CHECK_OK(dx_close(a.socket, DX_CLOSE_RESET, 0, token_new())); /* and b with it */
		} else {
			peer_shut(a.peer);
			peer_shut(b.peer);
		}
		await_ended(engine, join);
		if (i < WIRES && b.wire == WIRE_UNIX)
			peer_shut(b.peer); /* cannot be reset: it is told the end, and ends, too */
		AWAIT(engine_info(engine).sockets == 0);
		/* what still arrives at the open files is no news for the engine */
		uint64_t cpu = cpu_ns(), start = now_ms();
		uint8_t byte = 0;
		if (i < WIRES) {
			(void)!send(a.peer, &byte, 1, MSG_NOSIGNAL);
			(void)!send(b.peer, &byte, 1, MSG_NOSIGNAL);
		}
		AWAIT(now_ms() - start >= 150);
		CHECK_LT(cpu_ns() - cpu, 100000000);
		/* new sockets in the same places are not mistaken for them */
		struct bridge next = bridge_open(engine, WIRE_UNIX, WIRE_TCP4, 0, NULL);
		struct flow flows[2] = {
			flow_new(next.a.peer, next.b.peer, MIB, true),
			flow_new(next.b.peer, next.a.peer, MIB, true),
		};
		flows_run(flows, 2);
		bridge_close(&next);
		peer_close(a.peer);
		peer_close(b.peer);
		peer_close(duplicates[0]);
		peer_close(duplicates[1]);
	}
	engine_close(engine);
}

/* The end is an end although a duplicate keeps the file open: shutdown() acts on the connection. */
static void both_peers_of_a_join_read_the_end(void)
{
	dx_id engine = engine_open(1), join;
	for (unsigned i = 0; i < 4 * WIRES; i++) {
		int duplicates[2];
		struct dx_join_options options = join_options(0);
		struct line a = line_with_duplicate(engine, i % WIRES, &duplicates[0]);
		struct line b = line_with_duplicate(engine, (i + 1) % WIRES, &duplicates[1]);
		if (i >= 3 * WIRES)
			options.max_lifetime = 20;
		CHECK_OK(dx_join_wait(a.socket, b.socket, &options, &join));
		struct flow flows[2] = {
			flow_new(a.peer, b.peer, 50000, i < 2 * WIRES),
			flow_new(b.peer, a.peer, 50000, i < 2 * WIRES),
		};
		flows_run(flows, 2);
		if (i >= 2 * WIRES) {
			if (i < 3 * WIRES)
				CHECK_OK(dx_close(a.socket, 0, 0, token_new()));
			peer_expect_end(a.peer);
			peer_expect_end(b.peer);
		}
		peer_close(a.peer);
		peer_close(b.peer);
		await_ended(engine, join);
		peer_close(duplicates[0]);
		peer_close(duplicates[1]);
	}
	AWAIT(engine_info(engine).sockets == 0);
	engine_close(engine);
}

static void the_peer_of_a_closed_socket_reads_the_end(void)
{
	dx_id engine = engine_open(1);
	int duplicate;
	struct line line = line_with_duplicate(engine, WIRE_TCP4, &duplicate);
	uint64_t token = token_new();
	CHECK_OK(dx_close(line.socket, 0, 0, token));
	peer_expect_end(line.peer);
	peer_close(line.peer);
	await_success(engine, token);
	peer_close(duplicate);
	engine_close(engine);
}

static void a_duplicate_closed_elsewhere_changes_nothing(void)
{
	dx_id engine = engine_open(1), join;
	int duplicate;
	struct line a = line_with_duplicate(engine, WIRE_TCP4, &duplicate), b = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_arm(a.socket, DX_READABLE));
	peer_close(duplicate);
	struct stream sent = stream_new(), received = sent;
	peer_send(a.peer, &sent, 100);
	CHECK_EQ(await_ready(engine, a.socket), DX_READABLE);
	app_recv(a.socket, &received, 100);
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	struct flow flow = flow_new(a.peer, b.peer, MIB, true);
	flows_run(&flow, 1);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

static void make_blocking(int fd)
{
	CHECK_SYS(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
}

/* Calls in the host's threads and copied data do not depend on the flag. */
static void a_cleared_nonblock_does_not_block_small_messages(void)
{
	dx_id engine = engine_open(1), join;
	for (enum wire wire = 0; wire < WIRES; wire++) {
		int duplicate;
		struct line a = line_with_duplicate(engine, wire, &duplicate), b = line_open(engine, WIRE_UNIX, 0);
		uint8_t byte;
		make_blocking(duplicate);
		CHECK_EQ(dx_recv(a.socket, &byte, 1), -EAGAIN);
		CHECK_EQ(dx_recv_wait(a.socket, &byte, 1, 10), -ETIMEDOUT);
		CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
		for (unsigned i = 0; i < 50; i++) {
			struct flow there = flow_new(a.peer, b.peer, 100, false), back = flow_new(b.peer, a.peer, 100, false);
			flows_run(&there, 1);
			flows_run(&back, 1);
		}
		CHECK_OK(dx_unjoin_wait(join, NULL)); /* the worker is there */
		line_close(&a);
		line_close(&b);
		peer_close(duplicate);
	}
	engine_close(engine);
}

/* Spliced, and then idle: a worker that blocks in splice serves nobody any more. */
static void a_cleared_nonblock_does_not_block_other_joins(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		int duplicate;
		struct bridge bridge = { .a = line_with_duplicate(engine, wire, &duplicate), .b = line_open(engine, wire, 0) };
		CHECK_OK(dx_join_wait(bridge.a.socket, bridge.b.socket, NULL, &bridge.join));
		bridge_make_splice(&bridge);
		make_blocking(duplicate);
		struct flow bulk = flow_new(bridge.a.peer, bridge.b.peer, MIB, false);
		flows_run(&bulk, 1);
		struct bridge other = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
		struct flow flow = flow_new(other.a.peer, other.b.peer, 1000, true);
		flows_run(&flow, 1);
		bridge_close(&other);
		bridge_close(&bridge);
		peer_close(duplicate);
	}
	engine_close(engine);
}

static void a_cleared_nonblock_does_not_hang_the_engine_for_ever(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		int duplicates[2];
		struct line a = line_with_duplicate(engine, wire, &duplicates[0]);
		struct line b = line_with_duplicate(engine, wire, &duplicates[1]);
		dx_id join;
		CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
		make_blocking(duplicates[0]);
		make_blocking(duplicates[1]);
		struct flow flows[2] = {
			flow_new(a.peer, b.peer, 8 * MIB, true),
			flow_new(b.peer, a.peer, 8 * MIB, true),
		};
		flows_run(flows, 2);
		struct dx_event end = await_ended(engine, join);
		CHECK_EQ(end.a_to_b, 8 * MIB);
		CHECK_EQ(end.b_to_a, 8 * MIB);
		line_close(&a);
		line_close(&b);
		peer_close(duplicates[0]);
		peer_close(duplicates[1]);
	}
	engine_close(engine);
}

static void a_cleared_nonblock_does_not_block_sending_a_file(void)
{
	dx_id engine = engine_open(1);
	int file = (int)CHECK_SYS(memfd_create("file", MFD_CLOEXEC));
	CHECK_SYS(ftruncate(file, 16 * MIB));
	for (enum wire wire = 0; wire < WIRES; wire++) {
		int duplicate;
		struct line line = line_with_duplicate(engine, wire, &duplicate);
		make_blocking(duplicate);
		int64_t sent;
		while ((sent = dx_send_file(line.socket, file, 0, 16 * MIB)) > 0)
			make_blocking(duplicate);
		CHECK_EQ(sent, -EAGAIN);
		line_close(&line);
		peer_close(duplicate);
	}
	peer_close(file);
	engine_close(engine);
}

/* A listener that was inherited may be another process's, too. */
static void a_cleared_nonblock_does_not_block_accepting(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct dx_address address;
		int fd = wire_listen(wire, 5, &address), duplicate = (int)CHECK_SYS(dup(fd));
		dx_id listener, socket, join;
		CHECK_OK(dx_adopt_listener(engine, fd, &listener));
		make_blocking(duplicate);
		CHECK_EQ(dx_accept(listener, &socket), -EAGAIN);
		make_blocking(duplicate);
		struct line line = line_open(engine, WIRE_UNIX, 0);
		CHECK_OK(dx_join_wait(listener, line.socket, NULL, &join));
		int client = wire_connect(&address, 0);
		struct flow flow = flow_new(client, line.peer, 1000, false);
		flows_run(&flow, 1);
		make_blocking(duplicate);
		/* the worker is there */
		CHECK_OK(dx_unjoin_wait(join, NULL));
		CHECK_OK(dx_close_wait(listener, 0, 0));
		line_close(&line);
		peer_close(client);
		peer_close(duplicate);

		struct dx_proxy_options options = { .size = sizeof(options) };
		dx_id proxy;
		uint16_t port;
		fd = wire_listen(wire, 5, &address), duplicate = (int)CHECK_SYS(dup(fd));
		CHECK_OK(dx_proxy_open(engine, &address, &options, &proxy));
		CHECK_OK(dx_proxy_start_on_wait(proxy, fd, &port));
		make_blocking(duplicate);
		client = wire_connect(&address, 0);
		CHECK(peer_readable(client, -1));
		CHECK_OK(dx_proxy_close_wait(proxy));
		peer_close(client);
		peer_close(duplicate);
	}
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(one_that_lives_on_troubles_nobody);
	RUN(both_peers_of_a_join_read_the_end);
	RUN(the_peer_of_a_closed_socket_reads_the_end);
	RUN(a_duplicate_closed_elsewhere_changes_nothing);
	RUN(a_cleared_nonblock_does_not_block_small_messages);
	RUN(a_cleared_nonblock_does_not_block_other_joins);
	RUN(a_cleared_nonblock_does_not_hang_the_engine_for_ever);
	RUN(a_cleared_nonblock_does_not_block_sending_a_file);
	RUN(a_cleared_nonblock_does_not_block_accepting);
	return test_end();
}
