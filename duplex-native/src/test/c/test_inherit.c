/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners that are joined: their connections inherit the join. */
#include "support.h"

static dx_id listen_anywhere(dx_id engine, struct dx_address *address)
{
	struct dx_address any = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	dx_id listener;
	CHECK_OK(dx_listen(engine, &any, 0, &listener));
	*address = socket_info(listener).local;
	return listener;
}

static void say(int from, int to)
{
	struct stream said = stream_new(), heard = said;
	peer_send(from, &said, 3000);
	peer_recv(to, &heard, 3000);
}

static void connections_are_joined_as_they_come(void)
{
	for (unsigned side = 0; side < 2; side++) {
		dx_id engine = engine_open(2), join;
		struct dx_address address;
		dx_id listener = listen_anywhere(engine, &address), accepted;
		struct line shared = line_open(engine, WIRE_UNIX, 0);
		CHECK_OK(side ? dx_join_wait(shared.socket, listener, NULL, &join)
					  : dx_join_wait(listener, shared.socket, NULL, &join));
		CHECK_EQ(join_info(join).state, DX_JOIN_LISTENING);
		CHECK_EQ(dx_accept(listener, &accepted), -EBUSY);
		int first = wire_connect(&address, 0), second = wire_connect(&address, 0);
		say(first, shared.peer);
		say(second, shared.peer);
		/* from the shared one to all */
		struct stream said = stream_new(), at_first = said, at_second = said;
		AWAIT(engine_info(engine).joins_active == 2);
		peer_send(shared.peer, &said, 1000);
		peer_recv(first, &at_first, 1000);
		peer_recv(second, &at_second, 1000);
		/* the end of one is its own */
		peer_close(first);
		say(second, shared.peer);
		say(shared.peer, second);
		/* undone, they live on */
		CHECK_OK(dx_unjoin_wait(join, NULL));
		say(second, shared.peer);
		int third = wire_connect(&address, 0);
		AWAIT(dx_accept(listener, &accepted) == 0);
		struct line line = { accepted, third, WIRE_TCP4 };
		line_close(&line);
		peer_close(second);
		line_close(&shared);
		CHECK_OK(dx_close_wait(listener, 0, 0));
		engine_close(engine);
	}
}

/* Nobody was told of them: whatever the template passes on, they go when their joins end. */
static void connections_go_with_their_joins(void)
{
	static const uint32_t flags[] = { 0, DX_JOIN_NO_CLOSE, DX_JOIN_HALF_DUPLEX, DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE };
	for (unsigned i = 0; i < 16; i++) {
		dx_id engine = engine_open(2), join;
		struct dx_address address;
		dx_id listener = listen_anywhere(engine, &address);
		struct line shared = line_open(engine, WIRE_TCP4, 0);
		struct dx_join_options options = join_options(flags[i % 4]);
		bool to_shared = i & 4, shared_ends = i & 8;
		CHECK_OK(to_shared ? dx_join_wait(listener, shared.socket, &options, &join)
						   : dx_join_wait(shared.socket, listener, &options, &join));
		int client = wire_connect(&address, 0);
		AWAIT(engine_info(engine).joins_active == 1);
		CHECK_EQ(engine_info(engine).sockets, 3);
		if (to_shared)
			say(client, shared.peer);
		else
			say(shared.peer, client);
		if (shared_ends)
			CHECK_OK(dx_close_wait(shared.socket, 0, 1));
		else if (to_shared || !(flags[i % 4] & DX_JOIN_HALF_DUPLEX))
			peer_shut(client);
		else
			peer_shut(shared.peer);
		if (!shared_ends && !(flags[i % 4] & DX_JOIN_HALF_DUPLEX))
			peer_shut(shared.peer);
		AWAIT(engine_info(engine).joins_active == 0);
		test_note("flags %u, %s, %s", flags[i % 4], to_shared ? "to the shared" : "from it", shared_ends ? "closed" : "ended");
		peer_expect_end(client);
		peer_close(client);
		AWAIT(engine_info(engine).sockets == (shared_ends ? 1u : 2u));
		line_close(&shared);
		CHECK_OK(dx_close_wait(listener, 0, 0));
		engine_close(engine);
	}
}

/* The join of the connection to this socket; 0 when there is none yet. */
static struct dx_join_info find_join(dx_id engine, dx_id shared)
{
	struct dx_join_info rows[20];
	uint64_t next;
	int count = dx_joins_wait(engine, 0, 0, rows, 20, &next);
	CHECK_GE(count, 0);
	for (int i = 0; i < count; i++) {
		if (rows[i].b == shared && rows[i].state == DX_JOIN_OPEN)
			return rows[i];
	}
	return (struct dx_join_info){ 0 };
}

/* One template's join is undone while the other's comes to nothing, and then the connection is the application's or gone. */
static void a_connection_is_taken_while_another_join_fails(void)
{
	dx_id engine = engine_open(2), route, templates[2];
	struct dx_address address;
	dx_id listener = listen_anywhere(engine, &address);
	struct dx_join_options options = join_options(DX_JOIN_ROUTE);
	struct line shared = line_open(engine, WIRE_UNIX, 0), routed = line_open(engine, WIRE_UNIX, 0),
			other = line_open(engine, WIRE_UNIX, 0);
	/* the halves of a route are not shared: known when a worker tries */
	CHECK_OK(dx_join_wait(routed.socket, other.socket, &options, &route));
	CHECK_OK(dx_join_wait(listener, shared.socket, NULL, &templates[0]));
	CHECK_OK(dx_join_wait(listener, routed.socket, NULL, &templates[1]));
	unsigned released = 0;
	for (unsigned round = 0; round < scaled(2000); round++) {
		int client = wire_connect(&address, 0);
		struct dx_join_info found;
		while (!(found = find_join(engine, shared.socket)).id)
			;
		CHECK_OK(dx_unjoin_wait(found.id, NULL));
		int fd;
		do
			fd = dx_release_wait(found.a, 1000);
		while (fd == -EBUSY);
		if (fd >= 0) {
			released++;
			peer_close(fd);
		} else {
			CHECK_EQ(fd, -ENOENT);
		}
		peer_close(client);
		AWAIT(engine_info(engine).sockets == 4);
	}
	CHECK_GT(released, 0);
	line_close(&shared);
	line_close(&routed);
	line_close(&other);
	CHECK_OK(dx_close_wait(listener, 0, 0));
	engine_close(engine);
}

struct joiner {
	dx_id listener;
	dx_id socket;
	dx_id join;
	pthread_barrier_t *start;
	int result;
};

static void *join_it(void *argument)
{
	struct joiner *joiner = argument;
	pthread_barrier_wait(joiner->start);
	joiner->result = dx_join_wait(joiner->listener, joiner->socket, NULL, &joiner->join);
	return NULL;
}

/* Also while somebody looks for connections: then each join waits until he has left. */
static void threads_that_join_it_at_once_all_succeed(void)
{
	enum { THREADS = 4 };
	dx_id engine = engine_open(2), accepted;
	struct dx_address address;
	dx_id listener = listen_anywhere(engine, &address);
	struct line shared[THREADS];
	pthread_barrier_t start;
	CHECK_OK(pthread_barrier_init(&start, NULL, THREADS + 1));
	for (unsigned i = 0; i < THREADS; i++)
		shared[i] = line_open(engine, WIRE_UNIX, 0);
	for (unsigned round = 0; round < scaled(400); round++) {
		struct joiner joiners[THREADS];
		pthread_t threads[THREADS];
		for (unsigned i = 0; i < THREADS; i++) {
			joiners[i] = (struct joiner){ .listener = listener, .socket = shared[i].socket, .start = &start };
			threads[i] = thread_start(join_it, &joiners[i]);
		}
		pthread_barrier_wait(&start);
		int rc = round % 2 ? dx_accept_wait(listener, 1, &accepted) : dx_accept(listener, &accepted);
		CHECK(rc == -EAGAIN || rc == -EBUSY || rc == -ETIMEDOUT);
		for (unsigned i = 0; i < THREADS; i++)
			thread_join(threads[i]);
		for (unsigned i = 0; i < THREADS; i++) {
			CHECK_OK(joiners[i].result);
			CHECK_EQ(join_info(joiners[i].join).state, DX_JOIN_LISTENING);
		}
		if (!round) {
			int client = wire_connect(&address, 0);
			AWAIT(engine_info(engine).joins_active == THREADS);
			for (unsigned i = 0; i < THREADS; i++)
				say(shared[i].peer, client);
			peer_close(client);
		}
		for (unsigned i = 0; i < THREADS; i++)
			CHECK_OK(dx_unjoin_wait(joiners[i].join, NULL));
	}
	for (unsigned i = 0; i < THREADS; i++)
		line_close(&shared[i]);
	CHECK_OK(pthread_barrier_destroy(&start));
	CHECK_OK(dx_close_wait(listener, 0, 0));
	engine_close(engine);
}

static void it_ends_when_the_other_socket_has_gone(void)
{
	dx_id engine = engine_open(2), join, accepted;
	struct dx_address address;
	dx_id listener = listen_anywhere(engine, &address);
	struct line shared = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_join_wait(listener, shared.socket, NULL, &join));
	/* shut down, it is noticed when somebody comes */
	CHECK_OK(dx_shutdown_wait(shared.socket));
	CHECK_EQ(join_info(join).state, DX_JOIN_LISTENING);
	int late = wire_connect(&address, 0);
	struct dx_event end = await_ended(engine, join);
	CHECK_EQ(end.reason, DX_REASON_BACKEND_CLOSED);
	peer_close(late);
	line_close(&shared);
	int mine = wire_connect(&address, 0);
	AWAIT(dx_accept(listener, &accepted) == 0);
	struct line line = { accepted, mine, WIRE_TCP4 };
	line_close(&line);
	CHECK_OK(dx_close_wait(listener, 0, 0));
	engine_close(engine);
}

/* However it goes, and although nobody connects; all joins of all listeners, and none that was undone. */
static void it_ends_at_once_when_the_other_socket_has_gone(void)
{
	for (unsigned round = 0; round < scaled(200); round++) {
		dx_id engine = engine_open(2), listeners[2], joins[4], accepted;
		struct dx_address address[2];
		struct line shared = line_open(engine, WIRE_TCP4, 0), other = line_open(engine, WIRE_TCP4, 0), third = other;
		for (unsigned i = 0; i < 2; i++)
			listeners[i] = listen_anywhere(engine, &address[i]);
		CHECK_OK(dx_join_wait(listeners[0], shared.socket, NULL, &joins[0]));
		CHECK_OK(dx_join_wait(shared.socket, listeners[1], NULL, &joins[1]));
		CHECK_OK(dx_join_wait(listeners[1], other.socket, NULL, &joins[2]));
		if (round % 2)
			CHECK_OK(dx_unjoin_wait(joins[1], NULL));
		uint64_t token = token_new();
		switch (round % 3) {
		case 0:
			CHECK_OK(dx_close_wait(shared.socket, DX_CLOSE_RESET, 0));
			break;
		case 1: {
			long fd = dx_release_wait(shared.socket, 0);
			CHECK_GE(fd, 0);
			peer_close((int)fd);
			break;
		}
		default:
			/* while it is still being made; closed by the end of a join, as its plain partner */
			third = line_open(engine, WIRE_TCP4, 0);
			CHECK_OK(dx_join_wait(shared.socket, third.socket, NULL, &joins[3]));
			CHECK_OK(dx_join_close(joins[3], token));
			CHECK_OK(await_done(engine, token).result);
			break;
		}
		CHECK_EQ(await_ended(engine, joins[0]).reason, DX_REASON_BACKEND_CLOSED);
		if (round % 2 == 0)
			CHECK_EQ(await_ended(engine, joins[1]).reason, DX_REASON_CLIENT_CLOSED);
		int mine = wire_connect(&address[0], 0);
		AWAIT(dx_accept(listeners[0], &accepted) == 0);
		struct line line = { accepted, mine, WIRE_TCP4 };
		line_close(&line);
		CHECK_EQ(join_info(joins[2]).state, DX_JOIN_LISTENING);
		line_close(&shared);
		if (round % 3 == 2)
			line_close(&third);
		if (round % 4 < 2)
			line_close(&other);
		else
			peer_close(other.peer);
		engine_close(engine);
	}
}

/* The one comes first or the other. */
static void it_is_made_while_the_other_socket_goes(void)
{
	dx_id engine = engine_open(2);
	struct dx_address address;
	dx_id listener = listen_anywhere(engine, &address);
	for (unsigned round = 0; round < scaled(1000); round++) {
		dx_id join, accepted;
		struct line shared = line_open(engine, WIRE_UNIX, 0);
		uint64_t made = token_new(), closed = token_new();
		CHECK_OK(dx_join(listener, shared.socket, NULL, made, &join));
		CHECK_OK(dx_close(shared.socket, DX_CLOSE_RESET, 0, closed));
		struct dx_event event = await_done(engine, made);
		CHECK(event.result == 0 || event.result == -ENOENT);
		if (!event.result)
			CHECK_EQ(await_ended(engine, join).reason, DX_REASON_BACKEND_CLOSED);
		CHECK_OK(await_done(engine, closed).result);
		CHECK_EQ(dx_accept(listener, &accepted), -EAGAIN);
		peer_close(shared.peer);
	}
	CHECK_OK(dx_close_wait(listener, 0, 0));
	engine_close(engine);
}

static void closing_the_listener_or_the_engine_ends_it(void)
{
	for (unsigned round = 0; round < scaled(50); round++) {
		dx_id engine = engine_open(2), join;
		struct dx_address address;
		dx_id listener = listen_anywhere(engine, &address);
		struct line shared = line_open(engine, WIRE_TCP4, 0);
		uint64_t token = token_new();
		CHECK_OK(dx_join(listener, shared.socket, NULL, token, &join));
		int clients[3];
		for (unsigned i = 0; i < 3; i++)
			clients[i] = wire_connect(&address, 0);
		if (round % 2) {
			CHECK_OK(dx_close_wait(listener, 0, 0));
			/* closed before it was made, or after */
			struct dx_event made = await_done(engine, token);
			CHECK(made.result == 0 || made.result == -ENOENT);
			if (!made.result)
				CHECK_EQ(await_ended(engine, join).reason, DX_REASON_CLOSED);
		}
		for (unsigned i = 0; i < 3; i++)
			peer_close(clients[i]);
		if (round % 4 < 2)
			line_close(&shared);
		else
			peer_close(shared.peer);
		engine_close(engine);
	}
}

int main(void)
{
	test_begin();
	RUN(connections_are_joined_as_they_come);
	RUN(connections_go_with_their_joins);
	RUN(a_connection_is_taken_while_another_join_fails);
	RUN(threads_that_join_it_at_once_all_succeed);
	RUN(it_ends_when_the_other_socket_has_gone);
	RUN(it_ends_at_once_when_the_other_socket_has_gone);
	RUN(it_is_made_while_the_other_socket_goes);
	RUN(closing_the_listener_or_the_engine_ends_it);
	return test_end();
}
