/* SPDX-License-Identifier: Apache-2.0 */
#include "queueing.h"
#include "activity.h"
#include "half.h"
#include "output.h"
#include "placement.h"
#include "putting.h"
#include "stream.h"

#include <errno.h>
#include <stdlib.h>

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
	if (socket->closed || dx__slab_is_dead(socket))
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
	bool has_taken = command->chunk;
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
	put(command);
	if (dx__half_state(socket, DX__OUT) == DX_HALF_HELD)
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

static void run_wake(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__place_claim(worker, command))
		return;
	struct dx__socket *socket = command->a;
	dx__stream_wake_to(worker, socket);
	if (socket->activity != DX__IDLE)
		dx__worker_queue(worker, &socket->task);
	else if (!socket->to && !socket->closed)
		dx__put_late(socket);
	dx__socket_unplace_if_idle(worker, socket);
	dx__command_answer(command, 0);
}

void dx__queueing_wake(struct dx__socket *socket)
{
	int rc;
	struct dx__command *command = dx__queueing_new(socket->engine, socket, NULL, &(struct dx__reply){0}, &rc);
	if (!command)
		return;
	command->silent = true;
	command->message.run = run_wake;
	dx__place_dispatch(command);
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
