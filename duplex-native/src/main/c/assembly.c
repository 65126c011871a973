/* SPDX-License-Identifier: Apache-2.0 */
#include "assembly.h"

#include <stdlib.h>
#include <string.h>

#define LEAST 512 /* bytes */

static bool take(struct dx__budget *budget, uint64_t bytes)
{
	uint64_t used = atomic_fetch_add_explicit(&budget->used, bytes, memory_order_relaxed);
	if (bytes <= budget->most && used <= budget->most - bytes)
		return true;
	atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_relaxed);
	return false;
}

static void give_back(struct dx__budget *budget, uint64_t bytes)
{
	atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_relaxed);
}

static int resize(struct dx__assembly *assembly, struct dx__budget *budget, uint64_t size)
{
	uint64_t more = size - assembly->size;
	if (!take(budget, more))
		return -DX_CODEC_NO_MEMORY;
	uint8_t *data = realloc(assembly->data, size);
	if (!data) {
		give_back(budget, more);
		return -DX_CODEC_NO_MEMORY;
	}
	assembly->data = data;
	assembly->size = size;
	return 0;
}

/* Room for so many bytes: twice as much as before, where the budget allows, so that growing costs little a byte. */
static int reserve(struct dx__assembly *assembly, struct dx__budget *budget, uint64_t needed)
{
	if (needed <= assembly->size)
		return 0;
	uint64_t twice = assembly->size * 2 > LEAST ? assembly->size * 2 : LEAST;
	if (needed < twice && !resize(assembly, budget, twice))
		return 0;
	return resize(assembly, budget, needed);
}

int dx__assembly_add(struct dx__assembly *assembly, struct dx__budget *budget, const struct dx_piece *piece)
{
	/* What is extra comes with the first piece or the last: it is kept behind the payload. */
	uint64_t length = assembly->length, extra = assembly->extra_length;
	if (piece->length + piece->extra_length) {
		int rc = reserve(assembly, budget, length + extra + piece->length + piece->extra_length);
		if (rc)
			return rc;
	}
	if (extra && piece->length)
		memmove(assembly->data + length + piece->length, assembly->data + length, extra);
	if (piece->length)
		memcpy(assembly->data + length, piece->data, piece->length);
	assembly->length += piece->length;
	if (piece->extra_length)
		memcpy(assembly->data + assembly->length + extra, piece->extra, piece->extra_length);
	assembly->extra_length += piece->extra_length;
	assembly->kind = piece->kind;
	assembly->flags |= piece->flags & (DX_MESSAGE_MORE | DX_MESSAGE_CONTROL | DX_MESSAGE_LAST);
	assembly->begun = true;
	assembly->complete = piece->flags & DX_PIECE_END;
	return 0;
}

struct dx_piece dx__assembly_piece(const struct dx__assembly *assembly)
{
	return (struct dx_piece){
		.flags = assembly->flags | DX_PIECE_BEGIN | DX_PIECE_END, .kind = assembly->kind, .total = assembly->length,
		.data = assembly->data, .length = assembly->length,
		.extra = assembly->extra_length ? assembly->data + assembly->length : NULL,
		.extra_length = assembly->extra_length,
	};
}

void dx__assembly_clear(struct dx__assembly *assembly, struct dx__budget *budget)
{
	free(assembly->data);
	give_back(budget, assembly->size);
	*assembly = (struct dx__assembly){0};
}
