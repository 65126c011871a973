/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy.h"
#include "count.h"

#include <errno.h>
#include <stdlib.h>

static void run_kick(struct dx__worker *worker, struct dx__message *message);
static void grace_over(struct dx__worker *worker, struct dx__timer *timer);
static void run_sweep(struct dx__worker *worker, struct dx__message *message);

struct dx__proxy *dx__proxy_new(struct dx__engine *engine, const struct dx_address *listen,
		const struct dx_proxy_options *options)
{
	struct dx__share *shares = calloc(engine->worker_count, sizeof(*shares));
	struct dx__tally *tallies = dx__tallies_new(engine->worker_count);
	struct dx__proxy *proxy = shares && tallies ? dx__slab_new(&engine->proxies) : NULL;
	if (!proxy) {
		free(shares);
		free(tallies);
		return NULL;
	}
	for (unsigned i = 0; i < engine->worker_count; i++)
		shares[i] = (struct dx__share){.sweep.run = run_sweep, .proxy = proxy};
	proxy->engine = engine;
	/* Listeners take the workers in turn. */
	proxy->worker = &engine->workers[proxy->object.index % engine->worker_count];
	proxy->listen = *listen;
	proxy->options = *options;
	proxy->limits = (struct dx__limits){
		.idle = options->idle_timeout, .half_close = options->half_close_timeout, .life = options->max_lifetime,
	};
	proxy->shares = shares;
	proxy->tallies = tallies;
	proxy->fd = -1;
	proxy->kick.run = run_kick;
	proxy->grace.fire = grace_over;
	dx__backends_init(&proxy->backends, engine->worker_count);
	dx__slab_publish(proxy);
	return proxy;
}

void dx__proxy_destroy(void *object)
{
	struct dx__proxy *proxy = object;
	dx__backends_free(&proxy->backends);
	free(proxy->shares);
	free(proxy->tallies);
	free(atomic_exchange(&proxy->codecs[0], NULL));
	free(atomic_exchange(&proxy->codecs[1], NULL));
	proxy->shares = NULL;
	proxy->tallies = NULL;
}

int dx__proxy_enter(struct dx__engine *engine, dx_id id, struct dx__proxy **proxy)
{
	if (dx__id_kind(id) != DX__KIND_PROXY)
		return -EBADF;
	*proxy = dx__slab_enter(&engine->proxies, id);
	return *proxy ? 0 : -ENOENT;
}

void dx__proxy_leave(struct dx__proxy *proxy) { dx__slab_leave(&proxy->engine->proxies, proxy); }

dx_id dx__proxy_id(const struct dx__proxy *proxy) { return dx__slab_id(&proxy->engine->proxies, proxy); }

/* ---- kicks ---- */

void dx__proxy_kick(struct dx__proxy *proxy)
{
	if (atomic_exchange(&proxy->kicked, true))
		return;
	dx__slab_hold(proxy);
	dx__worker_post(proxy->worker, &proxy->kick);
}

static void run_kick(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__proxy *proxy = DX__CONTAINER(message, struct dx__proxy, kick);
	atomic_store(&proxy->kicked, false);
	dx__proxy_resume(worker, proxy);
	dx__proxy_check_drained(worker, proxy);
	dx__proxy_leave(proxy);
}

/* ---- draining ---- */

static void run_sweep(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__share *share = DX__CONTAINER(message, struct dx__share, sweep);
	struct dx__proxy *proxy = share->proxy;
	atomic_store(&share->sweeping, false);
	struct dx__list *next;
	for (struct dx__list *link = worker->joins.next; link != &worker->joins; link = next) {
		struct dx__join *join = DX__CONTAINER(link, struct dx__join, listed);
		next = link->next;
		if (join->proxy != proxy)
			continue;
		dx__join_end(worker, join, DX_REASON_SHUT_DOWN, DX_SIDE_NONE, 0, DX__FATE_CLOSE_NOW, DX__FATE_CLOSE_NOW);
		/* The next one may have been its tee. */
		if (!dx__list_holds(next))
			next = worker->joins.next;
	}
	dx__proxy_leave(proxy);
}

/* Ends all connections, those on their way to another worker included. */
static void end_connections(struct dx__proxy *proxy)
{
	struct dx__engine *engine = proxy->engine;
	atomic_store(&proxy->ending, true);
	for (unsigned i = 0; i < engine->worker_count; i++) {
		if (atomic_exchange(&proxy->shares[i].sweeping, true))
			continue;
		dx__slab_hold(proxy);
		dx__worker_post(&engine->workers[i], &proxy->shares[i].sweep);
	}
}

static void grace_over(struct dx__worker *worker, struct dx__timer *timer)
{
	(void)worker;
	end_connections(DX__CONTAINER(timer, struct dx__proxy, grace));
}

static void answer_drains(struct dx__proxy *proxy, int result)
{
	struct dx__command *drained = proxy->drains;
	proxy->drains = NULL;
	while (drained) {
		struct dx__command *command = drained;
		drained = command->next;
		command->answer.value = dx__counted(&proxy->forced);
		dx__command_answer(command, result);
	}
}

void dx__proxy_cancel_drain(struct dx__worker *worker, struct dx__proxy *proxy)
{
	dx__timer_cancel(&worker->wheel, &proxy->grace);
	answer_drains(proxy, -ECANCELED);
}

void dx__proxy_check_drained(struct dx__worker *worker, struct dx__proxy *proxy)
{
	if (proxy->fd != -1 || atomic_load(&proxy->active))
		return;
	atomic_store(&proxy->state, DX_PROXY_STOPPED);
	dx__timer_cancel(&worker->wheel, &proxy->grace);
	answer_drains(proxy, 0);
	if (proxy->closing) {
		proxy->closing = false;
		dx__proxy_leave(proxy);
	}
}

void dx__proxy_drain(struct dx__worker *worker, struct dx__proxy *proxy, struct dx__command *command)
{
	dx__proxy_unlisten(worker, proxy);
	if (!proxy->drains)
		atomic_store(&proxy->forced, 0);
	command->next = proxy->drains;
	proxy->drains = command;
	uint64_t deadline = worker->now + command->timeout;
	if (!command->timeout || worker->stopping)
		end_connections(proxy);
	else if (!dx__timer_is_set(&proxy->grace) || deadline < proxy->grace.deadline)
		dx__timer_set(&worker->wheel, &proxy->grace, deadline);
	dx__proxy_check_drained(worker, proxy);
}

void dx__proxy_stop(struct dx__worker *worker, struct dx__proxy *proxy)
{
	answer_drains(proxy, -ESHUTDOWN);
	dx__proxy_unlisten(worker, proxy);
	end_connections(proxy);
	dx__proxy_check_drained(worker, proxy);
}
