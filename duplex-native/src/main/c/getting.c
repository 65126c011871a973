/* SPDX-License-Identifier: Apache-2.0 */
#include "getting.h"
#include "half.h"
#include "held.h"
#include "input.h"
#include "putting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ 16384      /* bytes of the first read */
#define READ_MOST 65536 /* bytes of the reads that follow one which filled its buffer */
#define CALL_MOST (1u << 20) /* bytes that a call decodes before it comes back without a message: the peer may never stop */

/* A call in progress. */
struct get {
	struct dx__socket *socket;
	struct dx__framing *framing;
	struct dx__buffer *input;     /* taken out of the socket, or NULL */
	uint8_t *buffer;
	size_t size;
	size_t used;                  /* bytes of the buffer */
	struct dx_message *messages;
	uint32_t max;
	uint32_t count;
	uint64_t until;               /* bytes decoded: enough for this call */
	bool is_enough;               /* that was reached: there is more to decode */
};

/* ---- the input queue ---- */

static void take_input(struct get *get)
{
	pthread_mutex_lock(dx__held_lock(get->socket));
	get->input = get->socket->input;
	get->socket->input = NULL;
	atomic_store(&get->socket->input_seen, 0);
	atomic_store_explicit(&get->socket->input_queued, 0, memory_order_relaxed);
	pthread_mutex_unlock(dx__held_lock(get->socket));
}

/* What is left, in no more memory than it needs. */
static struct dx__buffer *shrunk(struct dx__buffer *input)
{
	if (!input || !input->length) {
		free(input);
		return NULL;
	}
	if (input->size <= 2 * input->length)
		return input;
	struct dx__buffer *small = dx__buffer_new(input->length);
	if (!small)
		return input;
	memcpy(small->data, input->data + input->offset, input->length);
	small->length = input->length;
	free(input);
	return small;
}

static void put_input_back(struct get *get)
{
	struct dx__buffer *input = shrunk(get->input);
	pthread_mutex_lock(dx__held_lock(get->socket));
	get->socket->input = input;
	atomic_store_explicit(&get->socket->input_queued, input ? input->length : 0, memory_order_relaxed);
	pthread_mutex_unlock(dx__held_lock(get->socket));
}

/* Makes room for a read behind what is left. */
static int reserve(struct get *get, size_t room)
{
	struct dx__buffer *old = get->input;
	size_t left = old ? old->length : 0;
	if (old && old->size - left >= room) {
		memmove(old->data, old->data + old->offset, left);
		old->offset = 0;
		return 0;
	}
	struct dx__buffer *new = dx__buffer_grow(old, left + room);
	if (!new)
		return -ENOMEM;
	get->input = new;
	return 0;
}

/* Reads once. Bytes, 0 at the end, -EAGAIN, or the error. */
static int64_t fill(struct get *get, size_t room)
{
	struct dx__socket *socket = get->socket;
	int rc = reserve(get, room);
	if (rc)
		return rc;
	struct dx__buffer *input = get->input;
	ssize_t n;
	do
		n = recv(socket->fd, input->data + input->offset + input->length, room, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n > 0) {
		input->length += (uint32_t)n;
		return n;
	}
	if (n == -1) {
		if (errno == EAGAIN)
			return -EAGAIN;
		dx__socket_note_error(socket, -errno);
	}
	return dx__socket_error(socket);
}

/* ---- messages ---- */

/* Copies a whole message to the caller: 1, or -ENOSPC when it does not fit. */
static int deliver(struct get *get, const struct dx_piece *piece)
{
	struct dx_message *message = &get->messages[get->count];
	*message = (struct dx_message){
		.kind = piece->kind, .flags = piece->flags & (DX_MESSAGE_MORE | DX_MESSAGE_CONTROL | DX_MESSAGE_LAST),
		.offset = get->used, .length = piece->length, .extra_length = piece->extra_length,
	};
	if (piece->length + piece->extra_length > get->size - get->used)
		return -ENOSPC;
	if (piece->length)
		memcpy(get->buffer + get->used, piece->data, piece->length);
	if (piece->extra_length)
		memcpy(get->buffer + get->used + piece->length, piece->extra, piece->extra_length);
	get->used += piece->length + piece->extra_length;
	get->count++;
	return 1;
}

static int deliver_assembled(struct get *get)
{
	struct dx__assembly *assembly = &get->framing->assembly;
	struct dx_piece piece = dx__assembly_piece(assembly);
	int rc = deliver(get, &piece);
	if (rc == 1)
		dx__assembly_clear(assembly, &get->socket->engine->budget);
	return rc;
}

static int fail(struct get *get, int error)
{
	dx__framing_fail(get->framing, error);
	get->framing->ended = true;
	dx__assembly_clear(&get->framing->assembly, &get->socket->engine->budget);
	dx__put_refusal(get->socket, (uint32_t)-error);
	return -EPROTO;
}

/* A piece for the application: 1 when a message was delivered, 0 when it is not whole, -ENOSPC, -EPROTO. */
static int take_piece(struct get *get, const struct dx_piece *piece)
{
	bool is_whole = (piece->flags & DX_PIECE_BEGIN) && (piece->flags & DX_PIECE_END);
	struct dx__assembly *assembly = &get->framing->assembly;
	/* A control message may stand between the pieces of another: it goes ahead. */
	if (is_whole) {
		/* What a Close stands in will never be whole. */
		if (piece->flags & DX_MESSAGE_LAST)
			dx__assembly_clear(assembly, &get->socket->engine->budget);
		int rc = deliver(get, piece);
		if (rc == 1)
			return rc;
		if (assembly->begun)
			return fail(get, -DX_CODEC_NO_MEMORY);
	}
	int rc = dx__assembly_add(assembly, &get->socket->engine->budget, piece);
	if (rc)
		return fail(get, rc);
	return assembly->complete ? deliver_assembled(get) : 0;
}

/* A piece of any kind. */
static int handle(struct get *get, const struct dx_piece *piece)
{
	if (piece->flags & DX_PIECE_REPLY)
		dx__put_reply(get->socket, piece);
	bool is_hidden = (piece->flags & DX_PIECE_IGNORE)
			|| ((piece->flags & DX_PIECE_REPLY) && !(piece->flags & DX_MESSAGE_LAST));
	return is_hidden ? 0 : take_piece(get, piece);
}

/* Decodes from the queue: 1 when a message was delivered, 0 when more bytes are needed, or an error. */
static int decode(struct get *get)
{
	struct dx__buffer *input = get->input;
	int rc = 0;
	while (!rc && input && input->length && !get->framing->ended) {
		if (get->framing->decoded >= get->until) {
			get->is_enough = true;
			return -EAGAIN;
		}
		struct dx_piece piece;
		size_t used = 0;
		int told = dx__framing_decode(get->framing, (uint8_t *)input->data + input->offset, input->length, &used, &piece);
		if (told == DX_DECODE_PIECE)
			rc = handle(get, &piece);
		dx__buffer_consume(input, used);
		if (told < 0)
			return fail(get, told);
		if (told == DX_DECODE_MORE)
			return 0;
	}
	return rc;
}

/* The stream has ended: 1 when that made a message, 0 when it is over, or an error. */
static int end(struct get *get)
{
	struct dx_piece piece;
	struct dx__buffer *input = get->input;
	size_t left = input ? input->length : 0;
	int told = dx__framing_end(get->framing, input ? (uint8_t *)input->data + input->offset : NULL, left, &piece);
	if (told < 0)
		return fail(get, told);
	int rc = told == DX_DECODE_PIECE ? handle(get, &piece) : 0;
	if (input)
		dx__buffer_consume(input, left);
	return rc;
}

/* Gets one more message. 1, 0 at the end, -EAGAIN, -ENOSPC, or an error. may_read: not only what is queued. */
static int64_t get_one(struct get *get, bool may_read)
{
	struct dx__framing *framing = get->framing;
	size_t room = READ;
	if (framing->assembly.complete)
		return deliver_assembled(get);
	if (atomic_load(&framing->input_error))
		return -EPROTO;
	for (;;) {
		int rc = decode(get);
		if (rc)
			return rc;
		if (framing->ended)
			return 0;
		size_t left = get->input ? get->input->length : 0;
		if (!may_read)
			return -EAGAIN;
		int64_t n = fill(get, room);
		if (n == 0)
			return end(get);
		if (n < 0 && n != -EAGAIN)
			return n;
		/* What came just now may complete it in time. */
		rc = n == -EAGAIN ? dx__framing_check_time(framing, left, dx__monotonic_ns()) : 0;
		if (rc)
			return fail(get, rc);
		if (n == -EAGAIN)
			return n;
		room = (size_t)n == room ? READ_MOST : READ;
	}
}

static int64_t get_messages(struct get *get)
{
	int64_t rc = get_one(get, true);
	while (rc == 1 && get->count < get->max)
		rc = get_one(get, false);
	return get->count ? (int64_t)get->count : rc;
}

/* Without a codec, what is there is a message. */
static int64_t get_bytes(struct get *get)
{
	int64_t n = (int64_t)dx__input_take(get->socket, get->buffer, get->size);
	if (!n) {
		do
			n = recv(get->socket->fd, get->buffer, get->size, MSG_DONTWAIT);
		while (n == -1 && errno == EINTR);
		if (n == -1 && errno != EAGAIN)
			dx__socket_note_error(get->socket, -errno);
		if (n == -1 && errno == EAGAIN)
			return -EAGAIN;
		if (n <= 0)
			return dx__socket_error(get->socket);
	}
	*get->messages = (struct dx_message){.length = (uint64_t)n};
	return 1;
}

int64_t dx__get(struct dx__socket *socket, uint8_t *buffer, size_t size, struct dx_message *messages, uint32_t max)
{
	if (socket->listening)
		return -ENOTCONN;
	int64_t rc = dx__half_enter(socket, DX__IN);
	if (rc)
		return rc;
	struct dx__framing *framing = atomic_load(&socket->framing);
	struct get get = {
		.socket = socket, .framing = framing, .buffer = buffer, .size = size, .messages = messages, .max = max,
	};
	if (framing)
		pthread_mutex_lock(&framing->input);
	if (framing && framing->ops) {
		get.until = framing->decoded + CALL_MOST;
		take_input(&get);
		rc = get_messages(&get);
		atomic_store(&framing->starved, rc == -EAGAIN && !get.is_enough);
		put_input_back(&get);
	} else {
		rc = size ? get_bytes(&get) : -ENOSPC;
	}
	if (framing)
		pthread_mutex_unlock(&framing->input);
	dx__half_leave(socket, DX__IN);
	return rc;
}

int64_t dx__get_deadline(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	if (!framing)
		return -1;
	pthread_mutex_lock(&framing->input);
	uint64_t begun = framing->begun, limit = framing->options.frame_timeout * 1000000ull;
	pthread_mutex_unlock(&framing->input);
	if (!begun)
		return -1;
	uint64_t passed = dx__monotonic_ns() - begun;
	return passed >= limit ? 0 : (int64_t)((limit - passed + 999999) / 1000000);
}
