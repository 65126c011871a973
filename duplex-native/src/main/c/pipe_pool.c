/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe_pool.h"
#include "count.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_POOLED 64
#define MIN_PIPE_SIZE 65536
#define RETRY_AFTER 100 /* milliseconds */

void dx__pipe_pool_init(struct dx__pipe_pool *pool, struct dx__descriptors *descriptors, uint32_t pipe_size,
		unsigned sharers)
{
	/* Pipes that wait for a use may hold an eighth of the descriptors. */
	uint64_t share = (uint64_t)descriptors->limit / 16 / sharers;
	*pool = (struct dx__pipe_pool){
		.descriptors = descriptors,
		.pipe_size = pipe_size,
		.most_pooled = share < MAX_POOLED ? (uint32_t)share : MAX_POOLED,
	};
}

static void destroy(struct dx__pipe_pool *pool, struct dx__pipe *pipe)
{
	close(pipe->read_end);
	close(pipe->write_end);
	dx__descriptors_give(pool->descriptors, 2);
	free(pipe);
}

void dx__pipe_pool_free(struct dx__pipe_pool *pool)
{
	while (pool->free) {
		struct dx__pipe *pipe = pool->free;
		pool->free = pipe->next;
		destroy(pool, pipe);
		dx__count(&pool->pooled, -1);
	}
}

static struct dx__pipe *create(struct dx__pipe_pool *pool)
{
	int ends[2];
	if (!dx__descriptors_take(pool->descriptors, 2))
		return NULL;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		goto fail_descriptors;
	int size = fcntl(ends[1], F_SETPIPE_SZ, (int)pool->pipe_size);
	/* EPERM: past the quota, or over pipe-max-size. The size that it has may still do. */
	if (size == -1)
		size = fcntl(ends[1], F_GETPIPE_SZ);
	if (size < MIN_PIPE_SIZE)
		goto fail_pipe;
	struct dx__pipe *pipe = malloc(sizeof(*pipe));
	if (!pipe)
		goto fail_pipe;
	*pipe = (struct dx__pipe){.read_end = ends[0], .write_end = ends[1], .size = (uint32_t)size};
	return pipe;
fail_pipe:
	close(ends[0]);
	close(ends[1]);
fail_descriptors:
	dx__descriptors_give(pool->descriptors, 2);
	return NULL;
}

struct dx__pipe *dx__pipe_get(struct dx__pipe_pool *pool, uint64_t now)
{
	struct dx__pipe *pipe = pool->free;
	if (pipe) {
		pool->free = pipe->next;
		dx__count(&pool->pooled, -1);
	} else if (now >= pool->retry) {
		pipe = create(pool);
		if (!pipe)
			pool->retry = now + RETRY_AFTER;
	}
	dx__count(pipe ? &pool->in_use : &pool->refused, 1);
	return pipe;
}

void dx__pipe_put(struct dx__pipe_pool *pool, struct dx__pipe *pipe)
{
	dx__count(&pool->in_use, -1);
	if (pipe->length || atomic_load_explicit(&pool->pooled, memory_order_relaxed) >= pool->most_pooled) {
		destroy(pool, pipe);
		return;
	}
	pipe->next = pool->free;
	pool->free = pipe;
	dx__count(&pool->pooled, 1);
}

void dx__pipe_leaves(struct dx__pipe_pool *pool) { dx__count(&pool->in_use, -1); }

void dx__pipe_arrives(struct dx__pipe_pool *pool) { dx__count(&pool->in_use, 1); }
