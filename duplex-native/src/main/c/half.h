/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Halves: who may use the input or the output of a socket.
 *
 * The word of a half is its state and the number of application threads that are inside. Entering and leaving are one
 * compare-and-swap each. A command takes halves under the control lock: it changes their state, which bars new
 * entries, and is sent on its way by whoever leaves last (or at once when nobody is inside).
 */
#ifndef DX_HALF_H
#define DX_HALF_H

#include "socket.h"

/* For a system call in the application's thread. 0, or why not: -EBUSY, -EAGAIN, -EPIPE, -EINPROGRESS, -ENOENT. */
int dx__half_enter(struct dx__socket *socket, enum dx__side_of_half side);
/* The same for who makes none: also an output that was ended, or is being delivered, cannot be taken then. */
int dx__half_enter_quiet(struct dx__socket *socket, enum dx__side_of_half side);
void dx__half_leave(struct dx__socket *socket, enum dx__side_of_half side);

uint32_t dx__half_state(struct dx__socket *socket, enum dx__side_of_half side);

/* 0 when a command may take the half, otherwise why not. Caller holds the control lock. */
int dx__half_check(struct dx__socket *socket, enum dx__side_of_half side);

/* Takes a half that was checked, for a command. Caller holds the control lock. */
void dx__half_take(struct dx__socket *socket, enum dx__side_of_half side, struct dx__command *command);

/* After taking: wakes who is parked on these halves and sends the command off when nobody is inside any of them.
   Without the control lock. */
void dx__half_taken(struct dx__command *command, struct dx__socket *socket, struct dx__socket *other);

/* Waits until nobody is inside any half; they are barred already. */
void dx__half_await_left(struct dx__socket *socket);

/* The same for one half. */
void dx__half_await_side(struct dx__socket *socket, enum dx__side_of_half side);

/* The half flows, is closed, or (its output, under the control lock) shut; the count of those inside is kept. */
void dx__half_set(struct dx__socket *socket, enum dx__side_of_half side, uint32_t state);

/* The worker's: the half is the application's again, or the next join's that is on its way to it; output that is queued is
   delivered first. */
void dx__half_give_back(struct dx__socket *socket, enum dx__side_of_half side);
/* The same, for a caller that holds the control lock. */
void dx__half_give_back_locked(struct dx__socket *socket, enum dx__side_of_half side);

#endif
