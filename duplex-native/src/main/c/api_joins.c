/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duplex.h: listing joins.
 *
 * Each worker lists its own, so no join is read across threads. A page begins at a worker and an index of the slab,
 * which is the cursor; the command goes from the highest-numbered worker to the lowest, the way that joins move, so
 * that one that moves is seen twice rather than never. A worker looks at a bounded number of slots a visit: a hundred
 * thousand joins do not hold the data path up.
 */
#include "api.h"
#include "join_news.h"

#include <errno.h>
#include <string.h>

#define SLOTS_A_VISIT 8192

/* Cursor: 1 + (worker << 32 | index). */
static uint64_t cursor_of(unsigned worker, uint32_t index) { return 1 + ((uint64_t)worker << 32 | index); }

static unsigned worker_of(uint64_t cursor) { return (unsigned)((cursor - 1) >> 32); }

static uint32_t index_of(uint64_t cursor) { return (uint32_t)(cursor - 1); }

/* Adds a row when the join at this index is one of this worker's that is asked for. */
static void visit(struct dx__worker *worker, struct dx__command *command, uint32_t index)
{
	struct dx__slab *joins = &worker->engine->joins;
	struct dx__join *join = dx__slab_enter_index(joins, index);
	if (!join)
		return;
	if (atomic_load_explicit(&join->worker, memory_order_acquire) == worker && dx__list_holds(&join->listed)) {
		dx_id proxy = join->proxy ? dx__proxy_id(join->proxy) : 0;
		if (!command->filter || command->filter == proxy)
			dx__join_describe(worker, join, &command->rows[command->count++]);
	}
	dx__slab_leave(joins, join);
}

static void run_list(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	struct dx__engine *engine = worker->engine;
	if (worker->stopping) {
		dx__command_answer(command, -ESHUTDOWN);
		return;
	}
	uint32_t index = index_of(command->after);
	uint32_t end = atomic_load(&engine->joins.size);
	uint32_t slots = 0;
	for (; index < end && command->count < command->max && slots < SLOTS_A_VISIT; index++, slots++)
		visit(worker, command, index);
	if (index >= end && worker->number && command->count < command->max) {
		command->after = cursor_of(worker->number - 1, 0);
		dx__worker_post(&engine->workers[worker->number - 1], &command->message);
		return;
	}
	if (index < end)
		command->answer.value = cursor_of(worker->number, index);
	else if (worker->number)
		command->answer.value = cursor_of(worker->number - 1, 0);
	dx__command_answer(command, (int)command->count);
}

static int check_proxy(struct dx__engine *engine, dx_id id)
{
	struct dx__proxy *proxy;
	if (dx_engine_of(id) != dx__engine_id(engine))
		return -EXDEV;
	int rc = dx__proxy_enter(engine, id, &proxy);
	if (!rc)
		dx__proxy_leave(proxy);
	return rc;
}

static int give_list(dx_id engine_id, dx_id proxy, uint64_t after, struct dx_join_info *rows, uint32_t max,
		const struct dx__reply *reply)
{
	struct dx__engine *engine;
	if (!rows || !max || max > DX_JOINS_PAGE)
		return -EINVAL;
	int rc = dx__api_engine(engine_id, &engine);
	if (rc)
		return rc;
	if (proxy)
		rc = check_proxy(engine, proxy);
	if (!rc && after && worker_of(after) >= engine->worker_count)
		rc = -EINVAL;
	struct dx__command *command = rc ? NULL : dx__command_new(engine, reply, &rc);
	if (rc) {
		dx__engine_leave(engine);
		return rc;
	}
	command->rows = rows;
	command->max = max;
	command->filter = proxy;
	command->after = after ? after : cursor_of(engine->worker_count - 1, 0);
	command->answer.object = engine_id;
	command->message.run = run_list;
	dx__worker_post(&engine->workers[worker_of(command->after)], &command->message);
	dx__engine_leave(engine);
	return 0;
}

DX_API int dx_joins(dx_id engine, dx_id proxy, uint64_t after, struct dx_join_info *rows, uint32_t max,
		uint64_t token)
{
	return give_list(engine, proxy, after, rows, max, &(struct dx__reply){.token = token});
}

DX_API int dx_joins_wait(dx_id engine, dx_id proxy, uint64_t after, struct dx_join_info *rows, uint32_t max,
		uint64_t *next)
{
	struct dx__waiter waiter;
	if (!next)
		return -EINVAL;
	dx__waiter_init(&waiter);
	int rc = dx__waiter_await(&waiter, give_list(engine, proxy, after, rows, max,
			&(struct dx__reply){.waiter = &waiter}));
	if (rc >= 0)
		*next = waiter.answer.value;
	return rc;
}
