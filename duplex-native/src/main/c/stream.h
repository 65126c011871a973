/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream: one way from a source to a sink. A join is two of them.
 *
 * THEORY OF OPERATION
 *
 * A turn first writes what lies in the sink's output; only when that is empty does it read the source, so that EAGAIN
 * from splice has one meaning (a full pipe says it too), and nothing queues without bound. A direction begins by
 * copying through the worker's buffer, two system calls a message. When reads keep filling the buffer it goes over to
 * splice, and back when they get small. A turn moves at most 1 MiB; then the others have theirs.
 *
 * Splice never decides that a stream has ended, and never touches a source that has had an urgent byte: with one at
 * the head it says EAGAIN for ever, and 0 when an end follows it. Both are left to recv.
 *
 * At every moment: bytes read = bytes delivered + bytes in the sink's output (+ bytes lost, once the sink is broken).
 */
#ifndef DX_STREAM_H
#define DX_STREAM_H

#include "output.h"

struct dx__join;

struct dx__stream {
	struct dx__task task;
	struct dx__socket *source;   /* NULL: this direction does not exist */
	struct dx__socket *sink;
	uint64_t read;               /* bytes taken from the source */
	uint64_t delivered;          /* bytes that the sink's kernel took */
	_Atomic uint64_t *tally;     /* counts delivered bytes for somebody else, or NULL; one writer, the worker */
	uint8_t path;                /* enum dx_path */
	uint8_t streak;              /* reads in a row that speak for the other path */
	bool eof;                    /* the source has ended: deliver the rest */
	bool ended;
	bool is_back;                /* b to a: the second of its join's streams */
};

/* Starts to move bytes; both sockets are placed here. */
void dx__stream_start(struct dx__worker *worker, struct dx__stream *stream);

/* Takes the stream off the worker and its sockets. What is in flight stays in the sink's output. */
void dx__stream_detach(struct dx__stream *stream);

/* Bytes read and not delivered. */
static inline uint64_t dx__stream_pending(const struct dx__stream *stream)
{
	return stream->read - stream->delivered;
}

static inline bool dx__stream_is_active(const struct dx__stream *stream)
{
	return stream->source && !stream->ended;
}

#endif
