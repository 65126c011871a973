/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream: one way from a source to a sink. A join is two of them.
 *
 * THEORY OF OPERATION
 *
 * A turn first writes what lies in the sink's output; only when none of that is the stream's own does it read the
 * source, so that nothing queues without bound, and (with an empty pipe) EAGAIN from splice has one meaning: a full pipe
 * says it too. A direction begins by copying through the worker's chunk, two system calls a message. When reads keep
 * filling it the direction goes over to splice, and back when they get small. A turn moves at most 1 MiB; then the
 * others have theirs.
 *
 * Splice never decides that a stream has ended, and never touches a source that has had an urgent byte: with one at
 * the head it says EAGAIN for ever, and 0 when an end follows it. Both are left to recv.
 *
 * Several streams may share a sink (fan-in): each puts what one read gave behind what is queued there, and waits until
 * that is out. Several may share a source (fan-out, fan.h): the first of them reads for all.
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
	struct dx__stream *next_from;/* of those that share the source */
	struct dx__stream *next_to;  /* of those that share the sink */
	struct dx__account account;
	uint8_t path;                /* enum dx_path */
	uint8_t streak;              /* reads in a row that speak for the other path */
	bool eof : 1;                /* the source has ended: deliver the rest */
	bool ended : 1;
	bool lossy : 1;              /* never holds its source back */
	bool mirror : 1;             /* of a tee: nothing is read for its sake */
	bool behind : 1;             /* lossy, and too far behind: has missed bytes */
	bool is_back : 1;            /* b to a: the second of its join's streams */
};

/* Starts to move bytes; both sockets are placed here. */
void dx__stream_start(struct dx__worker *worker, struct dx__stream *stream);

/* Takes the stream off the worker and its sockets. What is in flight stays in the sink's output. */
void dx__stream_detach(struct dx__worker *worker, struct dx__stream *stream);

/* Puts the stream, or a source's or sink's streams, in the run queue. */
void dx__stream_wake(struct dx__worker *worker, struct dx__stream *stream);
void dx__stream_wake_from(struct dx__worker *worker, struct dx__socket *source);
void dx__stream_wake_to(struct dx__worker *worker, struct dx__socket *sink);

/* Reads up to this many bytes: what the application had read ahead first. Returns bytes, 0 at the end, or a negative
   errno. */
ssize_t dx__stream_read(struct dx__socket *source, char *data, size_t length);

/* Whether the sink has room for what would be read now: nothing of the stream's own waits there. */
bool dx__stream_may_take(const struct dx__stream *stream);

/* Bytes read and not delivered. */
static inline uint64_t dx__stream_pending(const struct dx__stream *stream)
{
	return stream->account.read - stream->account.delivered;
}

static inline bool dx__stream_is_active(const struct dx__stream *stream)
{
	return stream->source && !stream->ended;
}

/* Whether other streams write to the same sink. */
static inline bool dx__stream_shares_sink(const struct dx__stream *stream)
{
	return stream->next_to || stream->sink->to != stream;
}

#endif
