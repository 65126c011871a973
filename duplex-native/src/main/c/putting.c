/* SPDX-License-Identifier: Apache-2.0 */
#include "putting.h"
#include "half.h"
#include "output.h"
#include "queueing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 65536 /* bytes that several messages are encoded into at once */

/* ---- sending ---- */

/* Leaves bytes to a worker that must follow those that went. The caller is inside the output half. */
static int leave_rest(struct dx__socket *socket, const uint8_t *data, size_t length)
{
	int rc = -ENOMEM;
	struct dx__engine *engine = socket->engine;
	struct dx__chunk *chunk = dx__chunk_new((uint32_t)length, 1);
	if (!chunk)
		return rc;
	memcpy(chunk->data, data, length);
	struct dx__command *command = dx__queueing_new(engine, socket, chunk, &(struct dx__reply){0}, &rc);
	if (!command)
		return rc;
	command->silent = true;
	pthread_mutex_lock(&engine->control);
	dx__queueing_follow_locked(command);
	pthread_mutex_unlock(&engine->control);
	return 0;
}

/* Sends all of it, or nothing (-EAGAIN). The caller is inside the output half and holds the output lock. */
static int64_t send_whole(struct dx__socket *socket, const uint8_t *data, size_t length)
{
	int error = dx__socket_error(socket);
	if (error)
		return error;
	ssize_t n;
	do
		n = send(socket->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == -1) {
		if (errno == EAGAIN || (errno == EPIPE && atomic_load(&socket->shut)))
			return -errno;
		dx__socket_note_error(socket, -errno);
		return dx__socket_error(socket);
	}
	if ((size_t)n == length)
		return 0;
	int rc = leave_rest(socket, data + n, length - (size_t)n);
	if (rc)
		dx__socket_note_error(socket, rc);
	return rc;
}

/* ---- replies ---- */

/* Sends what waits, or leaves it to a worker. The caller is inside the output half and holds the output lock. */
static int64_t send_reply(struct dx__socket *socket, struct dx__framing *framing)
{
	if (!framing->reply_state)
		return 0;
	uint8_t *block = malloc(dx__framing_reply_room(framing));
	if (!block)
		return -ENOMEM;
	size_t n = dx__framing_encode_reply(framing, block);
	int64_t rc = n ? send_whole(socket, block, n) : 0;
	/* The application may have nothing to put that it could go with. */
	if (rc == -EAGAIN)
		rc = leave_rest(socket, block, n);
	free(block);
	return rc;
}

/* False when a worker has the output, or somebody is about to take it. The caller holds the output lock. */
static bool try_reply(struct dx__socket *socket, struct dx__framing *framing)
{
	int rc = dx__half_enter(socket, DX__OUT);
	if (rc)
		return rc != -EBUSY && rc != -EAGAIN;
	bool is_held = dx__half_state(socket, DX__OUT) == DX_HALF_HELD;
	/* An error is met again by the next message. */
	if (is_held)
		send_reply(socket, framing);
	dx__half_leave(socket, DX__OUT);
	return is_held;
}

/* waited: a reply was waiting before, and whoever writes that one writes this. */
static void flush_reply(struct dx__socket *socket, struct dx__framing *framing, bool waited)
{
	if (!try_reply(socket, framing) && !waited)
		dx__queueing_wake(socket);
}

void dx__put_reply(struct dx__socket *socket, const struct dx_piece *piece)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	pthread_mutex_lock(&framing->output);
	bool waited = dx__framing_has_reply(framing);
	dx__framing_keep_reply(framing, piece);
	flush_reply(socket, framing, waited);
	pthread_mutex_unlock(&framing->output);
}

void dx__put_refusal(struct dx__socket *socket, uint32_t error)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	pthread_mutex_lock(&framing->output);
	bool waited = dx__framing_has_reply(framing);
	dx__framing_keep_refusal(framing, error);
	flush_reply(socket, framing, waited);
	pthread_mutex_unlock(&framing->output);
}

void dx__put_late(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	pthread_mutex_lock(&framing->output);
	try_reply(socket, framing);
	pthread_mutex_unlock(&framing->output);
}

bool dx__put_waiting(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	if (!framing || !dx__framing_has_reply(framing))
		return false;
	pthread_mutex_lock(&framing->output);
	size_t room = dx__framing_reply_room(framing);
	struct dx__chunk *chunk = room ? dx__chunk_new((uint32_t)room, 1) : NULL, *none = NULL;
	size_t n = chunk ? dx__framing_encode_reply(framing, (uint8_t *)chunk->data) : 0;
	if (n)
		dx__output_put(socket, chunk, 0, 0, (uint32_t)n, NULL);
	if (chunk)
		dx__chunk_leave(chunk, &none);
	free(none);
	pthread_mutex_unlock(&framing->output);
	return n;
}

/* ---- messages ---- */

static struct dx_piece piece_of(const uint8_t *data, const struct dx_message *message)
{
	return (struct dx_piece){
		.flags = (message->flags & (DX_MESSAGE_MORE | DX_MESSAGE_CONTROL | DX_MESSAGE_LAST)) | DX_PIECE_BEGIN
				| DX_PIECE_END,
		.kind = message->kind, .total = message->length, .data = data + message->offset, .length = message->length,
		.extra = message->extra_length ? data + message->offset + message->length : NULL,
		.extra_length = message->extra_length,
	};
}

static int check(const struct dx__framing *framing, size_t size, const struct dx_message *message)
{
	if (message->offset > size || message->length > size - message->offset
			|| message->extra_length > size - message->offset - message->length)
		return -EINVAL;
	bool is_long = framing->ops && message->length > framing->options.max_message;
	return is_long || message->length + message->extra_length > UINT32_MAX / 2 ? -EMSGSIZE : 0;
}

/* Bytes that the first of the messages needs, and as many others as fit into a block with it. */
static size_t room_for(const struct dx__framing *framing, size_t size, const struct dx_message *messages, uint32_t *count)
{
	size_t room = 0;
	uint32_t i = 0;
	for (; i < *count; i++) {
		size_t needed = framing->ops->overhead + messages[i].length + messages[i].extra_length;
		if (i && (check(framing, size, &messages[i]) || room + needed > BLOCK))
			break;
		room += needed;
	}
	*count = i;
	return room;
}

/* Encodes them; stops at one that cannot be. *count tells how many were. Returns bytes, or the first's error. */
static int64_t encode(struct dx__framing *framing, const uint8_t *data, const struct dx_message *messages, uint32_t *count,
		uint8_t *out)
{
	size_t length = 0;
	for (uint32_t i = 0; i < *count; i++) {
		struct dx_piece piece = piece_of(data, &messages[i]);
		int64_t n = framing->ops->encode(framing->encoder, &framing->options, &piece, out + length);
		if (n < 0) {
			*count = i;
			atomic_store(&framing->output_error, (uint32_t)-n);
			if (i)
				return (int64_t)length;
			return n == -DX_CODEC_CLOSED ? -EPIPE : -EPROTO;
		}
		length += (size_t)n;
	}
	return (int64_t)length;
}

/* The caller is inside the output half and holds the output lock. */
static int64_t put_block(struct dx__socket *socket, struct dx__framing *framing, const uint8_t *data, size_t size,
		const struct dx_message *messages, uint32_t count)
{
	size_t room = room_for(framing, size, messages, &count);
	uint8_t *block = malloc(room ? room : 1);
	uint8_t *before = malloc(framing->ops->encoder_size ? framing->ops->encoder_size : 1);
	int64_t rc = block && before ? 0 : -ENOMEM;
	if (!rc) {
		memcpy(before, framing->encoder, framing->ops->encoder_size);
		rc = encode(framing, data, messages, &count, block);
	}
	if (rc > 0)
		rc = send_whole(socket, block, (size_t)rc);
	if (rc == -EAGAIN)
		memcpy(framing->encoder, before, framing->ops->encoder_size);
	free(before);
	free(block);
	return rc ? rc : (int64_t)count;
}

/* Without a codec a message is its bytes. */
static int64_t put_bytes(struct dx__socket *socket, const uint8_t *data, const struct dx_message *message)
{
	int64_t rc = message->length ? send_whole(socket, data + message->offset, message->length) : 0;
	return rc ? rc : 1;
}

/* The caller is inside the output half and holds the output lock. */
static int64_t put(struct dx__socket *socket, struct dx__framing *framing, const uint8_t *data, size_t size,
		const struct dx_message *messages, uint32_t count)
{
	/* A worker may have somebody's rest to deliver, or the half is being taken: bytes sent now might overtake it. */
	if (dx__half_state(socket, DX__OUT) != DX_HALF_HELD)
		return -EAGAIN;
	int64_t rc = check(framing, size, messages);
	if (!rc)
		rc = send_reply(socket, framing);
	if (rc)
		return rc;
	/* A reply may have left a rest. */
	if (dx__half_state(socket, DX__OUT) != DX_HALF_HELD)
		return -EAGAIN;
	return framing->ops ? put_block(socket, framing, data, size, messages, count)
			: put_bytes(socket, data, messages);
}

int64_t dx__put(struct dx__socket *socket, const uint8_t *data, size_t size, const struct dx_message *messages,
		uint32_t count)
{
	if (socket->listening)
		return -ENOTCONN;
	if (atomic_load(&socket->shut))
		return -EPIPE;
	int64_t rc = dx__half_enter(socket, DX__OUT);
	if (rc)
		return rc;
	struct dx__framing *framing = dx__framing_lock_output(socket);
	rc = framing ? put(socket, framing, data, size, messages, count) : -ENOMEM;
	if (framing)
		pthread_mutex_unlock(&framing->output);
	dx__half_leave(socket, DX__OUT);
	return rc;
}
