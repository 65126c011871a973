/* SPDX-License-Identifier: Apache-2.0 */
#include "connect.h"
#include "count.h"
#include "half.h"
#include "held.h"
#include "join_news.h"
#include "placement.h"
#include "proxy.h"
#include "putting.h"
#include "route.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define MOST_ATTEMPTS 64

static struct dx__backend *backend_of(struct dx__join *join)
{
	return dx__backends_at(&join->proxy->backends, join->backend);
}

/* ---- refusing ---- */

/* Its threads are inside one non-blocking call at most, or parked and woken. */
static void take_back(struct dx__socket *socket)
{
	if (!atomic_load(&socket->lent))
		return;
	pthread_mutex_lock(&socket->engine->control);
	dx__half_set(socket, DX__IN, DX_HALF_FLOWING);
	dx__half_set(socket, DX__OUT, DX_HALF_FLOWING);
	pthread_mutex_unlock(&socket->engine->control);
	dx__held_bar(socket);
	dx__half_await_left(socket);
	atomic_store(&socket->lent, false);
}

/* Whether the host has shaken hands with the client. */
static bool is_greeted(const struct dx__join *join, enum dx_reason reason, int error)
{
	uint8_t state = atomic_load(&join->state);
	if (!(join->proxy->options.flags & DX_PROXY_HANDSHAKE))
		return false;
	/* Who refuses for another reason than the handshake has done that before, and who was late perhaps not. */
	return state == DX_JOIN_CONNECTING || state == DX_JOIN_HANDSHAKING
			|| (state == DX_JOIN_DECIDING && reason == DX_REASON_REFUSED && !error);
}

/* Tells the client in its codec's way that nothing comes. False where there is no such way. */
static bool say_goodbye(struct dx__join *join, uint32_t error)
{
	const struct dx_codec_options *codec = atomic_load(&join->proxy->codecs[0]);
	take_back(join->a);
	if (!codec || dx__framing_set(join->a, codec))
		return false;
	struct dx__framing *framing = atomic_load(&join->a->framing);
	pthread_mutex_lock(&framing->output);
	dx__framing_keep_refusal(framing, error);
	pthread_mutex_unlock(&framing->output);
	return dx__put_waiting(join->a);
}

void dx__proxy_connection_refuse(struct dx__worker *worker, struct dx__join *join, _Atomic uint64_t *counter,
		enum dx_reason reason, int error)
{
	bool by_router = counter == &join->proxy->refused_by_router;
	if (counter)
		dx__count_shared(counter, 1);
	bool is_told = is_greeted(join, reason, error)
			&& say_goodbye(join, by_router ? DX_CODEC_REFUSED : DX_CODEC_UNAVAILABLE);
	/* Otherwise a reset: a client must not take a clean end for an answer. */
	dx__join_end(worker, join, reason, DX_SIDE_NONE, error, is_told ? DX__FATE_CLOSE_ORDERLY : DX__FATE_ABORT,
			DX__FATE_CLOSE_NOW);
}

void dx__proxy_connection_turn_away(struct dx__worker *worker, struct dx__join *join)
{
	dx__count_shared(&join->proxy->refused_by_handshake, 1);
	dx__join_end(worker, join, DX_REASON_REFUSED, DX_SIDE_NONE, 0, DX__FATE_CLOSE_ORDERLY, DX__FATE_CLOSE_NOW);
}

static void refuse_exhausted(struct dx__worker *worker, struct dx__join *join, int error)
{
	struct dx__proxy *proxy = join->proxy;
	dx__descriptors_exhausted(&worker->engine->descriptors, error);
	/* The next ones had better wait in the backlog. */
	atomic_store(&proxy->starved, true);
	dx__proxy_kick(proxy);
	dx__proxy_connection_refuse(worker, join, &proxy->refused_exhausted,
			join->b ? DX_REASON_CONNECT_FAILED : DX_REASON_ERROR, error);
}

static void no_longer_pending(struct dx__join *join)
{
	if (!join->pending)
		return;
	join->pending = false;
	atomic_fetch_sub(&join->proxy->pending, 1);
	if (atomic_load(&join->proxy->paused))
		dx__proxy_kick(join->proxy);
}

void dx__proxy_connection_ended(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__proxy *proxy = join->proxy;
	struct dx__backend *backend = backend_of(join);
	if (backend)
		dx__count_shared(&backend->active, -1);
	if (join->reserved)
		dx__descriptors_give(&worker->engine->descriptors, 1);
	join->reserved = false;
	no_longer_pending(join);
	dx__count_shared(&proxy->ended[join->reason], 1);
	if (join->reason == DX_REASON_SHUT_DOWN)
		dx__count_shared(&proxy->forced, 1);
	uint64_t left = atomic_fetch_sub(&proxy->active, 1) - 1;
	if (atomic_load(&proxy->paused) || (!left && atomic_load(&proxy->state) == DX_PROXY_DRAINING))
		dx__proxy_kick(proxy);
}

/* With a codec on either side the connection is a route. */
static int set_codecs(struct dx__join *join)
{
	struct dx_codec_options *client = atomic_load(&join->proxy->codecs[0]);
	struct dx_codec_options *backend = atomic_load(&join->proxy->codecs[1]);
	if (!client && !backend)
		return 0;
	join->route = dx__route_new();
	join->flags |= DX_JOIN_ROUTE;
	int rc = join->route ? dx__framing_set(join->a, client) : -ENOMEM;
	return rc ? rc : dx__framing_set(join->b, backend);
}

/* ---- handshakes of the host's ---- */

static void decision_late(struct dx__worker *worker, struct dx__timer *timer)
{
	struct dx__join *join = DX__CONTAINER(timer, struct dx__join, timer);
	dx__proxy_connection_refuse(worker, join, &join->proxy->refused_by_timeout, DX_REASON_REFUSED, -ETIMEDOUT);
}

/* The host may receive from the socket and send to it. */
static void lend(struct dx__socket *socket)
{
	atomic_store(&socket->lent, true);
	dx__half_set(socket, DX__IN, DX_HALF_HELD);
	dx__half_set(socket, DX__OUT, DX_HALF_HELD);
}

/* Asks the host, and gives it some time. */
static void ask(struct dx__worker *worker, struct dx__join *join, uint8_t state, uint32_t news)
{
	pthread_mutex_lock(&join->engine->control);
	join->answered = false;
	atomic_store(&join->state, state);
	pthread_mutex_unlock(&join->engine->control);
	join->timer.fire = decision_late;
	dx__timer_set(&worker->wheel, &join->timer, worker->now + join->proxy->options.decision_timeout);
	dx__news_post(worker->engine, &join->news, news);
}

/* ---- joining ---- */

static void open_join(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__backend *backend = backend_of(join);
	struct dx__tally *tally = &(backend ? backend->tallies : join->proxy->tallies)[worker->number];
	join->a->poll.ready = dx__socket_ready;
	join->a->join = join->b->join = NULL;
	join->stream[0].account.tally = &tally->from_client;
	join->stream[1].account.tally = &tally->from_backend;
	int rc = set_codecs(join);
	if (!rc)
		rc = dx__join_open(worker, join);
	if (rc) {
		refuse_exhausted(worker, join, rc);
		return;
	}
	dx__count_shared(&join->proxy->joined, 1);
}

static void connect_next(struct dx__worker *worker, struct dx__join *join, int error);

/* A connect is over: of the proxy's own backends each attempt is one, of a decided connection there is only one. */
static void connected(struct dx__worker *worker, struct dx__socket *socket, int result)
{
	struct dx__join *join = socket->join;
	struct dx__backend *backend = backend_of(join);
	/* What has run out here is not the backend's fault. -EADDRNOTAVAIL may be that (no free port for this backend) or
	   a machine without IPv6; either way another address may do. */
	if (dx__descriptors_is_exhaustion(result)) {
		refuse_exhausted(worker, join, result);
		return;
	}
	if (backend && !(result == -EADDRNOTAVAIL && socket->family == DX_FAMILY_IPV4)) {
		atomic_store_explicit(&backend->error, result, memory_order_relaxed);
		dx__count_shared(result ? &backend->failed : &backend->joined, 1);
	}
	if (result) {
		connect_next(worker, join, result);
	} else if (join->proxy->options.flags & DX_PROXY_HANDSHAKE_BACKEND) {
		lend(socket);
		ask(worker, join, DX_JOIN_HANDSHAKING, DX__JOIN_NEWS_CONNECTED);
	} else {
		open_join(worker, join);
	}
}

/* Begins to connect to these addresses, which it takes. */
static void connect_to(struct dx__worker *worker, struct dx__join *join, struct dx_address *addresses, uint32_t count)
{
	struct dx__connect *connect = dx__connect_new(addresses, count);
	if (connect && !join->b) {
		join->b = dx__socket_new(join->engine, -1, 0, DX_HALF_FLOWING);
		if (join->b) {
			dx__slab_hold(join->b);
			join->b->join = join;
			dx__place_own(worker, join->b);
		}
	}
	if (!connect || !join->b) {
		if (connect)
			dx__connect_free(connect);
		refuse_exhausted(worker, join, -ENOMEM);
		return;
	}
	connect->each = join->proxy->options.connect_timeout;
	connect->reserved = join->reserved;
	join->reserved = false;
	connect->done = connected;
	atomic_store(&join->state, DX_JOIN_CONNECTING);
	dx__connect_begin(worker, join->b, connect);
}

static void connect_next(struct dx__worker *worker, struct dx__join *join, int error)
{
	struct dx__proxy *proxy = join->proxy;
	struct dx_address *address = join->attempts ? malloc(sizeof(*address)) : NULL;
	uint32_t before = join->backend;
	if (before != UINT32_MAX)
		dx__count_shared(&backend_of(join)->active, -1);
	join->backend = UINT32_MAX;
	if (address)
		join->backend = dx__backends_choose(&proxy->backends, before, address);
	if (join->backend == UINT32_MAX) {
		free(address);
		if (error == -EADDRNOTAVAIL && join->b && join->b->family == DX_FAMILY_IPV4)
			refuse_exhausted(worker, join, error);
		else
			dx__proxy_connection_refuse(worker, join, &proxy->connect_failed, DX_REASON_CONNECT_FAILED, error);
		return;
	}
	join->attempts--;
	dx__count_shared(&backend_of(join)->active, 1);
	connect_to(worker, join, address, 1);
}

/* The client's epoll function until the join is open: does it vanish? */
static void client_ready(struct dx__worker *worker, struct dx__poll *poll, uint32_t events)
{
	struct dx__socket *socket = DX__CONTAINER(poll, struct dx__socket, poll);
	if (!socket->watched)
		return;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI))
		socket->readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP))
		socket->hangup = true; /* half-closed: it may well wait for an answer */
	if (events & EPOLLPRI)
		socket->urgent = true;
	/* A hang-up alone is no reason: a unix client may have sent its all and closed. */
	if (!(events & EPOLLERR) || !dx__socket_fetch_error(socket)) {
		/* What the host had to say may be on its way still. */
		if (socket->activity != DX__IDLE)
			dx__socket_ready(worker, poll, events);
		return;
	}
	struct dx__join *join = socket->join;
	dx__count_shared(&join->proxy->client_gone, 1);
	dx__join_end(worker, join, DX_REASON_RESET, DX_SIDE_A, dx__socket_error(socket), DX__FATE_CLOSE_NOW,
			DX__FATE_CLOSE_NOW);
}

/* With the proxy's own backends. */
static void connect_first(struct dx__worker *worker, struct dx__join *join)
{
	uint32_t addresses = dx__backends_addresses(&join->proxy->backends);
	join->attempts = join->proxy->options.connect_attempts;
	if (join->attempts > addresses)
		join->attempts = addresses;
	if (join->attempts > MOST_ATTEMPTS)
		join->attempts = MOST_ATTEMPTS;
	connect_next(worker, join, -EHOSTUNREACH);
}

void dx__proxy_connection_begin(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__join *join = DX__CONTAINER(message, struct dx__join, message);
	struct dx__proxy *proxy = join->proxy;
	dx__join_list(worker, join);
	if (worker->stopping || atomic_load(&proxy->ending)) {
		dx__proxy_connection_refuse(worker, join, NULL, DX_REASON_SHUT_DOWN, 0);
		return;
	}
	join->a->poll.ready = client_ready;
	int rc = dx__socket_place(worker, join->a);
	if (rc) {
		refuse_exhausted(worker, join, rc);
		return;
	}
	/* Registering reports what is there: no need to try and be told EAGAIN. */
	join->a->readable = false;
	if (proxy->options.flags & DX_PROXY_HANDSHAKE)
		lend(join->a);
	if (dx__proxy_asks(proxy))
		ask(worker, join, DX_JOIN_DECIDING, DX__JOIN_NEWS_CONNECTION);
	else
		connect_first(worker, join);
}

void dx__proxy_connection_decided(struct dx__worker *worker, struct dx__join *join, struct dx_address *addresses,
		uint32_t count)
{
	dx__timer_cancel(&worker->wheel, &join->timer);
	no_longer_pending(join);
	take_back(join->a);
	connect_to(worker, join, addresses, count);
}

void dx__proxy_connection_proceed(struct dx__worker *worker, struct dx__join *join)
{
	dx__timer_cancel(&worker->wheel, &join->timer);
	no_longer_pending(join);
	if (atomic_load(&join->state) == DX_JOIN_DECIDING) {
		take_back(join->a);
		connect_first(worker, join);
	} else {
		take_back(join->b);
		open_join(worker, join);
	}
}
