/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A route: a join that moves messages, decoded by the source's codec and encoded by the sink's.
 *
 * THEORY OF OPERATION
 *
 * A turn of one of its streams takes what the source has queued and what one read brings, decodes it in the worker's buffer,
 * and encodes piece by piece into a chunk that goes to the sink as any other. Nothing is put together but for an encoder that
 * has to write a length first. What is left over (half a header) goes back into the source's input queue as it came, so
 * between two messages both sockets are as they would be without the route. Two codecs that say the same pass the bytes on
 * as they are.
 *
 * A route is undone between two messages: the streams stop at the next end of one. Its ends are the codecs': a WebSocket's
 * Close is the end of its stream, an end for a WebSocket becomes a Close, which has to be answered in time, and a WebSocket
 * that ends without one counts as reset; the last chunk ends the route and leaves what follows in the input queue, once the
 * message that comes the other way is whole.
 *
 * The halves of a route are its own: they are not shared with other joins.
 */
#ifndef DX_ROUTE_H
#define DX_ROUTE_H

#include "framing.h"
#include "heartbeat.h"
#include "join.h"

struct dx__route_side {
	uint64_t messages;             /* delivered or queued */
	struct dx__heartbeat heartbeat; /* of the source */
	struct dx__assembly assembly;  /* for an encoder that needs the length first */
	bool passes;                   /* both codecs say the same: bytes are passed on */
	bool is_torn;                  /* a stream that becomes text: what is queued is the beginning of a character */
	bool finished;                 /* the source's stream of messages is over */
	bool is_last;                  /* because a message said so: what follows is not the route's */
};

struct dx__route {
	struct dx__route_side side[2]; /* as the join's streams */
	uint64_t check_at;             /* when a frame in progress is looked at, milliseconds of the worker; 0: none */
	uint64_t close_by;             /* a Close has to be answered; likewise */
	struct dx__command *unjoin;    /* waits for the end of the messages in progress, or NULL */
	uint64_t unjoin_by;
	uint64_t failure_offset;
	bool finishing;                /* the last message was delivered: ends between two messages of the other direction */
	uint32_t failure;              /* enum dx_codec_error that ends it */
	uint8_t failed;                /* enum dx_side */
};

/* NULL without memory. */
struct dx__route *dx__route_new(void);
void dx__route_free(struct dx__engine *engine, struct dx__route *route);

/* The join is open: looks at the codecs. */
void dx__route_open(struct dx__worker *worker, struct dx__join *join);

/* A stream's turn to read, as stream.c moves bytes: bytes, -EAGAIN, -ENOMEM or an error of the source. */
int64_t dx__route_move(struct dx__worker *worker, struct dx__stream *stream, uint64_t allowed);

/* A stream has delivered all. True when the join has been ended, or will be, for a reason of the codecs. */
bool dx__route_stream_ended(struct dx__worker *worker, struct dx__join *join, struct dx__stream *stream);

/* Whether the end that is passed on to the sink is a message, not an end of the bytes. */
bool dx__route_ends_by_message(const struct dx__join *join, const struct dx__socket *sink);

/* The other direction goes on: what has to come from there, comes in time. */
void dx__route_half_closed(struct dx__worker *worker, struct dx__join *join);

/* When the route has to be looked at, UINT64_MAX for never; and looks. True when that has ended it. */
uint64_t dx__route_deadline(const struct dx__join *join);
bool dx__route_check(struct dx__worker *worker, struct dx__join *join);

/* Undoes the join between two messages, and answers the command. */
void dx__route_unjoin(struct dx__worker *worker, struct dx__join *join, struct dx__command *command);

/* The join has ended: answers who waits for that. */
void dx__route_ended(struct dx__join *join);

#endif
