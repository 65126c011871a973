/* SPDX-License-Identifier: Apache-2.0 */
#include "route_parts.h"

#include <errno.h>

static void dx__route_note_check(struct dx__worker *worker, struct dx__join *join, uint64_t at)
{
	struct dx__route *route = join->route;
	if (route->check_at && route->check_at <= at)
		return;
	route->check_at = at;
	dx__limit_set_timer(worker, join);
}

/* Bytes were moved, or none were there. left: bytes that were not decoded. */
void dx__route_watch_frame(struct dx__turn *turn, size_t left)
{
	struct dx__framing *in = turn->in;
	if (!in || !dx__framing_is_waiting(in, left) || in->options.frame_timeout == UINT32_MAX)
		return;
	if (!in->begun)
		dx__framing_check_time(in, left, turn->worker->now * 1000000);
	dx__route_note_check(turn->worker, turn->join, turn->worker->now + in->options.frame_timeout);
}

uint64_t dx__route_deadline(const struct dx__join *join)
{
	const struct dx__route *route = join->route;
	uint64_t deadline = UINT64_MAX;
	if (route && route->check_at)
		deadline = route->check_at;
	if (route && route->close_by && route->close_by < deadline)
		deadline = route->close_by;
	if (route && route->unjoin_by && route->unjoin_by < deadline)
		deadline = route->unjoin_by;
	for (int i = 0; route && i < 2; i++) {
		if (route->side[i].heartbeat.at && route->side[i].heartbeat.at < deadline)
			deadline = route->side[i].heartbeat.at;
	}
	return deadline;
}

/* Pings the source of a direction when it is time. True when it has vanished, and the join has ended. */
static bool check_peer(struct dx__worker *worker, struct dx__join *join, struct dx__stream *from)
{
	struct dx__heartbeat *heartbeat = &join->route->side[from->is_back].heartbeat;
	struct dx__stream *to = &join->stream[!from->is_back];
	if (!heartbeat->at || worker->now < heartbeat->at)
		return false;
	struct dx__framing *framing = dx__stream_is_active(from) ? dx__route_framing(from->source) : NULL;
	/* Where nothing can be sent any more, or the application sends, nobody is asked. */
	if (!framing || framing->ended || from->eof || !dx__stream_is_active(to)) {
		heartbeat->at = 0;
		return false;
	}
	if (!dx__heartbeat_beat(heartbeat, framing, from, to, worker->now)) {
		dx__join_end_all(worker, join, DX_REASON_IDLE, dx__route_source_side(from), 0, DX__FATE_CLOSE_NOW);
		return true;
	}
	dx__route_flush_reply(worker, from->source, false);
	return false;
}

/* Looks at the frame that a direction waits for. True when it was late, and the join has ended. */
static bool check_frame(struct dx__worker *worker, struct dx__join *join, struct dx__stream *stream)
{
	struct dx__framing *in = dx__stream_is_active(stream) ? dx__route_framing(stream->source) : NULL;
	if (!in || stream->eof)
		return false;
	size_t left = atomic_load_explicit(&stream->source->input_queued, memory_order_relaxed);
	/* Who is held back by the other side, or by a rate, is not slow: the time begins when that is over. */
	bool is_held_back = !dx__stream_may_take(stream) || dx__limit_holds_back(stream);
	pthread_mutex_lock(&in->input);
	if (is_held_back)
		in->begun = 0;
	bool is_late = !is_held_back && dx__framing_check_time(in, left, worker->now * 1000000);
	uint64_t begun = is_held_back ? worker->now : (in->begun + 999999) / 1000000;
	pthread_mutex_unlock(&in->input);
	if (is_late) {
		join->route->failure = DX_CODEC_TOO_SLOW;
		join->route->failure_offset = in->decoded;
		join->route->failed = (uint8_t)dx__route_source_side(stream);
		dx__route_end_failed(worker, join);
	} else if (begun) {
		dx__route_note_check(worker, join, begun + in->options.frame_timeout);
	}
	return is_late;
}

bool dx__route_check(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__route *route = join->route;
	if (!route)
		return false;
	if (route->close_by && worker->now >= route->close_by) {
		dx__route_end_closed(worker, join, DX_SIDE_A);
		return true;
	}
	if (route->unjoin_by && worker->now >= route->unjoin_by) {
		struct dx__command *command = route->unjoin;
		route->unjoin = NULL;
		route->unjoin_by = 0;
		dx__command_answer(command, -ETIMEDOUT);
		dx__stream_wake(worker, &join->stream[0]);
		dx__stream_wake(worker, &join->stream[1]);
	}
	if (check_peer(worker, join, &join->stream[0]) || check_peer(worker, join, &join->stream[1]))
		return true;
	if (route->check_at && worker->now >= route->check_at) {
		route->check_at = 0;
		return check_frame(worker, join, &join->stream[0]) || check_frame(worker, join, &join->stream[1]);
	}
	return false;
}
