/* SPDX-License-Identifier: Apache-2.0 */
#include "placement.h"
#include "count.h"
#include "join.h"

#include <errno.h>

static struct dx__worker *worker_for(const struct dx__command *command)
{
	struct dx__worker *a = command->a->worker;
	struct dx__worker *b = command->b ? command->b->worker : NULL;
	if (!a && !b)
		return dx__engine_least_loaded(command->engine);
	if (!a || !b)
		return a ? a : b;
	/* Of two, the higher-numbered has a group to send. */
	return a->number > b->number ? a : b;
}

/* Caller holds the control lock. */
static void own(struct dx__worker *worker, struct dx__socket *socket)
{
	if (socket->worker == worker)
		return;
	socket->worker = worker;
	dx__count_shared(&worker->load, 1);
}

/* A command is on its way to the socket: it stays where it is, so that the next command comes after this one. */
static void expect(struct dx__worker *worker, struct dx__socket *socket)
{
	socket->expected++;
	if (!socket->worker)
		own(worker, socket);
}

void dx__place_dispatch_locked(struct dx__command *command)
{
	struct dx__worker *worker = worker_for(command);
	expect(worker, command->a);
	if (command->b)
		expect(worker, command->b);
	dx__worker_post(worker, &command->message);
}

void dx__place_dispatch(struct dx__command *command)
{
	pthread_mutex_t *control = &command->engine->control;
	pthread_mutex_lock(control);
	dx__place_dispatch_locked(command);
	pthread_mutex_unlock(control);
}

void dx__place_own(struct dx__worker *worker, struct dx__socket *socket)
{
	pthread_mutex_lock(&worker->engine->control);
	own(worker, socket);
	pthread_mutex_unlock(&worker->engine->control);
}

static void leave(struct dx__worker *worker, struct dx__socket *socket, struct dx__list *group)
{
	if (socket->watched)
		dx__worker_unwatch(worker, socket->fd, &socket->poll);
	socket->watched = false;
	/* Only an activity has a timer; its place may be a message's, once the socket is closed. */
	if (socket->activity != DX__IDLE)
		dx__timer_cancel(&worker->wheel, &socket->timer);
	dx__list_remove(&socket->task.link);
	dx__list_remove(&socket->placed);
	dx__list_append(group, &socket->placed);
	socket->moving = true;
	if (socket->pipe)
		dx__pipe_leaves(&worker->pipes);
}

static void leave_stream(struct dx__worker *worker, struct dx__stream *stream, struct dx__worker *to,
		struct dx__list *group)
{
	struct dx__join *join = dx__join_of(stream);
	dx__list_remove(&stream->task.link);
	dx__list_remove(&join->listed);
	dx__timer_cancel(&worker->wheel, &join->timer);
	if (!join->a->moving)
		leave(worker, join->a, group);
	if (!join->b->moving)
		leave(worker, join->b, group);
	/* Last: from now on the other worker may look at it. */
	atomic_store_explicit(&join->worker, to, memory_order_release);
}

/* Takes the connected group around the socket off this worker, for another. Caller holds the control lock. */
static void send_group(struct dx__worker *worker, struct dx__socket *socket, struct dx__worker *to,
		struct dx__list *group)
{
	leave(worker, socket, group);
	for (struct dx__list *link = group->next; link != group; link = link->next) {
		struct dx__socket *member = DX__CONTAINER(link, struct dx__socket, placed);
		for (struct dx__stream *stream = member->from; stream; stream = stream->next_from)
			leave_stream(worker, stream, to, group);
		for (struct dx__stream *stream = member->to; stream; stream = stream->next_to)
			leave_stream(worker, stream, to, group);
		dx__count_shared(&worker->load, -1);
		member->worker = NULL;
		own(to, member);
	}
}

static void receive_stream(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__join *join = dx__join_of(stream);
	dx__worker_queue(worker, &stream->task);
	if (dx__list_holds(&join->listed))
		return;
	dx__list_append(&worker->joins, &join->listed);
	dx__limit_set_timer(worker, join);
}

/* Takes over a group that another worker has sent. */
static void receive_group(struct dx__worker *worker, struct dx__list *group)
{
	while (!dx__list_is_empty(group)) {
		struct dx__socket *socket = DX__CONTAINER(group->next, struct dx__socket, placed);
		dx__list_remove(&socket->placed);
		socket->moving = false;
		if (socket->closed && socket->activity == DX__IDLE)
			continue; /* closed before it moved */
		if (socket->pipe)
			dx__pipe_arrives(&worker->pipes);
		int rc = dx__socket_place(worker, socket);
		if (rc) {
			/* It cannot be watched here: whoever moves its bytes meets this as the socket's error. */
			dx__socket_note_error(socket, rc);
			dx__list_append(&worker->sockets, &socket->placed);
		}
		if (socket->activity != DX__IDLE) {
			if (socket->deadline)
				dx__timer_set(&worker->wheel, &socket->timer, socket->deadline);
			dx__worker_queue(worker, &socket->task);
		}
		for (struct dx__stream *stream = socket->from; stream; stream = stream->next_from)
			receive_stream(worker, stream);
		for (struct dx__stream *stream = socket->to; stream; stream = stream->next_to)
			receive_stream(worker, stream);
	}
}

void dx__place_end_all(struct dx__worker *worker)
{
	while (!dx__list_is_empty(&worker->joins)) {
		struct dx__join *join = DX__CONTAINER(worker->joins.next, struct dx__join, listed);
		dx__join_end_all(worker, join, DX_REASON_SHUT_DOWN, DX_SIDE_NONE, 0, DX__FATE_CLOSE_NOW);
	}
	struct dx__list *next;
	for (struct dx__list *link = worker->sockets.next; link != &worker->sockets; link = next) {
		next = link->next;
		dx__activity_stop(worker, DX__CONTAINER(link, struct dx__socket, placed), -ESHUTDOWN);
	}
}

bool dx__place_claim(struct dx__worker *worker, struct dx__command *command)
{
	struct dx__engine *engine = worker->engine;
	struct dx__socket *a = command->a, *b = command->b;
	if (command->group.next) {
		receive_group(worker, &command->group);
		if (worker->stopping)
			dx__place_end_all(worker);
	}
	pthread_mutex_lock(&engine->control);
	bool here = a->worker == worker && (!b || b->worker == worker);
	if (!here) {
		struct dx__worker *to = worker_for(command);
		if (to == worker) {
			/* Half of it is here and the other half on a lower-numbered worker. */
			struct dx__socket *mine = a->worker == worker ? a : b;
			to = mine == a ? b->worker : a->worker;
			dx__list_init(&command->group);
			send_group(worker, mine, to, &command->group);
		}
		dx__worker_post(to, &command->message);
	} else {
		a->expected--;
		if (b)
			b->expected--;
	}
	pthread_mutex_unlock(&engine->control);
	return here;
}
