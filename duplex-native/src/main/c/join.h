/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A join: two sockets that flow into each other, as two streams with one fate.
 *
 * THEORY OF OPERATION
 *
 * A join is made by a command that has taken the halves it needs, on the worker of its sockets; the one of a proxy is
 * there from the moment its client was accepted, and gets its backend later. Its end is decided here and nowhere else:
 * - a clean end of a source is passed on once everything is delivered, unless NO_CLOSE; both ended: the join has;
 * - an error of a socket, met by either direction, breaks it: what was readable before is still delivered, then a
 *   plain join resets the other side;
 * - limits, the application and the engine's stop end it at once.
 * Sockets may be part of several joins: an output is ended by the last stream to it, a socket is closed or given back by
 * the last of its joins, half by half.
 * Ending records reason and counts, hands the sockets back or closes them, and tells whoever wants to know, once.
 */
#ifndef DX_JOIN_H
#define DX_JOIN_H

#include "activity.h"
#include "limit.h"
#include "stream.h"

/* Beside those of enum dx_join_state: */
enum dx__join_state {
	DX__JOIN_MAKING = 0, /* the command is on its way */
	DX__JOIN_ENDED = 16,
};

/* Bytes of memory that may wait for a lossy sink if nothing else was said. */
#define DX__LAG_DEFAULT (1u << 20)

struct dx__route;

struct dx__join {
	struct dx__object object;
	struct dx__engine *engine;
	_Atomic(struct dx__worker *) worker; /* changed under the control lock */
	struct dx__socket *a;                /* references; b may be NULL before a proxy's join is open */
	struct dx__socket *b;
	struct dx__stream stream[2];         /* a to b, b to a */
	struct dx__proxy *proxy;             /* reference, or NULL */
	struct dx__command *after;           /* commands given while it is being made; control lock */
	struct dx__list listed;              /* worker->joins */
	union {
		struct dx__timer timer;          /* while it is listed */
		struct dx__message message;      /* before, and after its end */
	};
	struct dx__news news;
	struct dx__limits *limits;           /* the proxy's; or owned; or NULL */
	struct dx__route *route;             /* of one that moves messages, or NULL */
	union {
		uint64_t made_ns;                /* monotonic */
		uint64_t duration_ns;            /* once it has ended */
	};
	uint64_t active;                     /* when it began to be idle, if no byte has moved since: dx__join_active() */
	uint64_t since_ns;                   /* of the epoch */
	union {
		uint32_t backend;                /* the proxy's, or UINT32_MAX */
		uint32_t mirrored;               /* of a tee: index of the join that it mirrors */
	};
	uint32_t attempts;                   /* connects that may still be tried */
	_Atomic uint8_t state;               /* enum dx_join_state; written under the control lock while it is made */
	uint8_t flags;                       /* DX_JOIN_… */
	bool owns_limits;
	bool listens;                        /* a's or b's connections inherit it: see inherit.h */
	uint8_t shared_side;                 /* enum dx_side: inherited; no end is passed on to this side */
	bool opened;                         /* it is, or was, open */
	bool quiet;                          /* its end is no news */
	bool pending;                        /* counted as such by the proxy */
	bool reserved;                       /* a descriptor is counted for its backend */
	bool answered;                       /* the application has decided; control lock */
	uint8_t first;                       /* enum dx_side: who ended its stream first */
	uint8_t broken;                      /* enum dx_side: who broke first */
	uint8_t reason;                      /* enum dx_reason, once it has ended */
	uint8_t side;                        /* enum dx_side, likewise */
	int error;                           /* negative errno */
};

/* The join that a stream is a part of. */
static inline struct dx__join *dx__join_of(struct dx__stream *stream)
{
	return DX__CONTAINER(stream - stream->is_back, struct dx__join, stream[0]);
}

/* The slab's destroy function. */
void dx__join_destroy(void *object);

/* A join that is not yet anywhere; its base reference is left when it has ended. NULL without memory. */
struct dx__join *dx__join_new(struct dx__engine *engine);

/* Takes back a join that was never opened. */
void dx__join_drop(struct dx__worker *worker, struct dx__join *join);

int dx__join_enter(struct dx__engine *engine, dx_id id, struct dx__join **join);
void dx__join_leave(struct dx__join *join);
dx_id dx__join_id(const struct dx__join *join);

/* Puts the join on the worker's list. */
void dx__join_list(struct dx__worker *worker, struct dx__join *join);

/* Opens the streams between a and b, which are placed here, their halves taken or new. Returns 0 or a negative errno. */
int dx__join_open(struct dx__worker *worker, struct dx__join *join);

/* What becomes of a socket when its join ends: */
enum dx__fate {
	DX__FATE_KEEP,      /* the caller sees to it */
	DX__FATE_GIVE_BACK, /* the application's again */
	DX__FATE_CLOSE_NOW,
	DX__FATE_CLOSE_ORDERLY,
	DX__FATE_RESET,     /* as soon as what was sent has arrived */
	DX__FATE_ABORT,     /* reset at once */
};

/* Ends the join, in whatever state it is. */
void dx__join_end(struct dx__worker *worker, struct dx__join *join, enum dx_reason reason, enum dx_side side,
		int error, enum dx__fate a, enum dx__fate b);

/* The same, with the fate that the flags imply: a plain join's sockets get `plain`, others go back. */
void dx__join_end_all(struct dx__worker *worker, struct dx__join *join, enum dx_reason reason, enum dx_side side,
		int error, enum dx__fate plain);
/* The same with a fate for each. */
void dx__join_end_each(struct dx__worker *worker, struct dx__join *join, enum dx_reason reason, enum dx_side side,
		int error, enum dx__fate a, enum dx__fate b);

/* Ends the joins that a socket is part of, because it is closed; the caller closes it. The other side of a plain join gets
   this fate. */
void dx__join_leave_all(struct dx__worker *worker, struct dx__socket *socket, enum dx__fate other);

/* From the streams: the source has ended (or broke) and everything was delivered. */
void dx__join_stream_ended(struct dx__worker *worker, struct dx__stream *stream);
/* The sink is broken; the error is noted on it. */
void dx__join_sink_failed(struct dx__worker *worker, struct dx__stream *stream);
/* The engine cannot go on with it. */
void dx__join_failed(struct dx__worker *worker, struct dx__stream *stream, int error);
/* A lossy stream has missed bytes. */
void dx__join_is_behind(struct dx__worker *worker, struct dx__stream *stream);
/* Whether the join has read as many bytes as it may; ends it when they are delivered. */
bool dx__join_is_used_up(struct dx__worker *worker, struct dx__stream *stream);

/* Whether the end of the other side is passed on to this one. */
bool dx__join_passes_end(const struct dx__join *join, const struct dx__socket *sink);

/* When a byte moved last, or the join began to be idle; milliseconds of the worker. */
uint64_t dx__join_active(const struct dx__join *join);

#endif
