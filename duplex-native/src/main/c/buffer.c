/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

struct dx__buffer *dx__buffer_new(size_t size)
{
	struct dx__buffer *buffer = malloc(sizeof(*buffer) + size);
	if (buffer)
		*buffer = (struct dx__buffer){.size = (uint32_t)size};
	return buffer;
}

struct dx__buffer *dx__buffer_grow(struct dx__buffer *old, size_t size)
{
	struct dx__buffer *new = dx__buffer_new(size);
	if (!new || !old)
		return new;
	memcpy(new->data, old->data + old->offset, old->length);
	new->length = old->length;
	free(old);
	return new;
}

size_t dx__buffer_take(struct dx__buffer *buffer, void *data, size_t length)
{
	if (length > buffer->length)
		length = buffer->length;
	memcpy(data, buffer->data + buffer->offset, length);
	dx__buffer_consume(buffer, length);
	return length;
}

void dx__buffer_consume(struct dx__buffer *buffer, size_t length)
{
	buffer->offset += (uint32_t)length;
	buffer->length -= (uint32_t)length;
}
