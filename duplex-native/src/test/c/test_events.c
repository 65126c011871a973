/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness is told once for each time it was asked for; events come in batches to whoever waits, are not lost however
 * many there are, and waiting ends when the engine does. (Laws 3, 8 and 9.)
 */
#include "support.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

static void readiness_is_told_once(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line line = line_open(engine, wire, 0);
		struct stream sent = stream_new(), received = sent;
		CHECK_OK(dx_arm(line.socket, DX_WRITABLE));
		CHECK_EQ(await_ready(engine, line.socket), DX_WRITABLE);
		CHECK_OK(dx_arm(line.socket, DX_READABLE));
		CHECK_OK(dx_arm(line.socket, DX_READABLE));
		CHECK_EQ(events_pending(engine, NULL, 0), 0);
		peer_send(line.peer, &sent, 1);
		CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
		peer_send(line.peer, &sent, 1);
		CHECK_EQ(events_pending(engine, NULL, 0), 0); /* not armed any more */
		CHECK_OK(dx_arm(line.socket, DX_READABLE));   /* still readable: at once */
		CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
		app_recv(line.socket, &received, 2);
		/* arming adds: the one does not take the other away */
		CHECK_OK(dx_arm(line.socket, DX_READABLE));
		CHECK_OK(dx_arm(line.socket, DX_WRITABLE));
		CHECK_EQ(await_ready(engine, line.socket), DX_WRITABLE);
		peer_shut(line.peer);
		CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
		app_expect(line.socket, 0);
		CHECK_EQ(events_pending(engine, NULL, 0), 0);
		CHECK_EQ(dx_arm(line.socket, 0x10), -EINVAL);
		line_close(&line);
	}
	engine_close(engine);
}

static void a_reset_and_a_close_make_waiting_pointless(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	uint8_t byte;
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	peer_reset(line.peer);
	CHECK(await_ready(engine, line.socket) & DX_READABLE);
	CHECK_EQ(dx_recv(line.socket, &byte, 1), -ECONNRESET);
	CHECK_OK(dx_close_wait(line.socket, 0, 0));

	line = line_open(engine, WIRE_UNIX, 0);
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	uint64_t token = token_new();
	CHECK_OK(dx_close(line.socket, 0, 0, token));
	await_ready(engine, line.socket);
	CHECK_EQ(dx_recv(line.socket, &byte, 1), -ENOENT);
	peer_close(line.peer);
	await_success(engine, token);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	engine_close(engine);
}

/* An event loop as a host writes it: echo on many sockets with nothing but arm, recv and send. */
static void an_event_loop_serves_many_sockets(void)
{
	enum { LINES = 50, ROUNDS = 40 };
	dx_id engine = engine_open(1);
	struct line lines[LINES];
	struct stream there[LINES], back[LINES];
	unsigned echoed[LINES] = { 0 }, served = 0;
	for (unsigned i = 0; i < LINES; i++) {
		lines[i] = line_open(engine, i % WIRES, 0);
		there[i] = back[i] = stream_new();
		CHECK_OK(dx_arm(lines[i].socket, DX_READABLE));
		peer_send(lines[i].peer, &there[i], 100 + i);
	}
	while (served < LINES * ROUNDS) {
		struct dx_event events[16];
		int count = dx_events_wait(engine, events, 16, 1000);
		CHECK_GE(count, 0);
		CHECK_LE(count, 16);
		for (int j = 0; j < count; j++) {
			uint8_t data[1000];
			CHECK_EQ(events[j].type, DX_EVENT_READY);
			CHECK_EQ(events[j].size, sizeof(events[j]));
			int64_t got = dx_recv(events[j].object, data, sizeof(data));
			CHECK_GT(got, 0);
			CHECK_EQ(dx_send(events[j].object, data, (size_t)got), got);
			CHECK_OK(dx_arm(events[j].object, DX_READABLE));
		}
		for (unsigned i = 0; i < LINES; i++) {
			if (echoed[i] == ROUNDS)
				continue;
			peer_recv_some(lines[i].peer, &back[i], UINT64_MAX);
			if (back[i].offset == there[i].offset && ++echoed[i] <= ROUNDS) {
				served++;
				if (echoed[i] < ROUNDS)
					peer_send(lines[i].peer, &there[i], 100 + i);
			}
		}
	}
	for (unsigned i = 0; i < LINES; i++)
		line_close(&lines[i]);
	engine_close(engine);
}

/* Nobody reads events for a long while: they wait, all of them. */
static void thousands_of_answers_wait_to_be_read(void)
{
	dx_id engine = engine_open(2);
	unsigned rounds = scaled(5000);
	struct line line = line_open(engine, WIRE_UNIX, 0), other = line_open(engine, WIRE_UNIX, 0);
	struct dx_event event;
	unsigned *seen = calloc(2 * rounds, sizeof(*seen)), ended = 0, done = 0;
	CHECK(seen);
	for (unsigned i = 0; i < rounds; i++) {
		dx_id join;
		int result;
		/* a join is refused as long as the unjoin before it is on its way */
		while ((result = dx_join(line.socket, other.socket, NULL, 2 * i, &join)) == -EBUSY)
			sched_yield();
		CHECK_EQ(result, 0);
		CHECK_OK(dx_unjoin(join, 2 * i + 1));
	}
	while (done < 2 * rounds || ended < rounds) {
		CHECK_EQ(dx_events_wait(engine, &event, 1, -1), 1);
		if (event.type == DX_EVENT_JOIN_ENDED) {
			ended++;
			continue;
		}
		CHECK_EQ(event.type, DX_EVENT_DONE);
		CHECK_EQ(event.result, 0);
		CHECK_LT(event.token, 2 * rounds);
		CHECK_EQ(seen[event.token]++, 0);
		done++;
	}
	CHECK_EQ(dx_events_wait(engine, &event, 1, 0), 0);
	free(seen);
	line_close(&line);
	line_close(&other);
	engine_close(engine);
}

static dx_id waited_on;
static atomic_uint events_read, threads_ended;

static void *read_until_the_end(void *argument)
{
	struct dx_event events[4];
	int count;
	(void)argument;
	while ((count = dx_events_wait(waited_on, events, 4, -1)) > 0)
		atomic_fetch_add(&events_read, (unsigned)count);
	CHECK(count == -ESHUTDOWN || count == -ENOENT); /* inside when it was closed, or called just after */
	atomic_fetch_add(&threads_ended, 1);
	return NULL;
}

static void each_event_goes_to_one_waiting_thread(void)
{
	pthread_t threads[5];
	waited_on = engine_open(1);
	atomic_store(&events_read, 0);
	for (unsigned i = 0; i < 5; i++)
		threads[i] = thread_start(read_until_the_end, NULL);
	unsigned rounds = scaled(1000);
	struct line line = line_open(waited_on, WIRE_TCP4, 0);
	for (unsigned i = 0; i < rounds; i++) {
		CHECK_OK(dx_arm(line.socket, DX_WRITABLE));
		AWAIT(atomic_load(&events_read) == i + 1);
	}
	line_close(&line);
	CHECK_EQ(atomic_load(&events_read), rounds);
	engine_close(waited_on);
	for (unsigned i = 0; i < 5; i++)
		thread_join(threads[i]);
}

static void waiting_has_a_time_limit(void)
{
	dx_id engine = engine_open(1);
	struct dx_event event;
	uint64_t start = now_ms();
	CHECK_EQ(dx_events_wait(engine, &event, 1, 0), 0);
	CHECK_EQ(dx_events_wait(engine, &event, 1, 80), 0);
	CHECK_GE(now_ms() - start, 75);
	CHECK_EQ(dx_events_wait(engine, &event, 0, 0), -EINVAL);
	engine_close(engine);
}

static void on_signal(int number)
{
	(void)number;
}

static atomic_int interrupted;

static void *wait_for_a_signal(void *argument)
{
	struct dx_event event;
	atomic_store(&interrupted, dx_events_wait(*(dx_id *)argument, &event, 1, -1));
	return NULL;
}

static void a_signal_interrupts_the_wait(void)
{
	dx_id engine = engine_open(1);
	struct sigaction action = { .sa_handler = on_signal }, before;
	CHECK_SYS(sigaction(SIGUSR1, &action, &before));
	atomic_store(&interrupted, 0);
	pthread_t thread = thread_start(wait_for_a_signal, &engine);
	while (atomic_load(&interrupted) == 0) { /* it may not wait yet */
		CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
		poll_pause();
	}
	thread_join(thread);
	CHECK_EQ(atomic_load(&interrupted), -EINTR);
	CHECK_SYS(sigaction(SIGUSR1, &before, NULL));
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(readiness_is_told_once);
	RUN(a_reset_and_a_close_make_waiting_pointless);
	RUN(an_event_loop_serves_many_sockets);
	RUN(thousands_of_answers_wait_to_be_read);
	RUN(each_event_goes_to_one_waiting_thread);
	RUN(waiting_has_a_time_limit);
	RUN(a_signal_interrupts_the_wait);
	return test_end();
}
