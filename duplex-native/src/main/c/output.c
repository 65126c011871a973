/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"
#include "option.h"
#include "count.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

static void set_length(struct dx__socket *socket, uint64_t length)
{
	atomic_store_explicit(&socket->output_queued, length, memory_order_relaxed);
}

void dx__output_put_pipe(struct dx__socket *socket, struct dx__pipe *pipe)
{
	socket->pipe = pipe;
	set_length(socket, pipe->length);
}

void dx__output_put_buffer(struct dx__socket *socket, struct dx__buffer *buffer)
{
	socket->buffer = buffer;
	set_length(socket, buffer->length);
}

ssize_t dx__output_send(struct dx__socket *socket, const void *data, size_t length)
{
	for (;;) {
		ssize_t n = send(socket->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			/* The rest would not fit either: an event tells when it does. */
			if ((size_t)n < length)
				socket->writable = false;
			return n;
		}
		if (errno == EAGAIN) {
			socket->writable = false;
			return -EAGAIN;
		}
		if (errno != EINTR) {
			dx__socket_note_error(socket, -errno);
			return dx__socket_error(socket);
		}
	}
}

/* The worker keeps one spare copy buffer; the others are freed. */
static void put_buffer(struct dx__worker *worker, struct dx__buffer *buffer)
{
	if (worker->buffer || buffer->size != DX__COPY_SIZE) {
		free(buffer);
		return;
	}
	buffer->offset = buffer->length = 0;
	worker->buffer = buffer;
}

static int flush_pipe(struct dx__worker *worker, struct dx__socket *socket, struct dx__sent *sent)
{
	struct dx__pipe *pipe = socket->pipe;
	if (socket->adopted)
		dx__option_keep_nonblocking(socket->fd);
	while (pipe->length) {
		/* Without SPLICE_F_MORE: the kernel would hold the last segment back. */
		ssize_t n = splice(pipe->read_end, NULL, socket->fd, NULL, pipe->length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n > 0) {
			pipe->length -= (uint32_t)n;
			sent->spliced += (uint64_t)n;
			set_length(socket, pipe->length);
		} else if (n == -1 && errno == EAGAIN) {
			socket->writable = false;
			return -EAGAIN;
		} else if (n == 0 || errno != EINTR) {
			dx__socket_note_error(socket, n ? -errno : -EIO);
			return dx__socket_error(socket);
		}
	}
	socket->pipe = NULL;
	dx__pipe_put(&worker->pipes, pipe);
	return 0;
}

static int flush_buffer(struct dx__worker *worker, struct dx__socket *socket, struct dx__sent *sent)
{
	struct dx__buffer *buffer = socket->buffer;
	while (buffer->length) {
		ssize_t n = dx__output_send(socket, buffer->data + buffer->offset, buffer->length);
		if (n < 0)
			return (int)n;
		dx__buffer_consume(buffer, (size_t)n);
		sent->copied += (uint64_t)n;
		set_length(socket, buffer->length);
		if (buffer->length)
			return -EAGAIN;
	}
	socket->buffer = NULL;
	put_buffer(worker, buffer);
	return 0;
}

int dx__output_flush(struct dx__worker *worker, struct dx__socket *socket, struct dx__sent *sent)
{
	if (!socket->pipe && !socket->buffer)
		return 0;
	if (!socket->writable)
		return -EAGAIN;
	return socket->pipe ? flush_pipe(worker, socket, sent) : flush_buffer(worker, socket, sent);
}

uint64_t dx__output_discard(struct dx__worker *worker, struct dx__socket *socket)
{
	uint64_t lost = dx__output_length(socket);
	if (socket->pipe)
		dx__pipe_put(&worker->pipes, socket->pipe);
	free(socket->buffer);
	socket->pipe = NULL;
	socket->buffer = NULL;
	set_length(socket, 0);
	return lost;
}
