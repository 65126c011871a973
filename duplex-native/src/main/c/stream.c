/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"
#include "count.h"
#include "join.h"
#include "option.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define BYTES_A_TURN (1u << 20)
#define FULL_READS 3           /* that filled the buffer, in a row: splice from now on */
#define SMALL_READ 8192        /* bytes */
#define SMALL_READS 8          /* in a row: copy from now on */
#define BROKEN_SINK INT64_MIN   /* no errno: the sink's error is noted on it */

static void set_path(struct dx__stream *stream, enum dx_path path)
{
	stream->path = (uint8_t)path;
	stream->streak = 0;
}

static void count_delivered(struct dx__worker *worker, struct dx__stream *stream, const struct dx__sent *sent)
{
	uint64_t bytes = sent->copied + sent->spliced;
	if (!bytes)
		return;
	dx__count(&worker->bytes, (int64_t)bytes);
	dx__count(&worker->bytes_spliced, (int64_t)sent->spliced);
	/* Before the first read, what goes out was left by a former join. */
	if (!stream->read)
		return;
	stream->delivered += bytes;
	if (stream->tally)
		dx__count(stream->tally, (int64_t)bytes);
	dx__join_is_active(worker, stream);
}

/* Sends what was just read; what the sink does not take is put behind it. Takes the buffer if it needs to. */
static void deliver(struct dx__worker *worker, struct dx__stream *stream, struct dx__buffer **buffer)
{
	struct dx__socket *sink = stream->sink;
	struct dx__sent sent = {0};
	stream->read += (*buffer)->length;
	if (sink->writable) {
		ssize_t n = dx__output_send(sink, (*buffer)->data + (*buffer)->offset, (*buffer)->length);
		if (n > 0) {
			dx__buffer_consume(*buffer, (size_t)n);
			sent.copied = (uint64_t)n;
		}
		/* An error is noted on the sink and met again when the rest is flushed. */
	}
	if ((*buffer)->length) {
		dx__output_put_buffer(sink, *buffer);
		*buffer = NULL;
	}
	count_delivered(worker, stream, &sent);
}

/* What the application had read ahead comes first; what the sink does not take stays the source's. */
static int64_t move_read_ahead(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__socket *source = stream->source;
	struct dx__buffer *input = source->input;
	if (!stream->sink->writable)
		return -EAGAIN;
	ssize_t n = dx__output_send(stream->sink, input->data + input->offset, input->length);
	if (n == -EAGAIN)
		return n;
	if (n < 0)
		return BROKEN_SINK;
	struct dx__sent sent = {.copied = (uint64_t)n};
	stream->read += (uint64_t)n;
	dx__buffer_consume(input, (size_t)n);
	atomic_store_explicit(&source->input_queued, input->length, memory_order_relaxed);
	if (!input->length) {
		free(input);
		source->input = NULL;
	}
	count_delivered(worker, stream, &sent);
	return n;
}

static int64_t move_copy(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__socket *source = stream->source;
	if (!worker->buffer)
		worker->buffer = dx__buffer_new(DX__COPY_SIZE);
	if (!worker->buffer)
		return -ENOMEM;
	struct dx__buffer *buffer = worker->buffer;
	ssize_t n;
	do
		n = recv(source->fd, buffer->data, DX__COPY_SIZE, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -errno;
	if (n == 0)
		return 0;
	if (n < DX__COPY_SIZE) {
		stream->streak = 0;
		/* A short read has emptied the socket, unless an end or an urgent mark cut it short, or the descriptors
		   that a unix peer sends along; the next byte will be an edge. Saves the read that would say EAGAIN. */
		if (!source->hangup && !source->urgent && source->family != DX_FAMILY_UNIX)
			source->readable = false;
	} else if (++stream->streak >= FULL_READS && !source->urgent) {
		set_path(stream, DX_PATH_SPLICE);
	}
	buffer->offset = 0;
	buffer->length = (uint32_t)n;
	deliver(worker, stream, &worker->buffer);
	return n;
}

static int64_t move_splice(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__socket *source = stream->source;
	struct dx__pipe *pipe = source->urgent ? NULL : dx__pipe_get(&worker->pipes, worker->now);
	if (!pipe) {
		set_path(stream, DX_PATH_COPY);
		return move_copy(worker, stream);
	}
	if (source->adopted)
		dx__option_keep_nonblocking(source->fd);
	ssize_t n;
	do
		n = splice(source->fd, NULL, pipe->write_end, NULL, pipe->size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		int error = n ? -errno : 0;
		dx__pipe_put(&worker->pipes, pipe);
		/* The end, or an urgent byte at the head; or a kernel that cannot splice from this socket: recv decides. */
		if (!error || error == -EINVAL) {
			set_path(stream, DX_PATH_COPY);
			return move_copy(worker, stream);
		}
		return error;
	}
	if (n >= SMALL_READ)
		stream->streak = 0;
	else if (++stream->streak >= SMALL_READS)
		set_path(stream, DX_PATH_COPY);
	pipe->length = (uint32_t)n;
	stream->read += (uint64_t)n;
	dx__output_put_pipe(stream->sink, pipe);
	return n;
}

static int64_t move(struct dx__worker *worker, struct dx__stream *stream)
{
	if (stream->source->input)
		return move_read_ahead(worker, stream);
	if (!stream->source->readable)
		return -EAGAIN;
	int64_t n = stream->path == DX_PATH_SPLICE ? move_splice(worker, stream) : move_copy(worker, stream);
	if (n == -EAGAIN)
		stream->source->readable = false;
	return n;
}

static void turn(struct dx__worker *worker, struct dx__task *task)
{
	struct dx__stream *stream = DX__CONTAINER(task, struct dx__stream, task);
	int64_t budget = BYTES_A_TURN;
	for (;;) {
		struct dx__sent sent = {0};
		int rc = dx__output_flush(worker, stream->sink, &sent);
		count_delivered(worker, stream, &sent);
		if (rc == -EAGAIN)
			return;
		if (rc) {
			dx__join_sink_failed(worker, stream);
			return;
		}
		if (stream->eof) {
			dx__join_stream_ended(worker, stream);
			return;
		}
		if (budget <= 0) {
			dx__worker_queue(worker, task);
			return;
		}
		int64_t n = move(worker, stream);
		if (n == -EAGAIN)
			return;
		if (n == BROKEN_SINK) {
			dx__join_sink_failed(worker, stream);
			return;
		}
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

void dx__stream_start(struct dx__worker *worker, struct dx__stream *stream)
{
	stream->task.run = turn;
	if (!stream->path)
		set_path(stream, DX_PATH_COPY);
	stream->source->from = stream;
	stream->sink->to = stream;
	dx__worker_queue(worker, &stream->task);
}

void dx__stream_detach(struct dx__stream *stream)
{
	dx__list_remove(&stream->task.link);
	if (stream->source && stream->source->from == stream)
		stream->source->from = NULL;
	if (stream->sink && stream->sink->to == stream)
		stream->sink->to = NULL;
}
