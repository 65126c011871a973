/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's output: bytes that were read for it and that the kernel did not take yet. One pipe or one buffer; the
 * worker's.
 */
#ifndef DX_OUTPUT_H
#define DX_OUTPUT_H

#include "socket.h"

struct dx__sent {
	uint64_t copied;  /* bytes */
	uint64_t spliced;
};

static inline uint64_t dx__output_length(struct dx__socket *socket)
{
	return atomic_load_explicit(&socket->output_queued, memory_order_relaxed);
}

/* Puts a pipe or a buffer with bytes in it behind the socket, whose output is empty. Takes it. */
void dx__output_put_pipe(struct dx__socket *socket, struct dx__pipe *pipe);
void dx__output_put_buffer(struct dx__socket *socket, struct dx__buffer *buffer);

/* Writes what the socket takes. 0 when the output is empty, -EAGAIN when it is full (an event will tell), or the error
   that broke the socket, which is noted. Adds to *sent. */
int dx__output_flush(struct dx__worker *worker, struct dx__socket *socket, struct dx__sent *sent);

/* Writes as much of the data as the socket takes. Returns bytes, -EAGAIN or the error, noted. */
ssize_t dx__output_send(struct dx__socket *socket, const void *data, size_t length);

/* Drops what is queued; returns how many bytes were lost. */
uint64_t dx__output_discard(struct dx__worker *worker, struct dx__socket *socket);

#endif
