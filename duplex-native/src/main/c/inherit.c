/* SPDX-License-Identifier: Apache-2.0 */
#include "inherit.h"
#include "half.h"
#include "held.h"
#include "listener.h"
#include "option.h"
#include "placement.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 64
#define RETRY_AFTER 100 /* milliseconds, when something has run out */

static struct dx__socket *listener_of(const struct dx__join *join)
{
	return join->a->listening ? join->a : join->b;
}

/* ---- accepting ---- */

/* Closes a connection that could not be joined; it is placed here, or nowhere. */
static void refuse(struct dx__worker *worker, struct dx__socket *socket)
{
	dx__place_own(worker, socket);
	dx__close_begin(worker, socket, DX__CLOSE_NOW, 0, NULL);
}

/* Takes a connection that nobody uses, and no command is on its way to: the application may have learned of it from a
   listing, while another template's join had it. In one go: what it does with it comes before, or is refused. */
static bool take_unused(struct dx__socket *socket)
{
	pthread_mutex_lock(&socket->engine->control);
	bool is_unused = !socket->expected && dx__half_state(socket, DX__IN) == DX_HALF_HELD
			&& dx__half_state(socket, DX__OUT) == DX_HALF_HELD && dx__slab_kill(socket);
	if (is_unused) {
		dx__half_set(socket, DX__IN, DX__HALF_CLOSED);
		dx__half_set(socket, DX__OUT, DX__HALF_CLOSED);
	}
	pthread_mutex_unlock(&socket->engine->control);
	return is_unused;
}

/* A connection's join came to nothing on the way. */
static void failed(struct dx__worker *worker, struct dx__command *command)
{
	struct dx__join *join = command->join;
	struct dx__socket *socket = join->shared_side == DX_SIDE_A ? join->b : join->a;
	if (take_unused(socket))
		refuse(worker, socket);
}

static int join_connection(struct dx__join *template, struct dx__socket *socket)
{
	struct dx__engine *engine = template->engine;
	const struct dx__limits *limits = template->limits;
	struct dx_join_options options = {.size = sizeof(options), .flags = template->flags};
	if (limits) {
		options.idle_timeout = limits->idle;
		options.half_close_timeout = limits->half_close;
		options.max_lifetime = limits->life;
		options.max_bytes = limits->bytes;
		options.max_lag = limits->lag;
		options.a_to_b_rate = limits->meter[0].rate;
		options.b_to_a_rate = limits->meter[1].rate;
	}
	bool is_a = template->a->listening;
	struct dx__joining joining = {
		.options = &options, .shared_side = is_a ? DX_SIDE_B : DX_SIDE_A, .quiet = true, .failed = failed,
	};
	dx_id ignored = 0;
	return dx__joining_give(engine, is_a ? socket : template->a, is_a ? template->b : socket, &joining,
			&(struct dx__reply){0}, &ignored);
}

static struct dx__socket *other_of(const struct dx__join *join)
{
	return join->a->listening ? join->b : join->a;
}

/* The other socket has gone, or takes nothing any more. */
static void end(struct dx__worker *worker, struct dx__join *template)
{
	bool is_a = template->a->listening;
	dx__join_end(worker, template, is_a ? DX_REASON_BACKEND_CLOSED : DX_REASON_CLIENT_CLOSED,
			is_a ? DX_SIDE_B : DX_SIDE_A, 0, DX__FATE_GIVE_BACK, DX__FATE_GIVE_BACK);
}

/* False when this template has ended: then the listener may be another worker's. */
static bool join_all(struct dx__worker *worker, struct dx__join *first, struct dx__socket *listener,
		struct dx__socket *socket)
{
	bool is_joined = false, goes_on = true;
	struct dx__stream *next;
	for (struct dx__stream *stream = listener->from; stream; stream = next) {
		next = stream->next_from;
		struct dx__join *template = dx__join_of(stream);
		int rc = join_connection(template, socket);
		is_joined |= !rc;
		if (rc == -ENOENT || rc == -EPIPE) {
			goes_on &= template != first;
			end(worker, template);
		}
	}
	if (!is_joined)
		refuse(worker, socket);
	return goes_on;
}

static void retry(struct dx__worker *worker, struct dx__timer *timer)
{
	dx__stream_wake(worker, &DX__CONTAINER(timer, struct dx__join, timer)->stream[0]);
}

/* Accepts one connection: 0, -EAGAIN when none waits, or what has run out. */
static int accept_one(struct dx__worker *worker, struct dx__socket *listener, struct dx__socket **socket)
{
	struct dx__descriptors *descriptors = &worker->engine->descriptors;
	struct sockaddr_storage peer;
	socklen_t length;
	int fd, rc;
	if (!dx__worker_take_descriptors(worker, 1)) {
		dx__descriptors_exhausted(descriptors, -EMFILE);
		return -EMFILE;
	}
	dx__option_keep_nonblocking(listener->fd);
	do {
		length = sizeof(peer);
		fd = accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		rc = fd == -1 ? -errno : 0;
	} while (rc && dx__listener_may_go_on(rc));
	*socket = rc ? NULL : dx__socket_new(worker->engine, fd, listener->family, DX_HALF_HELD);
	if (!rc && !*socket) {
		close(fd);
		rc = -ENOMEM;
	}
	if (rc) {
		dx__descriptors_give(descriptors, 1);
		dx__descriptors_exhausted(descriptors, rc);
		return rc;
	}
	dx__socket_set_peer(*socket, &peer, length);
	atomic_store(&(*socket)->linger, atomic_load(&listener->linger));
	return 0;
}

static void turn(struct dx__worker *worker, struct dx__task *task)
{
	struct dx__join *template = dx__join_of(DX__CONTAINER(task, struct dx__stream, task));
	struct dx__socket *listener = listener_of(template);
	if (listener->from != &template->stream[0])
		return;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct dx__socket *socket;
		int rc = accept_one(worker, listener, &socket);
		if (rc == -EAGAIN)
			return;
		if (rc) {
			dx__timer_set(&worker->wheel, &template->timer, worker->now + RETRY_AFTER);
			return;
		}
		/* If it ends, the next one goes on; with the last one the listener is the application's again. */
		if (!join_all(worker, template, listener, socket))
			return;
	}
	dx__worker_queue(worker, task);
}

/* ---- the end of the other socket ---- */

static void run_gone(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (atomic_load(&command->join->state) == DX_JOIN_LISTENING)
		end(worker, command->join);
	dx__command_drop(command);
}

/* A template stays with its listener, on the worker where it was made. */
static void dispatch_gone(struct dx__command *command)
{
	dx__worker_post(atomic_load(&command->join->worker), &command->message);
}

/* The command that ends the template when the other socket has gone; NULL, and *rc. */
static struct dx__command *new_gone(struct dx__join *join, int *rc)
{
	struct dx__command *command = dx__command_new(join->engine, &(struct dx__reply){0}, rc);
	if (!command)
		return NULL;
	dx__slab_hold(join);
	command->join = join;
	command->message.run = run_gone;
	command->dispatch = dispatch_gone;
	return command;
}

static void await_gone(struct dx__join *join, struct dx__command *command)
{
	struct dx__socket *other = other_of(join);
	pthread_mutex_lock(&join->engine->control);
	command->next = other->when_gone;
	other->when_gone = command;
	pthread_mutex_unlock(&join->engine->control);
	/* Whoever kills it looks at the line afterwards. */
	if (dx__slab_is_dead(other))
		dx__socket_tell_gone(other);
}

/* ---- making the template ---- */

/* The half flows, or is given back if no other template uses it. In one go with the count: see joining.c. */
static void arrive(struct dx__socket *listener, int rc)
{
	pthread_mutex_lock(&listener->engine->control);
	listener->joining[DX__IN]--;
	if (!rc)
		dx__half_set(listener, DX__IN, DX_HALF_FLOWING);
	else if (!listener->from)
		dx__half_give_back_locked(listener, DX__IN);
	pthread_mutex_unlock(&listener->engine->control);
}

static void run(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__place_claim(worker, command))
		return;
	struct dx__join *join = command->join;
	struct dx__socket *listener = command->a;
	int rc = 0;
	if (worker->stopping)
		rc = -ESHUTDOWN;
	else if (dx__slab_is_dead(join->a) || dx__slab_is_dead(join->b))
		rc = -ENOENT;
	else
		rc = dx__socket_place(worker, listener);
	struct dx__command *gone = rc ? NULL : new_gone(join, &rc);
	arrive(listener, rc);
	if (rc) {
		dx__join_drop(worker, join);
		dx__socket_unplace_if_idle(worker, listener);
	} else {
		dx__join_list(worker, join);
		struct dx__stream **last = &listener->from;
		while (*last)
			last = &(*last)->next_from;
		*last = &join->stream[0];
		join->stream[0].task.run = turn;
		join->timer.fire = retry;
		atomic_store(&join->state, DX_JOIN_LISTENING);
		dx__stream_wake_from(worker, listener);
		await_gone(join, gone);
	}
	dx__command_answer(command, rc);
	dx__joining_run_after(worker, join);
}

/* Whether the connections could be joined to it. Caller holds the control lock. */
static int check_other(const struct dx__join *join, struct dx__socket *other)
{
	bool takes = !(join->flags & DX_JOIN_HALF_DUPLEX) || other == join->b;
	if (dx__slab_is_dead(other))
		return -ENOENT;
	if (dx__half_state(other, DX__IN) == DX__HALF_CONNECTING)
		return -EINPROGRESS;
	return takes && atomic_load(&other->shut) ? -EPIPE : 0;
}

/* Takes the listener, or shares it with the join that has it or is about to: then *entered tells that somebody may still
   be inside. Caller holds the control lock. */
static int take_listener(struct dx__socket *listener, struct dx__command *command, bool *entered)
{
	uint32_t state = dx__half_state(listener, DX__IN);
	if (dx__slab_is_dead(listener))
		return -ENOENT;
	*entered = state == DX_HALF_TAKING && listener->joining[DX__IN];
	if (state != DX_HALF_FLOWING && !*entered) {
		int rc = dx__half_check(listener, DX__IN);
		if (rc)
			return rc;
		dx__half_take(listener, DX__IN, command);
	} else if (listener->joining[DX__IN] == UINT16_MAX) {
		return -EBUSY;
	}
	listener->joining[DX__IN]++;
	return 0;
}

int dx__inherit_give(struct dx__engine *engine, struct dx__socket *a, struct dx__socket *b,
		const struct dx_join_options *options, const struct dx__reply *reply, dx_id *id)
{
	int rc;
	struct dx__joining joining = {.options = options};
	struct dx__command *command = dx__joining_prepare(engine, a, b, &joining, reply, &rc);
	if (!command)
		return rc;
	struct dx__join *join = command->join;
	struct dx__socket *listener = listener_of(join), *other = other_of(join);
	/* Only the listener needs a place for this. */
	command->a = listener;
	command->b = NULL;
	dx__socket_leave(other);
	command->message.run = run;
	join->listens = true;
	dx_id made = command->answer.object;
	bool entered = false;
	pthread_mutex_lock(&engine->control);
	rc = check_other(join, other);
	if (!rc)
		rc = take_listener(listener, command, &entered);
	pthread_mutex_unlock(&engine->control);
	if (rc)
		return dx__joining_drop(command, rc);
	*id = made;
	if (entered) {
		/* The join that takes it waits for those inside; so does this one. */
		dx__held_bar(listener);
		dx__half_await_side(listener, DX__IN);
	}
	dx__half_taken(command, listener, NULL);
	return 0;
}
