/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in user space: what a socket has read ahead, or what a copied read could not deliver at once. */
#ifndef DX_BUFFER_H
#define DX_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct dx__buffer {
	uint32_t offset; /* first byte that is left */
	uint32_t length; /* bytes that are left */
	uint32_t size;   /* bytes at data */
	char data[];
};

/* An empty buffer; NULL without memory. Freed with free(). */
struct dx__buffer *dx__buffer_new(size_t size);

/* A buffer of this size with what is left of another, which is freed; NULL without memory, with the other as it was. */
struct dx__buffer *dx__buffer_grow(struct dx__buffer *old, size_t size);

/* Moves up to length bytes out of the buffer's front; returns their number. */
size_t dx__buffer_take(struct dx__buffer *buffer, void *data, size_t length);

/* Drops bytes that were used from the front. */
void dx__buffer_consume(struct dx__buffer *buffer, size_t length);

#endif
