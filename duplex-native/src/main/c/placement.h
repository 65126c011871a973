/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which worker has a socket.
 *
 * THEORY OF OPERATION
 *
 * A command about sockets is posted to the worker that has them, or to the least loaded one when none has. Sockets that
 * are to be joined must be on one worker: of two connected groups on different workers, the whole group on the
 * higher-numbered worker moves to the lower-numbered one, and the command with it. Groups move downwards only, so
 * opposite joins cannot chase each other, and a command that arrives where its sockets are no longer is sent after them.
 *
 * socket->worker changes under the control lock alone, and commands are posted inside it: what was posted to a worker
 * before a group left it arrives there first and is forwarded; what is posted later follows the group.
 */
#ifndef DX_PLACEMENT_H
#define DX_PLACEMENT_H

#include "command.h"

/* Posts the command to the worker of its sockets, which stay there until it has run. For command->dispatch. */
void dx__place_dispatch(struct dx__command *command);
/* The same, for a caller that holds the control lock. */
void dx__place_dispatch_locked(struct dx__command *command);

/* At the beginning of a command about sockets: true when they belong to this worker. False when the command was sent
   on; then it must not be touched any more. At its end, dx__socket_unplace_if_idle() lets go of them. */
bool dx__place_claim(struct dx__worker *worker, struct dx__command *command);

/* Ends all joins and activities of a worker, because the engine stops. */
void dx__place_end_all(struct dx__worker *worker);

/* For sockets that a worker made itself: they are its own. */
void dx__place_own(struct dx__worker *worker, struct dx__socket *socket);

#endif
