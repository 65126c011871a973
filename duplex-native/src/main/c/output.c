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

static void credit(struct dx__worker *worker, struct dx__account *account, uint64_t bytes, uint64_t spliced)
{
	dx__count(&worker->bytes, (int64_t)bytes);
	if (spliced)
		dx__count(&worker->bytes_spliced, (int64_t)spliced);
	if (!account)
		return;
	account->delivered += bytes;
	account->active = worker->now;
	if (account->tally)
		dx__count(account->tally, (int64_t)bytes);
}

void dx__output_put_pipe(struct dx__socket *socket, struct dx__pipe *pipe, struct dx__account *account)
{
	socket->pipe = pipe;
	socket->pipe_account = account;
	set_length(socket, pipe->length);
}

void dx__output_put(struct dx__socket *socket, struct dx__chunk *chunk, uint32_t segment, uint32_t offset,
		uint32_t length, struct dx__account *account)
{
	struct dx__segment *new = &chunk->segment[segment], *last = socket->queue;
	dx__chunk_hold(chunk);
	*new = (struct dx__segment){.chunk = chunk, .account = account, .offset = offset, .length = length};
	new->next = last ? last->next : new;
	if (last)
		last->next = new;
	socket->queue = new;
	socket->segments++;
	set_length(socket, dx__output_length(socket) + length);
}

/* Takes the first segment off the queue. */
static void pop(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__segment *last = socket->queue, *first = last->next;
	if (first == last)
		socket->queue = NULL;
	else
		last->next = first->next;
	socket->segments--;
	/* The segment goes with its chunk. */
	dx__chunk_leave(first->chunk, &worker->chunk);
}

ssize_t dx__output_send(struct dx__worker *worker, struct dx__socket *socket, const void *data, size_t length,
		struct dx__account *account)
{
	for (;;) {
		ssize_t n = send(socket->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			/* The rest would not fit either: an event tells when it does. */
			if ((size_t)n < length)
				socket->writable = false;
			credit(worker, account, (uint64_t)n, 0);
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

static int flush_pipe(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__pipe *pipe = socket->pipe;
	if (socket->adopted)
		dx__option_keep_nonblocking(socket->fd);
	while (pipe->length) {
		/* Without SPLICE_F_MORE: the kernel would hold the last segment back. */
		ssize_t n = splice(pipe->read_end, NULL, socket->fd, NULL, pipe->length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n > 0) {
			pipe->length -= (uint32_t)n;
			set_length(socket, dx__output_length(socket) - (uint64_t)n);
			credit(worker, socket->pipe_account, (uint64_t)n, (uint64_t)n);
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

static int flush_queue(struct dx__worker *worker, struct dx__socket *socket)
{
	while (socket->queue) {
		struct dx__segment *segment = socket->queue->next;
		ssize_t n = dx__output_send(worker, socket, segment->chunk->data + segment->offset, segment->length,
				segment->account);
		if (n < 0)
			return (int)n;
		segment->offset += (uint32_t)n;
		segment->length -= (uint32_t)n;
		set_length(socket, dx__output_length(socket) - (uint64_t)n);
		if (segment->length)
			return -EAGAIN;
		pop(worker, socket);
	}
	return 0;
}

int dx__output_flush(struct dx__worker *worker, struct dx__socket *socket)
{
	if (!socket->pipe && !socket->queue)
		return 0;
	if (!socket->writable)
		return -EAGAIN;
	int rc = socket->pipe ? flush_pipe(worker, socket) : 0;
	return rc ? rc : flush_queue(worker, socket);
}

void dx__output_disown(struct dx__socket *socket, const struct dx__account *account)
{
	if (socket->pipe_account == account)
		socket->pipe_account = NULL;
	struct dx__segment *segment = socket->queue;
	if (!segment)
		return;
	do {
		if (segment->account == account)
			segment->account = NULL;
		segment = segment->next;
	} while (segment != socket->queue);
}

uint64_t dx__output_discard(struct dx__worker *worker, struct dx__socket *socket)
{
	uint64_t lost = dx__output_length(socket);
	if (socket->pipe)
		dx__pipe_put(&worker->pipes, socket->pipe);
	socket->pipe = NULL;
	while (socket->queue)
		pop(worker, socket);
	set_length(socket, 0);
	return lost;
}
