/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that were read once and go to one or several sinks.
 *
 * A chunk is counted by references: one for each output that it waits in, one for its reader while it is being given
 * out. It brings a segment for each sink, so that queueing it needs no memory: what could be read can be kept. The sinks
 * may end up on different workers.
 */
#ifndef DX_CHUNK_H
#define DX_CHUNK_H

#include <stdatomic.h>
#include <stdint.h>

struct dx__account;
struct dx__chunk;

/* A part of a chunk that waits in an output. */
struct dx__segment {
	struct dx__segment *next;
	struct dx__chunk *chunk;
	struct dx__account *account; /* who is credited when it goes out, or NULL */
	uint32_t offset;             /* of the first byte that is left */
	uint32_t length;             /* bytes that are left */
};

struct dx__chunk {
	_Atomic uint32_t references;
	uint32_t size;               /* bytes at data */
	uint32_t segments;
	char *data;
	struct dx__segment segment[];
};

/* A chunk with one reference; NULL without memory. */
struct dx__chunk *dx__chunk_new(uint32_t size, uint32_t segments);

/* Takes a reference, for a segment. */
void dx__chunk_hold(struct dx__chunk *chunk);

/* Gives a reference back; the last one frees the chunk, or puts it into *spare if that is NULL and can use it. */
void dx__chunk_leave(struct dx__chunk *chunk, struct dx__chunk **spare);

/* Bytes of the chunks that workers keep spare: of one for a single sink, and of one for several. */
#define DX__CHUNK_SINGLE 32768u
#define DX__CHUNK_SHARED 524288u

#endif
