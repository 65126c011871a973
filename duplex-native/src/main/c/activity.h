/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker does with a socket beside moving its streams: delivering what a join left, closing in order, giving
 * the descriptor back.
 *
 * THEORY OF OPERATION
 *
 * Each activity is a few steps that stop where the kernel says EAGAIN; the socket's task takes a turn when an event or
 * the activity's timer says that it may go on. Closing: queued output goes out, the peer is told the end, its input is
 * discarded until it ends too, and only then is the descriptor closed, because closing with unread input resets the
 * connection and destroys what is still on its way. A reset waits until the peer's kernel has all that was sent
 * (SIOCOUTQ) for the same reason.
 */
#ifndef DX_ACTIVITY_H
#define DX_ACTIVITY_H

#include "socket.h"

enum dx__close_mode {
	DX__CLOSE_NOW,
	DX__CLOSE_ORDERLY,
	DX__CLOSE_RESET,         /* as soon as nothing is unsent, or the time is over */
	DX__CLOSE_RESET_NOW,
};

#define DX__CLOSE_TIMEOUT 2000 /* milliseconds */
#define DX__RESET_TIMEOUT 5000

/* Closes a placed socket that no join has any more; answers the command (or NULL) when that is done. */
void dx__close_begin(struct dx__worker *worker, struct dx__socket *socket, enum dx__close_mode mode,
		uint32_t timeout, struct dx__command *command);

/* Delivers the output that is queued, in the background; the output half is DRAINING. */
void dx__drain_begin(struct dx__worker *worker, struct dx__socket *socket);

/* Ends the output once it is delivered; answers the command. The output half is DRAINING, or HELD and empty. */
void dx__shutdown_begin(struct dx__worker *worker, struct dx__socket *socket, struct dx__command *command);

/* Delivers the output and gives the descriptor to the host; both halves are taken by the command. */
void dx__release_begin(struct dx__worker *worker, struct dx__socket *socket, struct dx__command *command);

/* Ends whatever the worker is doing with the socket, because the engine stops (or cannot go on): answers this error. */
void dx__activity_stop(struct dx__worker *worker, struct dx__socket *socket, int error);

/* A join takes the output over while it is draining. */
void dx__drain_end(struct dx__worker *worker, struct dx__socket *socket);

#endif
