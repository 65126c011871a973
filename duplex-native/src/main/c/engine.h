/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine: workers, the slabs of its objects, its news.
 *
 * THEORY OF OPERATION
 *
 * Engines are found through a static table, so that any id, of whatever age, can be asked for its engine. Every call
 * enters the engine and leaves it again; closing waits until nobody is inside.
 *
 * Stopping counts *work*: each unanswered command, each join that has not ended and the stop itself. The workers end
 * what they have, and what still arrives, and when the count reaches zero the last event is posted.
 *
 * The control lock orders what happens between the application's threads and the workers: which worker has a socket,
 * and who takes a half. It is taken for commands, never for moving bytes.
 */
#ifndef DX_ENGINE_H
#define DX_ENGINE_H

#include "assembly.h"
#include "events.h"
#include "slab.h"
#include "worker.h"

enum dx__engine_state {
	DX__ENGINE_RUNNING = 0,
	DX__ENGINE_STOPPING = 1,
	DX__ENGINE_STOPPED = 2,          /* DX_EVENT_STOPPED is posted */
	DX__ENGINE_STOPPED_AND_READ = 3,
	DX__ENGINE_CLOSING = 4,
};

#define DX__ARM_LOCKS 64

struct dx__engine {
	uint32_t slot;
	uint32_t generation;
	_Atomic int state;             /* enum dx__engine_state, only growing */
	_Atomic uint64_t work;         /* see above */
	_Atomic uint32_t turn;         /* whose turn it is in dx_events_wait() with room for one record */
	uint64_t opened_ns;            /* monotonic */
	struct dx__slab sockets;
	struct dx__slab joins;
	struct dx__slab proxies;
	struct dx__descriptors descriptors;
	struct dx__budget budget;      /* for messages that are put together */
	struct dx__news_list news;
	struct dx__news stopped;
	pthread_mutex_t control;
	pthread_mutex_t arm_locks[DX__ARM_LOCKS]; /* what held.c guards, striped over the sockets */
	_Atomic uint64_t sockets_open; /* whose descriptor is the engine's */
	_Atomic uint64_t joins_active;
	_Atomic uint64_t joins_total;
	uint32_t pipe_size;
	uint16_t first_ephemeral;      /* the first port that the kernel picks for a connect's own end */
	unsigned worker_count;
	struct dx__worker workers[];
};

/* Enters the engine of any id; NULL when there is none. */
struct dx__engine *dx__engine_enter(dx_id id);
void dx__engine_leave(struct dx__engine *engine);

dx_id dx__engine_id(const struct dx__engine *engine);

/* Work that a stop waits for. Begin returns false, and counts nothing, when the engine is stopping. */
bool dx__work_begin(struct dx__engine *engine);
void dx__work_end(struct dx__engine *engine);

static inline bool dx__engine_is_stopping(struct dx__engine *engine)
{
	return atomic_load(&engine->state) >= DX__ENGINE_STOPPING;
}

/* The worker with the fewest sockets; the lowest-numbered of these. */
struct dx__worker *dx__engine_least_loaded(struct dx__engine *engine);

/* Nanoseconds of CLOCK_MONOTONIC and CLOCK_REALTIME. */
uint64_t dx__monotonic_ns(void);
uint64_t dx__realtime_ns(void);

#endif
