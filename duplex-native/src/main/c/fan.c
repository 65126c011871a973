/* SPDX-License-Identifier: Apache-2.0 */
#include "fan.h"
#include "join.h"
#include "limit.h"

#include <errno.h>
#include <string.h>

#define BYTES_A_TURN (1u << 20) /* all sinks together; one chunk at least */
#define LEAST_SHARED (DX__CHUNK_SHARED / 4) /* bytes; of less, the sinks that fall behind share a copy of its size */

bool dx__fan_has_had_all(struct dx__stream *stream)
{
	return stream->lossy && dx__limit_is_reached(dx__join_of(stream));
}

/* How many bytes may be read now, for all; 0: somebody has to be waited for. Counts the streams. */
static uint64_t allowed_now(struct dx__worker *worker, struct dx__socket *source, uint32_t *streams)
{
	uint64_t allowed = DX__CHUNK_SHARED;
	bool is_wanted = false;
	*streams = 0;
	for (struct dx__stream *stream = source->from; stream; stream = stream->next_from) {
		++*streams;
		if (stream->mirror || stream->behind)
			continue;
		if (dx__fan_has_had_all(stream)) {
			/* Without more to send it would have no turn to end in. */
			if (!dx__stream_pending(stream))
				dx__stream_wake(worker, stream);
			continue;
		}
		is_wanted = true;
		if (!stream->lossy && !dx__stream_may_take(stream))
			return 0;
		uint64_t most = dx__limit_allows(worker, stream);
		if (most < allowed)
			allowed = most;
		if (allowed)
			continue;
		if (dx__limit_is_reached(dx__join_of(stream)))
			dx__stream_wake(worker, stream);
		return 0;
	}
	return is_wanted ? allowed : 0;
}

static struct dx__chunk *spare_chunk(struct dx__worker *worker, uint32_t streams)
{
	if (worker->shared && worker->shared->segments < streams) {
		struct dx__chunk *none = NULL;
		dx__chunk_leave(worker->shared, &none);
		worker->shared = NULL;
	}
	if (!worker->shared)
		worker->shared = dx__chunk_new(DX__CHUNK_SHARED, streams < 8 ? 8 : streams);
	return worker->shared;
}

/* The chunk from which sinks that fall behind take their rest: a small one does not hold the memory of a big one. */
static struct dx__chunk *chunk_to_keep(struct dx__worker *worker, uint32_t length, uint32_t streams)
{
	struct dx__chunk *chunk = length < LEAST_SHARED ? dx__chunk_new(length, streams) : NULL;
	if (chunk) {
		memcpy(chunk->data, worker->shared->data, length);
		return chunk;
	}
	chunk = worker->shared;
	worker->shared = NULL;
	return chunk;
}

static bool is_too_far_behind(struct dx__stream *stream, uint32_t length)
{
	/* Segments count, too: a thousand bytes in a thousand segments hold more memory than that. */
	uint64_t held = dx__output_length(stream->sink) + length
			+ (uint64_t)(stream->sink->segments + 1u) * (sizeof(struct dx__chunk) + sizeof(struct dx__segment));
	return stream->lossy && held > dx__limit_lag(stream);
}

/* Sends what was read to every sink, and queues what they do not take. */
static void give_out(struct dx__worker *worker, struct dx__socket *source, uint32_t length, uint32_t streams)
{
	const char *data = worker->shared->data;
	struct dx__chunk *kept = NULL;
	uint32_t index = 0;
	for (struct dx__stream *stream = source->from; stream; stream = stream->next_from, index++) {
		struct dx__socket *sink = stream->sink;
		uint32_t sent = 0;
		if (stream->behind || dx__fan_has_had_all(stream))
			continue;
		if (sink->writable && !dx__output_length(sink)) {
			ssize_t n = dx__output_send(worker, sink, data, length, &stream->account);
			if (n > 0)
				sent = (uint32_t)n;
			else if (n != -EAGAIN)
				dx__stream_wake(worker, stream); /* to meet the error, when its rest is flushed */
		}
		stream->account.read += sent;
		dx__limit_used(worker, stream, length);
		if (sent == length)
			continue;
		if (is_too_far_behind(stream, length - sent)) {
			stream->behind = true;
			dx__stream_wake(worker, stream);
			continue;
		}
		if (!kept)
			kept = chunk_to_keep(worker, length, streams);
		stream->account.read += length - sent;
		dx__output_put(sink, kept, index, sent, length - sent, &stream->account);
	}
	if (kept)
		dx__chunk_leave(kept, &worker->chunk);
}

static void end(struct dx__worker *worker, struct dx__socket *source)
{
	for (struct dx__stream *stream = source->from; stream; stream = stream->next_from)
		stream->eof = true;
	dx__stream_wake_from(worker, source);
}

void dx__fan_turn(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__socket *source = stream->source;
	if (stream != source->from) {
		dx__stream_wake(worker, source->from);
		return;
	}
	uint32_t streams;
	for (uint64_t moved = 0; moved < BYTES_A_TURN; ) {
		uint64_t allowed = allowed_now(worker, source, &streams);
		if (!allowed)
			return;
		struct dx__chunk *chunk = spare_chunk(worker, streams);
		if (!chunk) {
			dx__join_failed(worker, stream, -ENOMEM);
			return;
		}
		ssize_t n = dx__stream_read(source, chunk->data, allowed);
		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			if (n < 0)
				dx__socket_note_error(source, (int)n);
			end(worker, source);
			return;
		}
		give_out(worker, source, (uint32_t)n, streams);
		moved += (uint64_t)n * streams;
	}
	dx__stream_wake(worker, stream);
}
