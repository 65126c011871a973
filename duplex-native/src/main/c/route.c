/* SPDX-License-Identifier: Apache-2.0 */
#include "route_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_MOST 32768     /* bytes that a decoder leaves over */
#define CHARACTER_MOST 4    /* bytes of one in UTF-8 */

/* ---- what it is made of ---- */

struct dx__route *dx__route_new(void) { return calloc(1, sizeof(struct dx__route)); }

void dx__route_free(struct dx__engine *engine, struct dx__route *route)
{
	if (!route)
		return;
	dx__assembly_clear(&route->side[0].assembly, &engine->budget);
	dx__assembly_clear(&route->side[1].assembly, &engine->budget);
	free(route);
}

/* Who answers the peer must know where a frame ends, and so encodes all that it sends. A WebSocket's frames are masked, too. */
static bool may_answer(const struct dx__framing *framing)
{
	const struct dx_codec_options *options = &framing->options;
	return options->type == DX_CODEC_WEBSOCKET || options->type == DX_CODEC_PLUGIN
			|| (options->type == DX_CODEC_ZMTP && !(options->flags & DX_ZMTP_FRAMES));
}

static bool say_the_same(const struct dx__framing *in, const struct dx__framing *out)
{
	return in && out && in->ops == out->ops && !may_answer(in) && !memcmp(&in->options, &out->options, sizeof(in->options));
}

static void open_side(struct dx__worker *worker, struct dx__route_side *side, const struct dx__framing *in,
		const struct dx__framing *out)
{
	side->passes = say_the_same(in, out);
	dx__heartbeat_begin(&side->heartbeat, in, worker->now);
}

void dx__route_open(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__framing *a = dx__route_framing(join->a), *b = dx__route_framing(join->b);
	open_side(worker, &join->route->side[0], a, b);
	open_side(worker, &join->route->side[1], b, a);
}

/* ---- the input ---- */

static size_t take_input(struct dx__socket *source, uint8_t *data, size_t room)
{
	struct dx__buffer *input = source->input;
	size_t n = input ? dx__buffer_take(input, data, room) : 0;
	if (input && !input->length) {
		free(input);
		source->input = NULL;
	}
	return n;
}

/* Gives back what was not decoded; those bytes are as they came. */
static int put_input_back(struct dx__socket *source, const uint8_t *data, size_t left)
{
	int rc = 0;
	if (left && source->input) {
		source->input->offset -= (uint32_t)left;
		source->input->length += (uint32_t)left;
	} else if (left) {
		source->input = dx__buffer_new(left);
		if (source->input) {
			memcpy(source->input->data, data, left);
			source->input->length = (uint32_t)left;
		} else {
			rc = -ENOMEM;
		}
	}
	atomic_store_explicit(&source->input_queued, source->input ? source->input->length : 0, memory_order_relaxed);
	return rc;
}

/* Handles one piece that was decoded from these bytes. */
static int handle(struct dx__turn *turn, const struct dx_piece *piece, const uint8_t *raw, size_t raw_length)
{
	if (piece->flags & DX_PIECE_REPLY)
		dx__route_reply(turn->worker, turn->stream->source, piece);
	if (piece->flags & (DX_PIECE_REPLY | DX_PIECE_IGNORE))
		return 0;
	int rc = dx__route_emit(turn, piece, raw, raw_length);
	if (!rc && (piece->flags & DX_PIECE_END) && !(piece->flags & DX_MESSAGE_CONTROL))
		turn->side->messages++;
	return rc;
}

/* Whether directions stop at the end of the message that they are in. */
static bool is_stopping(const struct dx__route *route) { return route->unjoin || route->finishing; }

/* Decodes and encodes; *used tells how far. 0, -ENOMEM or -EPROTO. */
static int decode(struct dx__turn *turn, uint8_t *data, size_t length, size_t *used)
{
	struct dx__framing *in = turn->in;
	*used = 0;
	atomic_store_explicit(&in->starved, false, memory_order_relaxed);
	while (*used < length && !in->ended) {
		/* Undone between two messages. */
		if (is_stopping(turn->route) && !in->inside)
			return 0;
		struct dx_piece piece;
		size_t before = *used;
		int rc = dx__framing_decode(in, data + before, length - before, used, &piece);
		if (rc < 0)
			return dx__route_fail(turn, dx__route_source_side(turn->stream), rc, in->decoded);
		if (rc == DX_DECODE_MORE) {
			atomic_store_explicit(&in->starved, true, memory_order_relaxed);
			return 0;
		}
		rc = handle(turn, &piece, data + before, *used - before);
		if (rc)
			return rc;
	}
	return 0;
}

static int wrap_whole(struct dx__turn *turn, const uint8_t *data, size_t length)
{
	struct dx_piece piece = {
		.flags = DX_PIECE_BEGIN | DX_PIECE_END, .total = length, .data = data, .length = length,
	};
	int rc = dx__route_emit(turn, &piece, data, length);
	turn->side->messages += !rc;
	return rc;
}

/* How many bytes at the end of a text begin a character that is not whole. */
static size_t torn_end(const uint8_t *data, size_t length)
{
	for (size_t n = 1; n <= length && n < CHARACTER_MOST; n++) {
		uint8_t byte = data[length - n];
		if (byte >= 0xc0)
			return n < (byte >= 0xf0 ? 4u : byte >= 0xe0 ? 3u : 2u) ? n : 0;
		if (byte < 0x80)
			return 0;
	}
	return 0;
}

/* A stream's bytes become messages of limited size; *used tells how far. A message that is text does not end inside a character,
   wherever the reads have ended. */
static int wrap(struct dx__turn *turn, const uint8_t *data, size_t length, size_t *used)
{
	bool is_text = dx__route_is_websocket(turn->out) && (turn->out->options.flags & DX_WEBSOCKET_TEXT);
	size_t most = turn->out ? turn->out->options.chunk : length;
	if (is_text && most < CHARACTER_MOST)
		most = CHARACTER_MOST;
	int rc = 0;
	for (*used = 0; *used < length && !rc;) {
		size_t n = length - *used < most ? length - *used : most;
		if (is_text)
			n -= torn_end(data + *used, n);
		turn->side->is_torn = !n;
		if (!n)
			break;
		rc = wrap_whole(turn, data + *used, n);
		*used += n;
	}
	return rc;
}

/* No message comes any more, which the last one said or the end of the bytes: tells the sink, in its codec's way. */
static void finish(struct dx__turn *turn, bool is_last)
{
	turn->stream->eof = true;
	turn->side->finished = true;
	turn->side->is_last = is_last;
	if (!turn->out || !turn->out->ops->finish || turn->side->passes)
		return;
	if (!dx__join_passes_end(turn->join, turn->stream->sink))
		return;
	uint8_t *out = dx__route_reserve(turn, turn->out->ops->overhead);
	/* Without memory the sink is told nothing, and meets the end of the bytes. */
	int64_t n = out ? turn->out->ops->finish(turn->out->encoder, &turn->out->options, DX_CODEC_OK, out) : 0;
	turn->filled += n > 0 ? (uint32_t)n : 0;
}

/* The source's bytes have ended. */
static int end_of_input(struct dx__turn *turn, uint8_t *data, size_t left)
{
	int rc = 0;
	if (turn->in) {
		struct dx_piece piece;
		int told = dx__framing_end(turn->in, data, left, &piece);
		if (told < 0) {
			rc = dx__route_fail(turn, dx__route_source_side(turn->stream), told, turn->in->decoded);
			/* As good as a reset: 1006, RFC 6455 section 7.1.5. */
			if (told == -DX_CODEC_WS_NO_CLOSE)
				dx__socket_note_error(turn->stream->source, -ECONNRESET);
		} else if (told == DX_DECODE_PIECE) {
			rc = handle(turn, &piece, data, left);
		}
	} else if (left) {
		rc = wrap_whole(turn, data, left);
	}
	if (!rc)
		finish(turn, false);
	return rc;
}

/* Whether what is queued has to wait for more. */
static bool is_starved(const struct dx__turn *turn)
{
	return turn->in ? atomic_load_explicit(&turn->in->starved, memory_order_relaxed) : turn->side->is_torn;
}

/* Reads and moves. n is what was queued, at data. Bytes, -EAGAIN, or an error. */
static int64_t move(struct dx__turn *turn, uint8_t *data, size_t n, uint64_t allowed)
{
	struct dx__socket *source = turn->stream->source;
	bool is_enough = n && !is_starved(turn);
	ssize_t came = 1;
	if (!is_enough && !source->input) {
		came = dx__stream_read(source, (char *)data + n, allowed < DX__ROUTE_READ ? allowed : DX__ROUTE_READ);
		if (came < 0) {
			int rc = put_input_back(source, data, n);
			dx__route_watch_frame(turn, n);
			return rc ? rc : came;
		}
		n += (size_t)came;
	}
	size_t used = n;
	int rc = 0;
	if (n && !turn->in)
		rc = wrap(turn, data, n, &used);
	else if (n)
		rc = decode(turn, data, n, &used);
	if (!rc && turn->in && turn->in->ended)
		finish(turn, true);
	else if (!rc && came == 0)
		rc = end_of_input(turn, data + used, n - used), used = n;
	int kept = put_input_back(source, data + used, n - used);
	dx__route_watch_frame(turn, n - used);
	if (kept || rc == -ENOMEM)
		return -ENOMEM;
	/* An end is met by the stream's next turn, once this is delivered. */
	return n ? (int64_t)n : 1;
}

int64_t dx__route_move(struct dx__worker *worker, struct dx__stream *stream, uint64_t allowed)
{
	struct dx__socket *source = stream->source;
	struct dx__join *join = dx__join_of(stream);
	struct dx__turn turn = {
		.worker = worker, .join = join, .route = join->route, .side = &join->route->side[stream->is_back],
		.stream = stream, .in = dx__route_framing(source), .out = dx__route_framing(stream->sink),
	};
	/* The other direction is in the middle of a message still. */
	if (is_stopping(turn.route) && !(turn.in && turn.in->inside))
		return -EAGAIN;
	/* Who has said Close is sent nothing any more. */
	if (dx__route_is_websocket(turn.out) && turn.route->side[!stream->is_back].finished)
		return -EAGAIN;
	if (!source->readable && (!source->input || is_starved(&turn)))
		return -EAGAIN;
	if (!worker->frames)
		worker->frames = malloc(DX__ROUTE_READ + LEFT_MOST + DX__ROUTE_READ);
	if (!worker->frames)
		return -ENOMEM;
	if (turn.in)
		pthread_mutex_lock(&turn.in->input);
	if (turn.out)
		pthread_mutex_lock(&turn.out->output);
	size_t queued = take_input(source, worker->frames, DX__ROUTE_READ + LEFT_MOST);
	int64_t n = move(&turn, worker->frames, queued, allowed);
	if (turn.chunk)
		dx__route_push(&turn);
	/* The sink holds it back. */
	if (turn.in && dx__output_length(stream->sink))
		turn.in->begun = 0;
	if (turn.out)
		pthread_mutex_unlock(&turn.out->output);
	if (turn.in)
		pthread_mutex_unlock(&turn.in->input);
	if (turn.route->unjoin && !turn.route->failure && dx__route_is_between(join)) {
		dx__route_undo(worker, join);
		return -EAGAIN;
	}
	/* The stream of the last message ends the route. */
	if (turn.route->finishing && dx__route_is_between(join))
		dx__stream_wake(worker, &join->stream[!stream->is_back]);
	return n;
}
