/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: mirroring what a join carries. */
#include "api.h"
#include "api_join.h"
#include "joining.h"
#include "placement.h"

#include <errno.h>

/* Completes the tee, on the worker of the join that it mirrors: 0 when it was sent on its way. */
static int begin(struct dx__join *join, struct dx__join *tee, struct dx__command *command)
{
	struct dx__stream *stream = &join->stream[command->flags == DX_SIDE_B];
	if (!join->opened || !dx__stream_is_active(stream))
		return -EOPNOTSUPP;
	if (tee->b == join->a || tee->b == join->b)
		return -EINVAL;
	dx__slab_hold(stream->source), dx__slab_hold(stream->source);
	tee->a = command->a = stream->source;
	tee->mirrored = join->object.index;
	command->dispatch = dx__place_dispatch;
	return dx__joining_take(command);
}

static void run(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__api_join_claim(worker, command))
		return;
	struct dx__join *tee = command->join;
	int rc = begin(command->mirrored, tee, command);
	if (!rc)
		return;
	dx__join_drop(worker, tee);
	dx__command_answer(command, rc);
	dx__joining_run_after(worker, tee);
}

/* The sockets are entered, and are left by the caller. */
static int give(struct dx__engine *engine, struct dx__join *join, dx_id mirror_id, uint32_t side, uint64_t max_lag,
		const struct dx__reply *reply, dx_id *id)
{
	struct dx__socket *mirror;
	struct dx_join_options options = {
		.size = sizeof(options), .max_lag = max_lag ? max_lag : DX__LAG_DEFAULT,
		.flags = DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE | DX_JOIN_LOSSY | DX_JOIN_TEE,
	};
	int rc = dx__socket_enter(engine, mirror_id, &mirror);
	if (rc)
		return rc;
	if (mirror->listening) {
		dx__socket_leave(mirror);
		return -ENOTCONN;
	}
	struct dx__joining joining = {.options = &options};
	struct dx__command *command = dx__joining_prepare(engine, NULL, mirror, &joining, reply, &rc);
	dx__socket_leave(mirror);
	if (!command)
		return rc;
	dx__slab_hold(join);
	command->mirrored = join;
	command->flags = side;
	command->dispatch = dx__api_join_dispatch;
	command->message.run = run;
	*id = command->answer.object;
	dx__api_join_dispatch(command);
	return 0;
}

static int give_tee(dx_id join_id, dx_id mirror_id, uint32_t side, uint64_t max_lag, const struct dx__reply *reply,
		dx_id *tee)
{
	struct dx__engine *engine;
	struct dx__join *join;
	if (!tee || (side != DX_SIDE_A && side != DX_SIDE_B))
		return -EINVAL;
	int rc = dx__api_join(join_id, &engine, &join);
	if (rc)
		return rc;
	if (dx_engine_of(mirror_id) == dx_engine_of(join_id)) {
		rc = give(engine, join, mirror_id, side, max_lag, reply, tee);
	} else {
		struct dx__engine *other;
		struct dx__socket *mirror;
		rc = dx__api_socket(mirror_id, &other, &mirror);
		if (!rc) {
			dx__api_leave(other, mirror, NULL, NULL);
			rc = -EXDEV;
		}
	}
	dx__api_leave(engine, NULL, join, NULL);
	return rc;
}

DX_API int dx_tee(dx_id join, dx_id mirror, uint32_t side, uint64_t max_lag, uint64_t token, dx_id *tee)
{
	return give_tee(join, mirror, side, max_lag, &(struct dx__reply){.token = token}, tee);
}

DX_API int dx_tee_wait(dx_id join, dx_id mirror, uint32_t side, uint64_t max_lag, dx_id *tee)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter, give_tee(join, mirror, side, max_lag, &(struct dx__reply){.waiter = &waiter}, tee));
}
