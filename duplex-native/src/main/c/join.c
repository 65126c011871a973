/* SPDX-License-Identifier: Apache-2.0 */
#include "join.h"
#include "count.h"
#include "half.h"
#include "join_news.h"
#include "proxy.h"
#include "route.h"

#include <errno.h>
#include <stdlib.h>

static enum dx_side side_of(const struct dx__join *join, const struct dx__socket *socket)
{
	return socket == join->a ? DX_SIDE_A : DX_SIDE_B;
}

static struct dx__stream *opposite(struct dx__stream *stream)
{
	return stream->is_back ? stream - 1 : stream + 1;
}

/* ---- identity ---- */

struct dx__join *dx__join_new(struct dx__engine *engine)
{
	if (!dx__work_begin(engine))
		return NULL;
	struct dx__join *join = dx__slab_new(&engine->joins);
	if (!join) {
		dx__work_end(engine);
		return NULL;
	}
	join->engine = engine;
	join->news.kind = DX__NEWS_JOIN;
	join->backend = UINT32_MAX;
	join->stream[1].is_back = true;
	dx__slab_publish(join);
	return join;
}

void dx__join_destroy(void *object)
{
	struct dx__join *join = object;
	if (join->a)
		dx__socket_leave(join->a);
	if (join->b)
		dx__socket_leave(join->b);
	if (join->proxy)
		dx__slab_leave(&join->engine->proxies, join->proxy);
	if (join->owns_limits)
		free(join->limits);
	dx__route_free(join->engine, join->route);
	join->route = NULL;
	join->limits = NULL;
	join->a = join->b = NULL;
	join->proxy = NULL;
}

static void leave_base(struct dx__worker *worker, struct dx__message *message)
{
	(void)worker;
	dx__join_leave(DX__CONTAINER(message, struct dx__join, message));
}

void dx__join_drop(struct dx__worker *worker, struct dx__join *join)
{
	dx__slab_kill(join);
	atomic_store(&join->state, DX__JOIN_ENDED);
	dx__work_end(join->engine);
	if (worker) {
		join->message.run = leave_base;
		dx__worker_defer(worker, &join->message);
	} else {
		dx__join_leave(join);
	}
}

int dx__join_enter(struct dx__engine *engine, dx_id id, struct dx__join **join)
{
	if (dx__id_kind(id) != DX__KIND_JOIN)
		return -EBADF;
	*join = dx__slab_enter(&engine->joins, id);
	return *join ? 0 : -ENOENT;
}

void dx__join_leave(struct dx__join *join) { dx__slab_leave(&join->engine->joins, join); }

dx_id dx__join_id(const struct dx__join *join) { return dx__slab_id(&join->engine->joins, join); }

uint64_t dx__join_active(const struct dx__join *join)
{
	uint64_t active = join->active;
	for (int i = 0; i < 2; i++) {
		if (join->stream[i].account.active > active)
			active = join->stream[i].account.active;
	}
	return active;
}

/* Whether ends are passed on to this side, and its socket is closed with the join. */
static bool is_plain(const struct dx__join *join, enum dx_side side)
{
	return !(join->flags & (DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE)) && join->shared_side != side;
}

/* ---- beginning ---- */

void dx__join_list(struct dx__worker *worker, struct dx__join *join)
{
	atomic_store_explicit(&join->worker, worker, memory_order_relaxed);
	dx__list_append(&worker->joins, &join->listed);
	/* In the place of the message that brought it here. */
	join->timer = (struct dx__timer){0};
	join->since_ns = dx__realtime_ns();
	join->made_ns = dx__monotonic_ns();
	join->active = worker->now;
}

static void set_stream(struct dx__join *join, struct dx__stream *stream, struct dx__socket *source,
		struct dx__socket *sink)
{
	stream->source = source;
	stream->sink = sink;
	stream->lossy = (join->flags & DX_JOIN_LOSSY) && !stream->is_back;
	stream->mirror = join->flags & DX_JOIN_TEE;
	dx__half_set(source, DX__IN, DX_HALF_FLOWING);
	dx__half_set(sink, DX__OUT, DX_HALF_FLOWING);
}

int dx__join_open(struct dx__worker *worker, struct dx__join *join)
{
	int rc = dx__socket_place(worker, join->a);
	if (!rc)
		rc = dx__socket_place(worker, join->b);
	if (rc)
		return rc;
	/* What these sinks still had to deliver, the streams deliver now, ahead of their own. */
	dx__drain_end(worker, join->b);
	set_stream(join, &join->stream[0], join->a, join->b);
	if (!(join->flags & DX_JOIN_HALF_DUPLEX)) {
		dx__drain_end(worker, join->a);
		set_stream(join, &join->stream[1], join->b, join->a);
	}
	if (join->route)
		dx__route_open(worker, join);
	atomic_store(&join->state, DX_JOIN_OPEN);
	join->opened = true;
	dx__count_shared(&join->engine->joins_active, 1);
	dx__count_shared(&join->engine->joins_total, 1);
	join->active = worker->now;
	dx__limit_set_timer(worker, join);
	for (int i = 0; i < 2; i++) {
		if (join->stream[i].source)
			dx__stream_start(worker, &join->stream[i]);
	}
	return 0;
}

/* ---- ending ---- */

/* Gives the halves back that this join was the last to use. */
static void give_back(struct dx__worker *worker, struct dx__socket *socket, bool input, bool output)
{
	if (output && !socket->to) {
		if (dx__output_length(socket))
			dx__drain_begin(worker, socket);
		dx__half_give_back(socket, DX__OUT);
	}
	if (input && !socket->from)
		dx__half_give_back(socket, DX__IN);
	dx__socket_unplace_if_idle(worker, socket);
}

static void settle(struct dx__worker *worker, struct dx__socket *socket, bool input, bool output, enum dx__fate fate)
{
	/* One that is part of other joins lives on; the last of them decides. */
	if (fate != DX__FATE_KEEP && (socket->from || socket->to))
		fate = DX__FATE_GIVE_BACK;
	switch (fate) {
	case DX__FATE_KEEP:
		return;
	case DX__FATE_GIVE_BACK:
		give_back(worker, socket, input, output);
		return;
	case DX__FATE_CLOSE_NOW:
		dx__close_begin(worker, socket, DX__CLOSE_NOW, 0, NULL);
		return;
	case DX__FATE_CLOSE_ORDERLY:
		dx__close_begin(worker, socket, DX__CLOSE_ORDERLY, DX__CLOSE_TIMEOUT, NULL);
		return;
	case DX__FATE_RESET:
		dx__close_begin(worker, socket, DX__CLOSE_RESET, DX__RESET_TIMEOUT, NULL);
		return;
	case DX__FATE_ABORT:
		dx__close_begin(worker, socket, DX__CLOSE_RESET_NOW, 0, NULL);
		return;
	}
}

/* The tees of a join end with it. */
static void end_tees(struct dx__worker *worker, const struct dx__join *join, struct dx__socket *source)
{
	struct dx__stream *next;
	for (struct dx__stream *stream = source->from; stream; stream = next) {
		next = stream->next_from;
		struct dx__join *tee = dx__join_of(stream);
		if (!stream->mirror || tee->mirrored != join->object.index)
			continue;
		/* Side a is the source, whichever side of the join has ended that; it is this join's, too, which settles it. */
		dx__join_end(worker, tee, join->reason, DX_SIDE_A, join->error, DX__FATE_KEEP, DX__FATE_GIVE_BACK);
		next = source->from;
	}
}

/* Of a connection that has inherited its join nobody was told: it goes with the join, unless the application undoes that. */
static enum dx__fate fate_of(const struct dx__join *join, enum dx_side side, enum dx__fate fate)
{
	bool is_connection = join->shared_side != DX_SIDE_NONE && join->shared_side != side;
	bool stays = !is_connection || fate != DX__FATE_GIVE_BACK || join->reason == DX_REASON_UNJOINED;
	return stays ? fate : DX__FATE_CLOSE_ORDERLY;
}

static void settle_both(struct dx__worker *worker, struct dx__join *join, enum dx__fate a, enum dx__fate b)
{
	bool to_b = join->stream[0].source, to_a = join->stream[1].source;
	join->a->join = NULL;
	if (join->b)
		join->b->join = NULL;
	settle(worker, join->a, to_b, to_a, fate_of(join, DX_SIDE_A, a));
	if (join->b)
		settle(worker, join->b, to_a, to_b, fate_of(join, DX_SIDE_B, b));
}

/* Takes the command back that waits for the other socket of a listener's join to go. */
static void forget_other(struct dx__join *join, struct dx__socket *other)
{
	pthread_mutex_lock(&join->engine->control);
	struct dx__command **link = &other->when_gone;
	while (*link && (*link)->join != join)
		link = &(*link)->next;
	struct dx__command *command = *link;
	if (command)
		*link = command->next;
	pthread_mutex_unlock(&join->engine->control);
	/* Otherwise it is on its way already. */
	if (command)
		dx__command_drop(command);
}

/* The join of a listener: the listener is here, the other socket may be anywhere. */
static void settle_listener(struct dx__worker *worker, struct dx__join *join, enum dx__fate fate)
{
	struct dx__socket *listener = join->a->listening ? join->a : join->b;
	forget_other(join, listener == join->a ? join->b : join->a);
	struct dx__stream **link = &listener->from;
	while (*link && *link != &join->stream[0])
		link = &(*link)->next_from;
	if (*link)
		*link = join->stream[0].next_from;
	join->stream[0].next_from = NULL;
	dx__stream_wake_from(worker, listener);
	settle(worker, listener, true, false, fate);
}

void dx__join_end(struct dx__worker *worker, struct dx__join *join, enum dx_reason reason, enum dx_side side,
		int error, enum dx__fate a, enum dx__fate b)
{
	struct dx__stream *to_b = &join->stream[0], *to_a = &join->stream[1];
	dx__slab_kill(join);
	atomic_store(&join->state, DX__JOIN_ENDED);
	join->reason = (uint8_t)reason;
	join->side = (uint8_t)side;
	join->error = error;
	join->duration_ns = dx__monotonic_ns() - join->made_ns;
	if (dx__list_holds(&join->listed))
		dx__timer_cancel(&worker->wheel, &join->timer);
	dx__list_remove(&join->listed);
	dx__stream_detach(worker, to_b);
	dx__stream_detach(worker, to_a);
	if (!(join->flags & DX_JOIN_TEE) && !join->listens) {
		end_tees(worker, join, join->a);
		if (join->b)
			end_tees(worker, join, join->b);
	}
	if (join->listens)
		settle_listener(worker, join, join->a->listening ? a : b);
	else
		settle_both(worker, join, a, b);
	if (join->route)
		dx__route_ended(join);
	if (join->opened)
		dx__count_shared(&join->engine->joins_active, -1);
	if (join->proxy)
		dx__proxy_connection_ended(worker, join);
	if (!join->quiet)
		dx__news_post(join->engine, &join->news, DX__JOIN_NEWS_ENDED);
	dx__work_end(join->engine);
	join->message.run = leave_base;
	dx__worker_defer(worker, &join->message);
}

void dx__join_end_each(struct dx__worker *worker, struct dx__join *join, enum dx_reason reason, enum dx_side side,
		int error, enum dx__fate a, enum dx__fate b)
{
	dx__join_end(worker, join, reason, side, error, is_plain(join, DX_SIDE_A) ? a : DX__FATE_GIVE_BACK,
			is_plain(join, DX_SIDE_B) ? b : DX__FATE_GIVE_BACK);
}

void dx__join_end_all(struct dx__worker *worker, struct dx__join *join, enum dx_reason reason, enum dx_side side,
		int error, enum dx__fate plain)
{
	dx__join_end_each(worker, join, reason, side, error, plain, plain);
}

static void leave(struct dx__worker *worker, struct dx__socket *socket, struct dx__join *join, enum dx__fate plain)
{
	enum dx_side side = side_of(join, socket);
	enum dx__fate other = is_plain(join, side == DX_SIDE_A ? DX_SIDE_B : DX_SIDE_A) ? plain : DX__FATE_GIVE_BACK;
	bool is_a = side == DX_SIDE_A;
	dx__join_end(worker, join, DX_REASON_CLOSED, side, 0, is_a ? DX__FATE_KEEP : other, is_a ? other : DX__FATE_KEEP);
}

void dx__join_leave_all(struct dx__worker *worker, struct dx__socket *socket, enum dx__fate other)
{
	while (socket->from || socket->to)
		leave(worker, socket, dx__join_of(socket->from ? socket->from : socket->to), other);
}

bool dx__join_passes_end(const struct dx__join *join, const struct dx__socket *sink)
{
	return !(join->flags & DX_JOIN_NO_CLOSE) && join->shared_side != side_of(join, sink);
}

/* Tells a sink the end of its stream, which was the last one to it. */
static void pass_end(struct dx__join *join, struct dx__socket *sink)
{
	if (!dx__join_passes_end(join, sink) || sink->to)
		return;
	if (dx__route_ends_by_message(join, sink))
		return;
	atomic_store(&sink->shut, true);
	/* Fails only when the peer has vanished; its own stream says so. */
	if (shutdown(sink->fd, SHUT_WR) == -1)
		dx__socket_note_error(sink, errno == ENOTCONN ? -ECONNRESET : -errno);
}

/* Whether the socket is part of other joins, too. */
static bool is_shared(const struct dx__join *join, const struct dx__socket *socket)
{
	for (struct dx__stream *stream = socket->from; stream; stream = stream->next_from) {
		if (dx__join_of(stream) != join && !stream->mirror)
			return true;
	}
	for (struct dx__stream *stream = socket->to; stream; stream = stream->next_to) {
		if (dx__join_of(stream) != join)
			return true;
	}
	return false;
}

static void note_broken(struct dx__join *join, const struct dx__socket *socket)
{
	if (join->broken == DX_SIDE_NONE)
		join->broken = (uint8_t)side_of(join, socket);
}

/* A socket is dead and what it had sent is delivered. */
static void end_broken(struct dx__worker *worker, struct dx__join *join)
{
	enum dx_side side = join->broken;
	struct dx__socket *broken = side == DX_SIDE_A ? join->a : join->b;
	int error = dx__socket_error(broken);
	bool reset = error == -ECONNRESET || error == -EPIPE;
	enum dx_reason reason = reset ? DX_REASON_RESET : DX_REASON_ERROR;
	if ((join->flags & DX_JOIN_HALF_DUPLEX) && broken == join->a)
		pass_end(join, join->b);
	if (is_plain(join, DX_SIDE_A) || is_plain(join, DX_SIDE_B)) {
		/* A reset concerns a pair alone. */
		struct dx__socket *other = side == DX_SIDE_A ? join->b : join->a;
		bool is_pair = join->shared_side == DX_SIDE_NONE && !is_shared(join, other);
		enum dx__fate fate = is_pair ? DX__FATE_RESET : DX__FATE_CLOSE_ORDERLY;
		enum dx__fate a = side == DX_SIDE_A ? DX__FATE_CLOSE_NOW : fate;
		enum dx__fate b = side == DX_SIDE_B ? DX__FATE_CLOSE_NOW : fate;
		dx__join_end(worker, join, reason, side, error, is_plain(join, DX_SIDE_A) ? a : DX__FATE_GIVE_BACK,
				is_plain(join, DX_SIDE_B) ? b : DX__FATE_GIVE_BACK);
		return;
	}
	dx__join_end(worker, join, reason, side, error, DX__FATE_GIVE_BACK, DX__FATE_GIVE_BACK);
}

static void stop_stream(struct dx__worker *worker, struct dx__stream *stream)
{
	dx__stream_detach(worker, stream);
	stream->ended = true;
	stream->path = DX_PATH_NONE;
}

void dx__join_stream_ended(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__join *join = dx__join_of(stream);
	struct dx__stream *other = opposite(stream);
	if (join->route && dx__route_stream_ended(worker, join, stream))
		return;
	stop_stream(worker, stream);
	if (dx__socket_error(stream->source)) {
		note_broken(join, stream->source);
		end_broken(worker, join);
		return;
	}
	if (join->first == DX_SIDE_NONE)
		join->first = (uint8_t)side_of(join, stream->source);
	if (dx__stream_is_active(other)) {
		pass_end(join, stream->sink);
		atomic_store_explicit(&join->state, DX_JOIN_HALF_CLOSED, memory_order_relaxed);
		/* The half-close limit begins now, if there is one. */
		join->active = worker->now;
		dx__limit_set_timer(worker, join);
		if (join->route)
			dx__route_half_closed(worker, join);
		return;
	}
	if (!is_plain(join, side_of(join, stream->sink)))
		pass_end(join, stream->sink);
	enum dx_side first = join->first;
	/* Both have ended and everything was delivered: closing is as good as passing the end on. */
	dx__join_end_all(worker, join, first == DX_SIDE_A ? DX_REASON_CLIENT_CLOSED : DX_REASON_BACKEND_CLOSED, first, 0,
			DX__FATE_CLOSE_NOW);
}

void dx__join_sink_failed(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__stream *other = opposite(stream);
	struct dx__join *join = dx__join_of(stream);
	dx__output_discard(worker, stream->sink);
	/* Others that share the sink find it broken, too. */
	dx__stream_wake_to(worker, stream->sink);
	stop_stream(worker, stream);
	note_broken(join, stream->sink);
	if (!dx__stream_is_active(other)) {
		end_broken(worker, join);
		return;
	}
	/* What could be read before is still delivered: the other stream meets the end and comes back here. */
	atomic_store_explicit(&join->state, DX_JOIN_CLOSING, memory_order_relaxed);
	/* That may take as long as its source likes: the half-close limit begins, if there is one. */
	join->active = worker->now;
	dx__limit_set_timer(worker, join);
	other->source->readable = true;
	dx__worker_queue(worker, &other->task);
}

void dx__join_failed(struct dx__worker *worker, struct dx__stream *stream, int error)
{
	dx__join_end_all(worker, dx__join_of(stream), DX_REASON_ERROR, DX_SIDE_NONE, error, DX__FATE_RESET);
}

void dx__join_is_behind(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__join *join = dx__join_of(stream);
	dx__join_end_all(worker, join, DX_REASON_BEHIND, side_of(join, stream->sink), 0, DX__FATE_CLOSE_ORDERLY);
}

bool dx__join_is_used_up(struct dx__worker *worker, struct dx__stream *stream)
{
	struct dx__join *join = dx__join_of(stream);
	if (!dx__limit_is_reached(join))
		return false;
	if (!dx__stream_pending(&join->stream[0]) && !dx__stream_pending(&join->stream[1]))
		dx__join_end_all(worker, join, DX_REASON_BYTES, DX_SIDE_NONE, 0, DX__FATE_CLOSE_ORDERLY);
	return true;
}
