/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's side of a test: events, managed sockets and joins. */
#include "support.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * Events that were read and not yet awaited, of all engines, in their order. One waiting thread at a time reads an
 * engine's events, for all; the others sleep on the condition. It never reads for longer than a moment, so that it
 * sees what another one has read.
 */
struct kept {
	struct kept *next;
	dx_id engine;
	struct dx_event event;
};

static struct kept *kept_first;
static struct kept **kept_last = &kept_first;
static dx_id being_read[16];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void keep(dx_id engine, const struct dx_event *event)
{
	struct kept *kept = malloc(sizeof(*kept));
	CHECK(kept);
	CHECK_GE(event->size, 128);
	*kept = (struct kept){ .engine = engine, .event = *event };
	*kept_last = kept;
	kept_last = &kept->next;
}

static void unlink_kept(struct kept **link)
{
	struct kept *kept = *link;
	*link = kept->next;
	if (!kept->next)
		kept_last = link;
	free(kept);
}

static bool take(dx_id engine, event_filter *filter, uint64_t key, struct dx_event *event)
{
	for (struct kept **link = &kept_first; *link; link = &(*link)->next) {
		if ((*link)->engine == engine && filter(&(*link)->event, key)) {
			*event = (*link)->event;
			unlink_kept(link);
			return true;
		}
	}
	return false;
}

/* The slot that says whether somebody reads this engine's events. With the lock held. */
static dx_id *reading(dx_id engine)
{
	dx_id *free_slot = NULL;
	for (unsigned i = 0; i < sizeof(being_read) / sizeof(being_read[0]); i++) {
		if (being_read[i] == engine)
			return &being_read[i];
		if (!being_read[i])
			free_slot = &being_read[i];
	}
	CHECK(free_slot);
	return free_slot;
}

/* Read a batch for everybody. With the lock held; gives it up meanwhile. */
static int read_events(dx_id engine, int timeout)
{
	struct dx_event batch[64];
	dx_id *slot = reading(engine);
	if (*slot == engine) {
		pthread_cond_wait(&changed, &lock);
		return 0;
	}
	*slot = engine;
	pthread_mutex_unlock(&lock);
	int count = dx_events_wait(engine, batch, 64, timeout);
	pthread_mutex_lock(&lock);
	*reading(engine) = 0;
	for (int i = 0; i < count; i++)
		keep(engine, &batch[i]);
	pthread_cond_broadcast(&changed);
	return count;
}

struct dx_event await_event(dx_id engine, event_filter *filter, uint64_t key)
{
	struct dx_event event;
	pthread_mutex_lock(&lock);
	while (!take(engine, filter, key, &event)) {
		int count = read_events(engine, 50);
		if (count < 0 && count != -EINTR) {
			/* another thread may have kept it just before the events ended */
			if (take(engine, filter, key, &event))
				break;
			test_fail_values(__FILE__, __LINE__, "awaited in vain, dx_events_wait()", count, (long long)key);
		}
	}
	pthread_mutex_unlock(&lock);
	return event;
}

unsigned events_pending(dx_id engine, event_filter *filter, uint64_t key)
{
	unsigned matches = 0;
	pthread_mutex_lock(&lock);
	while (read_events(engine, 0) > 0)
		;
	for (struct kept *kept = kept_first; kept; kept = kept->next)
		matches += kept->engine == engine && (!filter || filter(&kept->event, key));
	pthread_mutex_unlock(&lock);
	return matches;
}

static bool is_done(const struct dx_event *event, uint64_t token)
{
	return event->type == DX_EVENT_DONE && event->token == token;
}

static bool is_ended(const struct dx_event *event, uint64_t join)
{
	return event->type == DX_EVENT_JOIN_ENDED && event->object == join;
}

static bool is_ready(const struct dx_event *event, uint64_t socket)
{
	return event->type == DX_EVENT_READY && event->object == socket;
}

static bool is_connection(const struct dx_event *event, uint64_t proxy)
{
	return event->type == DX_EVENT_CONNECTION && event->value == proxy;
}

static bool is_stopped(const struct dx_event *event, uint64_t nothing)
{
	(void)nothing;
	return event->type == DX_EVENT_STOPPED;
}

uint64_t token_new(void)
{
	static _Atomic uint64_t tokens = 0x70c3;
	return atomic_fetch_add(&tokens, 1);
}

struct dx_event await_done(dx_id engine, uint64_t token)
{
	test_note("await the answer to token %" PRIx64, token);
	return await_event(engine, is_done, token);
}

struct dx_event await_success(dx_id engine, uint64_t token)
{
	struct dx_event event = await_done(engine, token);
	CHECK_EQ(event.result, 0);
	return event;
}

struct dx_event await_ended(dx_id engine, dx_id join)
{
	test_note("await the end of join %" PRIx64, join);
	struct dx_event event = await_event(engine, is_ended, join);
	CHECK_EQ(events_pending(engine, is_ended, join), 0); /* exactly once */
	return event;
}

uint32_t await_ready(dx_id engine, dx_id socket)
{
	test_note("await readiness of %" PRIx64, socket);
	return (uint32_t)await_event(engine, is_ready, socket).value;
}

struct dx_event await_connection(dx_id engine, dx_id proxy)
{
	test_note("await a connection of %" PRIx64, proxy);
	return await_event(engine, is_connection, proxy);
}

void await_stopped(dx_id engine)
{
	test_note("await the stop");
	await_event(engine, is_stopped, 0);
}

dx_id engine_open(unsigned workers)
{
	struct dx_engine_options options = { .size = sizeof(options), .workers = workers };
	dx_id engine = 0;
	CHECK_OK(dx_engine_open(&options, &engine));
	CHECK(engine != 0);
	return engine;
}

void engine_close(dx_id engine)
{
	test_note("close the engine");
	CHECK_OK(dx_engine_close(engine));
	pthread_mutex_lock(&lock);
	for (struct kept **link = &kept_first; *link;) {
		if ((*link)->engine == engine)
			unlink_kept(link);
		else
			link = &(*link)->next;
	}
	pthread_mutex_unlock(&lock);
}

struct dx_engine_info engine_info(dx_id engine)
{
	struct dx_engine_info info = { .size = sizeof(info) };
	CHECK_OK(dx_engine_info(engine, &info));
	return info;
}

struct dx_socket_info socket_info(dx_id socket)
{
	struct dx_socket_info info = { .size = sizeof(info) };
	CHECK_OK(dx_socket_info(socket, &info));
	return info;
}

struct dx_join_info join_info(dx_id join)
{
	struct dx_join_info row = { .size = sizeof(row) };
	CHECK_OK(dx_join_info_wait(join, &row));
	return row;
}

struct line line_open(dx_id engine, enum wire wire, int buffer)
{
	int pair[2];
	struct line line = { .wire = wire };
	wire_pair(wire, buffer, pair);
	CHECK_OK(dx_adopt(engine, pair[0], NULL, 0, &line.socket));
	line.peer = pair[1];
	return line;
}

void line_close(struct line *line)
{
	peer_close(line->peer);
	int result = dx_close_wait(line->socket, 0, 0);
	CHECK(result == 0 || result == -ENOENT);
}

struct dx_join_options join_options(uint32_t flags)
{
	return (struct dx_join_options){ .size = sizeof(struct dx_join_options), .flags = flags };
}

struct bridge bridge_open(dx_id engine, enum wire a, enum wire b, int buffer, const struct dx_join_options *options)
{
	struct bridge bridge = { .engine = engine };
	bridge.a = line_open(engine, a, buffer);
	bridge.b = line_open(engine, b, buffer);
	CHECK_OK(dx_join_wait(bridge.a.socket, bridge.b.socket, options, &bridge.join));
	return bridge;
}

struct bridge bridge_open_narrow(dx_id engine, enum wire a, enum wire b)
{
	struct bridge bridge = { .engine = engine };
	bridge.a = line_open(engine, a, 0);
	bridge.b = line_open(engine, b, 16 * KIB);
	CHECK_OK(dx_join_wait(bridge.a.socket, bridge.b.socket, NULL, &bridge.join));
	return bridge;
}

void bridge_make_splice(struct bridge *bridge)
{
	do {
		struct flow flow = flow_new(bridge->a.peer, bridge->b.peer, MIB, false);
		flows_run(&flow, 1);
	} while (join_info(bridge->join).a_to_b_path != DX_PATH_SPLICE);
}

void bridge_close(struct bridge *bridge)
{
	line_close(&bridge->a);
	line_close(&bridge->b);
}

void app_send(dx_id socket, struct stream *stream, uint64_t bytes)
{
	uint8_t data[16 * KIB];
	test_note("the application sends %" PRIu64, bytes);
	while (bytes) {
		size_t part = bytes < sizeof(data) ? (size_t)bytes : sizeof(data);
		stream_fill(stream, data, part);
		CHECK_EQ(dx_send_wait(socket, data, part, -1), part);
		bytes -= part;
	}
}

void app_recv(dx_id socket, struct stream *stream, uint64_t bytes)
{
	uint8_t data[16 * KIB];
	test_note("the application receives %" PRIu64, bytes);
	while (bytes) {
		size_t part = bytes < sizeof(data) ? (size_t)bytes : sizeof(data);
		int64_t got = dx_recv_wait(socket, data, part, -1);
		CHECK_GT(got, 0);
		CHECK_LE(got, part);
		stream_verify(stream, data, (size_t)got);
		bytes -= (uint64_t)got;
	}
}

void app_expect(dx_id socket, int64_t result)
{
	uint8_t byte;
	test_note("the application expects %lld", (long long)result);
	CHECK_EQ(dx_recv_wait(socket, &byte, 1, -1), result);
}
