/* SPDX-License-Identifier: Apache-2.0 */
#include "chunk.h"

#include <stdlib.h>

struct dx__chunk *dx__chunk_new(uint32_t size, uint32_t segments)
{
	size_t head = sizeof(struct dx__chunk) + segments * sizeof(struct dx__segment);
	struct dx__chunk *chunk = malloc(head + size);
	if (!chunk)
		return NULL;
	atomic_init(&chunk->references, 1);
	chunk->size = size;
	chunk->segments = segments;
	chunk->data = (char *)chunk + head;
	return chunk;
}

void dx__chunk_hold(struct dx__chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
}

void dx__chunk_leave(struct dx__chunk *chunk, struct dx__chunk **spare)
{
	if (atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel) != 1)
		return;
	if (*spare || chunk->size != DX__CHUNK_SINGLE || chunk->segments != 1) {
		free(chunk);
		return;
	}
	atomic_store_explicit(&chunk->references, 1, memory_order_relaxed);
	*spare = chunk;
}
