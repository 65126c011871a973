/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dx_engine_stop(): every join ends exactly once with DX_REASON_SHUT_DOWN, commands in progress are answered, new ones
 * refused, and the last event is DX_EVENT_STOPPED. (Laws 7 and 9.)
 */
#include "support.h"

#include <sched.h>
#include <stdatomic.h>

static void every_join_ends_once_and_then_comes_the_last_event(void)
{
	enum { JOINS = 100 };
	for (unsigned round = 0; round < scaled(10); round++) {
		dx_id engine = engine_open(1 + round % 3);
		static struct bridge bridges[JOINS];
		unsigned ended[JOINS] = { 0 }, total = 0;
		struct stream sent = stream_new();
		for (unsigned i = 0; i < JOINS; i++) {
			struct dx_join_options options = join_options(i % 4);
			bridges[i] = bridge_open(engine, i % WIRES, i / WIRES % WIRES, 16 * KIB, &options);
			peer_send_some(bridges[i].a.peer, &sent, i % 5 * 10000);
		}
		CHECK_OK(dx_engine_stop(engine));
		CHECK_OK(dx_engine_stop(engine));
		for (bool stopped = false; !stopped;) {
			struct dx_event events[7];
			int count = dx_events_wait(engine, events, 7, -1);
			CHECK_GT(count, 0);
			for (int i = 0; i < count; i++) {
				CHECK(!stopped); /* nothing behind the last one */
				stopped = events[i].type == DX_EVENT_STOPPED;
				if (stopped)
					continue;
				CHECK_EQ(events[i].type, DX_EVENT_JOIN_ENDED);
				CHECK_EQ(events[i].reason, DX_REASON_SHUT_DOWN);
				for (unsigned j = 0; j < JOINS; j++) {
					if (bridges[j].join == events[i].object) {
						CHECK_EQ(ended[j]++, 0);
						CHECK_LE(events[i].a_to_b + events[i].a_to_b_pending, j % 5 * 10000);
						total++;
					}
				}
			}
		}
		CHECK_EQ(total, JOINS);
		struct dx_event event;
		CHECK_EQ(dx_events_wait(engine, &event, 1, -1), -ESHUTDOWN);
		CHECK_EQ(dx_events_wait(engine, &event, 1, 0), -ESHUTDOWN);
		CHECK_EQ(engine_info(engine).stopped, 1);
		CHECK_EQ(engine_info(engine).joins_active, 0);
		for (unsigned i = 0; i < JOINS; i++) {
			peer_close(bridges[i].a.peer);
			peer_close(bridges[i].b.peer);
		}
		engine_close(engine);
	}
}

static void commands_in_progress_are_answered(void)
{
	dx_id engine = engine_open(1), socket;
	struct dx_address address;
	/* a connect to a full backlog, a close whose peer does not end, a release that waits for a reader */
	int listener = wire_listen(WIRE_UNIX, 0, &address), filler = wire_connect(&address, 0);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 16 * KIB, NULL);
	struct stream sent = stream_new();
	uint64_t connecting = token_new(), closing = token_new(), releasing = token_new();
	peer_send_until_stalled(bridge.a.peer, &sent);
	CHECK_OK(dx_unjoin_wait(bridge.join, NULL));
	CHECK_OK(dx_connect(engine, &address, 1, NULL, connecting, &socket));
	CHECK_OK(dx_close(line.socket, 0, 600000, closing));
	CHECK_OK(dx_release(bridge.b.socket, 0, releasing));
	CHECK_EQ(socket_info(socket).connecting, 1);
	CHECK_OK(dx_engine_stop(engine));
	CHECK_EQ(await_done(engine, connecting).result, -ESHUTDOWN);
	CHECK_EQ(await_done(engine, releasing).result, -ESHUTDOWN);
	int result = await_done(engine, closing).result;
	CHECK(result == 0 || result == -ESHUTDOWN); /* its descriptor is closed in any case */
	await_ended(engine, bridge.join);
	await_stopped(engine);
	peer_close(line.peer);
	peer_close(bridge.a.peer);
	peer_close(bridge.b.peer);
	peer_close(filler);
	peer_close(listener);
	engine_close(engine);
}

static void new_commands_are_refused(void)
{
	dx_id engine = engine_open(1), out;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	struct dx_address anywhere = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	struct dx_proxy_options options = { .size = sizeof(options) };
	struct dx_join_info row;
	int pair[2];
	wire_pair(WIRE_TCP4, 0, pair);
	CHECK_OK(dx_engine_stop(engine));
	await_stopped(engine);
	CHECK_EQ(dx_adopt(engine, pair[0], NULL, 0, &out), -ESHUTDOWN);
	CHECK(is_open(pair[0]));
	CHECK_EQ(dx_connect(engine, &anywhere, 1, NULL, 1, &out), -ESHUTDOWN);
	CHECK_EQ(dx_connect_wait(engine, &anywhere, 1, NULL, &out), -ESHUTDOWN);
	CHECK_EQ(dx_listen(engine, &anywhere, 0, &out), -ESHUTDOWN);
	CHECK_EQ(dx_proxy_open(engine, &anywhere, &options, &out), -ESHUTDOWN);
	CHECK_EQ(dx_joins(engine, 0, 0, &row, 1, 1), -ESHUTDOWN);
	CHECK_EQ(dx_joins_wait(engine, 0, 0, &row, 1, &out), -ESHUTDOWN);
	int result = dx_join(a.socket, b.socket, NULL, 1, &out);
	CHECK(result == -ESHUTDOWN || result == -ENOENT);
	result = dx_shutdown(a.socket, 1);
	CHECK(result == -ESHUTDOWN || result == -ENOENT);
	result = dx_close(a.socket, 0, 0, 1);
	CHECK(result == -ESHUTDOWN || result == -ENOENT);
	peer_close(pair[0]);
	peer_close(pair[1]);
	peer_close(a.peer);
	peer_close(b.peer);
	engine_close(engine);
}

static dx_id stopping;
static atomic_uint answers, asked;

/* Commands until the engine says no; counts those that will be answered. */
static void *command_on(void *argument)
{
	struct line a = ((struct line *)argument)[0], b = ((struct line *)argument)[1];
	for (;;) {
		dx_id join;
		int result = dx_join(a.socket, b.socket, NULL, 1, &join);
		if (result == -EBUSY) { /* the unjoin is on its way */
			sched_yield();
			continue;
		}
		atomic_fetch_add(&asked, result == 0);
		if (result == 0) {
			result = dx_unjoin(join, 2);
			atomic_fetch_add(&asked, result == 0);
		}
		if (result < 0 && result != -ENOENT) {
			CHECK_EQ(result, -ESHUTDOWN);
			break;
		}
		if (result == -ENOENT) /* the join or the sockets are gone already */
			break;
	}
	peer_close(a.peer);
	peer_close(b.peer);
	return NULL;
}

static void *count_answers(void *argument)
{
	struct dx_event event;
	(void)argument;
	for (;;) {
		CHECK_EQ(dx_events_wait(stopping, &event, 1, -1), 1);
		if (event.type == DX_EVENT_STOPPED)
			return NULL;
		atomic_fetch_add(&answers, event.type == DX_EVENT_DONE);
	}
}

/* Every command that was accepted is answered, however late it came. */
static void no_command_is_forgotten(void)
{
	for (unsigned round = 0; round < scaled(30); round++) {
		pthread_t threads[4];
		struct line lines[6];
		stopping = engine_open(1 + round % 2);
		atomic_store(&answers, 0);
		atomic_store(&asked, 0);
		threads[0] = thread_start(count_answers, NULL);
		for (unsigned i = 0; i < 6; i++)
			lines[i] = line_open(stopping, WIRE_UNIX, 0);
		for (unsigned i = 1; i < 4; i++)
			threads[i] = thread_start(command_on, &lines[2 * i - 2]);
		AWAIT(atomic_load(&answers) > 20 * round);
		CHECK_OK(dx_engine_stop(stopping));
		for (unsigned i = 0; i < 4; i++)
			thread_join(threads[i]);
		CHECK_EQ(atomic_load(&answers), atomic_load(&asked));
		engine_close(stopping);
	}
}

int main(void)
{
	test_begin();
	RUN(every_join_ends_once_and_then_comes_the_last_event);
	RUN(commands_in_progress_are_answered);
	RUN(new_commands_are_refused);
	RUN(no_command_is_forgotten);
	return test_end();
}
