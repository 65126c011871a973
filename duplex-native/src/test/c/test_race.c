/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that race (RFC 8305): one that does not answer costs its head start, no more; the source address.
 */
#include "support.h"

#include <sys/socket.h>

#define FILLERS 8

/* A listener whose backlog is full: further connects wait for ever. */
struct deaf {
	int listener;
	struct dx_address address;
	int fillers[FILLERS];
};

static struct deaf deaf_open(void)
{
	struct deaf deaf;
	deaf.listener = wire_listen(WIRE_TCP4, 0, &deaf.address);
	for (unsigned i = 0; i < FILLERS; i++) {
		struct sockaddr_storage storage;
		socklen_t length = sizeof(storage);
		CHECK_SYS(getsockname(deaf.listener, (struct sockaddr *)&storage, &length));
		deaf.fillers[i] = (int)CHECK_SYS(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
		int result = connect(deaf.fillers[i], (struct sockaddr *)&storage, length);
		CHECK(result == 0 || errno == EINPROGRESS);
	}
	return deaf;
}

static void deaf_close(struct deaf *deaf)
{
	peer_close(deaf->listener);
	for (unsigned i = 0; i < FILLERS; i++)
		peer_close(deaf->fillers[i]);
}

static void the_one_that_answers_wins(void)
{
	dx_id engine = engine_open(1), socket;
	struct deaf deaf = deaf_open();
	struct dx_address address, refusing, addresses[3];
	int listener = wire_listen(WIRE_TCP6, 5, &address), refuser = wire_refused(WIRE_TCP4, &refusing);
	struct dx_connect_options options = { .size = sizeof(options), .timeout = 30000, .attempt_delay = 30 };
	addresses[0] = deaf.address, addresses[1] = refusing, addresses[2] = address;
	unsigned before = count_descriptors();
	for (unsigned i = 0; i < 20; i++) {
		CHECK_OK(dx_connect_wait(engine, addresses, 3, &options, &socket));
		struct line line = { socket, wire_accept(listener), WIRE_TCP6 };
		CHECK_EQ(socket_info(socket).peer.port, address.port);
		struct stream there = stream_new(), at_peer = there, back = stream_new(), at_app = back;
		app_send(socket, &there, 1000);
		peer_recv(line.peer, &at_peer, 1000);
		peer_send(line.peer, &back, 1000);
		app_recv(socket, &at_app, 1000);
		line_close(&line);
	}
	AWAIT(count_descriptors() <= before);
	/* none: the last error, or the time */
	addresses[0] = addresses[1] = addresses[2] = refusing;
	CHECK_EQ(dx_connect_wait(engine, addresses, 3, &options, &socket), -ECONNREFUSED);
	addresses[0] = addresses[1] = deaf.address;
	options.timeout = 100;
	options.attempt_delay = 10;
	CHECK_EQ(dx_connect_wait(engine, addresses, 3, &options, &socket), -ETIMEDOUT);
	AWAIT(count_descriptors() <= before);
	peer_close(listener);
	peer_close(refuser);
	deaf_close(&deaf);
	engine_close(engine);
}

static void a_race_is_given_up_at_any_time(void)
{
	struct deaf deaf = deaf_open();
	struct dx_address addresses[] = { deaf.address, deaf.address, deaf.address, deaf.address };
	for (unsigned round = 0; round < scaled(60); round++) {
		dx_id engine = engine_open(2), socket;
		struct dx_connect_options options = { .size = sizeof(options), .attempt_delay = 1 + round % 3 };
		uint64_t token = token_new();
		CHECK_OK(dx_connect(engine, addresses, 4, &options, token, &socket));
		if (round % 3 == 0) {
			CHECK_OK(dx_close_wait(socket, 0, 0));
			CHECK_EQ(await_done(engine, token).result, -ECANCELED);
		} else if (round % 3 == 1) {
			AWAIT(engine_info(engine).descriptors >= 3);
		}
		engine_close(engine);
	}
	deaf_close(&deaf);
}

static void the_source_is_bound(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address address, other, addresses[2];
	int listener = wire_listen(WIRE_TCP4, 5, &address), listener6 = wire_listen(WIRE_TCP6, 5, &other);
	struct dx_connect_options options = { .size = sizeof(options), .timeout = 5000,
			.source = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 9 } } };
	addresses[0] = other, addresses[1] = address;
	CHECK_OK(dx_connect_wait(engine, addresses, 2, &options, &socket));
	CHECK_EQ(socket_info(socket).local.ip[3], 9);
	struct line line = { socket, wire_accept(listener), WIRE_TCP4 };
	line_close(&line);
	CHECK_EQ(dx_connect_wait(engine, addresses, 1, &options, &socket), -EADDRNOTAVAIL);
	options.source.ip[0] = 8;
	CHECK_EQ(dx_connect_wait(engine, addresses, 2, &options, &socket), -EADDRNOTAVAIL);
	options.flags = 1;
	CHECK_EQ(dx_connect_wait(engine, addresses, 2, &options, &socket), -EINVAL);
	options = (struct dx_connect_options){ .size = sizeof(options) - 1 };
	CHECK_EQ(dx_connect_wait(engine, addresses, 2, &options, &socket), -EINVAL);
	peer_close(listener);
	peer_close(listener6);
	engine_close(engine);
}

/* A unix listener whose backlog is full is tried again and again, also when others are tried beside it. */
static void a_full_backlog_is_tried_again_beside_others(void)
{
	dx_id engine = engine_open(1), socket;
	struct deaf deaf = deaf_open();
	struct dx_address address;
	int listener = wire_listen(WIRE_UNIX, 0, &address), filler = wire_connect(&address, 0);
	struct dx_address addresses[] = { address, deaf.address };
	struct dx_connect_options options = { .size = sizeof(options), .attempt_delay = 10 };
	uint64_t token = token_new();
	CHECK_OK(dx_connect(engine, addresses, 2, &options, token, &socket));
	/* both are on their way */
	AWAIT(engine_info(engine).descriptors == 2);
	peer_close(wire_accept(listener));
	await_success(engine, token);
	struct line line = { socket, wire_accept(listener), WIRE_UNIX };
	line_close(&line);
	peer_close(filler);
	peer_close(listener);
	deaf_close(&deaf);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_one_that_answers_wins);
	RUN(a_race_is_given_up_at_any_time);
	RUN(a_full_backlog_is_tried_again_beside_others);
	RUN(the_source_is_bound);
	return test_end();
}
