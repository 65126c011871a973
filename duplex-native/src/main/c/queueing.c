/* SPDX-License-Identifier: Apache-2.0 */
#include "queueing.h"
#include "activity.h"
#include "half.h"
#include "output.h"
#include "placement.h"

#include <errno.h>
#include <stdlib.h>

#define FOLLOWS 1u /* in command->flags: the bytes are put into the queue by its worker, in their turn */

/* The caller is the output's owner. */
static void put(struct dx__command *command)
{
	struct dx__chunk *chunk = command->chunk, *none = NULL;
	command->chunk = NULL;
	dx__output_put(command->a, chunk, 0, command->max, chunk->size - command->max, NULL);
	dx__chunk_leave(chunk, &none);
}

/* Delivers what is queued, or was until now. */
static int deliver(struct dx__worker *worker, struct dx__command *command)
{
	struct dx__socket *socket = command->a;
	/* What follows comes before a close that is on its way. */
	if (socket->closed || (!command->flags && dx__slab_is_dead(socket)))
		return -ENOENT;
	int rc = worker->stopping ? -ESHUTDOWN : dx__socket_error(socket);
	if (!rc)
		rc = dx__socket_place(worker, socket);
	if (!rc && command->chunk)
		put(command);
	if (!rc)
		dx__drain_begin(worker, socket);
	return rc;
}

static void run_queue(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__place_claim(worker, command))
		return;
	struct dx__socket *socket = command->a;
	bool has_taken = command->chunk && !(command->flags & FOLLOWS);
	if (command->flags & FOLLOWS) {
		pthread_mutex_lock(&socket->engine->control);
		socket->following--;
		pthread_mutex_unlock(&socket->engine->control);
	}
	int rc = deliver(worker, command);
	if (has_taken) {
		dx__half_give_back(socket, DX__OUT);
		dx__socket_run_after(socket);
	} else if (rc && rc != -ENOENT && rc != -ESHUTDOWN) {
		/* Broken, or it cannot be watched: whoever sends next is told. */
		dx__socket_note_error(socket, rc);
		dx__output_discard(worker, socket);
		dx__drain_begin(worker, socket);
		rc = 0;
	}
	dx__socket_unplace_if_idle(worker, socket);
	dx__command_answer(command, rc);
}

void dx__queueing_follow_locked(struct dx__command *command)
{
	struct dx__socket *socket = command->a;
	uint32_t state = dx__half_state(socket, DX__OUT);
	if (state == DX_HALF_DRAINING || state == DX_HALF_TAKING) {
		/* Of several who were inside, one has left bytes before: a worker is at the queue. */
		command->flags |= FOLLOWS;
		socket->following++;
	} else {
		put(command);
	}
	if (state == DX_HALF_HELD)
		dx__half_set(socket, DX__OUT, DX_HALF_DRAINING);
	dx__place_dispatch_locked(command);
}

bool dx__queueing_give_locked(struct dx__command *command)
{
	struct dx__socket *socket = command->a;
	if (dx__half_state(socket, DX__OUT) != DX_HALF_HELD) {
		/* A worker has the output. */
		dx__half_take(socket, DX__OUT, command);
		return false;
	}
	dx__queueing_follow_locked(command);
	return true;
}

struct dx__command *dx__queueing_new(struct dx__engine *engine, struct dx__socket *socket, struct dx__chunk *chunk,
		const struct dx__reply *reply, int *rc)
{
	struct dx__command *command = dx__command_new(engine, reply, rc);
	if (!command) {
		free(chunk);
		return NULL;
	}
	dx__slab_hold(socket);
	command->a = socket;
	command->answer.object = dx__socket_id(socket);
	command->dispatch = dx__place_dispatch;
	command->message.run = run_queue;
	command->chunk = chunk;
	return command;
}
