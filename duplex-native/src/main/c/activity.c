/* SPDX-License-Identifier: Apache-2.0 */
#include "activity.h"
#include "connect.h"
#include "half.h"
#include "held.h"
#include "option.h"
#include "output.h"
#include "putting.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define DISCARD_A_TURN (1u << 20) /* bytes */
#define LONGEST_DELAY 50          /* milliseconds between two looks at SIOCOUTQ */

static void answer(struct dx__socket *socket, int result)
{
	struct dx__command *command = socket->command;
	socket->command = NULL;
	if (command)
		dx__command_answer(command, result);
}

static void fired(struct dx__worker *worker, struct dx__timer *timer)
{
	dx__worker_queue(worker, &DX__CONTAINER(timer, struct dx__socket, timer)->task);
}

static bool is_late(struct dx__worker *worker, struct dx__socket *socket)
{
	return socket->deadline && worker->now >= socket->deadline;
}

static void begin(struct dx__worker *worker, struct dx__socket *socket, enum dx__activity activity,
		void (*step)(struct dx__worker *worker, struct dx__task *task), uint64_t timeout)
{
	socket->activity = (uint8_t)activity;
	socket->task.run = step;
	socket->timer.fire = fired;
	socket->deadline = timeout ? worker->now + timeout : 0;
	dx__timer_cancel(&worker->wheel, &socket->timer);
	if (timeout)
		dx__timer_set(&worker->wheel, &socket->timer, socket->deadline);
	dx__worker_queue(worker, &socket->task);
}

static void end(struct dx__worker *worker, struct dx__socket *socket)
{
	socket->activity = DX__IDLE;
	dx__timer_cancel(&worker->wheel, &socket->timer);
	dx__list_remove(&socket->task.link);
}

/* Delivers what is queued, and the reply that has waited for that. */
static int flush(struct dx__worker *worker, struct dx__socket *socket)
{
	int rc = dx__output_flush(worker, socket);
	if (!rc && !atomic_load(&socket->shut) && dx__put_waiting(socket))
		rc = dx__output_flush(worker, socket);
	return rc;
}

/* ---- draining ---- */

static void step_drain(struct dx__worker *worker, struct dx__task *task)
{
	struct dx__socket *socket = DX__CONTAINER(task, struct dx__socket, task);
	bool is_taken = dx__half_state(socket, DX__OUT) != DX_HALF_DRAINING;
	int rc = (is_taken ? dx__output_flush : flush)(worker, socket);
	if (rc == -EAGAIN)
		return;
	/* Broken: what is queued is lost, and whoever sends next is told the error. */
	if (rc)
		dx__output_discard(worker, socket);
	end(worker, socket);
	if (socket->command && !rc && shutdown(socket->fd, SHUT_WR) == -1)
		rc = -errno;
	answer(socket, rc);
	/* A command that is taking the half right now finds the output empty and places the socket again. */
	pthread_mutex_lock(&socket->engine->control);
	bool draining = dx__half_state(socket, DX__OUT) == DX_HALF_DRAINING;
	if (draining)
		dx__half_give_back_locked(socket, DX__OUT);
	pthread_mutex_unlock(&socket->engine->control);
	dx__socket_unplace_if_idle(worker, socket);
}

void dx__drain_begin(struct dx__worker *worker, struct dx__socket *socket)
{
	begin(worker, socket, DX__DRAINING, step_drain, 0);
}

void dx__drain_end(struct dx__worker *worker, struct dx__socket *socket)
{
	if (socket->activity == DX__DRAINING)
		end(worker, socket);
}

void dx__shutdown_begin(struct dx__worker *worker, struct dx__socket *socket, struct dx__command *command)
{
	socket->command = command;
	dx__drain_begin(worker, socket);
}

/* ---- releasing ---- */

/* Both halves are the application's again. */
static void give_halves_back(struct dx__worker *worker, struct dx__socket *socket, int result)
{
	end(worker, socket);
	dx__half_give_back(socket, DX__IN);
	dx__half_give_back(socket, DX__OUT);
	if (dx__output_length(socket))
		dx__drain_begin(worker, socket);
	if (socket->listening)
		dx__half_set(socket, DX__OUT, DX__HALF_CLOSED);
	struct dx__command *command = socket->command;
	socket->command = NULL;
	dx__socket_run_after(socket);
	dx__socket_unplace_if_idle(worker, socket);
	dx__command_answer(command, result);
}

static void step_release(struct dx__worker *worker, struct dx__task *task)
{
	struct dx__socket *socket = DX__CONTAINER(task, struct dx__socket, task);
	int rc = flush(worker, socket);
	if (rc == -EAGAIN && !is_late(worker, socket))
		return;
	if (rc) {
		if (rc != -EAGAIN)
			dx__output_discard(worker, socket);
		give_halves_back(worker, socket, rc == -EAGAIN ? -ETIMEDOUT : rc);
		return;
	}
	struct dx__command *command = socket->command;
	socket->command = NULL;
	end(worker, socket);
	if (!dx__slab_kill(socket)) {
		/* A close came first: it will find the socket again. */
		socket->command = command;
		give_halves_back(worker, socket, -ENOENT);
		return;
	}
	dx__held_forget(socket);
	dx__half_await_left(socket);
	if (socket->watched)
		dx__worker_unwatch(worker, socket->fd, &socket->poll);
	socket->watched = false;
	if (socket->adopted)
		dx__option_restore(socket->fd, &socket->original);
	if (socket->listening) {
		/* The path goes with the descriptor. */
		free(socket->path);
		socket->path = NULL;
	}
	command->answer.value = (uint64_t)socket->fd;
	socket->fd = -1;
	dx__descriptors_give(&worker->engine->descriptors, 1);
	dx__socket_close(worker, socket);
	dx__command_answer(command, 0);
}

void dx__release_begin(struct dx__worker *worker, struct dx__socket *socket, struct dx__command *command)
{
	dx__drain_end(worker, socket);
	socket->command = command;
	begin(worker, socket, DX__RELEASING, step_release, command->timeout);
}

/* ---- closing ---- */

static void finish_close(struct dx__worker *worker, struct dx__socket *socket)
{
	bool reset = socket->close_mode == DX__CLOSE_RESET || socket->close_mode == DX__CLOSE_RESET_NOW;
	if (socket->adopted)
		(reset ? dx__option_reset : dx__option_end)(socket->fd);
	else if (reset && socket->fd != -1)
		dx__option_reset_on_close(socket->fd);
	struct dx__command *command = socket->command;
	socket->command = NULL;
	uint64_t lost = dx__output_length(socket);
	dx__socket_close(worker, socket);
	if (command) {
		command->answer.value = lost;
		dx__command_answer(command, 0);
	}
}

/* Reads what the peer still sends. True at its end. */
static bool discard_input(struct dx__worker *worker, struct dx__socket *socket)
{
	char sink[16384];
	for (uint32_t n = 0; n < DISCARD_A_TURN; ) {
		ssize_t got = recv(socket->fd, sink, sizeof(sink), MSG_DONTWAIT);
		if (got > 0)
			n += (uint32_t)got;
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			return true;
		else if (errno == EAGAIN)
			return false;
	}
	dx__worker_queue(worker, &socket->task);
	return false;
}

/* True when the kernel has nothing left to send, or will not get it sent. */
static bool is_all_sent(struct dx__socket *socket)
{
	int unsent = 0;
	return dx__socket_error(socket) || ioctl(socket->fd, SIOCOUTQ, &unsent) == -1 || !unsent;
}

static void step_close(struct dx__worker *worker, struct dx__task *task)
{
	struct dx__socket *socket = DX__CONTAINER(task, struct dx__socket, task);
	bool is_orderly = socket->close_mode == DX__CLOSE_ORDERLY && !socket->told;
	int rc = is_late(worker, socket) ? -ETIMEDOUT : (is_orderly ? flush : dx__output_flush)(worker, socket);
	if (rc == -EAGAIN)
		return;
	if (!rc && socket->close_mode == DX__CLOSE_ORDERLY) {
		if (!socket->told && shutdown(socket->fd, SHUT_WR) == -1)
			rc = -errno;
		socket->told = true;
		if (!rc && !discard_input(worker, socket))
			return;
	} else if (!rc && socket->family == DX_FAMILY_UNIX) {
		/* A unix socket cannot be reset: its peer reads the end of the stream, once nothing is unread here. */
		discard_input(worker, socket);
	} else if (!rc && !is_all_sent(socket)) {
		/* No event tells when the peer's kernel has it: look again soon. */
		socket->delay = socket->delay ? socket->delay * 2 : 1;
		if (socket->delay > LONGEST_DELAY)
			socket->delay = LONGEST_DELAY;
		uint64_t next = worker->now + socket->delay;
		dx__timer_set(&worker->wheel, &socket->timer, next < socket->deadline ? next : socket->deadline);
		return;
	}
	finish_close(worker, socket);
}

/* A half may be held still, one that a join which is closed did not use: who is inside leaves before the output is the
   worker's. Under the control lock: somebody may have found the half held, and is about to change it. */
static void bar(struct dx__socket *socket)
{
	pthread_mutex_lock(&socket->engine->control);
	dx__half_set(socket, DX__IN, DX__HALF_CLOSED);
	dx__half_set(socket, DX__OUT, DX__HALF_CLOSED);
	pthread_mutex_unlock(&socket->engine->control);
	dx__held_forget(socket);
	dx__half_await_left(socket);
}

void dx__close_begin(struct dx__worker *worker, struct dx__socket *socket, enum dx__close_mode mode,
		uint32_t timeout, struct dx__command *command)
{
	dx__slab_kill(socket);
	dx__socket_tell_gone(socket);
	socket->closed = true;
	if (socket->activity == DX__CONNECTING)
		dx__connect_abandon(worker, socket);
	dx__drain_end(worker, socket);
	answer(socket, -ECANCELED);
	socket->command = command;
	bar(socket);
	socket->close_mode = (uint8_t)mode;
	if (mode == DX__CLOSE_NOW || mode == DX__CLOSE_RESET_NOW || socket->fd == -1 || socket->listening
			|| worker->stopping) {
		finish_close(worker, socket);
		return;
	}
	begin(worker, socket, DX__CLOSING, step_close, timeout);
}

void dx__activity_stop(struct dx__worker *worker, struct dx__socket *socket, int error)
{
	switch (socket->activity) {
	case DX__CONNECTING:
		dx__connect_cancel(worker, socket, error);
		break;
	case DX__DRAINING:
		answer(socket, error);
		break;
	case DX__RELEASING:
		give_halves_back(worker, socket, error);
		break;
	case DX__CLOSING:
		finish_close(worker, socket);
		break;
	default:
		break;
	}
}
