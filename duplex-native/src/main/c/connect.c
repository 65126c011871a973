/* SPDX-License-Identifier: Apache-2.0 */
#include "connect.h"
#include "address.h"
#include "option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BACKLOG_RETRY 10 /* milliseconds */

struct dx__connect *dx__connect_new(struct dx_address *addresses, uint32_t count)
{
	struct dx__connect *connect = calloc(1, sizeof(*connect));
	if (!connect) {
		free(addresses);
		return NULL;
	}
	connect->addresses = addresses;
	connect->count = count;
	return connect;
}

void dx__connect_free(struct dx__connect *connect)
{
	free(connect->addresses);
	free(connect);
}

static void drop_descriptor(struct dx__worker *worker, struct dx__socket *socket)
{
	if (socket->fd == -1)
		return;
	if (socket->watched)
		dx__worker_unwatch(worker, socket->fd);
	socket->watched = false;
	close(socket->fd);
	socket->fd = -1;
	dx__descriptors_give(&worker->engine->descriptors, 1);
}

/* Ends the activity; the caller frees what is returned. */
static struct dx__connect *leave(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__connect *connect = socket->connect;
	dx__timer_cancel(&worker->wheel, &socket->timer);
	if (connect->reserved)
		dx__descriptors_give(&worker->engine->descriptors, 1);
	connect->reserved = false;
	socket->activity = DX__IDLE;
	socket->connect = NULL;
	socket->poll.ready = dx__socket_ready;
	return connect;
}

static void finish(struct dx__worker *worker, struct dx__socket *socket, int result)
{
	struct dx__connect *connect = leave(worker, socket);
	if (result)
		drop_descriptor(worker, socket);
	connect->done(worker, socket, result);
	dx__connect_free(connect);
}

void dx__connect_abandon(struct dx__worker *worker, struct dx__socket *socket)
{
	dx__connect_free(leave(worker, socket));
	drop_descriptor(worker, socket);
}

static const struct dx_address *current(const struct dx__connect *connect)
{
	return &connect->addresses[connect->next];
}

/* Calls connect. 0, -EINPROGRESS, -EAGAIN (a full backlog) or another error. */
static int call_connect(struct dx__socket *socket, const struct dx_address *address)
{
	struct sockaddr_storage storage;
	socklen_t length = dx__address_to_sockaddr(address, &storage);
	int rc;
	do
		rc = connect(socket->fd, (struct sockaddr *)&storage, length);
	while (rc == -1 && errno == EINTR);
	dx__socket_set_peer(socket, &storage, length);
	return rc == -1 ? -errno : 0;
}

static int open_descriptor(struct dx__worker *worker, struct dx__socket *sock, const struct dx_address *address)
{
	if (!sock->connect->reserved && !dx__worker_take_descriptors(worker, 1))
		return -EMFILE;
	sock->connect->reserved = false;
	sock->fd = socket(dx__address_domain(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock->fd == -1) {
		dx__descriptors_give(&worker->engine->descriptors, 1);
		return -errno;
	}
	sock->family = (uint8_t)address->family;
	dx__option_own(sock->fd, address->family);
	return 0;
}

static void attempt(struct dx__worker *worker, struct dx__socket *socket);

static void fail_attempt(struct dx__worker *worker, struct dx__socket *socket, int error)
{
	struct dx__connect *connect = socket->connect;
	connect->error = error;
	connect->next++;
	drop_descriptor(worker, socket);
	dx__timer_cancel(&worker->wheel, &socket->timer);
	attempt(worker, socket);
}

/* A connect to a local port on which nobody listens may pick this very port for its own end, and then TCP connects the
   socket to itself (simultaneous open); who retries long enough will see it. Closed with a reset: the port stays free. */
static bool is_connected_to_itself(struct dx__worker *worker, struct dx__socket *socket)
{
	const struct dx_address *peer = current(socket->connect);
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	struct dx_address local;
	if (peer->family == DX_FAMILY_UNIX || peer->port < worker->engine->first_ephemeral)
		return false;
	if (getsockname(socket->fd, (struct sockaddr *)&storage, &length) == -1)
		return false;
	dx__address_from_sockaddr(&storage, length, &local);
	if (local.port != peer->port || memcmp(local.ip, peer->ip, sizeof(local.ip)) != 0)
		return false;
	dx__option_reset_on_close(socket->fd);
	return true;
}

/* 0 when this one is on its way or has succeeded. */
static int try_current(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__connect *connect = socket->connect;
	if (socket->fd == -1) {
		int rc = open_descriptor(worker, socket, current(connect));
		if (rc)
			return rc;
	}
	int rc = call_connect(socket, current(connect));
	if (rc == -EAGAIN) {
		/* No event tells when the backlog has room. */
		uint64_t next = worker->now + BACKLOG_RETRY;
		if (connect->attempt_ends && next > connect->attempt_ends)
			next = connect->attempt_ends;
		dx__timer_set(&worker->wheel, &socket->timer, next);
		return 0;
	}
	if (rc && rc != -EINPROGRESS)
		return rc;
	int placed = dx__socket_place(worker, socket);
	if (placed)
		return placed;
	if (!rc && is_connected_to_itself(worker, socket))
		return -ECONNREFUSED;
	if (!rc)
		finish(worker, socket, 0);
	else if (connect->attempt_ends)
		dx__timer_set(&worker->wheel, &socket->timer, connect->attempt_ends);
	return 0;
}

static void attempt(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__connect *connect = socket->connect;
	for (; connect->next < connect->count; connect->next++) {
		uint64_t limit = connect->each;
		if (connect->total) {
			uint64_t ends = connect->began + connect->total;
			if (worker->now >= ends) {
				connect->error = -ETIMEDOUT;
				break;
			}
			limit = (ends - worker->now) / (connect->count - connect->next);
		}
		connect->attempt_ends = limit || connect->total ? worker->now + limit : 0;
		int rc = try_current(worker, socket);
		if (!rc)
			return;
		connect->error = rc;
		drop_descriptor(worker, socket);
	}
	finish(worker, socket, connect->error);
}

static void late(struct dx__worker *worker, struct dx__timer *timer)
{
	struct dx__socket *socket = DX__CONTAINER(timer, struct dx__socket, timer);
	struct dx__connect *connect = socket->connect;
	if (connect->attempt_ends && worker->now >= connect->attempt_ends) {
		fail_attempt(worker, socket, -ETIMEDOUT);
		return;
	}
	int rc = try_current(worker, socket);
	if (rc)
		fail_attempt(worker, socket, rc);
}

static void ready(struct dx__worker *worker, struct dx__poll *poll, uint32_t events)
{
	struct dx__socket *socket = DX__CONTAINER(poll, struct dx__socket, poll);
	if (!socket->watched)
		return; /* of an attempt that was given up in this batch */
	if (events & (EPOLLERR | EPOLLHUP)) {
		int error = 0;
		socklen_t length = sizeof(error);
		if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
			error = errno;
		/* A socket that has not begun to connect hangs up, too: that event is from its registration. */
		if (error)
			fail_attempt(worker, socket, -error);
		else if (events & EPOLLERR)
			fail_attempt(worker, socket, -ECONNABORTED);
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	socket->writable = true;
	if (is_connected_to_itself(worker, socket)) {
		fail_attempt(worker, socket, -ECONNREFUSED);
		return;
	}
	/* What comes later is an edge. */
	socket->readable = events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI);
	socket->urgent = events & EPOLLPRI;
	socket->hangup = events & EPOLLRDHUP;
	finish(worker, socket, 0);
}

void dx__connect_begin(struct dx__worker *worker, struct dx__socket *socket, struct dx__connect *connect)
{
	socket->activity = DX__CONNECTING;
	socket->connect = connect;
	socket->poll.ready = ready;
	socket->timer.fire = late;
	connect->began = worker->now;
	connect->error = -EHOSTUNREACH;
	if (!dx__list_holds(&socket->placed))
		dx__list_append(&worker->sockets, &socket->placed);
	attempt(worker, socket);
}

void dx__connect_cancel(struct dx__worker *worker, struct dx__socket *socket, int error)
{
	finish(worker, socket, error);
}
