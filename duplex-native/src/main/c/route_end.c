/* SPDX-License-Identifier: Apache-2.0 */
#include "join_news.h"
#include "route_parts.h"

#include <errno.h>

#define UNJOIN_TIMEOUT 30000

/* ---- ends ---- */

/* What its peer broke is told to it, and everybody else is cut off. */
void dx__route_end_failed(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__route *route = join->route;
	bool is_a = route->failed == DX_SIDE_A;
	struct dx__socket *culprit = is_a ? join->a : join->b;
	if (route->failure == DX_CODEC_WS_NO_CLOSE) {
		dx__join_end_all(worker, join, DX_REASON_RESET, route->failed, -ECONNRESET, DX__FATE_RESET);
		return;
	}
	dx__route_say_last(worker, culprit, route->failure);
	dx__join_end_each(worker, join, DX_REASON_PROTOCOL, route->failed, -EPROTO,
			is_a ? DX__FATE_CLOSE_ORDERLY : DX__FATE_RESET, is_a ? DX__FATE_RESET : DX__FATE_CLOSE_ORDERLY);
}

/* The end of a WebSocket is the end of both its directions. */
void dx__route_end_closed(struct dx__worker *worker, struct dx__join *join, enum dx_side side)
{
	enum dx_side first = join->first ? join->first : side;
	dx__join_end_all(worker, join, first == DX_SIDE_A ? DX_REASON_CLIENT_CLOSED : DX_REASON_BACKEND_CLOSED, first, 0,
			DX__FATE_CLOSE_ORDERLY);
}

bool dx__route_stream_ended(struct dx__worker *worker, struct dx__join *join, struct dx__stream *stream)
{
	struct dx__route *route = join->route;
	struct dx__framing *in = dx__route_framing(stream->source);
	enum dx_side side = dx__route_source_side(stream);
	if (route->failure) {
		dx__route_end_failed(worker, join);
		return true;
	}
	if (!in || !in->ended)
		return false;
	/* Whatever happens to the connection of one that has said Close. */
	if (dx__route_is_websocket(in) && route->side[stream->is_back].finished) {
		/* Where frames are passed on as they came, nobody has answered. */
		if ((in->options.flags & DX_WEBSOCKET_FRAMES) && dx__route_leads_to(stream->source))
			dx__route_say_last(worker, stream->source, DX_CODEC_OK);
		dx__route_end_closed(worker, join, side);
		return true;
	}
	/* What follows the last chunk is not the route's. */
	if (route->side[stream->is_back].is_last && !dx__socket_error(stream->source)) {
		route->finishing = true;
		if (!dx__route_is_between(join))
			return true;
		dx__join_end(worker, join, DX_REASON_FINISHED, side, 0, DX__FATE_GIVE_BACK, DX__FATE_GIVE_BACK);
		return true;
	}
	return false;
}

bool dx__route_ends_by_message(const struct dx__join *join, const struct dx__socket *sink)
{
	return join->route && dx__route_is_websocket(dx__route_framing((struct dx__socket *)sink));
}

void dx__route_half_closed(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__socket *sink = join->stream[0].ended ? join->b : join->a;
	if (!dx__route_ends_by_message(join, sink) || !dx__join_passes_end(join, sink))
		return;
	join->route->close_by = worker->now + dx__route_framing(sink)->options.close_timeout;
	dx__limit_set_timer(worker, join);
}

/* ---- undoing ---- */

/* Both directions are between two messages: the join can be undone. */
bool dx__route_is_between(const struct dx__join *join)
{
	for (int i = 0; i < 2; i++) {
		const struct dx__stream *stream = &join->stream[i];
		const struct dx__framing *in = dx__stream_is_active(stream) ? dx__route_framing(stream->source) : NULL;
		if ((in && in->inside) || join->route->side[i].assembly.begun)
			return false;
	}
	return true;
}

void dx__route_undo(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__command *command = join->route->unjoin;
	join->route->unjoin = NULL;
	/* What has waited for the end of a frame. */
	if (dx__route_leads_to(join->a))
		dx__route_flush_reply(worker, join->a, true);
	if (dx__route_leads_to(join->b))
		dx__route_flush_reply(worker, join->b, true);
	dx__join_end(worker, join, DX_REASON_UNJOINED, DX_SIDE_NONE, 0, DX__FATE_GIVE_BACK, DX__FATE_GIVE_BACK);
	dx__join_count(join, &command->answer);
	command->answer.reason = DX_REASON_UNJOINED;
	dx__command_answer(command, 0);
}

void dx__route_unjoin(struct dx__worker *worker, struct dx__join *join, struct dx__command *command)
{
	if (join->route->unjoin) {
		dx__command_answer(command, -EALREADY);
		return;
	}
	join->route->unjoin = command;
	if (dx__route_is_between(join)) {
		dx__route_undo(worker, join);
		return;
	}
	join->route->unjoin_by = worker->now + UNJOIN_TIMEOUT;
	dx__limit_set_timer(worker, join);
}

void dx__route_ended(struct dx__join *join)
{
	struct dx__command *command = join->route->unjoin;
	join->route->unjoin = NULL;
	/* The join lives until its end has been told. */
	dx__assembly_clear(&join->route->side[0].assembly, &join->engine->budget);
	dx__assembly_clear(&join->route->side[1].assembly, &join->engine->budget);
	if (command)
		dx__command_answer(command, -ENOENT);
}
