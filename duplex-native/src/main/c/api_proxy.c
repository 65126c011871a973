/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: proxies. */
#include "address.h"
#include "api.h"
#include "codec/codec.h"
#include "count.h"
#include "listener.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(sizeof(((struct dx_proxy_info *)0)->ended) == sizeof(((struct dx__proxy *)0)->ended),
		"a proxy counts the ends of each reason");

#define CONNECT_TIMEOUT 5000
#define CONNECT_ATTEMPTS 3
#define MAX_PENDING 1024
#define DECISION_TIMEOUT 10000

static uint32_t or_default(uint32_t value, uint32_t standard) { return value ? value : standard; }

DX_API int dx_proxy_open(dx_id engine_id, const struct dx_address *listen, const struct dx_proxy_options *options,
		dx_id *id)
{
	static const struct dx_proxy_options none = {.size = sizeof(none)};
	struct dx__engine *engine;
	if (!options)
		options = &none;
	if (!id || !listen || !dx__address_is_valid(listen) || options->size < sizeof(none)
			|| options->flags & ~(DX_PROXY_DECIDED | DX_PROXY_JOIN_EVENTS | DX_PROXY_HANDSHAKE | DX_PROXY_HANDSHAKE_BACKEND))
		return -EINVAL;
	int rc = dx__api_engine(engine_id, &engine);
	if (rc)
		return rc;
	struct dx_proxy_options all = *options;
	all.connect_timeout = or_default(all.connect_timeout, CONNECT_TIMEOUT);
	all.connect_attempts = or_default(all.connect_attempts, CONNECT_ATTEMPTS);
	all.max_pending = or_default(all.max_pending, MAX_PENDING);
	all.decision_timeout = or_default(all.decision_timeout, DECISION_TIMEOUT);
	all.backlog = or_default(all.backlog, DX__BACKLOG);
	struct dx__proxy *proxy = dx__engine_is_stopping(engine) ? NULL : dx__proxy_new(engine, listen, &all);
	if (proxy)
		*id = dx__proxy_id(proxy);
	else
		rc = dx__engine_is_stopping(engine) ? -ESHUTDOWN : -ENOMEM;
	dx__engine_leave(engine);
	return rc;
}

/* ---- commands ---- */

static struct dx__command *command_of(struct dx__message *message)
{
	return DX__CONTAINER(message, struct dx__command, message);
}

static void run_backend(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = command_of(message);
	(void)worker;
	int rc = dx__backends_set(&command->proxy->backends, command->max, command->addresses, command->count);
	if (!rc)
		command->addresses = NULL;
	dx__command_answer(command, rc);
}

static void run_start(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = command_of(message);
	struct dx__proxy *proxy = command->proxy;
	int rc = worker->stopping ? -ESHUTDOWN : dx__slab_is_dead(proxy) ? -ENOENT : dx__proxy_listen(worker, proxy);
	command->answer.value = atomic_load(&proxy->port);
	dx__command_answer(command, rc);
}

static void run_start_on(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = command_of(message);
	struct dx__proxy *proxy = command->proxy;
	int rc = worker->stopping ? -ESHUTDOWN : dx__slab_is_dead(proxy) ? -ENOENT
			: dx__proxy_listen_on(worker, proxy, command->fd);
	if (rc)
		close(command->fd);
	command->answer.value = atomic_load(&proxy->port);
	dx__command_answer(command, rc);
}

static void run_stop(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = command_of(message);
	dx__proxy_unlisten(worker, command->proxy);
	dx__proxy_check_drained(worker, command->proxy);
	dx__command_answer(command, 0);
}

static void run_drain(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = command_of(message);
	dx__proxy_drain(worker, command->proxy, command);
}

static void run_close(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = command_of(message);
	command->proxy->closing = true;
	dx__proxy_drain(worker, command->proxy, command);
}

/* Makes a command about the proxy. 0, or an error with everything undone. */
static int begin(dx_id id, const struct dx__reply *reply, void (*run)(struct dx__worker *, struct dx__message *),
		struct dx__command **command)
{
	struct dx__engine *engine;
	struct dx__proxy *proxy;
	int rc = dx__api_proxy(id, &engine, &proxy);
	if (rc)
		return rc;
	*command = dx__command_new(engine, reply, &rc);
	if (rc) {
		dx__api_leave(engine, NULL, NULL, proxy);
		return rc;
	}
	(*command)->proxy = proxy; /* with its reference */
	(*command)->answer.object = id;
	(*command)->message.run = run;
	return 0;
}

/* Sends it. Leaves the engine that begin entered. */
static int send_off(struct dx__command *command)
{
	struct dx__engine *engine = command->engine;
	dx__worker_post(command->proxy->worker, &command->message);
	dx__engine_leave(engine);
	return 0;
}

DX_API int dx_proxy_backend(dx_id id, uint32_t backend, const struct dx_address *addresses, uint32_t count,
		uint64_t token)
{
	struct dx__command *command;
	int rc;
	struct dx_address *copy = dx__api_addresses(addresses, count, 0, &rc);
	if (!rc)
		rc = begin(id, &(struct dx__reply){.token = token}, run_backend, &command);
	if (rc) {
		free(copy);
		return rc;
	}
	command->addresses = copy;
	command->count = count;
	command->max = backend;
	if (!(command->proxy->options.flags & DX_PROXY_DECIDED) && backend < DX__BACKENDS_MAX)
		return send_off(command);
	rc = backend < DX__BACKENDS_MAX ? -EOPNOTSUPP : -ERANGE;
	struct dx__engine *engine = command->engine;
	dx__command_drop(command);
	dx__engine_leave(engine);
	return rc;
}

DX_API int dx_proxy_codec(dx_id id, uint32_t side, const struct dx_codec_options *options)
{
	struct dx__engine *engine;
	struct dx__proxy *proxy;
	struct dx_codec_options resolved;
	const struct dx_codec_ops *ops;
	if (!options || (side != DX_SIDE_A && side != DX_SIDE_B))
		return -EINVAL;
	int rc = dx__codec_find(options, &resolved, &ops);
	if (!rc)
		rc = dx__api_proxy(id, &engine, &proxy);
	if (rc)
		return rc;
	struct dx_codec_options *copy = malloc(sizeof(*copy)), *none = NULL;
	if (copy)
		*copy = *options;
	if (!copy)
		rc = -ENOMEM;
	else if (!atomic_compare_exchange_strong(&proxy->codecs[side - DX_SIDE_A], &none, copy))
		rc = -EALREADY;
	if (rc)
		free(copy);
	dx__api_leave(engine, NULL, NULL, proxy);
	return rc;
}

static int give_start(dx_id id, const struct dx__reply *reply)
{
	struct dx__command *command;
	int rc = begin(id, reply, run_start, &command);
	return rc ? rc : send_off(command);
}

static int give_start_on(dx_id id, int fd, const struct dx__reply *reply)
{
	struct dx__command *command;
	int family;
	uint16_t port;
	int rc = begin(id, reply, run_start_on, &command);
	if (rc)
		return rc;
	rc = dx__listener_adopt(fd, &family, &port);
	if (rc) {
		struct dx__engine *engine = command->engine;
		dx__command_drop(command);
		dx__engine_leave(engine);
		return rc;
	}
	command->fd = fd;
	return send_off(command);
}

static int give_stop(dx_id id, const struct dx__reply *reply)
{
	struct dx__command *command;
	int rc = begin(id, reply, run_stop, &command);
	return rc ? rc : send_off(command);
}

static int give_drain(dx_id id, uint32_t grace, const struct dx__reply *reply)
{
	struct dx__command *command;
	int rc = begin(id, reply, run_drain, &command);
	if (rc)
		return rc;
	command->timeout = grace;
	return send_off(command);
}

static int give_close(dx_id id, const struct dx__reply *reply)
{
	struct dx__command *command;
	int rc = begin(id, reply, run_close, &command);
	if (rc)
		return rc;
	if (dx__slab_kill(command->proxy))
		return send_off(command);
	struct dx__engine *engine = command->engine;
	dx__command_drop(command);
	dx__engine_leave(engine);
	return -ENOENT;
}

DX_API int dx_proxy_start(dx_id proxy, uint64_t token)
{
	return give_start(proxy, &(struct dx__reply){.token = token});
}

DX_API int dx_proxy_start_on(dx_id proxy, int fd, uint64_t token)
{
	return give_start_on(proxy, fd, &(struct dx__reply){.token = token});
}

DX_API int dx_proxy_start_on_wait(dx_id proxy, int fd, uint16_t *port)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	int rc = dx__waiter_await(&waiter, give_start_on(proxy, fd, &(struct dx__reply){.waiter = &waiter}));
	if (!rc && port)
		*port = (uint16_t)waiter.answer.value;
	return rc;
}

DX_API int dx_proxy_stop(dx_id proxy, uint64_t token)
{
	return give_stop(proxy, &(struct dx__reply){.token = token});
}

DX_API int dx_proxy_drain(dx_id proxy, uint32_t grace, uint64_t token)
{
	return give_drain(proxy, grace, &(struct dx__reply){.token = token});
}

DX_API int dx_proxy_close(dx_id proxy, uint64_t token)
{
	return give_close(proxy, &(struct dx__reply){.token = token});
}

DX_API int dx_proxy_start_wait(dx_id proxy, uint16_t *port)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	int rc = dx__waiter_await(&waiter, give_start(proxy, &(struct dx__reply){.waiter = &waiter}));
	if (!rc && port)
		*port = (uint16_t)waiter.answer.value;
	return rc;
}

DX_API int dx_proxy_stop_wait(dx_id proxy)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_stop(proxy, &(struct dx__reply){.waiter = &waiter}));
}

DX_API int dx_proxy_drain_wait(dx_id proxy, uint32_t grace)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_drain(proxy, grace, &(struct dx__reply){.waiter = &waiter}));
}

DX_API int dx_proxy_close_wait(dx_id proxy)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_close(proxy, &(struct dx__reply){.waiter = &waiter}));
}

/* ---- decisions ---- */

/* A decision on its way to the connection's worker. Not a command: it has no answer. */
struct decision {
	struct dx__message message;
	struct dx__join *join;        /* reference */
	struct dx_address *addresses; /* owned, or NULL */
	uint32_t count;
	uint32_t refusal;             /* enum dx_refusal, or 0 */
};

static bool awaits_host(uint8_t state) { return state == DX_JOIN_DECIDING || state == DX_JOIN_HANDSHAKING; }

static void run_decision(struct dx__worker *worker, struct dx__message *message)
{
	struct decision *decision = DX__CONTAINER(message, struct decision, message);
	struct dx__join *join = decision->join;
	struct dx__proxy *proxy = join->proxy;
	/* It may have ended while the decision was on its way. */
	if (!awaits_host(atomic_load(&join->state))) {
		free(decision->addresses);
	} else if (!decision->addresses && !decision->refusal) {
		dx__proxy_connection_proceed(worker, join);
	} else if (decision->addresses) {
		dx__proxy_connection_decided(worker, join, decision->addresses, decision->count);
	} else if (decision->refusal == DX_REFUSED_BY_HANDSHAKE) {
		dx__proxy_connection_turn_away(worker, join);
	} else {
		bool router = decision->refusal == DX_REFUSED_BY_ROUTER;
		dx__proxy_connection_refuse(worker, join, router ? &proxy->refused_by_router : &proxy->refused_by_failure,
				DX_REASON_REFUSED, 0);
	}
	dx__join_leave(join);
	free(decision);
}

/* Takes the addresses. */
static int decide(dx_id id, struct dx_address *addresses, uint32_t count, uint32_t refusal)
{
	struct dx__engine *engine;
	struct dx__join *join;
	struct decision *decision = calloc(1, sizeof(*decision));
	int rc = decision ? dx__api_join(id, &engine, &join) : -ENOMEM;
	if (rc) {
		free(addresses);
		free(decision);
		return rc;
	}
	*decision = (struct decision){
		.message.run = run_decision, .join = join, .addresses = addresses, .count = count, .refusal = refusal,
	};
	uint32_t flags = join->proxy ? join->proxy->options.flags : 0;
	pthread_mutex_lock(&engine->control);
	/* Not before: once it is answered, the next question may come at any time. */
	uint8_t state = atomic_load(&join->state);
	bool is_first = state == DX_JOIN_DECIDING, proceeds = !addresses && !refusal;
	if (!(flags & (DX_PROXY_DECIDED | DX_PROXY_HANDSHAKE | DX_PROXY_HANDSHAKE_BACKEND)) || state == DX__JOIN_MAKING)
		rc = -EOPNOTSUPP;
	else if (state == DX__JOIN_ENDED)
		rc = -ENOENT;
	else if (join->answered || !awaits_host(state))
		rc = -EALREADY;
	else if ((addresses && !(is_first && flags & DX_PROXY_DECIDED)) || (proceeds && is_first && flags & DX_PROXY_DECIDED))
		rc = -EOPNOTSUPP;
	else
		join->answered = true;
	pthread_mutex_unlock(&engine->control);
	if (rc) {
		free(addresses);
		free(decision);
		dx__api_leave(engine, NULL, join, NULL);
		return rc;
	}
	dx__worker_post(atomic_load(&join->worker), &decision->message);
	dx__engine_leave(engine);
	return 0;
}

DX_API int dx_proxy_decide(dx_id connection, const struct dx_address *addresses, uint32_t count)
{
	int rc;
	struct dx_address *copy = dx__api_addresses(addresses, count, 1, &rc);
	return rc ? rc : decide(connection, copy, count, 0);
}

DX_API int dx_proxy_refuse(dx_id connection, uint32_t refusal)
{
	if (refusal < DX_REFUSED_BY_ROUTER || refusal > DX_REFUSED_BY_HANDSHAKE)
		return -EINVAL;
	return decide(connection, NULL, 0, refusal);
}

DX_API int dx_proxy_proceed(dx_id connection) { return decide(connection, NULL, 0, 0); }

/* ---- information ---- */

DX_API int dx_proxy_info(dx_id id, struct dx_proxy_info *info)
{
	struct dx__engine *engine;
	struct dx__proxy *proxy;
	if (!info || info->size < sizeof(*info))
		return -EINVAL;
	int rc = dx__api_proxy(id, &engine, &proxy);
	if (rc)
		return rc;
	struct dx_proxy_info now = {
		.size = sizeof(now),
		.state = atomic_load(&proxy->state),
		.port = atomic_load(&proxy->port),
		.backends = dx__backends_count(&proxy->backends),
		.accepted = dx__counted(&proxy->accepted),
		.active = dx__counted(&proxy->active),
		.pending = dx__counted(&proxy->pending),
		.joined = dx__counted(&proxy->joined),
		.connect_failed = dx__counted(&proxy->connect_failed),
		.refused_by_router = dx__counted(&proxy->refused_by_router),
		.refused_by_failure = dx__counted(&proxy->refused_by_failure),
		.refused_by_timeout = dx__counted(&proxy->refused_by_timeout),
		.refused_by_handshake = dx__counted(&proxy->refused_by_handshake),
		.refused_exhausted = dx__counted(&proxy->refused_exhausted),
		.client_gone = dx__counted(&proxy->client_gone),
	};
	for (int i = 0; i < DX_REASONS; i++)
		now.ended[i] = dx__counted(&proxy->ended[i]);
	dx__tallies_add(proxy->tallies, engine->worker_count, &now.bytes_from_client, &now.bytes_from_backend);
	dx__backends_bytes(&proxy->backends, &now.bytes_from_client, &now.bytes_from_backend);
	*info = now;
	dx__api_leave(engine, NULL, NULL, proxy);
	return 0;
}

DX_API int dx_proxy_backend_info(dx_id id, uint32_t backend, struct dx_backend_info *info)
{
	struct dx__engine *engine;
	struct dx__proxy *proxy;
	if (!info || info->size < sizeof(*info))
		return -EINVAL;
	int rc = dx__api_proxy(id, &engine, &proxy);
	if (rc)
		return rc;
	struct dx_backend_info now = {.size = sizeof(now)};
	rc = dx__backends_info(&proxy->backends, backend, &now);
	if (!rc)
		*info = now;
	dx__api_leave(engine, NULL, NULL, proxy);
	return rc;
}
