/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle.h"
#include "held.h"
#include "join_news.h"
#include "placement.h"
#include "proxy.h"
#include "registry.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define PIPE_SIZE_DEFAULT 262144
#define PIPE_SIZE_MIN 65536
#define PIPE_SIZE_MAX 1048576
#define MESSAGE_BUDGET_DEFAULT (256u << 20) /* bytes */
#define RESERVED_DEFAULT 512

/* ---- stopping ---- */

static uint32_t make_stopped(struct dx__engine *engine, struct dx__news *news, uint32_t bits, struct dx_event *event)
{
	(void)news, (void)bits;
	event->type = DX_EVENT_STOPPED;
	event->object = dx__engine_id(engine);
	return 0;
}

static void hold_stopped(struct dx__news *news) { (void)news; }

static void release_stopped(struct dx__engine *engine, struct dx__news *news) { (void)engine, (void)news; }

static const struct dx__news_ops stopped_ops = {
	.make = make_stopped, .hold = hold_stopped, .release = release_stopped,
};

/* Ends what a worker has. What still arrives ends where it arrives. */
static void run_stop(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__engine *engine = worker->engine;
	(void)message;
	worker->stopping = true;
	for (uint32_t i = 0; i < atomic_load(&engine->proxies.size); i++) {
		struct dx__proxy *proxy = dx__slab_enter_index(&engine->proxies, i);
		if (!proxy)
			continue;
		if (proxy->worker == worker)
			dx__proxy_stop(worker, proxy);
		dx__proxy_leave(proxy);
	}
	dx__place_end_all(worker);
	dx__work_end(engine);
}

int dx__engine_stop(struct dx__engine *engine)
{
	int running = DX__ENGINE_RUNNING;
	/* The stop is work itself, a share for each worker, counted before anybody can see that the engine is stopping. */
	atomic_fetch_add(&engine->work, engine->worker_count);
	if (!atomic_compare_exchange_strong(&engine->state, &running, DX__ENGINE_STOPPING)) {
		for (unsigned i = 0; i < engine->worker_count; i++)
			dx__work_end(engine);
		return 0;
	}
	for (unsigned i = 0; i < engine->worker_count; i++) {
		engine->workers[i].stop.run = run_stop;
		dx__worker_post(&engine->workers[i], &engine->workers[i].stop);
	}
	return 0;
}

/* ---- opening ---- */

static unsigned processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return 1;
	int count = CPU_COUNT(&set);
	return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (unsigned)count;
}

/* The lower end of ip_local_port_range; every unprivileged port where it cannot be read. */
static uint16_t first_ephemeral_port(void)
{
	unsigned first = 1024;
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	if (file && fscanf(file, "%u", &first) != 1)
		first = 1024;
	if (file)
		fclose(file);
	return (uint16_t)first;
}

static uint32_t power_of_two(uint32_t size)
{
	uint32_t power = PIPE_SIZE_MIN;
	while (power < size)
		power *= 2;
	return power;
}

static int init_slabs(struct dx__engine *engine)
{
	uint32_t random = 0;
	uint32_t bits = engine->slot << 8 | engine->generation;
	/* Only to make made-up ids miss: without randomness the clock will do. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)dx__monotonic_ns();
	int rc = dx__slab_init(&engine->sockets, DX__KIND_SOCKET, bits, random, sizeof(struct dx__socket),
			dx__socket_destroy);
	if (!rc)
		rc = dx__slab_init(&engine->joins, DX__KIND_JOIN, bits, random * 31, sizeof(struct dx__join),
				dx__join_destroy);
	if (!rc)
		rc = dx__slab_init(&engine->proxies, DX__KIND_PROXY, bits, random * 37, sizeof(struct dx__proxy),
				dx__proxy_destroy);
	return rc;
}

static void free_slabs(struct dx__engine *engine)
{
	dx__slab_free(&engine->sockets);
	dx__slab_free(&engine->joins);
	dx__slab_free(&engine->proxies);
}

static void end_workers(struct dx__engine *engine, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		dx__worker_exit(&engine->workers[i]);
	for (unsigned i = 0; i < count; i++)
		dx__worker_await(&engine->workers[i]);
	/* What the last messages of one posted to another. */
	for (bool any = true; any; ) {
		any = false;
		for (unsigned i = 0; i < count; i++)
			any |= dx__worker_run_rest(&engine->workers[i]);
	}
}

int dx__engine_open(const struct dx_engine_options *options, dx_id *id)
{
	static const struct dx_engine_options defaults = {.size = sizeof(defaults)};
	if (!options)
		options = &defaults;
	if (options->size < sizeof(defaults) || options->workers > WORKERS_MAX || options->flags
			|| (options->pipe_size && options->pipe_size < PIPE_SIZE_MIN) || options->pipe_size > PIPE_SIZE_MAX)
		return -EINVAL;
	unsigned count = options->workers ? options->workers : processors();
	size_t size = sizeof(struct dx__engine) + count * sizeof(struct dx__worker);
	struct dx__engine *engine = calloc(1, size);
	if (!engine)
		return -ENOMEM;
	int rc = dx__registry_reserve(&engine->slot, &engine->generation);
	if (rc)
		goto fail_engine;
	rc = init_slabs(engine);
	if (rc)
		goto fail_slabs;
	rc = dx__events_init(&engine->news);
	if (rc)
		goto fail_slabs;
	uint32_t reserved = options->reserved_descriptors ? options->reserved_descriptors : RESERVED_DEFAULT;
	dx__descriptors_init(&engine->descriptors, options->max_descriptors, reserved);
	engine->budget.most = options->message_budget ? options->message_budget : MESSAGE_BUDGET_DEFAULT;
	engine->pipe_size = power_of_two(options->pipe_size ? options->pipe_size : PIPE_SIZE_DEFAULT);
	engine->first_ephemeral = first_ephemeral_port();
	engine->opened_ns = dx__monotonic_ns();
	engine->news.ops[DX__NEWS_STOPPED] = &stopped_ops;
	engine->news.ops[DX__NEWS_COMMAND] = &dx__command_news;
	engine->news.ops[DX__NEWS_SOCKET] = &dx__held_news;
	engine->news.ops[DX__NEWS_JOIN] = &dx__join_news;
	engine->worker_count = count;
	pthread_mutex_init(&engine->control, NULL);
	for (int i = 0; i < DX__ARM_LOCKS; i++)
		pthread_mutex_init(&engine->arm_locks[i], NULL);
	for (unsigned i = 0; i < count; i++) {
		dx__pipe_pool_init(&engine->workers[i].pipes, &engine->descriptors, engine->pipe_size, count);
		rc = dx__worker_start(&engine->workers[i], engine, i);
		if (rc) {
			end_workers(engine, i);
			for (unsigned j = 0; j < i; j++)
				dx__worker_free(&engine->workers[j]);
			goto fail_events;
		}
	}
	dx__registry_publish(engine);
	*id = dx__engine_id(engine);
	return 0;
fail_events:
	dx__events_free(&engine->news);
fail_slabs:
	free_slabs(engine);
	dx__registry_release(engine->slot);
fail_engine:
	free(engine);
	return rc;
}

/* ---- closing ---- */

/* Wakes all who are parked in a blocking twin; they find the engine closing. */
static void wake_parked(struct dx__engine *engine)
{
	for (uint32_t i = 0; i < atomic_load(&engine->sockets.size); i++) {
		struct dx__socket *socket = dx__slab_enter_index(&engine->sockets, i);
		if (!socket)
			continue;
		dx__held_wake(socket);
		dx__socket_leave(socket);
	}
}

static void wait_until_left(struct dx__engine *engine)
{
	struct timespec pause = {.tv_nsec = 100000};
	/* Who is parked was woken, and who was about to park is found the next time round. */
	while (!dx__registry_is_left(engine)) {
		dx__events_shut(engine);
		wake_parked(engine);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

/* Nobody else is in the engine any more. */
static void free_engine(struct dx__engine *engine)
{
	struct dx_event ignored;
	while (dx__events_drop(engine, &ignored))
		;
	for (uint32_t i = 0; i < engine->sockets.size; i++) {
		struct dx__socket *socket = dx__slab_enter_index(&engine->sockets, i);
		if (!socket)
			continue;
		dx__socket_abandon(socket);
		dx__socket_leave(socket);
	}
	for (uint32_t i = 0; i < engine->proxies.size; i++) {
		struct dx__proxy *proxy = dx__slab_enter_index(&engine->proxies, i);
		if (!proxy)
			continue;
		dx__slab_leave(&engine->proxies, proxy);
		dx__slab_leave(&engine->proxies, proxy); /* the base reference */
	}
	for (unsigned i = 0; i < engine->worker_count; i++)
		dx__worker_free(&engine->workers[i]);
	dx__events_free(&engine->news);
	for (int i = 0; i < DX__ARM_LOCKS; i++)
		pthread_mutex_destroy(&engine->arm_locks[i]);
	pthread_mutex_destroy(&engine->control);
	free_slabs(engine);
	free(engine);
}

int dx__engine_close(dx_id id)
{
	struct dx__engine *engine = dx__engine_enter(id);
	if (!engine)
		return -ENOENT;
	if (!dx__registry_bar(engine)) {
		dx__engine_leave(engine);
		return -ENOENT;
	}
	dx__engine_stop(engine);
	/* The workers answer every command, blocking twins' too; only then is it closing. */
	while (atomic_load(&engine->state) < DX__ENGINE_STOPPED) {
		struct timespec pause = {.tv_nsec = 100000};
		wake_parked(engine);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	atomic_store(&engine->state, DX__ENGINE_CLOSING);
	dx__engine_leave(engine);
	wait_until_left(engine);
	end_workers(engine, engine->worker_count);
	uint32_t slot = engine->slot;
	free_engine(engine);
	dx__registry_release(slot);
	return 0;
}
