/* SPDX-License-Identifier: Apache-2.0 */
#include "joining.h"
#include "half.h"
#include "held.h"
#include "placement.h"
#include "route.h"

#include <errno.h>
#include <stdlib.h>

/* The halves that a join needs. A tee shares its source's input without being asked: that flows. */
static bool needs(const struct dx__join *join, bool is_a, enum dx__side_of_half side)
{
	return !(join->flags & DX_JOIN_HALF_DUPLEX) || (side == DX__IN) == is_a;
}

/* ---- on the worker ---- */

void dx__joining_run_after(struct dx__worker *worker, struct dx__join *join)
{
	pthread_mutex_lock(&join->engine->control);
	struct dx__command *command = join->after;
	join->after = NULL;
	pthread_mutex_unlock(&join->engine->control);
	while (command) {
		struct dx__command *next = command->next;
		/* At once: a join of the same sockets that was given later comes later. */
		if (worker)
			command->message.run(worker, &command->message);
		else
			command->dispatch(command);
		command = next;
	}
	if (join->a)
		dx__socket_run_after(join->a);
	dx__socket_run_after(join->b);
}

/*
 * The halves flow, or are given back where no other join uses them. In one go with the count: somebody who saw them taken
 * and no join on its way would be refused. Caller holds the control lock.
 */
static void arrive(const struct dx__join *join, struct dx__socket *socket, int rc)
{
	for (int side = DX__IN; side <= DX__OUT; side++) {
		if (!needs(join, socket == join->a, side))
			continue;
		socket->joining[side]--;
		if (!rc)
			dx__half_set(socket, side, DX_HALF_FLOWING);
		else if (!(side == DX__IN ? socket->from : socket->to))
			dx__half_give_back_locked(socket, side);
	}
}

static void give_back(struct dx__join *join, struct dx__socket *socket)
{
	for (int side = DX__IN; side <= DX__OUT; side++) {
		if (needs(join, socket == join->a, side) && !(side == DX__IN ? socket->from : socket->to))
			dx__half_give_back(socket, side);
	}
}

/* A tee mirrors a join that is open; what it needs may have ended on the way here. */
static bool is_mirrored(const struct dx__join *tee)
{
	for (struct dx__stream *stream = tee->a->from; stream; stream = stream->next_from) {
		if (dx__join_of(stream)->object.index == tee->mirrored && !stream->mirror)
			return true;
	}
	return false;
}

/* Joined twice, a would send everything to b twice. */
static bool flows_already(const struct dx__socket *a, const struct dx__socket *b)
{
	for (struct dx__stream *stream = a->from; stream; stream = stream->next_from) {
		if (stream->sink == b && !stream->mirror)
			return true;
	}
	return false;
}

/* The halves of a route are its own. */
static bool may_share(const struct dx__join *join, struct dx__socket *socket)
{
	bool is_a = socket == join->a;
	struct dx__stream *from = needs(join, is_a, DX__IN) ? socket->from : NULL;
	struct dx__stream *to = needs(join, is_a, DX__OUT) ? socket->to : NULL;
	if (join->route)
		return !from && !to;
	return !(from && dx__join_of(from)->route) && !(to && dx__join_of(to)->route);
}

static bool is_being_got(const struct dx__join *join, struct dx__socket *socket)
{
	return needs(join, socket == join->a, DX__IN) && dx__framing_has_part(socket);
}

static void run(struct dx__worker *worker, struct dx__message *message)
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
	else if ((join->flags & DX_JOIN_TEE) && !is_mirrored(join))
		rc = -ENOENT;
	/* Shut by somebody who was inside when the half was taken, or by the last stream to it. */
	else if (atomic_load(&join->b->shut) || (needs(join, true, DX__OUT) && atomic_load(&join->a->shut)))
		rc = -EPIPE;
	else if (!may_share(join, join->a) || !may_share(join, join->b))
		rc = -EBUSY;
	else if (is_being_got(join, join->a) || is_being_got(join, join->b))
		rc = -EBUSY;
	else if (flows_already(join->a, join->b) || (needs(join, true, DX__OUT) && flows_already(join->b, join->a)))
		rc = -EBUSY;
	pthread_mutex_lock(&join->engine->control);
	arrive(join, join->a, rc);
	arrive(join, join->b, rc);
	pthread_mutex_unlock(&join->engine->control);
	if (!rc) {
		dx__join_list(worker, join);
		rc = dx__join_open(worker, join);
		if (rc) {
			dx__list_remove(&join->listed);
			give_back(join, join->a);
			give_back(join, join->b);
		}
	}
	if (rc) {
		dx__join_drop(worker, join);
		dx__socket_unplace_if_idle(worker, join->a);
		dx__socket_unplace_if_idle(worker, join->b);
	}
	if (rc && command->failed)
		command->failed(worker, command);
	/* The join itself lives until the end of this round at least. */
	dx__command_answer(command, rc);
	dx__joining_run_after(worker, join);
}

/* ---- in the caller's thread ---- */

/* Caller holds the control lock. */
static int check_halves(const struct dx__join *join, struct dx__socket *socket)
{
	bool is_a = socket == join->a;
	int rc = dx__slab_is_dead(socket) ? -ENOENT : atomic_load(&socket->lent) ? -EBUSY : 0;
	for (int side = DX__IN; side <= DX__OUT && !rc; side++) {
		if (!needs(join, is_a, side))
			continue;
		uint32_t state = dx__half_state(socket, side);
		bool is_shared = state == DX_HALF_FLOWING || (state == DX_HALF_TAKING && socket->joining[side]);
		if (!is_shared)
			rc = dx__half_check(socket, side);
		else if (socket->joining[side] == UINT16_MAX)
			rc = -EBUSY;
		if (!rc && side == DX__OUT && atomic_load(&socket->shut))
			rc = -EPIPE;
	}
	return rc;
}

/* Caller holds the control lock. Returns bits of the halves that are shared although somebody may still be inside. */
static unsigned take_halves(const struct dx__join *join, struct dx__socket *socket, struct dx__command *command)
{
	unsigned entered = 0;
	for (int side = DX__IN; side <= DX__OUT; side++) {
		if (!needs(join, socket == join->a, side))
			continue;
		uint32_t state = dx__half_state(socket, side);
		if (state == DX_HALF_TAKING)
			entered |= 1u << side;
		else if (state != DX_HALF_FLOWING)
			dx__half_take(socket, side, command);
		socket->joining[side]++;
	}
	return entered;
}

/* The join that takes these halves waits for those inside; so does this one. */
static void await_left(struct dx__socket *socket, unsigned entered)
{
	if (entered)
		dx__held_bar(socket);
	for (int side = DX__IN; side <= DX__OUT; side++) {
		if (entered & 1u << side)
			dx__half_await_side(socket, side);
	}
}

struct dx__command *dx__joining_prepare(struct dx__engine *engine, struct dx__socket *a, struct dx__socket *b,
		const struct dx__joining *joining, const struct dx__reply *reply, int *rc)
{
	struct dx__command *command = dx__command_new(engine, reply, rc);
	struct dx__join *join = command ? dx__join_new(engine) : NULL;
	if (!join) {
		if (command)
			dx__command_drop(command);
		if (!*rc)
			*rc = dx__engine_is_stopping(engine) ? -ESHUTDOWN : -ENOMEM;
		return NULL;
	}
	if (a)
		dx__slab_hold(a), dx__slab_hold(a);
	dx__slab_hold(b), dx__slab_hold(b);
	dx__slab_hold(join);
	join->a = command->a = a;
	join->b = command->b = b;
	join->shared_side = (uint8_t)joining->shared_side;
	join->quiet = joining->quiet;
	command->join = join;
	command->failed = joining->failed;
	command->silent = joining->failed;
	command->answer.object = dx__join_id(join);
	command->dispatch = dx__place_dispatch;
	if (joining->options)
		join->flags = (uint8_t)joining->options->flags;
	if (join->flags & DX_JOIN_ROUTE) {
		join->route = dx__route_new();
		if (!join->route)
			*rc = -ENOMEM;
	}
	if (dx__limits_are_wanted(joining->options)) {
		join->limits = dx__limits_new(joining->options, rc);
		join->owns_limits = join->limits;
	}
	if (!*rc)
		return command;
	dx__joining_drop(command, 0);
	return NULL;
}

int dx__joining_drop(struct dx__command *command, int rc)
{
	struct dx__join *join = command->join;
	dx__command_drop(command);
	dx__join_drop(NULL, join);
	return rc;
}

int dx__joining_take(struct dx__command *command)
{
	command->message.run = run;
	struct dx__engine *engine = command->engine;
	struct dx__join *join = command->join;
	struct dx__socket *a = join->a, *b = join->b;
	unsigned entered_a = 0, entered_b = 0;
	pthread_mutex_lock(&engine->control);
	int rc = check_halves(join, a);
	if (!rc)
		rc = check_halves(join, b);
	if (!rc) {
		entered_a = take_halves(join, a, command);
		entered_b = take_halves(join, b, command);
	}
	pthread_mutex_unlock(&engine->control);
	if (rc)
		return rc;
	await_left(a, entered_a);
	await_left(b, entered_b);
	dx__half_taken(command, a, b);
	return 0;
}

int dx__joining_give(struct dx__engine *engine, struct dx__socket *a, struct dx__socket *b,
		const struct dx__joining *joining, const struct dx__reply *reply, dx_id *id)
{
	int rc;
	struct dx__command *command = dx__joining_prepare(engine, a, b, joining, reply, &rc);
	if (!command)
		return rc;
	/* Once it is on its way, it may be over before this returns. */
	dx_id made = command->answer.object;
	dx_id before = *id;
	*id = made;
	rc = dx__joining_take(command);
	if (!rc)
		return 0;
	*id = before;
	return dx__joining_drop(command, rc);
}
