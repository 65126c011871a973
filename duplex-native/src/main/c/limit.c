/* SPDX-License-Identifier: Apache-2.0 */
#include "limit.h"
#include "join.h"
#include "route.h"

#include <errno.h>
#include <stdlib.h>

#define BURST 50                        /* milliseconds' worth of tokens that a bucket holds */
#define PORTIONS 100                    /* a direction that waits goes on with this part of a second's bytes, */
#define LARGEST_PORTION 65536           /* but bytes enough are bytes enough */
#define HIGHEST_RATE (UINT64_C(1) << 48)/* bytes a second: no limit, and its products fit */

bool dx__limits_are_wanted(const struct dx_join_options *options)
{
	return options && (options->idle_timeout || options->half_close_timeout || options->max_lifetime
			|| options->max_bytes || options->a_to_b_rate || options->b_to_a_rate || options->max_lag);
}

struct dx__limits *dx__limits_new(const struct dx_join_options *options, int *rc)
{
	*rc = 0;
	struct dx__limits *limits = malloc(sizeof(*limits));
	if (!limits) {
		*rc = -ENOMEM;
		return NULL;
	}
	*limits = (struct dx__limits){
		.idle = options->idle_timeout, .half_close = options->half_close_timeout, .life = options->max_lifetime,
		.bytes = options->max_bytes, .lag = options->max_lag,
		.meter = {{.rate = options->a_to_b_rate}, {.rate = options->b_to_a_rate}},
	};
	for (int i = 0; i < 2; i++) {
		if (limits->meter[i].rate > HIGHEST_RATE)
			limits->meter[i].rate = HIGHEST_RATE;
	}
	return limits;
}

void dx__limits_follow(struct dx__limits *limits, const struct dx__limits *others)
{
	/* How far a lossy sink may fall behind is settled when it is joined. */
	limits->lag = others ? others->lag : 0;
	for (int i = 0; i < 2; i++) {
		/* What has been read already counts: otherwise, who sets rates often would get a bucket each time. */
		if (others && others->meter[i].rate) {
			limits->meter[i].tokens = others->meter[i].tokens;
			limits->meter[i].at = others->meter[i].at;
		}
	}
}

/* ---- rates ---- */

static void refill(struct dx__meter *meter, uint64_t now)
{
	uint64_t burst = meter->rate * BURST < 1000 ? 1000 / meter->rate + 1 : BURST;
	uint64_t elapsed = now > meter->at ? now - meter->at : 0;
	uint64_t most = meter->rate * burst;
	uint64_t tokens = meter->tokens + meter->rate * (elapsed < burst ? elapsed : burst);
	meter->tokens = tokens < most ? tokens : most;
	meter->at = now;
}

/* Bytes that there are tokens for; 0 when that is less than a portion, and then the time to wait for is set. */
static uint64_t metered(struct dx__meter *meter, uint64_t now)
{
	refill(meter, now);
	uint64_t portion = meter->rate / PORTIONS;
	portion = portion < 1 ? 1 : portion > LARGEST_PORTION ? LARGEST_PORTION : portion;
	uint64_t bytes = meter->tokens / 1000;
	if (bytes >= portion)
		return bytes;
	meter->resume = now + (portion * 1000 - meter->tokens + meter->rate - 1) / meter->rate;
	return 0;
}

uint64_t dx__limit_allows(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__join *join = dx__join_of(stream);
	struct dx__limits *limits = join->limits;
	if (!limits)
		return UINT64_MAX;
	uint64_t allowed = UINT64_MAX;
	if (limits->bytes) {
		uint64_t moved = join->stream[0].account.read + join->stream[1].account.read;
		allowed = moved < limits->bytes ? limits->bytes - moved : 0;
	}
	struct dx__meter *meter = &limits->meter[stream->is_back];
	if (!allowed || !meter->rate)
		return allowed;
	uint64_t bytes = metered(meter, worker->now);
	if (!bytes)
		dx__limit_set_timer(worker, join);
	return bytes < allowed ? bytes : allowed;
}

bool dx__limit_holds_back(struct dx__stream *stream)
{
	const struct dx__limits *limits = dx__join_of(stream)->limits;
	return limits && limits->meter[stream->is_back].resume;
}

bool dx__limit_is_reached(const struct dx__join *join)
{
	return join->limits && join->limits->bytes
			&& join->stream[0].account.read + join->stream[1].account.read >= join->limits->bytes;
}

void dx__limit_used(struct dx__worker *worker, struct dx__stream *stream, uint64_t bytes)
{
	struct dx__join *join = dx__join_of(stream);
	struct dx__meter *meter = join->limits ? &join->limits->meter[stream->is_back] : NULL;
	(void)worker;
	if (meter && meter->rate)
		meter->tokens = bytes * 1000 < meter->tokens ? meter->tokens - bytes * 1000 : 0;
}

uint64_t dx__limit_lag(struct dx__stream *stream)
{
	struct dx__limits *limits = dx__join_of(stream)->limits;
	return limits && limits->lag ? limits->lag : DX__LAG_DEFAULT;
}

/* ---- time ---- */

static bool has_ended(const struct dx__stream *stream) { return stream->source && stream->ended; }

static uint64_t idle_limit(const struct dx__join *join)
{
	bool half_closed = has_ended(&join->stream[0]) || has_ended(&join->stream[1]);
	return half_closed && join->limits->half_close ? join->limits->half_close : join->limits->idle;
}

/* In the milliseconds of the workers, rounded up: no life is cut short. */
static uint64_t made(const struct dx__join *join) { return (join->made_ns + 999999) / 1000000; }

/* When a limit that began at `from` ends; limits of centuries must not overflow. */
static uint64_t limit_end(uint64_t from, uint64_t limit)
{
	return limit && limit < UINT64_MAX - from ? from + limit : UINT64_MAX;
}

/* Lets directions go on whose time to wait is over. */
static void resume(struct dx__worker *worker, struct dx__join *join)
{
	for (int i = 0; i < 2; i++) {
		struct dx__meter *meter = &join->limits->meter[i];
		if (!meter->resume || worker->now < meter->resume)
			continue;
		meter->resume = 0;
		if (dx__stream_is_active(&join->stream[i]))
			dx__stream_wake(worker, &join->stream[i]);
	}
}

static void reached(struct dx__worker *worker, struct dx__timer *timer)
{
	struct dx__join *join = DX__CONTAINER(timer, struct dx__join, timer);
	if (dx__route_check(worker, join))
		return;
	if (!join->limits) {
		dx__limit_set_timer(worker, join);
		return;
	}
	uint64_t idle = idle_limit(join);
	if (worker->now >= limit_end(made(join), join->limits->life)) {
		dx__join_end_all(worker, join, DX_REASON_LIFETIME, DX_SIDE_NONE, 0, DX__FATE_CLOSE_NOW);
	} else if (worker->now >= limit_end(dx__join_active(join), idle)) {
		dx__join_end_all(worker, join, DX_REASON_IDLE, DX_SIDE_NONE, 0, DX__FATE_CLOSE_NOW);
	} else {
		resume(worker, join);
		dx__limit_set_timer(worker, join);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* When the limits ask for something next. */
static uint64_t limits_end(const struct dx__join *join)
{
	uint64_t deadline = earlier(limit_end(dx__join_active(join), idle_limit(join)),
			limit_end(made(join), join->limits->life));
	for (int i = 0; i < 2; i++) {
		if (join->limits->meter[i].resume)
			deadline = earlier(deadline, join->limits->meter[i].resume);
	}
	return deadline;
}

void dx__limit_set_timer(struct dx__worker *worker, struct dx__join *join)
{
	if (!join->limits && !join->route)
		return;
	uint64_t deadline = dx__route_deadline(join);
	if (join->limits)
		deadline = earlier(deadline, limits_end(join));
	join->timer.fire = reached;
	if (deadline == UINT64_MAX)
		dx__timer_cancel(&worker->wheel, &join->timer);
	else
		dx__timer_set(&worker->wheel, &join->timer, deadline);
}

void dx__limit_begin(struct dx__worker *worker, struct dx__join *join)
{
	dx__timer_cancel(&worker->wheel, &join->timer);
	dx__limit_set_timer(worker, join);
	for (int i = 0; i < 2; i++) {
		if (dx__stream_is_active(&join->stream[i]))
			dx__stream_wake(worker, &join->stream[i]);
	}
}
