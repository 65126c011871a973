/* SPDX-License-Identifier: Apache-2.0 */
#include "route_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (DX__ROUTE_READ + 8192) /* bytes that are encoded at once, more for a message that is put together */

static void leave(struct dx__chunk *chunk)
{
	struct dx__chunk *none = NULL;
	dx__chunk_leave(chunk, &none);
	free(none);
}

/* Sends what was encoded, or queues it behind what is queued. */
void dx__route_push(struct dx__turn *turn)
{
	struct dx__chunk *chunk = turn->chunk;
	struct dx__socket *sink = turn->stream->sink;
	uint32_t sent = 0;
	turn->chunk = NULL;
	if (turn->filled && sink->writable && !dx__output_length(sink)) {
		ssize_t n = dx__output_send(turn->worker, sink, chunk->data, turn->filled, &turn->stream->account);
		/* An error is noted on the sink and met again when the rest is flushed. */
		if (n > 0)
			sent = (uint32_t)n;
	}
	turn->stream->account.read += turn->filled;
	bool is_spare = sent == turn->filled && chunk->size == CHUNK && !turn->worker->frame;
	if (sent < turn->filled)
		dx__output_put(sink, chunk, 0, sent, turn->filled - sent, &turn->stream->account);
	turn->filled = 0;
	if (is_spare)
		turn->worker->frame = chunk;
	else
		leave(chunk);
}

/* Room for so many bytes in one piece: NULL without memory. */
uint8_t *dx__route_reserve(struct dx__turn *turn, size_t room)
{
	if (turn->chunk && turn->chunk->size - turn->filled < room)
		dx__route_push(turn);
	/* More than a chunk can hold. */
	if (room > UINT32_MAX / 2)
		return NULL;
	if (!turn->chunk && room <= CHUNK && turn->worker->frame) {
		turn->chunk = turn->worker->frame;
		turn->worker->frame = NULL;
	} else if (!turn->chunk) {
		turn->chunk = dx__chunk_new((uint32_t)(room > CHUNK ? room : CHUNK), 1);
	}
	return turn->chunk ? (uint8_t *)turn->chunk->data + turn->filled : NULL;
}

static int append(struct dx__turn *turn, const uint8_t *data, size_t length)
{
	uint8_t *out = length ? dx__route_reserve(turn, length) : NULL;
	if (length && !out)
		return -ENOMEM;
	if (length)
		memcpy(out, data, length);
	turn->filled += (uint32_t)length;
	return 0;
}

/* The route cannot go on: what was decoded before is still delivered. */
int dx__route_fail(struct dx__turn *turn, enum dx_side side, int error, uint64_t offset)
{
	turn->route->failure = (uint32_t)-error;
	turn->route->failure_offset = offset;
	turn->route->failed = (uint8_t)side;
	turn->stream->eof = true;
	return -EPROTO;
}

static int encode(struct dx__turn *turn, const struct dx_piece *piece)
{
	uint8_t *out = dx__route_reserve(turn, dx__framing_room(turn->out, piece));
	if (!out)
		return -ENOMEM;
	int64_t n = turn->out->ops->encode(turn->out->encoder, &turn->out->options, piece, out);
	if (n < 0) {
		atomic_store(&turn->out->output_error, (uint32_t)-n);
		return dx__route_fail(turn, turn->stream->is_back ? DX_SIDE_A : DX_SIDE_B, (int)n, turn->in ? turn->in->decoded : 0);
	}
	turn->filled += (uint32_t)n;
	return 0;
}

/* An encoder that writes the length first gets whole messages. */
static int encode_whole(struct dx__turn *turn, const struct dx_piece *piece)
{
	struct dx__assembly *assembly = &turn->side->assembly;
	struct dx__budget *budget = &turn->join->engine->budget;
	int rc = dx__assembly_add(assembly, budget, piece);
	if (rc)
		return dx__route_fail(turn, dx__route_source_side(turn->stream), rc, turn->in->decoded);
	if (!assembly->complete)
		return 0;
	struct dx_piece whole = dx__assembly_piece(assembly);
	rc = encode(turn, &whole);
	dx__assembly_clear(assembly, budget);
	return rc;
}

/* What the codec that encodes can make of the piece: kinds and flags are its own codec's alone. */
static struct dx_piece translated(const struct dx__turn *turn, const struct dx_piece *piece)
{
	struct dx_piece result = *piece;
	if (!turn->in || turn->in->options.type != turn->out->options.type) {
		result.kind = 0;
		result.flags &= DX_PIECE_BEGIN | DX_PIECE_END;
		result.extra = NULL;
		result.extra_length = 0;
	}
	return result;
}

/* A piece for the sink. raw: the bytes that it was decoded from. */
int dx__route_emit(struct dx__turn *turn, const struct dx_piece *piece, const uint8_t *raw, size_t raw_length)
{
	if (turn->side->passes)
		return append(turn, raw, raw_length);
	bool is_same = turn->in && turn->out && turn->in->options.type == turn->out->options.type;
	if (!is_same && (piece->flags & DX_MESSAGE_CONTROL))
		return 0;
	if (!turn->out)
		return append(turn, piece->data, piece->length);
	struct dx_piece mine = translated(turn, piece);
	if (turn->out->ops->needs_total && mine.total == DX_LENGTH_UNKNOWN)
		return encode_whole(turn, &mine);
	return encode(turn, &mine);
}
