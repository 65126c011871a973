/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for held sockets: the engine's epoll, and threads that are parked in a blocking twin.
 *
 * Held sockets have no worker. A caller that found nothing to receive, or no room to send, arms the socket in the
 * engine's own epoll, once (EPOLLONESHOT), and dx_events_wait() tells when it fires. When a half is taken or the socket
 * is closed, what was armed fires at once: the caller tries again, and the call says why it cannot.
 *
 * All of it is guarded by the socket's arm lock, one of a few that the sockets share.
 */
#ifndef DX_HELD_H
#define DX_HELD_H

#include "socket.h"

/* A thread in a blocking twin. */
struct dx__parked {
	struct dx__parked *next;
	int wake; /* eventfd */
};

/* Waits until the half may be ready; 0 then, -ETIMEDOUT, -ESHUTDOWN, or why it cannot be. deadline: nanoseconds of
   CLOCK_MONOTONIC, UINT64_MAX for none. Blocks. */
int dx__held_park(struct dx__socket *socket, enum dx__side_of_half side, uint64_t deadline);

/* What dx_arm() does. */
int dx__held_arm(struct dx__socket *socket, uint32_t readiness);

/* The engine's epoll says that the socket with this id is ready; makes the event. False when there is none to make. */
bool dx__held_fired(struct dx__engine *engine, dx_id id, uint32_t events, struct dx_event *event);

/* Halves were taken: fires what was armed on them, wakes the parked. */
void dx__held_bar(struct dx__socket *socket);

/* A half is held again: arms what waited for that, wakes the parked. */
void dx__held_given_back(struct dx__socket *socket);

/* There are read-ahead bytes that were not there before: who waits for some tries again. Caller holds the lock. */
void dx__held_input_came(struct dx__socket *socket);

/* The same when those that are there may mean something else now. Without the lock. */
void dx__held_input_changed(struct dx__socket *socket);

/* The descriptor is about to be closed or released: no more arming. */
void dx__held_forget(struct dx__socket *socket);

/* Wakes the parked of a socket. */
void dx__held_wake(struct dx__socket *socket);

pthread_mutex_t *dx__held_lock(struct dx__socket *socket);

extern const struct dx__news_ops dx__held_news;

#endif
