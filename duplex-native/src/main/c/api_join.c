/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: joining and undoing joins. */
#include "api.h"
#include "half.h"
#include "join_news.h"
#include "placement.h"

#include <errno.h>
#include <stdlib.h>

/* ---- joining ---- */

/* The halves that a join needs. */
static bool needs(const struct dx__join *join, bool is_a, enum dx__side_of_half side)
{
	return !(join->flags & DX_JOIN_HALF_DUPLEX) || (side == DX__IN) == is_a;
}

static void run_after(struct dx__join *join)
{
	pthread_mutex_lock(&join->engine->control);
	struct dx__command *command = join->after;
	join->after = NULL;
	pthread_mutex_unlock(&join->engine->control);
	while (command) {
		struct dx__command *next = command->next;
		command->dispatch(command);
		command = next;
	}
	dx__socket_run_after(join->a);
	dx__socket_run_after(join->b);
}

static void give_back(struct dx__worker *worker, struct dx__join *join, struct dx__socket *socket)
{
	bool is_a = socket == join->a;
	for (int side = DX__IN; side <= DX__OUT; side++) {
		if (needs(join, is_a, side))
			dx__half_give_back(socket, side);
	}
	dx__socket_unplace_if_idle(worker, socket);
}

static void run_join(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__place_claim(worker, command))
		return;
	struct dx__join *join = command->join;
	int rc = 0;
	if (worker->stopping)
		rc = -ESHUTDOWN;
	else if (dx__slab_is_dead(join->a) || dx__slab_is_dead(join->b))
		rc = -ENOENT;
	/* Shut by somebody who was inside when the half was taken. */
	if (!rc && ((atomic_load(&join->b->shut)) || (needs(join, true, DX__OUT) && atomic_load(&join->a->shut))))
		rc = -EPIPE;
	if (!rc) {
		dx__join_list(worker, join);
		rc = dx__join_open(worker, join);
		if (rc)
			dx__list_remove(&join->listed);
	}
	if (rc) {
		dx__join_drop(worker, join);
		give_back(worker, join, join->a);
		give_back(worker, join, join->b);
	}
	run_after(join);
	dx__command_answer(command, rc);
}

/* Caller holds the control lock. */
static int check_halves(const struct dx__join *join, struct dx__socket *socket)
{
	bool is_a = socket == join->a;
	int rc = dx__slab_is_dead(socket) ? -ENOENT : 0;
	for (int side = DX__IN; side <= DX__OUT && !rc; side++) {
		if (!needs(join, is_a, side))
			continue;
		rc = dx__half_check(socket, side);
		if (!rc && side == DX__OUT && atomic_load(&socket->shut))
			rc = -EPIPE;
	}
	return rc;
}

static void take_halves(const struct dx__join *join, struct dx__socket *socket, struct dx__command *command)
{
	for (int side = DX__IN; side <= DX__OUT; side++) {
		if (needs(join, socket == join->a, side))
			dx__half_take(socket, side, command);
	}
}

static int set_options(struct dx__join *join, const struct dx_join_options *options)
{
	if (!options)
		return 0;
	join->flags = (uint8_t)options->flags;
	if (!options->idle_timeout && !options->half_close_timeout && !options->max_lifetime)
		return 0;
	struct dx__limits *limits = malloc(sizeof(*limits));
	if (!limits)
		return -ENOMEM;
	*limits = (struct dx__limits){
		.idle = options->idle_timeout, .half_close = options->half_close_timeout, .life = options->max_lifetime,
	};
	join->limits = limits;
	return 0;
}

static int take_back(struct dx__command *command, struct dx__join *join, int rc)
{
	dx__command_drop(command);
	dx__join_drop(NULL, join);
	return rc;
}

/* The sockets are entered, and are left by the caller. */
static int make_join(struct dx__engine *engine, struct dx__socket *a, struct dx__socket *b,
		const struct dx_join_options *options, const struct dx__reply *reply, dx_id *id)
{
	int rc;
	struct dx__command *command = dx__command_new(engine, reply, &rc);
	struct dx__join *join = command ? dx__join_new(engine) : NULL;
	if (!join) {
		if (command)
			dx__command_drop(command);
		return rc ? rc : dx__engine_is_stopping(engine) ? -ESHUTDOWN : -ENOMEM;
	}
	dx__slab_hold(a), dx__slab_hold(a);
	dx__slab_hold(b), dx__slab_hold(b);
	dx__slab_hold(join);
	join->a = command->a = a;
	join->b = command->b = b;
	command->join = join;
	rc = set_options(join, options);
	if (rc)
		return take_back(command, join, rc);
	dx_id made = dx__join_id(join);
	command->answer.object = made;
	command->dispatch = dx__place_dispatch;
	command->message.run = run_join;

	pthread_mutex_lock(&engine->control);
	rc = check_halves(join, a);
	if (!rc)
		rc = check_halves(join, b);
	if (!rc) {
		take_halves(join, a, command);
		take_halves(join, b, command);
	}
	pthread_mutex_unlock(&engine->control);
	if (rc)
		return take_back(command, join, rc);
	*id = made;
	dx__half_taken(command, a, b);
	return 0;
}

static int give_join(dx_id a_id, dx_id b_id, const struct dx_join_options *options, const struct dx__reply *reply,
		dx_id *id)
{
	struct dx__engine *engine;
	struct dx__socket *a, *b;
	if (!id || (options && (options->size < sizeof(*options)
			|| options->flags & ~(DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE))))
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
		else if (a->listening || b->listening)
			rc = -ENOTCONN;
		else
			rc = make_join(engine, a, b, options, reply, id);
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

/* Posts the command to the join's worker, or puts it in line until the join is made. */
static void dispatch_to_join(struct dx__command *command)
{
	struct dx__engine *engine = command->engine;
	struct dx__join *join = command->join;
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
	if (ended)
		dx__command_answer(command, -ENOENT);
}

/* True when the join is here and has not ended; otherwise the command was answered or sent on. */
static bool claim(struct dx__worker *worker, struct dx__command *command)
{
	struct dx__join *join = command->join;
	if (atomic_load(&join->state) != DX__JOIN_ENDED && atomic_load(&join->worker) == worker)
		return true;
	dispatch_to_join(command);
	return false;
}

static void run_unjoin(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!claim(worker, command))
		return;
	struct dx__join *join = command->join;
	if (!join->opened) {
		dx__command_answer(command, -EOPNOTSUPP);
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
	if (!claim(worker, command))
		return;
	enum dx__fate fate = command->join->opened ? DX__FATE_CLOSE_ORDERLY : DX__FATE_ABORT;
	dx__join_end(worker, command->join, DX_REASON_CLOSED, DX_SIDE_NONE, 0, fate, fate);
	dx__command_answer(command, 0);
}

static void run_info(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!claim(worker, command))
		return;
	dx__join_describe(worker, command->join, command->rows);
	dx__command_answer(command, 0);
}

static int give(dx_id id, void (*run)(struct dx__worker *, struct dx__message *), struct dx_join_info *row,
		const struct dx__reply *reply)
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
	command->answer.object = id;
	command->dispatch = dispatch_to_join;
	command->message.run = run;
	dispatch_to_join(command);
	dx__engine_leave(engine);
	return 0;
}

DX_API int dx_unjoin(dx_id join, uint64_t token)
{
	return give(join, run_unjoin, NULL, &(struct dx__reply){.token = token});
}

DX_API int dx_unjoin_wait(dx_id join, struct dx_event *result)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	int rc = dx__waiter_await(&waiter, give(join, run_unjoin, NULL, &(struct dx__reply){.waiter = &waiter}));
	if (!rc && result)
		*result = waiter.answer;
	return rc;
}

DX_API int dx_join_close(dx_id join, uint64_t token)
{
	return give(join, run_close, NULL, &(struct dx__reply){.token = token});
}

DX_API int dx_join_close_wait(dx_id join)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give(join, run_close, NULL, &(struct dx__reply){.waiter = &waiter}));
}

DX_API int dx_join_info(dx_id join, struct dx_join_info *row, uint64_t token)
{
	return row ? give(join, run_info, row, &(struct dx__reply){.token = token}) : -EINVAL;
}

DX_API int dx_join_info_wait(dx_id join, struct dx_join_info *row)
{
	struct dx__waiter waiter;
	if (!row)
		return -EINVAL;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give(join, run_info, row, &(struct dx__reply){.waiter = &waiter}));
}
