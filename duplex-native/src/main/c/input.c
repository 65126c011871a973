/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"
#include "framing.h"
#include "held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t dx__input_take(struct dx__socket *socket, void *data, size_t length)
{
	size_t n = 0;
	if (!atomic_load_explicit(&socket->input_queued, memory_order_relaxed))
		return 0;
	pthread_mutex_lock(dx__held_lock(socket));
	if (socket->input) {
		n = dx__buffer_take(socket->input, data, length);
		atomic_store_explicit(&socket->input_queued, socket->input->length, memory_order_relaxed);
		if (!socket->input->length) {
			free(socket->input);
			socket->input = NULL;
		}
	}
	pthread_mutex_unlock(dx__held_lock(socket));
	return n;
}

/* Caller holds the arm lock. */
static int put_in_front(struct dx__socket *socket, const void *data, size_t length)
{
	struct dx__buffer *old = socket->input;
	size_t left = old ? old->length : 0;
	if (length > DX__INPUT_MAX - (left < DX__INPUT_MAX ? left : DX__INPUT_MAX))
		return -EMSGSIZE;
	/* Where they were taken from there is room for them. */
	if (!old || old->offset < length) {
		struct dx__buffer *new = dx__buffer_new(length + left);
		if (!new)
			return -ENOMEM;
		new->offset = (uint32_t)length;
		new->length = (uint32_t)left;
		if (left)
			memcpy(new->data + length, old->data + old->offset, left);
		free(old);
		socket->input = new;
	}
	struct dx__buffer *input = socket->input;
	input->offset -= (uint32_t)length;
	input->length += (uint32_t)length;
	memcpy(input->data + input->offset, data, length);
	atomic_store_explicit(&socket->input_queued, input->length, memory_order_relaxed);
	return 0;
}

int dx__input_give_back(struct dx__socket *socket, const void *data, size_t length)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	/* A get takes the buffer out while it decodes. */
	if (framing)
		pthread_mutex_lock(&framing->input);
	pthread_mutex_lock(dx__held_lock(socket));
	if (!framing && atomic_load(&socket->framing)) {
		/* It has got one just now, and perhaps a get is in progress. */
		pthread_mutex_unlock(dx__held_lock(socket));
		return dx__input_give_back(socket, data, length);
	}
	int rc = put_in_front(socket, data, length);
	if (!rc && framing)
		atomic_store(&framing->starved, false);
	if (!rc)
		dx__held_input_came(socket);
	pthread_mutex_unlock(dx__held_lock(socket));
	if (framing)
		pthread_mutex_unlock(&framing->input);
	return rc;
}
