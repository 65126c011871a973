/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"
#include "count.h"
#include "registry.h"

#include <time.h>

/*
 * The table of engines. Its entries are never freed, so that an id can always be looked up; the generation tells
 * whether it is still the engine that the id meant.
 */
static struct {
	dx__life life;
	struct dx__engine *engine;
} engines[DX__ENGINES];

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t next_slot;                 /* engines take the slots in turn: ids stay stale for long */
static uint32_t generations[DX__ENGINES];  /* of the next engine in the slot */

int dx__registry_reserve(uint32_t *slot, uint32_t *generation)
{
	int rc = -EUSERS;
	pthread_mutex_lock(&table_lock);
	for (uint32_t i = 0; i < DX__ENGINES && rc; i++) {
		uint32_t candidate = (next_slot + i) % DX__ENGINES;
		if (engines[candidate].engine)
			continue;
		engines[candidate].engine = (struct dx__engine *)&engines[candidate]; /* taken, not yet alive */
		*slot = candidate;
		generations[candidate] = (generations[candidate] + 1) & 0xff;
		*generation = generations[candidate];
		next_slot = candidate + 1;
		rc = 0;
	}
	pthread_mutex_unlock(&table_lock);
	return rc;
}

void dx__registry_publish(struct dx__engine *engine)
{
	pthread_mutex_lock(&table_lock);
	engines[engine->slot].engine = engine;
	atomic_store_explicit(&engines[engine->slot].life, (uint64_t)engine->generation << 32 | 1, memory_order_release);
	pthread_mutex_unlock(&table_lock);
}

bool dx__registry_bar(struct dx__engine *engine) { return dx__life_kill(&engines[engine->slot].life); }

bool dx__registry_is_left(struct dx__engine *engine)
{
	uint64_t life = atomic_load_explicit(&engines[engine->slot].life, memory_order_acquire);
	return (life & (DX__LIFE_DEAD - 1)) == 1;
}

void dx__registry_release(uint32_t slot)
{
	pthread_mutex_lock(&table_lock);
	atomic_store_explicit(&engines[slot].life, DX__LIFE_DEAD, memory_order_release);
	engines[slot].engine = NULL;
	pthread_mutex_unlock(&table_lock);
}

struct dx__engine *dx__engine_enter(dx_id id)
{
	uint32_t slot = dx__id_engine(id) >> 8;
	if (slot >= DX__ENGINES || !dx__life_enter(&engines[slot].life, dx__id_engine(id), 0xff))
		return NULL;
	return engines[slot].engine;
}

void dx__engine_leave(struct dx__engine *engine) { dx__life_leave(&engines[engine->slot].life); }

dx_id dx__engine_id(const struct dx__engine *engine)
{
	return (uint64_t)DX__KIND_ENGINE << 60 | (uint64_t)(engine->slot << 8 | engine->generation) << 44;
}

bool dx__work_begin(struct dx__engine *engine)
{
	atomic_fetch_add(&engine->work, 1);
	if (!dx__engine_is_stopping(engine))
		return true;
	dx__work_end(engine);
	return false;
}

void dx__work_end(struct dx__engine *engine)
{
	int stopping = DX__ENGINE_STOPPING;
	if (atomic_fetch_sub(&engine->work, 1) == 1
			&& atomic_compare_exchange_strong(&engine->state, &stopping, DX__ENGINE_STOPPED))
		dx__news_post(engine, &engine->stopped, 1);
}

struct dx__worker *dx__engine_least_loaded(struct dx__engine *engine)
{
	struct dx__worker *best = &engine->workers[0];
	for (unsigned i = 1; i < engine->worker_count; i++) {
		if (dx__counted(&engine->workers[i].load) < dx__counted(&best->load))
			best = &engine->workers[i];
	}
	return best;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t dx__monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

uint64_t dx__realtime_ns(void) { return clock_ns(CLOCK_REALTIME); }
