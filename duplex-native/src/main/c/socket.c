/* SPDX-License-Identifier: Apache-2.0 */
#include "socket.h"
#include "address.h"
#include "count.h"
#include "framing.h"
#include "half.h"
#include "held.h"
#include "join.h"
#include "output.h"
#include "pass.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct dx__socket *dx__socket_new(struct dx__engine *engine, int fd, int family, uint32_t state)
{
	struct dx__socket *socket = dx__slab_new(&engine->sockets);
	if (!socket)
		return NULL;
	socket->engine = engine;
	socket->fd = fd;
	socket->family = (uint8_t)family;
	socket->news.kind = DX__NEWS_SOCKET;
	socket->poll.ready = dx__socket_ready;
	dx__half_set(socket, DX__IN, state);
	dx__half_set(socket, DX__OUT, state);
	dx__count_shared(&engine->sockets_open, 1);
	dx__slab_publish(socket);
	return socket;
}

void dx__socket_drop(struct dx__socket *socket)
{
	socket->fd = -1;
	dx__count_shared(&socket->engine->sockets_open, -1);
	dx__socket_leave(socket);
}

void dx__socket_destroy(void *object)
{
	struct dx__socket *socket = object;
	free(socket->input);
	dx__framing_free(socket);
	dx__taking_free(socket->taking);
	socket->taking = NULL;
	if (socket->listening)
		free(socket->path);
	socket->input = NULL;
	socket->listening = false;
}

int dx__socket_enter(struct dx__engine *engine, dx_id id, struct dx__socket **socket)
{
	if (dx__id_kind(id) != DX__KIND_SOCKET)
		return -EBADF;
	*socket = dx__slab_enter(&engine->sockets, id);
	return *socket ? 0 : -ENOENT;
}

void dx__socket_leave(struct dx__socket *socket) { dx__slab_leave(&socket->engine->sockets, socket); }

dx_id dx__socket_id(const struct dx__socket *socket) { return dx__slab_id(&socket->engine->sockets, socket); }

void dx__socket_note_error(struct dx__socket *socket, int error)
{
	int none = 0;
	atomic_compare_exchange_strong(&socket->error, &none, error);
}

int dx__socket_error(struct dx__socket *socket) { return atomic_load(&socket->error); }

int dx__socket_fetch_error(struct dx__socket *socket)
{
	int error = 0;
	socklen_t length = sizeof(error);
	if (!getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &length) && error)
		dx__socket_note_error(socket, -error);
	return dx__socket_error(socket);
}

void dx__socket_set_peer(struct dx__socket *socket, const struct sockaddr_storage *address, socklen_t length)
{
	if (length >= sizeof(struct sockaddr_in) && address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;
		socket->peer = (struct dx__peer){.family = DX_FAMILY_IPV4, .port = ntohs(in->sin_port)};
		memcpy(socket->peer.ip, &in->sin_addr, sizeof(in->sin_addr));
	} else if (length >= sizeof(struct sockaddr_in6) && address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
		socket->peer = (struct dx__peer){
			.family = DX_FAMILY_IPV6, .port = ntohs(in6->sin6_port), .scope = in6->sin6_scope_id,
		};
		memcpy(socket->peer.ip, &in6->sin6_addr, sizeof(in6->sin6_addr));
	} else {
		socket->peer = (struct dx__peer){.family = socket->family};
	}
}

int dx__socket_place(struct dx__worker *worker, struct dx__socket *socket)
{
	if (!socket->watched) {
		/* What it is ready for now is found out by trying; registering reports it again, which is harmless. */
		socket->readable = socket->writable = true;
		int rc = dx__worker_watch(worker, socket->fd, &socket->poll);
		if (rc)
			return rc;
		socket->watched = true;
	}
	if (!dx__list_holds(&socket->placed))
		dx__list_append(&worker->sockets, &socket->placed);
	return 0;
}

/* Takes the socket off its worker. Under the control lock: with it, another worker may place it at once. */
static void unplace(struct dx__worker *worker, struct dx__socket *socket)
{
	if (socket->watched)
		dx__worker_unwatch(worker, socket->fd, &socket->poll);
	socket->watched = false;
	dx__list_remove(&socket->task.link);
	dx__list_remove(&socket->placed);
	/* Commands that are on their way find it here, and that it is closed; the last one comes back. */
	if (socket->expected)
		return;
	socket->worker = NULL;
	dx__count_shared(&worker->load, -1);
}

void dx__socket_unplace_if_idle(struct dx__worker *worker, struct dx__socket *socket)
{
	for (int side = DX__IN; side <= DX__OUT; side++) {
		uint32_t state = dx__half_state(socket, side);
		if (state == DX_HALF_FLOWING || state == DX_HALF_DRAINING)
			return;
	}
	/* Of a proxy's join that is not open yet. */
	if (socket->activity != DX__IDLE || socket->join)
		return;
	pthread_mutex_lock(&socket->engine->control);
	if (!socket->expected && socket->worker)
		unplace(worker, socket);
	pthread_mutex_unlock(&socket->engine->control);
}

static void leave_base(struct dx__worker *worker, struct dx__message *message)
{
	(void)worker;
	dx__socket_leave(DX__CONTAINER(message, struct dx__socket, message));
}

void dx__socket_tell_gone(struct dx__socket *socket)
{
	pthread_mutex_lock(&socket->engine->control);
	struct dx__command *command = socket->when_gone;
	socket->when_gone = NULL;
	pthread_mutex_unlock(&socket->engine->control);
	while (command) {
		struct dx__command *next = command->next;
		command->dispatch(command);
		command = next;
	}
}

void dx__socket_close(struct dx__worker *worker, struct dx__socket *socket)
{
	dx__slab_kill(socket);
	dx__socket_tell_gone(socket);
	dx__timer_cancel(&worker->wheel, &socket->timer);
	socket->closed = true;
	dx__half_set(socket, DX__IN, DX__HALF_CLOSED);
	dx__half_set(socket, DX__OUT, DX__HALF_CLOSED);
	dx__held_forget(socket);
	dx__output_discard(worker, socket);
	if (socket->watched)
		dx__worker_unwatch(worker, socket->fd, &socket->poll);
	socket->watched = false;
	/* Before the close: after it, the path might be somebody else's already. */
	if (socket->listening && socket->path)
		unlink(socket->path);
	if (socket->fd != -1) {
		/* Nobody may meet the descriptor that gets this number next. */
		dx__half_await_left(socket);
		close(socket->fd);
		dx__descriptors_give(&worker->engine->descriptors, 1);
	}
	socket->fd = -1;
	socket->activity = DX__IDLE;
	pthread_mutex_lock(&socket->engine->control);
	if (socket->worker)
		unplace(worker, socket);
	pthread_mutex_unlock(&socket->engine->control);
	dx__count_shared(&worker->engine->sockets_open, -1);
	socket->message.run = leave_base;
	dx__worker_defer(worker, &socket->message);
}

void dx__socket_abandon(struct dx__socket *socket)
{
	dx__output_discard(&socket->engine->workers[0], socket);
	if (socket->listening && socket->path)
		unlink(socket->path);
	if (socket->fd != -1)
		close(socket->fd);
	socket->fd = -1;
	dx__socket_leave(socket);
}

void dx__socket_run_after(struct dx__socket *socket)
{
	struct dx__command *command = NULL;
	pthread_mutex_lock(&socket->engine->control);
	if (dx__half_state(socket, DX__IN) != DX_HALF_TAKING && dx__half_state(socket, DX__OUT) != DX_HALF_TAKING) {
		command = socket->after;
		socket->after = NULL;
	}
	pthread_mutex_unlock(&socket->engine->control);
	if (command)
		command->dispatch(command);
}

void dx__socket_describe_peer(struct dx__socket *socket, struct dx_address *address)
{
	address->family = socket->peer.family;
	address->port = socket->peer.port;
	address->scope = socket->peer.scope;
	memcpy(address->ip, socket->peer.ip, sizeof(address->ip));
	/* Paths are not kept for each socket; the kernel has them. */
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	if (address->family == DX_FAMILY_UNIX && socket->fd != -1
			&& !getpeername(socket->fd, (struct sockaddr *)&storage, &length))
		dx__address_from_sockaddr(&storage, length, address);
}

/* From this one on, a stream to the socket whose join does not read it. */
static struct dx__stream *unread_by_its_join(struct dx__socket *socket, struct dx__stream *to)
{
	for (; to; to = to->next_to) {
		struct dx__stream *from = socket->from;
		while (from && dx__join_of(from) != dx__join_of(to))
			from = from->next_from;
		if (!from)
			return to;
	}
	return NULL;
}

void dx__socket_ready(struct dx__worker *worker, struct dx__poll *poll, uint32_t events)
{
	struct dx__socket *socket = DX__CONTAINER(poll, struct dx__socket, poll);
	if (!socket->watched)
		return; /* closed or moved by an earlier event of this batch */
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR))
		socket->readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		socket->writable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		socket->hangup = true;
	if (events & EPOLLPRI)
		socket->urgent = true;
	/* Without a hang-up it is only the error queue (time stamps and the like): no error of the connection. */
	if ((events & EPOLLERR) && (events & EPOLLHUP))
		dx__socket_fetch_error(socket);
	if (socket->activity != DX__IDLE)
		dx__worker_queue(worker, &socket->task);
	dx__stream_wake_from(worker, socket);
	dx__stream_wake_to(worker, socket);
	/* A sink from which nobody reads (any more) tells its error only here. A hang-up is none: a unix peer that has
	   sent its all and closed looks so, and whether it misses anything shows when there is something to send. */
	struct dx__stream *stream = dx__socket_error(socket) ? unread_by_its_join(socket, socket->to) : NULL;
	while (stream) {
		/* With its last stream the socket may be another worker's. */
		struct dx__stream *next = unread_by_its_join(socket, stream->next_to);
		dx__join_sink_failed(worker, stream);
		stream = next;
	}
}
