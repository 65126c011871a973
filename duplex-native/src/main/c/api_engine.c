/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: engines and events. */
#include "api.h"
#include "count.h"
#include "lifecycle.h"

#include <errno.h>

DX_API const char *dx_version(void) { return DUPLEX_VERSION; }

DX_API dx_id dx_engine_of(dx_id id)
{
	return id ? (uint64_t)DX__KIND_ENGINE << 60 | (uint64_t)dx__id_engine(id) << 44 : 0;
}

DX_API int dx_engine_open(const struct dx_engine_options *options, dx_id *engine)
{
	return engine ? dx__engine_open(options, engine) : -EINVAL;
}

DX_API int dx_engine_stop(dx_id id)
{
	struct dx__engine *engine;
	int rc = dx__api_engine(id, &engine);
	if (rc)
		return rc;
	rc = dx__engine_stop(engine);
	dx__engine_leave(engine);
	return rc;
}

DX_API int dx_engine_close(dx_id id)
{
	struct dx__engine *engine;
	int rc = dx__api_engine(id, &engine);
	if (rc)
		return rc;
	dx__engine_leave(engine);
	return dx__engine_close(id);
}

DX_API int dx_engine_info(dx_id id, struct dx_engine_info *info)
{
	struct dx__engine *engine;
	if (!info || info->size < sizeof(*info))
		return -EINVAL;
	int rc = dx__api_engine(id, &engine);
	if (rc)
		return rc;
	struct dx_engine_info now = {
		.size = sizeof(now),
		.workers = engine->worker_count,
		.uptime_ns = dx__monotonic_ns() - engine->opened_ns,
		.sockets = dx__counted(&engine->sockets_open),
		.joins_active = dx__counted(&engine->joins_active),
		.joins_total = dx__counted(&engine->joins_total),
		.descriptors = (uint64_t)atomic_load(&engine->descriptors.used),
		.descriptors_max = (uint64_t)engine->descriptors.limit,
		.exhausted = dx__counted(&engine->descriptors.exhausted),
		.pipe_size = engine->pipe_size,
		.stopped = dx__engine_is_stopping(engine),
		.message_memory = atomic_load(&engine->budget.used),
		.message_budget = engine->budget.most,
	};
	for (unsigned i = 0; i < engine->worker_count; i++) {
		struct dx__worker *worker = &engine->workers[i];
		now.bytes += dx__counted(&worker->bytes);
		now.bytes_spliced += dx__counted(&worker->bytes_spliced);
		now.pipes_in_use += dx__counted(&worker->pipes.in_use);
		now.pipes_pooled += dx__counted(&worker->pipes.pooled);
		now.pipes_refused += dx__counted(&worker->pipes.refused);
	}
	*info = now;
	dx__engine_leave(engine);
	return 0;
}

DX_API int dx_events_wait(dx_id id, struct dx_event *events, uint32_t max, int timeout)
{
	struct dx__engine *engine;
	if (!events || !max || timeout < -1)
		return -EINVAL;
	int rc = dx__api_engine(id, &engine);
	if (rc)
		return rc;
	rc = dx__events_wait(engine, events, max, timeout);
	dx__engine_leave(engine);
	return rc;
}
