/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proxy: a listener whose connections are joined to backends.
 *
 * THEORY OF OPERATION
 *
 * The listener belongs to one worker, which accepts and hands each connection to the least loaded worker; a connection
 * is a join from then on, and everything else about it happens there: connect, retry elsewhere, move bytes, end. Who
 * accepts is the only one that adds to `active` and `pending`, so limits are exact; who takes the last one away from a
 * full or draining proxy kicks the listener's worker.
 *
 * A listener that may not accept (full, too many decisions pending, out of descriptors) is taken out of its epoll, so
 * nothing spins: connections wait in the kernel's backlog. The first two are ended by a kick, the last by a timer.
 *
 * Files: proxy.c is the object and its commands' bodies, proxy_accept.c the listener, proxy_connect.c a connection's
 * way to its backend, backend.c the choice among backends.
 */
#ifndef DX_PROXY_H
#define DX_PROXY_H

#include "backend.h"
#include "join.h"

/* A worker's share of a proxy. */
struct dx__share {
	struct dx__message sweep; /* ends the proxy's connections on this worker */
	struct dx__proxy *proxy;
	_Atomic bool sweeping;    /* the message is queued */
};

struct dx__proxy {
	struct dx__object object;
	struct dx__engine *engine;
	struct dx__worker *worker;      /* the listener's */
	struct dx_address listen;
	struct dx_proxy_options options;
	struct dx__limits limits;       /* of its joins */
	_Atomic(struct dx_codec_options *) codecs[2]; /* of clients and of backends: set once; or NULL */
	struct dx__backends backends;
	struct dx__share *shares;       /* one a worker */
	struct dx__tally *tallies;      /* one a worker: of decided connections, which have no backend */

	/* The listener's worker's. */
	struct dx__poll poll;
	struct dx__timer retry;         /* accepting again, after exhaustion */
	struct dx__timer grace;         /* the end of a drain */
	int fd;                         /* -1: not listening */
	uint16_t bound_port;            /* remembered over a stop; port 0 is picked once */
	bool watched;
	bool inherited;                 /* the listener was bound by somebody else: its path is theirs */
	struct dx__command *drains;     /* commands to be answered when no connection is left */
	bool closing;                   /* to be forgotten then */

	/* Kicks the listener's worker; queued at most once. */
	struct dx__message kick;
	_Atomic bool kicked;

	/* Read by any thread. */
	_Atomic uint32_t state;         /* enum dx_proxy_state */
	_Atomic uint32_t port;
	_Atomic bool paused;            /* waits for a kick */
	_Atomic bool starved;           /* a connection met exhaustion: pause for a while */
	_Atomic bool ending;            /* connections are closed instead of going on */
	_Atomic uint64_t forced;        /* connections that the drain had to close */
	_Atomic uint64_t accepted;
	_Atomic uint64_t active;
	_Atomic uint64_t pending;
	_Atomic uint64_t joined;
	_Atomic uint64_t connect_failed;
	_Atomic uint64_t refused_by_router;
	_Atomic uint64_t refused_by_failure;
	_Atomic uint64_t refused_by_timeout;
	_Atomic uint64_t refused_by_handshake;
	_Atomic uint64_t refused_exhausted;
	_Atomic uint64_t client_gone;
	_Atomic uint64_t ended[DX_REASONS]; /* by reason */
};

/* The slab's destroy function. */
void dx__proxy_destroy(void *object);

int dx__proxy_enter(struct dx__engine *engine, dx_id id, struct dx__proxy **proxy);
void dx__proxy_leave(struct dx__proxy *proxy);
dx_id dx__proxy_id(const struct dx__proxy *proxy);

/* A proxy that does not listen yet; options are valid. NULL without memory. */
struct dx__proxy *dx__proxy_new(struct dx__engine *engine, const struct dx_address *listen,
		const struct dx_proxy_options *options);

/* ---- on the listener's worker ---- */

/* Binds and listens. Returns 0 or a negative errno. */
int dx__proxy_listen(struct dx__worker *worker, struct dx__proxy *proxy);

/* Listens with a descriptor that does so already. Takes it on success. */
int dx__proxy_listen_on(struct dx__worker *worker, struct dx__proxy *proxy, int fd);

/* Accepts what waits, then stops to listen. */
void dx__proxy_unlisten(struct dx__worker *worker, struct dx__proxy *proxy);

/* Accepts again, if it may; pauses for a while after exhaustion. */
void dx__proxy_resume(struct dx__worker *worker, struct dx__proxy *proxy);

/* Begins to drain, for a command that is answered when no connection is left. */
void dx__proxy_drain(struct dx__worker *worker, struct dx__proxy *proxy, struct dx__command *command);

/* A drain is over because the proxy is started again: answers -ECANCELED. */
void dx__proxy_cancel_drain(struct dx__worker *worker, struct dx__proxy *proxy);

/* Looks whether a drain is complete. */
void dx__proxy_check_drained(struct dx__worker *worker, struct dx__proxy *proxy);

/* The engine stops. */
void dx__proxy_stop(struct dx__worker *worker, struct dx__proxy *proxy);

/* ---- from any worker ---- */

/* The listener's worker shall look at its proxy again. */
void dx__proxy_kick(struct dx__proxy *proxy);

/* From join.c: a connection has ended. */
void dx__proxy_connection_ended(struct dx__worker *worker, struct dx__join *join);

/* ---- a connection, on its own worker ---- */

/* The client was accepted: decide, or connect. A message function; the message is the join's. */
void dx__proxy_connection_begin(struct dx__worker *worker, struct dx__message *message);

/* Connects a pending connection; takes the addresses. */
void dx__proxy_connection_decided(struct dx__worker *worker, struct dx__join *join, struct dx_address *addresses,
		uint32_t count);

/* The host has done its handshake with the client, or with the backend. */
void dx__proxy_connection_proceed(struct dx__worker *worker, struct dx__join *join);

/* Whether connections await the host before they have a backend. */
static inline bool dx__proxy_asks(const struct dx__proxy *proxy)
{
	return proxy->options.flags & (DX_PROXY_DECIDED | DX_PROXY_HANDSHAKE);
}

/* Refuses a connection whose client was told why, and counts that. */
void dx__proxy_connection_turn_away(struct dx__worker *worker, struct dx__join *join);

/* Refuses a connection, and counts that. */
void dx__proxy_connection_refuse(struct dx__worker *worker, struct dx__join *join, _Atomic uint64_t *counter,
		enum dx_reason reason, int error);

#endif
