/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message that is put together from its pieces.
 *
 * It grows as they arrive, never by what a header announces, and takes its memory from the engine's budget: peers that
 * send half a message each cannot take more than that together.
 */
#ifndef DX_ASSEMBLY_H
#define DX_ASSEMBLY_H

#include "duplex.h"

#include <stdatomic.h>
#include <stdbool.h>

struct dx__budget {
	_Atomic uint64_t used;
	uint64_t most;
};

struct dx__assembly {
	uint8_t *data;         /* payload, and what is extra behind it */
	uint64_t size;         /* bytes at data, taken from the budget */
	uint64_t length;
	uint64_t extra_length;
	uint32_t kind;
	uint32_t flags;        /* DX_MESSAGE_… */
	bool begun;
	bool complete;
};

/* Adds a piece. 0, or -DX_CODEC_NO_MEMORY: then nothing has changed. */
int dx__assembly_add(struct dx__assembly *assembly, struct dx__budget *budget, const struct dx_piece *piece);

/* The message as one piece. */
struct dx_piece dx__assembly_piece(const struct dx__assembly *assembly);

/* Forgets the message and gives its memory back. */
void dx__assembly_clear(struct dx__assembly *assembly, struct dx__budget *budget);

#endif
