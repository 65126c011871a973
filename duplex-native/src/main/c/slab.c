/* SPDX-License-Identifier: Apache-2.0 */
#include "slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GENERATION_BITS 22
#define GENERATION_MASK ((1u << GENERATION_BITS) - 1)
/* No slot is reused before so many others are free: what keeps a stale id stale for long. */
#define MIN_FREE 64

static uint32_t generation_of(uint64_t life) { return (uint32_t)(life >> 32); }

static uint64_t references_of(uint64_t life) { return life & (DX__LIFE_DEAD - 1); }

bool dx__life_enter(dx__life *life, uint32_t generation, uint32_t mask)
{
	uint64_t seen = atomic_load_explicit(life, memory_order_relaxed);
	do {
		if (((generation_of(seen) ^ generation) & mask) != 0)
			return false;
		if ((seen & DX__LIFE_DEAD) || references_of(seen) == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(life, &seen, seen + 1, memory_order_acquire,
			memory_order_relaxed));
	return true;
}

bool dx__life_leave(dx__life *life)
{
	return references_of(atomic_fetch_sub_explicit(life, 1, memory_order_acq_rel)) == 1;
}

bool dx__life_kill(dx__life *life)
{
	return !(atomic_fetch_or_explicit(life, DX__LIFE_DEAD, memory_order_acq_rel) & DX__LIFE_DEAD);
}

int dx__slab_init(struct dx__slab *slab, enum dx__kind kind, uint32_t engine, uint32_t first_generation,
		size_t object_size, void (*destroy)(void *object))
{
	memset(slab, 0, sizeof(*slab));
	slab->chunks = calloc(DX__CHUNKS, sizeof(*slab->chunks));
	if (!slab->chunks)
		return -ENOMEM;
	pthread_mutex_init(&slab->lock, NULL);
	slab->kind = kind;
	slab->engine = engine;
	slab->first_generation = first_generation;
	slab->object_size = (object_size + 7) & ~(size_t)7;
	slab->destroy = destroy;
	return 0;
}

void dx__slab_free(struct dx__slab *slab)
{
	if (!slab->chunks)
		return;
	for (unsigned i = 0; i < DX__CHUNKS && slab->chunks[i]; i++)
		free(slab->chunks[i]);
	free(slab->chunks);
	slab->chunks = NULL;
	pthread_mutex_destroy(&slab->lock);
}

static struct dx__object *object_at(struct dx__slab *slab, uint32_t index)
{
	if (index >= atomic_load_explicit(&slab->size, memory_order_acquire))
		return NULL;
	char *chunk = atomic_load_explicit(&slab->chunks[index >> DX__CHUNK_BITS], memory_order_relaxed);
	return (struct dx__object *)(chunk + (index & (DX__CHUNK_OBJECTS - 1)) * slab->object_size);
}

/* Caller holds the lock. */
static void put_free(struct dx__slab *slab, struct dx__object *object)
{
	object->next_free = 0;
	if (slab->last_free)
		object_at(slab, slab->last_free - 1)->next_free = object->index + 1;
	else
		slab->first_free = object->index + 1;
	slab->last_free = object->index + 1;
	slab->free_count++;
}

/* Caller holds the lock. Returns false without memory. */
static bool grow(struct dx__slab *slab)
{
	uint32_t size = slab->size;
	if (size >> DX__CHUNK_BITS >= DX__CHUNKS)
		return false;
	char *chunk = calloc(DX__CHUNK_OBJECTS, slab->object_size);
	if (!chunk)
		return false;
	atomic_store_explicit(&slab->chunks[size >> DX__CHUNK_BITS], chunk, memory_order_relaxed);
	for (unsigned i = 0; i < DX__CHUNK_OBJECTS; i++) {
		struct dx__object *object = (struct dx__object *)(chunk + i * slab->object_size);
		object->index = size + i;
		atomic_init(&object->life, (uint64_t)(slab->first_generation & GENERATION_MASK) << 32);
	}
	atomic_store_explicit(&slab->size, size + DX__CHUNK_OBJECTS, memory_order_release);
	for (unsigned i = 0; i < DX__CHUNK_OBJECTS; i++)
		put_free(slab, (struct dx__object *)(chunk + i * slab->object_size));
	return true;
}

void *dx__slab_new(struct dx__slab *slab)
{
	pthread_mutex_lock(&slab->lock);
	/* Without memory to grow, the last free ones will do. */
	if ((slab->free_count < MIN_FREE && !grow(slab) && !slab->first_free)) {
		pthread_mutex_unlock(&slab->lock);
		return NULL;
	}
	struct dx__object *object = object_at(slab, slab->first_free - 1);
	slab->first_free = object->next_free;
	if (!slab->first_free)
		slab->last_free = 0;
	slab->free_count--;
	pthread_mutex_unlock(&slab->lock);
	memset(object + 1, 0, slab->object_size - sizeof(*object));
	atomic_fetch_add_explicit(&object->life, DX__LIFE_DEAD + 1, memory_order_relaxed);
	return object;
}

void dx__slab_publish(void *object)
{
	/* Entering acquires: what was filled in is seen. */
	atomic_fetch_and_explicit(&((struct dx__object *)object)->life, ~DX__LIFE_DEAD, memory_order_release);
}

dx_id dx__slab_id(const struct dx__slab *slab, const void *object)
{
	const struct dx__object *header = object;
	uint64_t life = atomic_load_explicit(&header->life, memory_order_relaxed);
	return (uint64_t)slab->kind << 60 | (uint64_t)slab->engine << 44
			| (uint64_t)(generation_of(life) & GENERATION_MASK) << DX__INDEX_BITS | header->index;
}

void *dx__slab_enter(struct dx__slab *slab, dx_id id)
{
	struct dx__object *object = object_at(slab, id & DX__INDEX_MASK);
	if (!object || !dx__life_enter(&object->life, (uint32_t)(id >> DX__INDEX_BITS), GENERATION_MASK))
		return NULL;
	return object;
}

void *dx__slab_enter_index(struct dx__slab *slab, uint32_t index)
{
	struct dx__object *object = object_at(slab, index);
	return object && dx__life_enter(&object->life, 0, 0) ? object : NULL;
}

void dx__slab_hold(void *object)
{
	atomic_fetch_add_explicit(&((struct dx__object *)object)->life, 1, memory_order_relaxed);
}

void dx__slab_leave(struct dx__slab *slab, void *pointer)
{
	struct dx__object *object = pointer;
	if (!dx__life_leave(&object->life))
		return;
	slab->destroy(object);
	uint64_t life = atomic_load_explicit(&object->life, memory_order_relaxed);
	atomic_store_explicit(&object->life, (uint64_t)((generation_of(life) + 1) & GENERATION_MASK) << 32,
			memory_order_release);
	pthread_mutex_lock(&slab->lock);
	put_free(slab, object);
	pthread_mutex_unlock(&slab->lock);
}

bool dx__slab_kill(void *object) { return dx__life_kill(&((struct dx__object *)object)->life); }

bool dx__slab_is_dead(const void *object)
{
	const struct dx__object *header = object;
	return atomic_load_explicit(&header->life, memory_order_acquire) & DX__LIFE_DEAD;
}
