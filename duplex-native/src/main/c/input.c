/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"
#include "framing.h"
#include "held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ 65536 /* bytes of one read */

size_t dx__input_take(struct dx__socket *socket, void *data, size_t length)
{
	size_t n = 0;
	if (!atomic_load_explicit(&socket->input_queued, memory_order_relaxed))
		return 0;
	pthread_mutex_lock(dx__held_lock(socket));
	atomic_store(&socket->input_seen, 0);
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
		atomic_store(&socket->input_seen, 0);
	if (!rc)
		dx__held_input_came(socket);
	pthread_mutex_unlock(dx__held_lock(socket));
	if (framing)
		pthread_mutex_unlock(&framing->input);
	return rc;
}

/* Makes room behind what is there. Caller holds the arm lock. */
static int make_room(struct dx__socket *socket)
{
	struct dx__buffer *old = socket->input;
	size_t left = old ? old->length : 0;
	if (left >= DX__INPUT_MAX)
		return -EMSGSIZE;
	if (old && old->size - old->offset - left >= READ)
		return 0;
	/* Twice as much as there is, or a large message would be copied with every read. */
	struct dx__buffer *new = dx__buffer_grow(old, 2 * left + READ);
	if (!new)
		return -ENOMEM;
	socket->input = new;
	return 0;
}

/* Reads once, behind what is there. Bytes, 0 at the end, -EAGAIN, or the error. Caller holds the arm lock. */
static int64_t read_more(struct dx__socket *socket)
{
	int rc = make_room(socket);
	if (rc)
		return rc;
	struct dx__buffer *input = socket->input;
	ssize_t n;
	do
		n = recv(socket->fd, input->data + input->offset + input->length, READ, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	int error = n == -1 ? -errno : 0;
	if (n > 0)
		input->length += (uint32_t)n;
	atomic_store_explicit(&socket->input_queued, input->length, memory_order_relaxed);
	if (!input->length) {
		free(input);
		socket->input = NULL;
	}
	if (n > 0 || error == -EAGAIN)
		return n > 0 ? n : error;
	if (error)
		dx__socket_note_error(socket, error);
	/* After an error the kernel says 0. */
	return dx__socket_error(socket);
}

/* Caller holds the arm lock. */
static int64_t peek(struct dx__socket *socket, size_t offset, void *data, size_t length)
{
	size_t queued = socket->input ? socket->input->length : 0;
	if (queued < offset)
		return -ERANGE;
	if (queued == offset) {
		int64_t n = read_more(socket);
		if (n == -EAGAIN)
			atomic_store(&socket->input_seen, (uint32_t)queued);
		if (n <= 0)
			return n;
		queued += (size_t)n;
	}
	size_t n = queued - offset < length ? queued - offset : length;
	memcpy(data, socket->input->data + socket->input->offset + offset, n);
	return (int64_t)n;
}

int64_t dx__input_peek(struct dx__socket *socket, size_t offset, void *data, size_t length)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	/* A get takes the buffer out while it decodes. */
	if (framing)
		pthread_mutex_lock(&framing->input);
	pthread_mutex_lock(dx__held_lock(socket));
	int64_t n = peek(socket, offset, data, length);
	pthread_mutex_unlock(dx__held_lock(socket));
	if (framing)
		pthread_mutex_unlock(&framing->input);
	return n;
}
