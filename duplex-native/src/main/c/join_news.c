/* SPDX-License-Identifier: Apache-2.0 */
#include "join_news.h"
#include "proxy.h"
#include "route.h"

#include <string.h>

_Static_assert(sizeof(struct dx_join_info) == 440, "struct dx_join_info is part of the ABI");

void dx__join_count(const struct dx__join *join, struct dx_event *event)
{
	event->a_to_b = join->stream[0].account.delivered;
	event->b_to_a = join->stream[1].account.delivered;
	event->a_to_b_pending = dx__stream_pending(&join->stream[0]);
	event->b_to_a_pending = dx__stream_pending(&join->stream[1]);
	event->duration_ns = join->duration_ns;
	event->a = dx__socket_id(join->a);
	event->b = join->b ? dx__socket_id(join->b) : 0;
	if (!join->route)
		return;
	event->a_to_b_messages = join->route->side[0].messages;
	event->b_to_a_messages = join->route->side[1].messages;
	event->failure = join->route->failure;
	event->failure_offset = join->route->failure_offset;
}

static uint32_t make(struct dx__engine *engine, struct dx__news *news, uint32_t bits, struct dx_event *event)
{
	struct dx__join *join = DX__CONTAINER(news, struct dx__join, news);
	(void)engine;
	event->object = dx__join_id(join);
	event->value = join->proxy ? dx__proxy_id(join->proxy) : 0;
	event->a = dx__socket_id(join->a);
	if (bits & DX__JOIN_NEWS_CONNECTION) {
		const struct dx__peer *peer = &join->a->peer;
		event->type = DX_EVENT_CONNECTION;
		event->peer_family = peer->family;
		event->peer_port = peer->port;
		event->peer_scope = peer->scope;
		memcpy(event->peer_ip, peer->ip, sizeof(event->peer_ip));
		return bits & ~DX__JOIN_NEWS_CONNECTION;
	}
	if (bits & DX__JOIN_NEWS_CONNECTED) {
		event->type = DX_EVENT_CONNECTED;
		event->b = dx__socket_id(join->b);
		event->token = join->backend == UINT32_MAX ? UINT64_MAX : join->backend;
		return bits & ~DX__JOIN_NEWS_CONNECTED;
	}
	event->type = DX_EVENT_JOIN_ENDED;
	event->result = join->error;
	event->reason = join->reason;
	event->side = join->side;
	dx__join_count(join, event);
	return 0;
}

static void hold(struct dx__news *news) { dx__slab_hold(DX__CONTAINER(news, struct dx__join, news)); }

static void release(struct dx__engine *engine, struct dx__news *news)
{
	(void)engine;
	dx__join_leave(DX__CONTAINER(news, struct dx__join, news));
}

const struct dx__news_ops dx__join_news = {.make = make, .hold = hold, .release = release};

static uint16_t path_of(const struct dx__stream *stream)
{
	return dx__stream_is_active(stream) ? stream->path : DX_PATH_NONE;
}

static void describe_limits(struct dx__join *join, struct dx_join_info *info)
{
	if (join->flags & (DX_JOIN_LOSSY | DX_JOIN_TEE))
		info->max_lag = dx__limit_lag(&join->stream[0]);
	if (!join->limits)
		return;
	info->idle_timeout = join->limits->idle;
	info->half_close_timeout = join->limits->half_close;
	info->max_lifetime = join->limits->life;
	info->max_bytes = join->limits->bytes;
	info->a_to_b_rate = join->limits->meter[0].rate;
	info->b_to_a_rate = join->limits->meter[1].rate;
}

void dx__join_describe(struct dx__worker *worker, struct dx__join *join, struct dx_join_info *info)
{
	*info = (struct dx_join_info){
		.size = sizeof(*info),
		.state = atomic_load_explicit(&join->state, memory_order_relaxed),
		.flags = join->flags,
		.id = dx__join_id(join),
		.proxy = join->proxy ? dx__proxy_id(join->proxy) : 0,
		.a = dx__socket_id(join->a),
		.b = join->opened || join->listens ? dx__socket_id(join->b) : 0,
		.backend = join->flags & DX_JOIN_TEE ? UINT32_MAX : join->backend,
		.a_to_b_path = path_of(&join->stream[0]),
		.b_to_a_path = path_of(&join->stream[1]),
		.since_ns = join->since_ns,
		/* Of a join that has just moved here, the last byte may lie in this worker's future. */
		.idle_ns = (worker->now > dx__join_active(join) ? worker->now - dx__join_active(join) : 0) * 1000000,
		.a_to_b = join->stream[0].account.delivered,
		.b_to_a = join->stream[1].account.delivered,
		.a_to_b_pending = dx__stream_pending(&join->stream[0]),
		.b_to_a_pending = dx__stream_pending(&join->stream[1]),
	};
	describe_limits(join, info);
	if (join->route) {
		info->a_to_b_messages = join->route->side[0].messages;
		info->b_to_a_messages = join->route->side[1].messages;
	}
	/* A listener has no peer, and the other socket may be on another worker. */
	if (join->listens)
		return;
	dx__socket_describe_peer(join->a, &info->a_peer);
	if (join->b)
		dx__socket_describe_peer(join->b, &info->b_peer);
}
