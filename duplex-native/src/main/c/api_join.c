/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: joining, and what can be asked of a join. */
#include "api.h"
#include "api_join.h"
#include "inherit.h"
#include "join_news.h"
#include "joining.h"
#include "placement.h"
#include "route.h"

#include <errno.h>
#include <stdlib.h>

/* ---- joining ---- */

static int give_join(dx_id a_id, dx_id b_id, const struct dx_join_options *options, const struct dx__reply *reply,
		dx_id *id)
{
	struct dx__engine *engine;
	struct dx__socket *a, *b;
	if (!id || (options && (options->size < sizeof(*options)
			|| options->flags & ~(DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE | DX_JOIN_LOSSY | DX_JOIN_ROUTE)
			|| (options->flags & DX_JOIN_ROUTE && options->flags & DX_JOIN_LOSSY))))
		return -EINVAL;
	int rc = dx__api_socket(a_id, &engine, &a);
	if (rc)
		return rc;
	/* Made up comes first: an id of no engine is not one of another engine. */
	if (dx_engine_of(a_id) != dx_engine_of(b_id)) {
		struct dx__engine *other;
		rc = dx__api_socket(b_id, &other, &b);
		if (!rc) {
			dx__api_leave(other, b, NULL, NULL);
			rc = -EXDEV;
		}
		dx__api_leave(engine, a, NULL, NULL);
		return rc;
	}
	rc = dx__socket_enter(engine, b_id, &b);
	if (!rc) {
		if (a == b)
			rc = -EINVAL;
		else if (a->listening && b->listening)
			rc = -ENOTCONN;
		else if ((a->listening || b->listening) && options && options->flags & DX_JOIN_ROUTE)
			rc = -EOPNOTSUPP;
		else if (a->listening || b->listening)
			rc = dx__inherit_give(engine, a, b, options, reply, id);
		else
			rc = dx__joining_give(engine, a, b, &(struct dx__joining){.options = options}, reply, id);
		dx__socket_leave(b);
	}
	dx__api_leave(engine, a, NULL, NULL);
	return rc;
}

DX_API int dx_join(dx_id a, dx_id b, const struct dx_join_options *options, uint64_t token, dx_id *join)
{
	return give_join(a, b, options, &(struct dx__reply){.token = token}, join);
}

DX_API int dx_join_wait(dx_id a, dx_id b, const struct dx_join_options *options, dx_id *join)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_join(a, b, options, &(struct dx__reply){.waiter = &waiter}, join));
}

/* ---- commands about a join ---- */

/* The join that the command is sent to. */
static struct dx__join *subject(const struct dx__command *command)
{
	return command->mirrored ? command->mirrored : command->join;
}

void dx__api_join_dispatch(struct dx__command *command)
{
	struct dx__engine *engine = command->engine;
	struct dx__join *join = subject(command);
	bool ended = false;
	pthread_mutex_lock(&engine->control);
	uint8_t state = atomic_load(&join->state);
	if (state == DX__JOIN_MAKING && join->proxy) {
		ended = true; /* accepted, and nobody has been told of it */
	} else if (state == DX__JOIN_MAKING) {
		struct dx__command **last = &join->after;
		while (*last)
			last = &(*last)->next;
		command->next = NULL;
		*last = command;
	} else if (state == DX__JOIN_ENDED) {
		ended = true;
	} else {
		dx__worker_post(atomic_load(&join->worker), &command->message);
	}
	/* Once posted, it may be answered and gone. */
	pthread_mutex_unlock(&engine->control);
	if (!ended)
		return;
	if (command->mirrored) {
		dx__join_drop(NULL, command->join);
		dx__joining_run_after(NULL, command->join);
	}
	dx__command_answer(command, -ENOENT);
}

bool dx__api_join_claim(struct dx__worker *worker, struct dx__command *command)
{
	struct dx__join *join = subject(command);
	if (atomic_load(&join->state) != DX__JOIN_ENDED && atomic_load(&join->worker) == worker)
		return true;
	dx__api_join_dispatch(command);
	return false;
}

static void run_unjoin(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__api_join_claim(worker, command))
		return;
	struct dx__join *join = command->join;
	if (!join->opened && !join->listens) {
		dx__command_answer(command, -EOPNOTSUPP);
		return;
	}
	if (join->route) {
		dx__route_unjoin(worker, join, command);
		return;
	}
	dx__join_end(worker, join, DX_REASON_UNJOINED, DX_SIDE_NONE, 0, DX__FATE_GIVE_BACK, DX__FATE_GIVE_BACK);
	dx__join_count(join, &command->answer);
	command->answer.reason = DX_REASON_UNJOINED;
	dx__command_answer(command, 0);
}

static void run_close(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__api_join_claim(worker, command))
		return;
	enum dx__fate fate = command->join->opened || command->join->listens ? DX__FATE_CLOSE_ORDERLY : DX__FATE_ABORT;
	dx__join_end(worker, command->join, DX_REASON_CLOSED, DX_SIDE_NONE, 0, fate, fate);
	dx__command_answer(command, 0);
}

static void run_limit(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__api_join_claim(worker, command))
		return;
	struct dx__join *join = command->join;
	if (!join->opened) {
		dx__command_answer(command, -EOPNOTSUPP);
		return;
	}
	dx__limits_follow(command->limits, join->limits);
	if (join->owns_limits)
		free(join->limits);
	join->limits = command->limits;
	join->owns_limits = true;
	command->limits = NULL;
	dx__limit_begin(worker, join);
	dx__command_answer(command, 0);
}

static void run_info(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__api_join_claim(worker, command))
		return;
	dx__join_describe(worker, command->join, command->rows);
	dx__command_answer(command, 0);
}

/* Takes the limits when it succeeds. */
static int give(dx_id id, void (*run)(struct dx__worker *, struct dx__message *), struct dx_join_info *row,
		struct dx__limits *limits, const struct dx__reply *reply)
{
	struct dx__engine *engine;
	struct dx__join *join;
	int rc = dx__api_join(id, &engine, &join);
	if (rc)
		return rc;
	struct dx__command *command = dx__command_new(engine, reply, &rc);
	if (rc) {
		dx__api_leave(engine, NULL, join, NULL);
		return rc;
	}
	command->join = join; /* with its reference */
	command->rows = row;
	command->limits = limits;
	command->answer.object = id;
	command->dispatch = dx__api_join_dispatch;
	command->message.run = run;
	dx__api_join_dispatch(command);
	dx__engine_leave(engine);
	return 0;
}

DX_API int dx_unjoin(dx_id join, uint64_t token)
{
	return give(join, run_unjoin, NULL, NULL, &(struct dx__reply){.token = token});
}

DX_API int dx_unjoin_wait(dx_id join, struct dx_event *result)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	int rc = dx__waiter_await(&waiter, give(join, run_unjoin, NULL, NULL, &(struct dx__reply){.waiter = &waiter}));
	if (!rc && result)
		*result = waiter.answer;
	return rc;
}

DX_API int dx_join_close(dx_id join, uint64_t token)
{
	return give(join, run_close, NULL, NULL, &(struct dx__reply){.token = token});
}

DX_API int dx_join_close_wait(dx_id join)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give(join, run_close, NULL, NULL, &(struct dx__reply){.waiter = &waiter}));
}

DX_API int dx_join_info(dx_id join, struct dx_join_info *row, uint64_t token)
{
	return row ? give(join, run_info, row, NULL, &(struct dx__reply){.token = token}) : -EINVAL;
}

DX_API int dx_join_info_wait(dx_id join, struct dx_join_info *row)
{
	struct dx__waiter waiter;
	if (!row)
		return -EINVAL;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give(join, run_info, row, NULL, &(struct dx__reply){.waiter = &waiter}));
}

/* ---- limits ---- */

static int give_limit(dx_id join, const struct dx_join_options *options, const struct dx__reply *reply)
{
	int rc;
	if (!options || options->size < sizeof(*options))
		return -EINVAL;
	struct dx__limits *limits = dx__limits_new(options, &rc);
	if (!limits)
		return rc;
	rc = give(join, run_limit, NULL, limits, reply);
	if (rc)
		free(limits);
	return rc;
}

DX_API int dx_join_limit(dx_id join, const struct dx_join_options *limits, uint64_t token)
{
	return give_limit(join, limits, &(struct dx__reply){.token = token});
}

DX_API int dx_join_limit_wait(dx_id join, const struct dx_join_options *limits)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_limit(join, limits, &(struct dx__reply){.waiter = &waiter}));
}
