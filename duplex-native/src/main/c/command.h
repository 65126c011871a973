/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: what the application asks of a worker.
 *
 * A command is made in the caller's thread, travels to a worker as a message and is answered exactly once: by an
 * event with the caller's token or, for the blocking twins, by waking the caller. It holds references to what it is
 * about until then. Before it travels it may have to wait until nobody is inside the halves that it takes: whoever
 * leaves last sends it on its way (see half.c).
 */
#ifndef DX_COMMAND_H
#define DX_COMMAND_H

#include "engine.h"

struct dx__socket;
struct dx__join;
struct dx__limits;
struct dx__proxy;

/* A thread that waits for an answer. */
struct dx__waiter {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool done;
	struct dx_event answer;
};

struct dx__command {
	struct dx__message message;
	struct dx__news news;
	struct dx__engine *engine;
	struct dx__waiter *waiter;    /* or NULL: an event tells the answer */
	struct dx__command *next;     /* in a line: until a join is made, or a socket has gone */
	struct dx__list group;        /* sockets that move to another worker with it */
	struct dx_event answer;
	void (*dispatch)(struct dx__command *command); /* finds the worker and posts it there */
	_Atomic int taking;           /* 1 + halves that somebody is still inside */
	/* References. */
	struct dx__socket *a;
	struct dx__socket *b;
	struct dx__join *join;
	struct dx__proxy *proxy;
	/* Arguments. */
	uint32_t flags;
	uint32_t timeout;             /* milliseconds */
	int fd;                       /* owned */
	struct dx_join_info *rows;    /* borrowed */
	uint32_t max;
	uint64_t after;
	dx_id filter;
	struct dx__join *mirrored;    /* by the tee that is to be made */
	bool silent;                  /* no answer */
	/* A join that the engine makes itself came to nothing; or NULL. */
	void (*failed)(struct dx__worker *worker, struct dx__command *command);
	struct dx__limits *limits;    /* owned */
	struct dx__chunk *chunk;      /* to be queued; owned */
	uint32_t attempt_delay;       /* milliseconds, DX_CONNECT_IN_TURN */
	struct dx_address source;     /* family NONE: any */
	struct dx_address *addresses; /* owned */
	uint32_t count;
};

extern const struct dx__news_ops dx__command_news;

/* What a host passes to say how it wants its answer. */
struct dx__reply {
	uint64_t token;
	struct dx__waiter *waiter;
};

/* NULL without memory (*rc is -ENOMEM) or when the engine is stopping (-ESHUTDOWN). */
struct dx__command *dx__command_new(struct dx__engine *engine, const struct dx__reply *reply, int *rc);

/* Answers a command and frees it. `answer` may have been filled in; the result is set here. */
void dx__command_answer(struct dx__command *command, int result);

/* Takes a command back that was never sent: no answer. */
void dx__command_drop(struct dx__command *command);

/* Blocking twins: prepare, give the command with this waiter, and wait for the answer if that returned 0. */
void dx__waiter_init(struct dx__waiter *waiter);
/* Returns rc when it is not 0, otherwise the answer's result. Frees what init made. */
int dx__waiter_await(struct dx__waiter *waiter, int rc);

#endif
