/* SPDX-License-Identifier: Apache-2.0 */
/* What the functions of duplex.h share: finding the objects behind ids, and waiting for answers. */
#ifndef DX_API_H
#define DX_API_H

#include "join.h"
#include "proxy.h"

/* Each enters the engine of the id and takes a reference to the object: 0, -ENOENT or -EBADF. Undone by dx__api_leave,
   with NULL for what was not entered. */
int dx__api_engine(dx_id id, struct dx__engine **engine);
int dx__api_socket(dx_id id, struct dx__engine **engine, struct dx__socket **socket);
int dx__api_join(dx_id id, struct dx__engine **engine, struct dx__join **join);
int dx__api_proxy(dx_id id, struct dx__engine **engine, struct dx__proxy **proxy);
void dx__api_leave(struct dx__engine *engine, struct dx__socket *socket, struct dx__join *join,
		struct dx__proxy *proxy);

/* A copy of addresses that a caller lent; *rc is -EINVAL for a bad one or a bad count, -ENOMEM. NULL for none. */
struct dx_address *dx__api_addresses(const struct dx_address *addresses, uint32_t count, uint32_t least, int *rc);

/* A command that puts a chunk, from the offset command->max on, into a socket's output. Takes the chunk. NULL, and *rc. */
struct dx__command *dx__api_queueing(struct dx__engine *engine, struct dx__socket *socket, struct dx__chunk *chunk,
		const struct dx__reply *reply, int *rc);

/* Gives it; the caller holds the control lock and has found the output held or draining. False when it has taken the half
   and is to be sent off by dx__half_taken(). */
bool dx__api_queue_locked(struct dx__command *command);

/* When a timeout of a blocking twin ends, as dx__held_park() takes it. */
uint64_t dx__api_deadline(int timeout);

#endif
