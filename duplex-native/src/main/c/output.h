/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's output: bytes that were read for it and that the kernel did not take yet. The worker's.
 *
 * First a pipe, or none; then segments of chunks. A pipe is put into an empty output only, so this is the order of the
 * bytes. Each of them belongs to an account, until the stream that it belongs to leaves: then nobody is credited.
 */
#ifndef DX_OUTPUT_H
#define DX_OUTPUT_H

#include "chunk.h"
#include "socket.h"

/* What a stream has moved. */
struct dx__account {
	uint64_t read;             /* bytes taken from the source */
	uint64_t delivered;        /* bytes that the sink's kernel took */
	uint64_t active;           /* when the last of them went, milliseconds of the worker */
	_Atomic uint64_t *tally;   /* counts delivered bytes for somebody else, or NULL; one writer, the worker */
};

static inline uint64_t dx__output_length(struct dx__socket *socket)
{
	return atomic_load_explicit(&socket->output_queued, memory_order_relaxed);
}

/* Puts a pipe with bytes in it into an empty output. Takes it. */
void dx__output_put_pipe(struct dx__socket *socket, struct dx__pipe *pipe, struct dx__account *account);

/* Puts bytes of a chunk at the end, with a reference of their own. segment: its index in the chunk. */
void dx__output_put(struct dx__socket *socket, struct dx__chunk *chunk, uint32_t segment, uint32_t offset,
		uint32_t length, struct dx__account *account);

/* Writes what the socket takes. 0 when the output is empty, -EAGAIN when it is full (an event will tell), or the error
   that broke the socket, which is noted. */
int dx__output_flush(struct dx__worker *worker, struct dx__socket *socket);

/* Writes as much of the data as the socket takes, past its output, which is empty. Returns bytes, -EAGAIN or the error,
   noted. */
ssize_t dx__output_send(struct dx__worker *worker, struct dx__socket *socket, const void *data, size_t length,
		struct dx__account *account);

/* The account's stream leaves: what of it is queued is nobody's. */
void dx__output_disown(struct dx__socket *socket, const struct dx__account *account);

/* Drops what is queued; returns how many bytes were lost. */
uint64_t dx__output_discard(struct dx__worker *worker, struct dx__socket *socket);

#endif
