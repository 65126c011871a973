/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects behind ids.
 *
 * THEORY OF OPERATION
 *
 * A slab hands out objects of one kind from memory that stays an object of that kind until the engine is freed, so a
 * stale id can always be looked at. Each object begins with a *life* word: a generation, a dead bit and a reference
 * count, changed by compare-and-swap alone. An id enters (takes a reference) only while its generation matches, the
 * dead bit is clear and a reference is left; the last one to leave destroys the object, and only then is the slot free
 * for the next generation. Free slots are reused first in, first out, so that a generation lasts as long as possible.
 *
 * id:  0 | kind:3 | engine slot:8 | engine generation:8 | object generation:22 | object index:22
 */
#ifndef DX_SLAB_H
#define DX_SLAB_H

#include "duplex.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum dx__kind {
	DX__KIND_ENGINE = 1,
	DX__KIND_SOCKET = 2,
	DX__KIND_JOIN = 3,
	DX__KIND_PROXY = 4,
};

#define DX__INDEX_BITS 22
#define DX__INDEX_MASK ((1u << DX__INDEX_BITS) - 1)
#define DX__CHUNK_BITS 7
#define DX__CHUNK_OBJECTS (1u << DX__CHUNK_BITS)
#define DX__CHUNKS (1u << (DX__INDEX_BITS - DX__CHUNK_BITS))

/* Generation << 32 | dead << 31 | references. */
typedef _Atomic uint64_t dx__life;

#define DX__LIFE_DEAD (UINT64_C(1) << 31)

/* The first field of every object. */
struct dx__object {
	dx__life life;
	uint32_t index;     /* its place in the slab */
	uint32_t next_free; /* index + 1 of the next free object, or 0; guarded by the slab's lock */
};

struct dx__slab {
	pthread_mutex_t lock;
	enum dx__kind kind;
	uint32_t engine;              /* engine slot << 8 | engine generation, part of every id */
	uint32_t first_generation;    /* random, so that made-up ids do not hit */
	size_t object_size;           /* bytes */
	void (*destroy)(void *object);/* called by whoever leaves last, before the slot is free */
	uint32_t first_free;          /* index + 1, or 0 */
	uint32_t last_free;
	uint32_t free_count;
	_Atomic uint32_t size;        /* objects in all chunks */
	_Atomic(char *) *chunks;      /* DX__CHUNKS pointers, filled from the start */
};

/* Returns 0 or -ENOMEM. */
int dx__slab_init(struct dx__slab *slab, enum dx__kind kind, uint32_t engine, uint32_t first_generation,
		size_t object_size, void (*destroy)(void *object));

/* Frees all memory, whatever is still in use. */
void dx__slab_free(struct dx__slab *slab);

/* A zeroed object with one reference, the owner's; NULL without memory. Nobody can enter it before it is published. */
void *dx__slab_new(struct dx__slab *slab);
void dx__slab_publish(void *object);

dx_id dx__slab_id(const struct dx__slab *slab, const void *object);

/* Takes a reference to the object of this id, which must be of this slab's kind and engine; NULL when it is stale. */
void *dx__slab_enter(struct dx__slab *slab, dx_id id);

/* Takes a reference to the object at this index if it is alive, whatever its id; NULL otherwise. */
void *dx__slab_enter_index(struct dx__slab *slab, uint32_t index);

/* Takes one more reference; the caller has one. */
void dx__slab_hold(void *object);

/* Gives a reference back. */
void dx__slab_leave(struct dx__slab *slab, void *object);

/* Makes the id stale at once; true for the one caller that did it. */
bool dx__slab_kill(void *object);
bool dx__slab_is_dead(const void *object);

/* The parts of an id. */
static inline enum dx__kind dx__id_kind(dx_id id) { return (enum dx__kind)(id >> 60); }
static inline uint32_t dx__id_engine(dx_id id) { return (uint32_t)(id >> 44) & 0xffff; }

/* The life word by itself, for objects that do not live in a slab (engines). */
bool dx__life_enter(dx__life *life, uint32_t generation, uint32_t mask);
/* True for the one who left last. */
bool dx__life_leave(dx__life *life);
bool dx__life_kill(dx__life *life);

#endif
