/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"
#include "count.h"
#include "fan.h"
#include "join.h"
#include "limit.h"
#include "option.h"
#include "putting.h"
#include "route.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define BYTES_A_TURN (1u << 20)
#define QUEUED_MOST (8u << 20) /* bytes in an output that is shared, before its streams stop to add to it */
#define FULL_READS 3           /* that filled the chunk, in a row: splice from now on */
#define SMALL_READ 8192        /* bytes */
#define SMALL_READS 8          /* in a row: copy from now on */

static void set_path(struct dx__stream *stream, enum dx_path path)
{
	stream->path = (uint8_t)path;
	stream->streak = 0;
}

/* ---- reading ---- */

static ssize_t read_ahead(struct dx__socket *source, char *data, size_t length)
{
	size_t n = dx__buffer_take(source->input, data, length);
	atomic_store_explicit(&source->input_queued, source->input->length, memory_order_relaxed);
	if (!source->input->length) {
		free(source->input);
		source->input = NULL;
	}
	return (ssize_t)n;
}

ssize_t dx__stream_read(struct dx__socket *source, char *data, size_t length)
{
	if (source->input)
		return read_ahead(source, data, length);
	if (!source->readable)
		return -EAGAIN;
	ssize_t n;
	do
		n = recv(source->fd, data, length, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1) {
		if (errno == EAGAIN)
			source->readable = false;
		return -errno;
	}
	/* A short read has emptied the socket, unless an end or an urgent mark cut it short, or the descriptors that a unix
	   peer sends along; the next byte will be an edge. Saves the read that would say EAGAIN. */
	if (n && (size_t)n < length && !source->hangup && !source->urgent && source->family != DX_FAMILY_UNIX)
		source->readable = false;
	return n;
}

/* ---- moving ---- */

/* Sends what was just read, or queues it behind what is queued already. */
static void deliver(struct dx__worker *worker, struct dx__stream *stream, uint32_t length)
{
	struct dx__socket *sink = stream->sink;
	uint32_t sent = 0;
	stream->account.read += length;
	if (sink->writable && !dx__output_length(sink)) {
		ssize_t n = dx__output_send(worker, sink, worker->chunk->data, length, &stream->account);
		/* An error is noted on the sink and met again when the rest is flushed. */
		if (n > 0)
			sent = (uint32_t)n;
	}
	if (sent == length)
		return;
	dx__output_put(sink, worker->chunk, 0, sent, length - sent, &stream->account);
	dx__chunk_leave(worker->chunk, &worker->chunk);
	worker->chunk = NULL;
}

static int64_t move_copy(struct dx__worker *worker, struct dx__stream *stream, uint64_t allowed)
{
	if (!worker->chunk)
		worker->chunk = dx__chunk_new(DX__CHUNK_SINGLE, 1);
	if (!worker->chunk)
		return -ENOMEM;
	bool is_ahead = stream->source->input;
	size_t wanted = allowed < DX__CHUNK_SINGLE ? allowed : DX__CHUNK_SINGLE;
	ssize_t n = dx__stream_read(stream->source, worker->chunk->data, wanted);
	if (n <= 0)
		return n;
	if (n < DX__CHUNK_SINGLE)
		stream->streak = 0;
	else if (!is_ahead && ++stream->streak >= FULL_READS && !stream->source->urgent)
		set_path(stream, DX_PATH_SPLICE);
	deliver(worker, stream, (uint32_t)n);
	return n;
}

static int64_t move_splice(struct dx__worker *worker, struct dx__stream *stream, uint64_t allowed)
{
	struct dx__socket *source = stream->source;
	struct dx__pipe *pipe = source->urgent ? NULL : dx__pipe_get(&worker->pipes, worker->now);
	if (!pipe) {
		set_path(stream, DX_PATH_COPY);
		return move_copy(worker, stream, allowed);
	}
	if (source->adopted)
		dx__option_keep_nonblocking(source->fd);
	size_t wanted = allowed < pipe->size ? allowed : pipe->size;
	ssize_t n;
	do
		n = splice(source->fd, NULL, pipe->write_end, NULL, wanted, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		int error = n ? -errno : 0;
		dx__pipe_put(&worker->pipes, pipe);
		/* The end, or an urgent byte at the head; or a kernel that cannot splice from this socket: recv decides. */
		if (!error || error == -EINVAL) {
			set_path(stream, DX_PATH_COPY);
			return move_copy(worker, stream, allowed);
		}
		if (error == -EAGAIN)
			source->readable = false;
		return error;
	}
	if (n >= SMALL_READ)
		stream->streak = 0;
	else if (++stream->streak >= SMALL_READS)
		set_path(stream, DX_PATH_COPY);
	pipe->length = (uint32_t)n;
	stream->account.read += (uint64_t)n;
	dx__output_put_pipe(stream->sink, pipe, &stream->account);
	return n;
}

static int64_t move(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__socket *source = stream->source;
	uint64_t allowed = dx__limit_allows(worker, stream);
	/* Either more comes with time, or the join ends when what was read is out. */
	if (!allowed)
		return -EAGAIN;
	if (!source->input && !source->readable)
		return -EAGAIN;
	/* A pipe must be the first in its output, and read-ahead bytes come before those in the kernel. */
	bool may_splice = stream->path == DX_PATH_SPLICE && !source->input && !dx__output_length(stream->sink);
	int64_t n = dx__join_of(stream)->route ? dx__route_move(worker, stream, allowed)
			: (may_splice ? move_splice : move_copy)(worker, stream, allowed);
	if (n > 0)
		dx__limit_used(worker, stream, (uint64_t)n);
	return n;
}

/* Writes out what is queued. True when the stream may go on to read; otherwise it waits, or is gone. */
static bool flush(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__socket *sink = stream->sink;
	uint64_t before = dx__output_length(sink);
	bool is_route = dx__join_of(stream)->route;
	/* What was queued and is not there any more was lost, to an error that another stream has met. */
	int rc = before ? dx__output_flush(worker, sink) : dx__stream_pending(stream) ? dx__socket_error(sink) : 0;
	if (!rc && is_route && dx__put_waiting(sink))
		rc = dx__output_flush(worker, sink);
	if (rc && rc != -EAGAIN) {
		dx__join_sink_failed(worker, stream);
		return false;
	}
	/* What went out may have been the others'. */
	if (before != dx__output_length(sink) && dx__stream_shares_sink(stream))
		dx__stream_wake_to(worker, sink);
	if (stream->behind) {
		dx__join_is_behind(worker, stream);
		return false;
	}
	if (stream->eof) {
		/* Behind a reply the end comes, too. */
		if (!dx__stream_pending(stream) && !(is_route && dx__output_length(sink)))
			dx__join_stream_ended(worker, stream);
		return false;
	}
	/* A lossy one may have to read for the others, also when it has had all its own. */
	if (!stream->lossy && !dx__stream_may_take(stream))
		return false;
	if (dx__fan_has_had_all(stream) && dx__stream_pending(stream))
		return true;
	return !dx__join_is_used_up(worker, stream);
}

static void turn(struct dx__worker *worker, struct dx__task *task)
{
	struct dx__stream *stream = DX__CONTAINER(task, struct dx__stream, task);
	int64_t budget = dx__stream_shares_sink(stream) ? DX__CHUNK_SINGLE : BYTES_A_TURN;
	while (flush(worker, stream)) {
		if (dx__fan_is_one(stream->source)) {
			dx__fan_turn(worker, stream);
			return;
		}
		if (budget <= 0) {
			dx__worker_queue(worker, task);
			return;
		}
		int64_t n = move(worker, stream);
		if (n == -EAGAIN)
			return;
		if (n == -ENOMEM) {
			/* Nothing has been read: nothing is lost but the join, which says why. */
			dx__join_failed(worker, stream, -ENOMEM);
			return;
		}
		if (n < 0)
			dx__socket_note_error(stream->source, (int)n);
		if (n <= 0)
			stream->eof = true;
		budget -= n;
	}
}

bool dx__stream_may_take(const struct dx__stream *stream)
{
	if (!dx__output_length(stream->sink))
		return true;
	return !dx__stream_pending(stream) && dx__stream_shares_sink(stream)
			&& dx__output_length(stream->sink) < QUEUED_MOST;
}

/* ---- where it begins and ends ---- */

void dx__stream_wake(struct dx__worker *worker, struct dx__stream *stream) { dx__worker_queue(worker, &stream->task); }

void dx__stream_wake_from(struct dx__worker *worker, struct dx__socket *source)
{
	for (struct dx__stream *stream = source->from; stream; stream = stream->next_from)
		dx__stream_wake(worker, stream);
}

void dx__stream_wake_to(struct dx__worker *worker, struct dx__socket *sink)
{
	for (struct dx__stream *stream = sink->to; stream; stream = stream->next_to)
		dx__stream_wake(worker, stream);
}

void dx__stream_start(struct dx__worker *worker, struct dx__stream *stream)
{
	stream->task.run = turn;
	if (!stream->path)
		set_path(stream, DX_PATH_COPY);
	struct dx__stream **last = &stream->source->from;
	while (*last)
		last = &(*last)->next_from;
	*last = stream;
	last = &stream->sink->to;
	while (*last)
		last = &(*last)->next_to;
	*last = stream;
	dx__stream_wake(worker, stream);
}

void dx__stream_detach(struct dx__worker *worker, struct dx__stream *stream)
{
	dx__list_remove(&stream->task.link);
	if (!stream->source)
		return;
	for (struct dx__stream **link = &stream->source->from; *link; link = &(*link)->next_from) {
		if (*link == stream) {
			*link = stream->next_from;
			break;
		}
	}
	for (struct dx__stream **link = &stream->sink->to; *link; link = &(*link)->next_to) {
		if (*link == stream) {
			*link = stream->next_to;
			break;
		}
	}
	stream->next_from = stream->next_to = NULL;
	dx__output_disown(stream->sink, &stream->account);
	/* Who is left may have waited for this one. */
	dx__stream_wake_from(worker, stream->source);
	dx__stream_wake_to(worker, stream->sink);
}
