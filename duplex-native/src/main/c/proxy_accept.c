/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"
#include "count.h"
#include "listener.h"
#include "option.h"
#include "placement.h"
#include "proxy.h"

#include <errno.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 64
#define RETRY_AFTER 100 /* milliseconds, when something has run out */

static bool is_full(struct dx__proxy *proxy)
{
	const struct dx_proxy_options *options = &proxy->options;
	return (options->max_connections && atomic_load(&proxy->active) >= options->max_connections)
			|| (dx__proxy_asks(proxy) && atomic_load(&proxy->pending) >= options->max_pending);
}

static void unwatch(struct dx__worker *worker, struct dx__proxy *proxy)
{
	if (proxy->watched)
		dx__worker_unwatch(worker, proxy->fd, &proxy->poll);
	proxy->watched = false;
}

static void suspend(struct dx__worker *worker, struct dx__proxy *proxy)
{
	unwatch(worker, proxy);
	atomic_store(&proxy->state, DX_PROXY_PAUSED);
}

static void suspend_exhausted(struct dx__worker *worker, struct dx__proxy *proxy)
{
	suspend(worker, proxy);
	dx__timer_set(&worker->wheel, &proxy->retry, worker->now + RETRY_AFTER);
}

void dx__proxy_resume(struct dx__worker *worker, struct dx__proxy *proxy)
{
	if (proxy->fd == -1)
		return;
	if (atomic_exchange(&proxy->starved, false))
		suspend_exhausted(worker, proxy);
	if (proxy->watched || dx__timer_is_set(&proxy->retry))
		return;
	atomic_store(&proxy->paused, is_full(proxy));
	/* Once more, after saying that a kick is wanted: the last one may just have gone. */
	if (is_full(proxy))
		return;
	atomic_store(&proxy->paused, false);
	int rc = dx__worker_watch_listener(worker, proxy->fd, &proxy->poll);
	if (rc) {
		dx__descriptors_exhausted(&worker->engine->descriptors, rc);
		suspend_exhausted(worker, proxy);
		return;
	}
	proxy->watched = true;
	atomic_store(&proxy->state, DX_PROXY_STARTED);
}

static void retry(struct dx__worker *worker, struct dx__timer *timer)
{
	dx__proxy_resume(worker, DX__CONTAINER(timer, struct dx__proxy, retry));
}

/* Makes a connection of an accepted descriptor and hands it to a worker; without memory it is closed. */
static void hand_out(struct dx__worker *worker, struct dx__proxy *proxy, int fd,
		const struct sockaddr_storage *address, socklen_t length)
{
	struct dx__engine *engine = worker->engine;
	bool decided = dx__proxy_asks(proxy);
	struct dx__join *join = dx__join_new(engine);
	struct dx__socket *socket = join ? dx__socket_new(engine, fd, proxy->listen.family, DX_HALF_FLOWING) : NULL;
	if (!socket) {
		if (join)
			dx__join_drop(worker, join);
		dx__count_shared(&proxy->refused_exhausted, 1);
		close(fd);
		dx__descriptors_give(&engine->descriptors, 2);
		return;
	}
	dx__socket_set_peer(socket, address, length);
	dx__slab_hold(socket);
	dx__slab_hold(proxy);
	join->reserved = true;
	join->a = socket;
	join->proxy = proxy;
	join->quiet = !(proxy->options.flags & DX_PROXY_JOIN_EVENTS);
	join->limits = &proxy->limits;
	socket->join = join;
	atomic_fetch_add(&proxy->active, 1);
	if (decided) {
		join->pending = true;
		atomic_fetch_add(&proxy->pending, 1);
	}
	struct dx__worker *target = dx__engine_least_loaded(engine);
	/* Counted at once, so that a burst spreads. */
	dx__place_own(target, socket);
	join->message.run = dx__proxy_connection_begin;
	if (target == worker)
		dx__proxy_connection_begin(worker, &join->message);
	else
		dx__worker_post(target, &join->message);
}

/* Accepts one connection. 0; -EAGAIN when none waits; -EMFILE and others on exhaustion. */
static int accept_one(struct dx__worker *worker, struct dx__proxy *proxy)
{
	struct dx__descriptors *descriptors = &worker->engine->descriptors;
	/* Two: a client without a descriptor for its backend is of no use. The second is reserved for that. */
	if (!dx__worker_take_descriptors(worker, 2))
		return -EMFILE;
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	if (proxy->inherited)
		dx__option_keep_nonblocking(proxy->fd);
	int fd = accept4(proxy->fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int error = fd == -1 ? -errno : 0;
	if (fd == -1) {
		dx__descriptors_give(descriptors, 2);
		return dx__listener_may_go_on(error) ? 0 : error;
	}
	dx__count(&proxy->accepted, 1);
	hand_out(worker, proxy, fd, &address, length);
	return 0;
}

static void ready(struct dx__worker *worker, struct dx__poll *poll, uint32_t events)
{
	struct dx__proxy *proxy = DX__CONTAINER(poll, struct dx__proxy, poll);
	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		if (is_full(proxy) || atomic_load(&proxy->starved)) {
			suspend(worker, proxy);
			dx__proxy_resume(worker, proxy);
			return;
		}
		int rc = accept_one(worker, proxy);
		if (rc == -EAGAIN)
			return;
		if (rc) {
			/* Whatever it is, the connection goes on waiting and so do we: never a hot loop. */
			dx__descriptors_exhausted(&worker->engine->descriptors, rc);
			suspend_exhausted(worker, proxy);
			return;
		}
	}
}

static void begin(struct dx__worker *worker, struct dx__proxy *proxy, int fd, uint16_t port)
{
	dx__proxy_cancel_drain(worker, proxy);
	proxy->fd = fd;
	proxy->bound_port = port;
	proxy->poll.ready = ready;
	proxy->retry.fire = retry;
	atomic_store(&proxy->port, port);
	atomic_store(&proxy->ending, false);
	atomic_store(&proxy->forced, 0);
	atomic_store(&proxy->state, DX_PROXY_PAUSED);
	dx__proxy_resume(worker, proxy);
}

int dx__proxy_listen(struct dx__worker *worker, struct dx__proxy *proxy)
{
	if (proxy->fd != -1)
		return 0;
	struct dx_address address = proxy->listen;
	if (!address.port)
		address.port = proxy->bound_port;
	if (!dx__descriptors_take(&worker->engine->descriptors, 1))
		return -EMFILE;
	uint16_t port = 0;
	int fd = dx__listener_open(&address, proxy->options.backlog, &port);
	if (fd < 0) {
		dx__descriptors_give(&worker->engine->descriptors, 1);
		return fd;
	}
	proxy->inherited = false;
	begin(worker, proxy, fd, port);
	return 0;
}

int dx__proxy_listen_on(struct dx__worker *worker, struct dx__proxy *proxy, int fd)
{
	int family;
	uint16_t port;
	if (proxy->fd != -1)
		return -EALREADY;
	if (!dx__descriptors_take(&worker->engine->descriptors, 1))
		return -EMFILE;
	int rc = dx__listener_adopt(fd, &family, &port);
	if (rc) {
		dx__descriptors_give(&worker->engine->descriptors, 1);
		return rc;
	}
	proxy->inherited = true;
	begin(worker, proxy, fd, port);
	return 0;
}

void dx__proxy_unlisten(struct dx__worker *worker, struct dx__proxy *proxy)
{
	if (proxy->fd == -1)
		return;
	atomic_store(&proxy->state, DX_PROXY_STOPPING);
	if (!proxy->inherited && dx__address_is_path(&proxy->listen))
		unlink(proxy->listen.path);
	/* A peer in the backlog believes that it is connected, and closing would reset it: beyond max_connections. */
	for (uint32_t i = 0; i <= proxy->options.backlog && !worker->stopping; i++) {
		if (accept_one(worker, proxy))
			break;
	}
	unwatch(worker, proxy);
	dx__timer_cancel(&worker->wheel, &proxy->retry);
	atomic_store(&proxy->paused, false);
	close(proxy->fd);
	proxy->fd = -1;
	dx__descriptors_give(&worker->engine->descriptors, 1);
	atomic_store(&proxy->state, DX_PROXY_DRAINING);
}
