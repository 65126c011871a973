/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting a socket to the first of some addresses that answers, on a worker.
 *
 * THEORY OF OPERATION
 *
 * An attempt is a non-blocking connect with a timer. Addresses are tried in turn, each with an equal share of the time
 * that is left; or they race (RFC 8305): the next one begins when the one before has failed or has had its head start, and
 * the first to be established wins. The socket itself makes one attempt, so that the one address of most connects costs
 * nothing more; those that run beside it are attempts with descriptors of their own, and the winner's becomes the
 * socket's. A unix socket whose listener's backlog is full says EAGAIN and never becomes ready: that is retried by timer
 * until the attempt's time is over. While it connects, the socket's own poll function is this one's, and the registration
 * stays when it is handed on.
 */
#ifndef DX_CONNECT_H
#define DX_CONNECT_H

#include "socket.h"

struct dx__attempt;

struct dx__connect {
	struct dx_address *addresses; /* owned */
	uint32_t count;
	uint32_t current;             /* index of the socket's own attempt */
	uint32_t next;                /* index of the address that comes next */
	bool reserved;                /* the first attempt's descriptor is counted already */
	uint64_t total;               /* milliseconds for all attempts together, 0: no limit */
	uint64_t each;                /* milliseconds for one attempt, instead of a share; 0: a share */
	uint64_t head_start;          /* milliseconds until the next address is tried beside; 0: they take turns */
	uint64_t next_begins;         /* milliseconds of the worker, 0: only when one has failed */
	struct dx__attempt *others;   /* that run beside the socket's own */
	struct dx_address source;     /* the local address; family NONE: any */
	uint64_t began;
	uint64_t attempt_ends;        /* milliseconds of the worker, 0: no limit */
	int error;                    /* of the last attempt */
	/* Called once, with 0 or a negative errno. The socket is placed, or has no descriptor. */
	void (*done)(struct dx__worker *worker, struct dx__socket *socket, int result);
	void *context;
};

/* Takes the addresses, which were allocated with malloc. NULL without memory (they are freed then, too). */
struct dx__connect *dx__connect_new(struct dx_address *addresses, uint32_t count);
void dx__connect_free(struct dx__connect *connect);

/* Starts to connect a socket of this worker that has no descriptor yet. Takes `connect`. `done` may be called before
   this returns. */
void dx__connect_begin(struct dx__worker *worker, struct dx__socket *socket, struct dx__connect *connect);

/* Gives up without a word: done is not called. The socket has no descriptor any more. */
void dx__connect_abandon(struct dx__worker *worker, struct dx__socket *socket);

/* Gives up: done is called with this error. */
void dx__connect_cancel(struct dx__worker *worker, struct dx__socket *socket, int error);

#endif
