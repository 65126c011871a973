/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes, for splice: one pool a worker.
 *
 * A stream takes a pipe only while it has data in flight. A pipe that goes back is empty; one with bytes left in it
 * is closed, because the next user would send them to somebody else. No pipe can be had at the limit of descriptors,
 * or past the user's pipe quota (pipe-user-pages-soft): a process without privilege then gets pipes of one or two
 * slots, which are worse than copying and are refused here.
 */
#ifndef DX_PIPE_POOL_H
#define DX_PIPE_POOL_H

#include "descriptors.h"

#include <stddef.h>

struct dx__pipe {
	struct dx__pipe *next;
	int read_end;
	int write_end;
	uint32_t size;   /* bytes it can hold */
	uint32_t length; /* bytes in it */
};

struct dx__pipe_pool {
	struct dx__descriptors *descriptors;
	struct dx__pipe *free;
	uint32_t pipe_size;        /* bytes wanted */
	uint32_t most_pooled;
	uint64_t retry;            /* not before this time in milliseconds, after a failure */
	_Atomic uint64_t pooled;   /* one writer: the worker */
	_Atomic uint64_t in_use;
	_Atomic uint64_t refused;
};

/* sharers: pools that share the descriptors. */
void dx__pipe_pool_init(struct dx__pipe_pool *pool, struct dx__descriptors *descriptors, uint32_t pipe_size,
		unsigned sharers);

/* Closes the pooled pipes: also when descriptors are short. */
void dx__pipe_pool_free(struct dx__pipe_pool *pool);

/* An empty pipe, or NULL. now: milliseconds. */
struct dx__pipe *dx__pipe_get(struct dx__pipe_pool *pool, uint64_t now);

/* Takes the pipe back: pools it when it is empty, otherwise closes it. */
void dx__pipe_put(struct dx__pipe_pool *pool, struct dx__pipe *pipe);

/* A pipe in flight goes with its socket to another worker: each of the two calls one of these. */
void dx__pipe_leaves(struct dx__pipe_pool *pool);
void dx__pipe_arrives(struct dx__pipe_pool *pool);

#endif
