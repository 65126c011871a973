/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The managed socket: a descriptor, its two halves and what is queued in them.
 *
 * THEORY OF OPERATION
 *
 * Who may touch what:
 * - A *held* half is the application's: its threads enter the half (a use count), make one non-blocking system call
 *   and leave. A *flowing* half is its worker's. Taking a half bars it, wakes who is parked on it, and goes on when
 *   the count is zero, so no call ever meets a descriptor that was closed and reused. See half.c.
 * - A socket is *placed* on a worker while it has anything there: a join, output to deliver, a connect or a close in
 *   progress (its *activity*). Then the worker's epoll watches it. A socket whose halves are held and whose output is
 *   empty has no worker.
 * - Output that could not be delivered lies in the *receiving* socket (output.c). Undoing a join has nothing to move:
 *   what is in flight already is ahead of everything that comes next.
 *
 * The base reference is the open descriptor's; it is left when the descriptor has been closed or released.
 */
#ifndef DX_SOCKET_H
#define DX_SOCKET_H

#include "buffer.h"
#include "command.h"

#include <sys/socket.h>

enum dx__side_of_half {
	DX__IN = 0,
	DX__OUT = 1,
};

/* Beside those of enum dx_half_state: */
enum dx__half_state {
	DX__HALF_CONNECTING = 16,
	DX__HALF_CLOSED = 17,
};

/* What a worker is doing with a placed socket beside moving its streams. */
enum dx__activity {
	DX__IDLE = 0,
	DX__CONNECTING,
	DX__DRAINING, /* delivering what a join left, then perhaps shutting down */
	DX__RELEASING,
	DX__CLOSING,
};

struct dx__account;
struct dx__framing;
struct dx__parked;
struct dx__segment;
struct dx__stream;
struct dx__taking;
struct dx__connect;

/* A peer's address, without the path of a unix one. */
struct dx__peer {
	uint16_t family;
	uint16_t port;
	uint32_t scope;
	uint8_t ip[16];
};

/* What dx_adopt() changed and dx_release() restores. */
struct dx__original {
	bool blocking;
	bool inherited;   /* no FD_CLOEXEC */
	bool out_of_band; /* no SO_OOBINLINE */
	int low_water;
	struct linger linger;
};

struct dx__socket {
	struct dx__object object;
	struct dx__engine *engine;
	int fd;                       /* -1 between two attempts to connect */
	uint8_t family;               /* enum dx_family */
	bool listening;
	bool adopted;                 /* `original` is set */
	_Atomic bool shut;            /* output ended */
	_Atomic uint32_t half[2];     /* state << 24 | threads inside */
	_Atomic int32_t linger;       /* DX_OPTION_LINGER + 1 */
	_Atomic int error;            /* the first that was seen, negative errno */
	struct dx__peer peer;
	uint32_t segments;            /* in the output's queue; the worker's */

	/* Guarded by the control lock. */
	struct dx__worker *worker;    /* NULL: not placed */
	uint32_t expected;            /* commands on their way to it */
	uint16_t joining[2];          /* of these, joins that will need the half */
	_Atomic(struct dx__command *) taker[2]; /* who is taking the half while somebody is inside */
	struct dx__command *after;    /* a close that was asked for while a join was being made */
	struct dx__command *when_gone;/* to be sent off when it is closed or leaves the engine */

	/* Guarded by the arm lock while the half is held, the worker's while it flows. */
	struct dx__buffer *input;     /* read ahead, or NULL */
	_Atomic uint32_t input_queued;/* bytes in it */
	_Atomic uint32_t input_seen;  /* as many of them were not enough for who looked at them; 0: nobody has */
	uint8_t armed;                /* DX_READABLE, DX_WRITABLE; by the arm lock alone, as the two next: see held.c */
	bool in_epoll;
	bool gone;                    /* the descriptor is about to be closed: no arming */
	_Atomic bool lent;            /* by its proxy, for a handshake: can be received from and sent to, no more */
	_Atomic(struct dx__framing *) framing; /* its codec, or NULL */

	/* Guarded by the arm lock: see held.c. */
	struct dx__parked *parked;
	struct dx__taking *taking;    /* a socket that comes over this one, or NULL */
	struct dx__news news;

	/* The worker's. */
	struct dx__poll poll;
	struct dx__task task;         /* the activity's turns */
	union {
		struct dx__timer timer;   /* the activity's */
		struct dx__message message; /* leaves the base reference, once all is over */
	};
	struct dx__list placed;
	struct dx__stream *from;      /* the streams that read this socket; the first one does it for all */
	struct dx__stream *to;        /* the streams that write to it */
	struct dx__pipe *pipe;        /* output in a pipe, or NULL */
	struct dx__account *pipe_account; /* whose bytes these are, or NULL */
	struct dx__segment *queue;    /* output in chunks: the last segment, whose next is the first; or NULL */
	_Atomic uint64_t output_queued; /* bytes in these; one writer */
	uint8_t activity;             /* enum dx__activity */
	uint8_t close_mode;           /* enum dx__close_mode */
	bool watched : 1;
	bool moving : 1;              /* on its way to another worker */
	bool readable : 1;            /* not known to be empty */
	bool writable : 1;            /* not known to be full */
	bool hangup : 1;              /* an end was announced: short reads prove nothing */
	bool urgent : 1;              /* has had an urgent byte: is only copied from */
	bool told : 1;                /* closing: the peer was told the end */
	bool closed : 1;              /* closing, or closed */
	uint32_t delay;               /* closing: milliseconds until the next look at SIOCOUTQ, or 0 */
	uint64_t deadline;            /* of the activity, in milliseconds of the worker; 0: none */
	struct dx__command *command;  /* that the activity will answer, or NULL */
	struct dx__connect *connect;  /* while connecting */
	struct dx__join *join;        /* the proxy's that it is for, until that is open */

	union {
		struct dx__original original; /* of an adopted socket */
		char *path;               /* of a unix listener: removed on close; or NULL */
	};
};

/* A socket around a descriptor that is non-blocking already. Takes it on success; -ENOMEM. Its halves get `state`. */
struct dx__socket *dx__socket_new(struct dx__engine *engine, int fd, int family, uint32_t state);

/* Takes back a socket that nobody knows yet; its descriptor stays the caller's. */
void dx__socket_drop(struct dx__socket *socket);

/* The slab's destroy function. */
void dx__socket_destroy(void *object);

/* Looks an id up: 0, and a reference in *socket, or -ENOENT, -EBADF. The caller is inside the engine. */
int dx__socket_enter(struct dx__engine *engine, dx_id id, struct dx__socket **socket);
void dx__socket_leave(struct dx__socket *socket);

dx_id dx__socket_id(const struct dx__socket *socket);

/* The first error stays: the kernel tells it once, and later calls would take it for a clean end. */
void dx__socket_note_error(struct dx__socket *socket, int error);
int dx__socket_error(struct dx__socket *socket);

/* Fetches and notes SO_ERROR. Returns what is noted. */
int dx__socket_fetch_error(struct dx__socket *socket);

void dx__socket_set_peer(struct dx__socket *socket, const struct sockaddr_storage *address, socklen_t length);

/* The worker's: registers the socket and lists it. Returns 0 or a negative errno (then it is not placed). */
int dx__socket_place(struct dx__worker *worker, struct dx__socket *socket);

/* Takes the socket off its worker if nothing is left there for it to do. */
void dx__socket_unplace_if_idle(struct dx__worker *worker, struct dx__socket *socket);

/* The worker's: closes the descriptor now, frees what is queued, leaves the base reference at the end of the round. */
void dx__socket_close(struct dx__worker *worker, struct dx__socket *socket);

/* It is closed, or leaves the engine: sends off the commands that wait for that. */
void dx__socket_tell_gone(struct dx__socket *socket);

/* A half is no longer being taken: sends off a close that waited for that. */
void dx__socket_run_after(struct dx__socket *socket);

/* The peer's address, also when the kernel does not tell it any more. The caller keeps the descriptor open. */
void dx__socket_describe_peer(struct dx__socket *socket, struct dx_address *address);

/* When the engine is freed and no worker runs any more: closes the descriptor and leaves the base reference. */
void dx__socket_abandon(struct dx__socket *socket);

/* The epoll function of sockets that are not connecting. */
void dx__socket_ready(struct dx__worker *worker, struct dx__poll *poll, uint32_t events);

#endif
