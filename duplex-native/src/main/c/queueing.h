/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of the host's that the engine delivers: behind what is queued in an output, ahead of what comes next.
 *
 * As long as the output is held, and a thread is inside the half or has the control lock, no worker is at its queue: the bytes
 * are put there at once, and the command that follows makes a worker deliver them. An output that drains is taken first. Threads
 * are kept apart by the framing's output lock, which all of them hold.
 */
#ifndef DX_QUEUEING_H
#define DX_QUEUEING_H

#include "command.h"

/* A command that puts a chunk, from the offset command->max on, into a socket's output. Takes the chunk. NULL, and *rc. */
struct dx__command *dx__queueing_new(struct dx__engine *engine, struct dx__socket *socket, struct dx__chunk *chunk,
		const struct dx__reply *reply, int *rc);

/* Gives it; the caller holds the output lock and the control lock and has found the output held or draining. False when it has taken the half
   and is to be sent off by dx__half_taken(). */
bool dx__queueing_give_locked(struct dx__command *command);

/* The same for a caller that is inside the half, which may be held or about to be taken by somebody who waits for that: the bytes
   come first. */
void dx__queueing_follow_locked(struct dx__command *command);

/* A reply waits for whoever has the output, or will have it: the worker sees to that. */
void dx__queueing_wake(struct dx__socket *socket);

#endif
