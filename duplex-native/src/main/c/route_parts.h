/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a route share: route.c reads and decodes, route_output.c encodes and sends, route_reply.c answers the peer that
 * bytes come from, route_end.c ends it or undoes it, route_time.c watches the clock.
 */
#ifndef DX_ROUTE_PARTS_H
#define DX_ROUTE_PARTS_H

#include "route.h"

#define DX__ROUTE_READ 65536 /* bytes of one read */

/* One turn of one of its streams. */
struct dx__turn {
	struct dx__worker *worker;
	struct dx__join *join;
	struct dx__route *route;
	struct dx__route_side *side;
	struct dx__stream *stream;
	struct dx__framing *in;    /* NULL: a stream */
	struct dx__framing *out;   /* likewise */
	struct dx__chunk *chunk;   /* being filled, or NULL */
	uint32_t filled;
};

/* NULL where there is no codec. */
static inline struct dx__framing *dx__route_framing(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	return framing && framing->ops ? framing : NULL;
}

static inline bool dx__route_is_websocket(const struct dx__framing *framing)
{
	return framing && framing->options.type == DX_CODEC_WEBSOCKET;
}

static inline enum dx_side dx__route_source_side(const struct dx__stream *stream)
{
	return stream->is_back ? DX_SIDE_B : DX_SIDE_A;
}

/* ---- route_output.c ---- */

/* A piece for the sink. raw: the bytes that it was decoded from. 0, -ENOMEM or -EPROTO. */
int dx__route_emit(struct dx__turn *turn, const struct dx_piece *piece, const uint8_t *raw, size_t raw_length);

/* Room for so many bytes in one piece, to be counted in `filled`: NULL without memory. */
uint8_t *dx__route_reserve(struct dx__turn *turn, size_t room);

/* Sends what was encoded, or queues it behind what is queued. Ends the turn's chunk. */
void dx__route_push(struct dx__turn *turn);

/* The route cannot go on: what was decoded before is still delivered. -EPROTO. */
int dx__route_fail(struct dx__turn *turn, enum dx_side side, int error, uint64_t offset);

/* ---- route_reply.c ---- */

/* Whether a route has the socket's output: replies stand between its frames, and between bytes of others they cannot. */
bool dx__route_leads_to(const struct dx__socket *socket);

/* What a codec answers to the peer that the bytes came from. */
void dx__route_reply(struct dx__worker *worker, struct dx__socket *socket, const struct dx_piece *piece);

/* Sends what waits to be told. Whoever does not read what is queued waits for it, too: the stream to the socket writes it then.
   The last one comes at once. */
void dx__route_flush_reply(struct dx__worker *worker, struct dx__socket *socket, bool is_last);

/* The last that is said to the peer, if that was not said already: what it broke, or that all is over. */
void dx__route_say_last(struct dx__worker *worker, struct dx__socket *socket, uint32_t error);

/* ---- route_end.c ---- */

/* Both directions are between two messages: the join can be undone. */
bool dx__route_is_between(const struct dx__join *join);

/* Undoes it, and answers the command that waits for that. */
void dx__route_undo(struct dx__worker *worker, struct dx__join *join);

/* What its peer broke is told to it, and everybody else is cut off. */
void dx__route_end_failed(struct dx__worker *worker, struct dx__join *join);

/* The end of a WebSocket is the end of both its directions. */
void dx__route_end_closed(struct dx__worker *worker, struct dx__join *join, enum dx_side side);

/* ---- route_time.c ---- */

/* Bytes were moved, or none were there. left: bytes that were not decoded. */
void dx__route_watch_frame(struct dx__turn *turn, size_t left);

#endif
