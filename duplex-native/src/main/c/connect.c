/* SPDX-License-Identifier: Apache-2.0 */
#include "connect.h"
#include "address.h"
#include "option.h"

#include <errno.h>
#include <netinet/in.h>
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

/* An attempt beside the socket's own. */
struct dx__attempt {
	struct dx__poll poll;
	struct dx__message message;   /* frees it, when no event of this round can point at it any more */
	struct dx__attempt *next;
	struct dx__socket *socket;
	int fd;                       /* -1 once it is over */
	uint32_t index;               /* of its address */
};

/* ---- descriptors ---- */

static void drop(struct dx__worker *worker, int fd, struct dx__poll *watched)
{
	if (watched)
		dx__worker_unwatch(worker, fd, watched);
	close(fd);
	dx__descriptors_give(&worker->engine->descriptors, 1);
}

static void drop_descriptor(struct dx__worker *worker, struct dx__socket *socket)
{
	if (socket->fd != -1)
		drop(worker, socket->fd, socket->watched ? &socket->poll : NULL);
	socket->watched = false;
	socket->fd = -1;
}

static void run_free(struct dx__worker *worker, struct dx__message *message)
{
	(void)worker;
	free(DX__CONTAINER(message, struct dx__attempt, message));
}

/* Takes an attempt off the list; its descriptor is closed, or the caller's when it is -1 already. */
static void remove_attempt(struct dx__worker *worker, struct dx__connect *connect, struct dx__attempt *attempt)
{
	struct dx__attempt **link = &connect->others;
	while (*link != attempt)
		link = &(*link)->next;
	*link = attempt->next;
	if (attempt->fd != -1)
		drop(worker, attempt->fd, &attempt->poll);
	attempt->fd = -1;
	attempt->message.run = run_free;
	dx__worker_defer(worker, &attempt->message);
}

/* Ends the activity; the caller frees what is returned. */
static struct dx__connect *leave(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__connect *connect = socket->connect;
	dx__timer_cancel(&worker->wheel, &socket->timer);
	while (connect->others)
		remove_attempt(worker, connect, connect->others);
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

/* A descriptor for this address, bound to the source if there is one. Returns it or a negative errno. */
static int open_descriptor(struct dx__worker *worker, struct dx__connect *connect, const struct dx_address *address)
{
	const struct dx_address *source = &connect->source;
	if (!connect->reserved && !dx__worker_take_descriptors(worker, 1))
		return -EMFILE;
	connect->reserved = false;
	int rc = 0, one = 1;
	int fd = socket(dx__address_domain(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		rc = -errno;
	if (!rc && source->family != DX_FAMILY_NONE) {
		struct sockaddr_storage storage;
		socklen_t length = dx__address_to_sockaddr(source, &storage);
		/* The port is picked when the other end is known: it need not be free for all of them. */
		if (source->family != DX_FAMILY_UNIX)
			setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&storage, length) == -1)
			rc = -errno;
	}
	if (!rc) {
		dx__option_own(fd, address->family);
		return fd;
	}
	if (fd != -1)
		close(fd);
	dx__descriptors_give(&worker->engine->descriptors, 1);
	return rc;
}

/* Calls connect. 0, -EINPROGRESS, -EAGAIN (a full backlog) or another error. */
static int call_connect(int fd, const struct dx_address *address)
{
	struct sockaddr_storage storage;
	socklen_t length = dx__address_to_sockaddr(address, &storage);
	int rc;
	do
		rc = connect(fd, (struct sockaddr *)&storage, length);
	while (rc == -1 && errno == EINTR);
	return rc == -1 ? -errno : 0;
}

static void note_peer(struct dx__socket *socket, const struct dx_address *address)
{
	struct sockaddr_storage storage;
	socklen_t length = dx__address_to_sockaddr(address, &storage);
	socket->family = (uint8_t)address->family;
	dx__socket_set_peer(socket, &storage, length);
}

/* A connect to a local port on which nobody listens may pick this very port for its own end, and then TCP connects the
   socket to itself (simultaneous open); who retries long enough will see it. Closed with a reset: the port stays free. */
static bool is_connected_to_itself(struct dx__worker *worker, int fd, const struct dx_address *peer)
{
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	struct dx_address local;
	if (peer->family == DX_FAMILY_UNIX || peer->port < worker->engine->first_ephemeral)
		return false;
	if (getsockname(fd, (struct sockaddr *)&storage, &length) == -1)
		return false;
	dx__address_from_sockaddr(&storage, length, &local);
	if (local.port != peer->port || memcmp(local.ip, peer->ip, sizeof(local.ip)) != 0)
		return false;
	dx__option_reset_on_close(fd);
	return true;
}

/* ---- attempts ---- */

static void go_on(struct dx__worker *worker, struct dx__socket *socket, int error);

/* Sets the timer for the end of the attempt, the retry of a full backlog, or the next one's beginning. */
static void set_timer(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__connect *connect = socket->connect;
	/* Not watched: no event tells when the backlog has room. */
	uint64_t retry = socket->fd != -1 && !socket->watched ? worker->now + BACKLOG_RETRY : 0;
	uint64_t times[] = {connect->attempt_ends, connect->next < connect->count ? connect->next_begins : 0, retry};
	uint64_t first = UINT64_MAX;
	for (int i = 0; i < 3; i++) {
		if (times[i] && times[i] < first)
			first = times[i];
	}
	if (first != UINT64_MAX)
		dx__timer_set(&worker->wheel, &socket->timer, first);
	else
		dx__timer_cancel(&worker->wheel, &socket->timer);
}

/* The socket's own attempt at its current address. 0 when it is on its way or has succeeded. */
static int try_current(struct dx__worker *worker, struct dx__socket *socket)
{
	struct dx__connect *connect = socket->connect;
	const struct dx_address *address = &connect->addresses[connect->current];
	if (socket->fd == -1) {
		int fd = open_descriptor(worker, connect, address);
		if (fd < 0)
			return fd;
		socket->fd = fd;
	}
	note_peer(socket, address);
	int rc = call_connect(socket->fd, address);
	if (rc == -EAGAIN) {
		set_timer(worker, socket);
		return 0;
	}
	if (rc && rc != -EINPROGRESS)
		return rc;
	int placed = dx__socket_place(worker, socket);
	if (placed)
		return placed;
	if (!rc && is_connected_to_itself(worker, socket->fd, address))
		return -ECONNREFUSED;
	if (!rc)
		finish(worker, socket, 0);
	else
		set_timer(worker, socket);
	return 0;
}

/* The descriptor of an attempt that has succeeded is the socket's from now on. */
static void win(struct dx__worker *worker, struct dx__attempt *attempt)
{
	struct dx__socket *socket = attempt->socket;
	struct dx__connect *connect = socket->connect;
	drop_descriptor(worker, socket);
	socket->fd = attempt->fd;
	attempt->fd = -1;
	note_peer(socket, &connect->addresses[attempt->index]);
	remove_attempt(worker, connect, attempt);
	/* Registered anew, for the socket: that tells again what it is ready for. */
	dx__worker_unwatch(worker, socket->fd, &attempt->poll);
	int rc = dx__socket_place(worker, socket);
	finish(worker, socket, rc);
}

static void attempt_failed(struct dx__worker *worker, struct dx__attempt *attempt, int error)
{
	struct dx__socket *socket = attempt->socket;
	remove_attempt(worker, socket->connect, attempt);
	go_on(worker, socket, error);
}

static int error_of(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1 ? errno : error;
}

static void attempt_ready(struct dx__worker *worker, struct dx__poll *poll, uint32_t events)
{
	struct dx__attempt *attempt = DX__CONTAINER(poll, struct dx__attempt, poll);
	if (attempt->fd == -1)
		return; /* given up in this batch */
	int error = events & (EPOLLERR | EPOLLHUP) ? error_of(attempt->fd) : 0;
	if (error || (events & EPOLLERR))
		attempt_failed(worker, attempt, error ? -error : -ECONNABORTED);
	else if (events & EPOLLHUP)
		return; /* from its registration */
	else if ((events & EPOLLOUT) && is_connected_to_itself(worker, attempt->fd,
			&attempt->socket->connect->addresses[attempt->index]))
		attempt_failed(worker, attempt, -ECONNREFUSED);
	else if (events & EPOLLOUT)
		win(worker, attempt);
}

/* Begins an attempt beside the socket's own. Returns 0 or a negative errno. */
static int begin_beside(struct dx__worker *worker, struct dx__socket *socket, uint32_t index)
{
	struct dx__connect *connect = socket->connect;
	const struct dx_address *address = &connect->addresses[index];
	struct dx__attempt *attempt = calloc(1, sizeof(*attempt));
	if (!attempt)
		return -ENOMEM;
	attempt->poll.ready = attempt_ready;
	attempt->socket = socket;
	attempt->index = index;
	int rc = attempt->fd = open_descriptor(worker, connect, address);
	if (rc < 0)
		goto fail;
	rc = call_connect(attempt->fd, address);
	/* Established at once is told by an event, too. */
	if (rc && rc != -EINPROGRESS)
		goto fail_descriptor;
	rc = dx__worker_watch(worker, attempt->fd, &attempt->poll);
	if (rc)
		goto fail_descriptor;
	attempt->next = connect->others;
	connect->others = attempt;
	return 0;
fail_descriptor:
	drop(worker, attempt->fd, NULL);
fail:
	free(attempt);
	return rc;
}

/* How long the next attempt may take, in turn; or when the whole race is over. */
static bool set_limits(struct dx__worker *worker, struct dx__connect *connect)
{
	uint64_t limit = connect->each, ends = connect->began + connect->total;
	if (connect->total && worker->now >= ends)
		return false;
	if (connect->total)
		limit = (ends - worker->now) / (connect->head_start ? 1 : connect->count - connect->next);
	connect->attempt_ends = limit || connect->total ? worker->now + limit : 0;
	connect->next_begins = connect->head_start ? worker->now + connect->head_start : 0;
	return true;
}

/* Begins with the next address, or the one after, until one is on its way; the end when none is left. */
static void go_on(struct dx__worker *worker, struct dx__socket *socket, int error)
{
	struct dx__connect *connect = socket->connect;
	connect->error = error;
	while (connect->next < connect->count) {
		if (!set_limits(worker, connect)) {
			finish(worker, socket, -ETIMEDOUT);
			return;
		}
		uint32_t index = connect->next++;
		if (socket->fd != -1) {
			connect->error = begin_beside(worker, socket, index);
			if (!connect->error) {
				set_timer(worker, socket);
				return;
			}
			continue;
		}
		connect->current = index;
		int rc = try_current(worker, socket);
		if (!rc)
			return;
		connect->error = rc;
		drop_descriptor(worker, socket);
	}
	if (socket->fd == -1 && !connect->others)
		finish(worker, socket, connect->error);
	else
		set_timer(worker, socket);
}

static void fail_attempt(struct dx__worker *worker, struct dx__socket *socket, int error)
{
	drop_descriptor(worker, socket);
	dx__timer_cancel(&worker->wheel, &socket->timer);
	go_on(worker, socket, error);
}

static void late(struct dx__worker *worker, struct dx__timer *timer)
{
	struct dx__socket *socket = DX__CONTAINER(timer, struct dx__socket, timer);
	struct dx__connect *connect = socket->connect;
	if (connect->attempt_ends && worker->now >= connect->attempt_ends) {
		if (connect->head_start)
			finish(worker, socket, -ETIMEDOUT);
		else
			fail_attempt(worker, socket, -ETIMEDOUT);
		return;
	}
	if (connect->next < connect->count && connect->next_begins && worker->now >= connect->next_begins) {
		go_on(worker, socket, connect->error);
		return;
	}
	int rc = socket->watched || socket->fd == -1 ? 0 : try_current(worker, socket);
	if (rc)
		fail_attempt(worker, socket, rc);
	else if (socket->connect && (socket->watched || socket->fd == -1))
		set_timer(worker, socket);
}

static void ready(struct dx__worker *worker, struct dx__poll *poll, uint32_t events)
{
	struct dx__socket *socket = DX__CONTAINER(poll, struct dx__socket, poll);
	if (!socket->watched)
		return; /* of an attempt that was given up in this batch */
	if (events & (EPOLLERR | EPOLLHUP)) {
		int error = error_of(socket->fd);
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
	if (is_connected_to_itself(worker, socket->fd, &socket->connect->addresses[socket->connect->current])) {
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
	if (!dx__list_holds(&socket->placed))
		dx__list_append(&worker->sockets, &socket->placed);
	go_on(worker, socket, -EHOSTUNREACH);
}

void dx__connect_cancel(struct dx__worker *worker, struct dx__socket *socket, int error)
{
	finish(worker, socket, error);
}
