/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: what is left to a socket's worker: bytes, shutting down, closing and releasing. */
#include "activity.h"
#include "api.h"
#include "connect.h"
#include "framing.h"
#include "half.h"
#include "held.h"
#include "placement.h"
#include "queueing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUEUED_MOST (16u << 20) /* bytes of one command */

/* Finds the socket and makes a command about it. 0, or an error with everything undone. */
static int begin(dx_id id, const struct dx__reply *reply, struct dx__command **command)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	*command = dx__command_new(engine, reply, &rc);
	if (rc) {
		dx__api_leave(engine, socket, NULL, NULL);
		return rc;
	}
	(*command)->a = socket; /* with its reference */
	(*command)->answer.object = id;
	(*command)->dispatch = dx__place_dispatch;
	return 0;
}

/* After begin: nothing came of it, or it is on its way. */
static int end(struct dx__engine *engine, struct dx__command *undone, int rc)
{
	if (undone)
		dx__command_drop(undone);
	dx__engine_leave(engine);
	return rc;
}

/* ---- queueing ---- */

/* Caller holds the control lock. */
static int check_queue(struct dx__socket *socket)
{
	if (dx__slab_is_dead(socket))
		return -ENOENT;
	int rc = dx__half_check(socket, DX__OUT);
	if (!rc && atomic_load(&socket->shut))
		rc = -EPIPE;
	return rc ? rc : dx__socket_error(socket);
}

static int give_queue(dx_id id, const void *data, size_t length, const struct dx__reply *reply)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data || !length)
		return -EINVAL;
	if (length > QUEUED_MOST)
		return -EMSGSIZE;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	struct dx__chunk *chunk = dx__chunk_new((uint32_t)length, 1);
	struct dx__command *command = NULL;
	rc = -ENOMEM;
	if (chunk) {
		memcpy(chunk->data, data, length);
		command = dx__queueing_new(engine, socket, chunk, reply, &rc);
	}
	if (command) {
		struct dx__framing *framing = dx__framing_lock_output(socket);
		pthread_mutex_lock(&engine->control);
		rc = !framing ? -ENOMEM : socket->listening ? -ENOTCONN : check_queue(socket);
		bool is_sent = !rc && dx__queueing_give_locked(command);
		pthread_mutex_unlock(&engine->control);
		if (framing)
			pthread_mutex_unlock(&framing->output);
		if (rc)
			dx__command_drop(command);
		else if (!is_sent)
			dx__half_taken(command, socket, NULL);
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

DX_API int dx_queue(dx_id socket, const void *data, size_t length, uint64_t token)
{
	return give_queue(socket, data, length, &(struct dx__reply){.token = token});
}

DX_API int dx_queue_wait(dx_id socket, const void *data, size_t length)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_queue(socket, data, length, &(struct dx__reply){.waiter = &waiter}));
}

/* ---- shutting down ---- */

static void run_shutdown(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	struct dx__socket *socket = command->a;
	if (!dx__place_claim(worker, command))
		return;
	if (socket->closed) {
		dx__socket_unplace_if_idle(worker, socket);
		dx__command_answer(command, -ENOENT);
		return;
	}
	if (worker->stopping) {
		dx__command_answer(command, -ESHUTDOWN);
		return;
	}
	/* What was being delivered may be out by now; then this is done in its first turn. */
	int rc = dx__socket_place(worker, socket);
	if (rc)
		dx__command_answer(command, rc);
	else
		dx__shutdown_begin(worker, socket, command);
}

/* Under the control lock, so that a join or a release either comes first or sees that the output is shut. 0 when the
   caller, inside the half, is to shut the connection down; 1 when there is nothing left to do; 2 when the command is on
   its way to the worker that still delivers; or an error. */
static int begin_shutdown(struct dx__command *command)
{
	struct dx__socket *socket = command->a;
	if (dx__half_state(socket, DX__OUT) == DX_HALF_DRAINING) {
		if (atomic_exchange(&socket->shut, true))
			return 1;
		dx__place_dispatch_locked(command);
		return 2;
	}
	int rc = dx__half_enter(socket, DX__OUT);
	if (rc)
		return rc == -EPIPE ? 1 : rc;
	atomic_store(&socket->shut, true);
	dx__half_set(socket, DX__OUT, DX_HALF_SHUT);
	return 0;
}

static int give_shutdown(dx_id id, const struct dx__reply *reply)
{
	struct dx__command *command;
	int rc = begin(id, reply, &command);
	if (rc)
		return rc;
	struct dx__engine *engine = command->engine;
	struct dx__socket *socket = command->a;
	if (socket->listening)
		return end(engine, command, -ENOTCONN);
	command->message.run = run_shutdown;
	pthread_mutex_lock(&engine->control);
	rc = begin_shutdown(command);
	pthread_mutex_unlock(&engine->control);
	if (rc < 0)
		return end(engine, command, rc);
	if (rc == 2)
		return end(engine, NULL, 0);
	if (!rc) {
		rc = shutdown(socket->fd, SHUT_WR) == -1 ? -errno : 0;
		dx__half_leave(socket, DX__OUT);
		dx__held_bar(socket);
	} else {
		rc = 0;
	}
	dx__command_answer(command, rc);
	return end(engine, NULL, 0);
}

DX_API int dx_shutdown(dx_id socket, uint64_t token)
{
	return give_shutdown(socket, &(struct dx__reply){.token = token});
}

DX_API int dx_shutdown_wait(dx_id socket)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_shutdown(socket, &(struct dx__reply){.waiter = &waiter}));
}

/* ---- closing ---- */

static void run_close(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	struct dx__socket *socket = command->a;
	if (!dx__place_claim(worker, command))
		return;
	if (socket->join)
		dx__join_end(worker, socket->join, DX_REASON_CLOSED, DX_SIDE_NONE, 0, DX__FATE_ABORT, DX__FATE_CLOSE_NOW);
	else if (socket->activity == DX__CONNECTING)
		dx__connect_cancel(worker, socket, -ECANCELED);
	/* Its join may have ended and closed it meanwhile, or is closing it in order. */
	if (socket->closed) {
		dx__socket_unplace_if_idle(worker, socket);
		dx__command_answer(command, 0);
		return;
	}
	dx__join_leave_all(worker, socket, command->flags & DX_CLOSE_RESET ? DX__FATE_RESET : DX__FATE_CLOSE_ORDERLY);
	int rc = dx__socket_place(worker, socket);
	dx__close_begin(worker, socket, rc ? DX__CLOSE_NOW : command->flags & DX_CLOSE_RESET ? DX__CLOSE_RESET_NOW
			: DX__CLOSE_ORDERLY, command->timeout ? command->timeout : DX__CLOSE_TIMEOUT, command);
}

static int give_close(dx_id id, uint32_t flags, uint32_t timeout, const struct dx__reply *reply)
{
	struct dx__command *command;
	if (flags & ~DX_CLOSE_RESET)
		return -EINVAL;
	int rc = begin(id, reply, &command);
	if (rc)
		return rc;
	struct dx__engine *engine = command->engine;
	struct dx__socket *socket = command->a;
	int32_t linger = atomic_load(&socket->linger);
	if (!timeout && !flags && linger) {
		flags = linger == 1 ? DX_CLOSE_RESET : 0;
		timeout = (uint32_t)(linger - 1) * 1000;
	}
	command->flags = flags;
	command->timeout = timeout;
	command->message.run = run_close;
	if (!dx__slab_kill(socket))
		return end(engine, command, -ENOENT);
	pthread_mutex_lock(&engine->control);
	bool waits = dx__half_state(socket, DX__IN) == DX_HALF_TAKING || dx__half_state(socket, DX__OUT) == DX_HALF_TAKING;
	if (waits)
		socket->after = command;
	for (int side = DX__IN; side <= DX__OUT && !waits; side++) {
		if (dx__half_state(socket, side) == DX_HALF_HELD)
			dx__half_take(socket, side, command);
	}
	pthread_mutex_unlock(&engine->control);
	if (!waits)
		dx__half_taken(command, socket, NULL);
	return end(engine, NULL, 0);
}

DX_API int dx_close(dx_id socket, uint32_t flags, uint32_t timeout, uint64_t token)
{
	return give_close(socket, flags, timeout, &(struct dx__reply){.token = token});
}

DX_API int dx_close_wait(dx_id socket, uint32_t flags, uint32_t timeout)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_close(socket, flags, timeout, &(struct dx__reply){.waiter = &waiter}));
}

/* ---- releasing ---- */

static void run_release(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	struct dx__socket *socket = command->a;
	if (!dx__place_claim(worker, command))
		return;
	/* Placed only for its output: a descriptor that nothing has to be done with needs no watching. */
	int rc = worker->stopping ? -ESHUTDOWN : 0;
	if (!rc && atomic_load_explicit(&socket->output_queued, memory_order_relaxed))
		rc = dx__socket_place(worker, socket);
	dx__release_begin(worker, socket, command);
	if (rc)
		dx__activity_stop(worker, socket, rc);
}

/* Caller holds the control lock. */
static int check_release(struct dx__socket *socket)
{
	int rc = atomic_load(&socket->lent) ? -EBUSY : dx__half_check(socket, DX__IN);
	if (!rc && !socket->listening && dx__half_state(socket, DX__OUT) != DX_HALF_SHUT)
		rc = dx__half_check(socket, DX__OUT);
	/* A shutdown is still being delivered. */
	if (!rc && atomic_load(&socket->shut) && dx__half_state(socket, DX__OUT) == DX_HALF_DRAINING)
		rc = -EBUSY;
	if (!rc && dx__slab_is_dead(socket))
		rc = -ENOENT;
	if (!rc && atomic_load_explicit(&socket->input_queued, memory_order_relaxed))
		rc = -ENOTEMPTY;
	return rc;
}

static int give_release(dx_id id, uint32_t timeout, const struct dx__reply *reply)
{
	struct dx__command *command;
	int rc = begin(id, reply, &command);
	if (rc)
		return rc;
	struct dx__engine *engine = command->engine;
	struct dx__socket *socket = command->a;
	command->timeout = timeout;
	command->message.run = run_release;
	bool has_part = dx__framing_has_part(socket);
	pthread_mutex_lock(&engine->control);
	rc = check_release(socket);
	if (!rc && has_part)
		rc = -EBUSY;
	if (!rc) {
		dx__half_take(socket, DX__IN, command);
		if (!dx__half_check(socket, DX__OUT))
			dx__half_take(socket, DX__OUT, command);
	}
	pthread_mutex_unlock(&engine->control);
	if (rc)
		return end(engine, command, rc);
	dx__half_taken(command, socket, NULL);
	return end(engine, NULL, 0);
}

DX_API int dx_release(dx_id socket, uint32_t timeout, uint64_t token)
{
	return give_release(socket, timeout, &(struct dx__reply){.token = token});
}

DX_API int dx_release_wait(dx_id socket, uint32_t timeout)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	int rc = dx__waiter_await(&waiter, give_release(socket, timeout, &(struct dx__reply){.waiter = &waiter}));
	return rc ? rc : (int)waiter.answer.value;
}
