/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"
#include "half.h"
#include "join_news.h"
#include "putting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ 65536          /* bytes of one read */
#define LEFT_MOST 32768     /* bytes that a decoder leaves over */
#define CHUNK (READ + 8192) /* bytes that are encoded at once, more for a message that is put together */
#define UNJOIN_TIMEOUT 30000
#define CHARACTER_MOST 4    /* bytes of one in UTF-8 */

/* One turn. */
struct turn {
	struct dx__worker *worker;
	struct dx__join *join;
	struct dx__route *route;
	struct dx__route_side *side;
	struct dx__stream *stream;
	struct dx__framing *in;    /* NULL: a stream */
	struct dx__framing *out;   /* likewise */
	struct dx__chunk *chunk;   /* being filled, or NULL */
	uint32_t filled;
};

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

/* NULL where there is no codec. */
static struct dx__framing *framing_of(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	return framing && framing->ops ? framing : NULL;
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
	struct dx__framing *a = framing_of(join->a), *b = framing_of(join->b);
	open_side(worker, &join->route->side[0], a, b);
	open_side(worker, &join->route->side[1], b, a);
}

static enum dx_side source_side(const struct dx__stream *stream) { return stream->is_back ? DX_SIDE_B : DX_SIDE_A; }

static bool is_websocket(const struct dx__framing *framing)
{
	return framing && framing->options.type == DX_CODEC_WEBSOCKET;
}

/* ---- the output ---- */

static void leave(struct dx__chunk *chunk)
{
	struct dx__chunk *none = NULL;
	dx__chunk_leave(chunk, &none);
	free(none);
}

/* Sends what was encoded, or queues it behind what is queued. */
static void push(struct turn *turn)
{
	struct dx__chunk *chunk = turn->chunk;
	struct dx__socket *sink = turn->stream->sink;
	uint32_t sent = 0;
	turn->chunk = NULL;
	if (turn->filled && sink->writable && !dx__output_length(sink)) {
		ssize_t n = dx__output_send(turn->worker, sink, chunk->data, turn->filled, &turn->stream->account);
		/* An error is noted on the sink and met again when the rest is flushed. */
		if (n > 0)
			sent = (uint32_t)n;
	}
	turn->stream->account.read += turn->filled;
	bool is_spare = sent == turn->filled && chunk->size == CHUNK && !turn->worker->frame;
	if (sent < turn->filled)
		dx__output_put(sink, chunk, 0, sent, turn->filled - sent, &turn->stream->account);
	turn->filled = 0;
	if (is_spare)
		turn->worker->frame = chunk;
	else
		leave(chunk);
}

/* Room for so many bytes in one piece: NULL without memory. */
static uint8_t *reserve(struct turn *turn, size_t room)
{
	if (turn->chunk && turn->chunk->size - turn->filled < room)
		push(turn);
	/* More than a chunk can hold. */
	if (room > UINT32_MAX / 2)
		return NULL;
	if (!turn->chunk && room <= CHUNK && turn->worker->frame) {
		turn->chunk = turn->worker->frame;
		turn->worker->frame = NULL;
	} else if (!turn->chunk) {
		turn->chunk = dx__chunk_new((uint32_t)(room > CHUNK ? room : CHUNK), 1);
	}
	return turn->chunk ? (uint8_t *)turn->chunk->data + turn->filled : NULL;
}

static int append(struct turn *turn, const uint8_t *data, size_t length)
{
	uint8_t *out = length ? reserve(turn, length) : NULL;
	if (length && !out)
		return -ENOMEM;
	if (length)
		memcpy(out, data, length);
	turn->filled += (uint32_t)length;
	return 0;
}

/* The route cannot go on: what was decoded before is still delivered. */
static int fail(struct turn *turn, enum dx_side side, int error, uint64_t offset)
{
	turn->route->failure = (uint32_t)-error;
	turn->route->failure_offset = offset;
	turn->route->failed = (uint8_t)side;
	turn->stream->eof = true;
	return -EPROTO;
}

static int encode(struct turn *turn, const struct dx_piece *piece)
{
	uint8_t *out = reserve(turn, dx__framing_room(turn->out, piece));
	if (!out)
		return -ENOMEM;
	int64_t n = turn->out->ops->encode(turn->out->encoder, &turn->out->options, piece, out);
	if (n < 0) {
		atomic_store(&turn->out->output_error, (uint32_t)-n);
		return fail(turn, turn->stream->is_back ? DX_SIDE_A : DX_SIDE_B, (int)n, turn->in ? turn->in->decoded : 0);
	}
	turn->filled += (uint32_t)n;
	return 0;
}

/* An encoder that writes the length first gets whole messages. */
static int encode_whole(struct turn *turn, const struct dx_piece *piece)
{
	struct dx__assembly *assembly = &turn->side->assembly;
	struct dx__budget *budget = &turn->join->engine->budget;
	int rc = dx__assembly_add(assembly, budget, piece);
	if (rc)
		return fail(turn, source_side(turn->stream), rc, turn->in->decoded);
	if (!assembly->complete)
		return 0;
	struct dx_piece whole = dx__assembly_piece(assembly);
	rc = encode(turn, &whole);
	dx__assembly_clear(assembly, budget);
	return rc;
}

/* What the codec that encodes can make of the piece: kinds and flags are its own codec's alone. */
static struct dx_piece translated(const struct turn *turn, const struct dx_piece *piece)
{
	struct dx_piece result = *piece;
	if (!turn->in || turn->in->options.type != turn->out->options.type) {
		result.kind = 0;
		result.flags &= DX_PIECE_BEGIN | DX_PIECE_END;
		result.extra = NULL;
		result.extra_length = 0;
	}
	return result;
}

/* A piece for the sink. raw: the bytes that it was decoded from. */
static int emit(struct turn *turn, const struct dx_piece *piece, const uint8_t *raw, size_t raw_length)
{
	if (turn->side->passes)
		return append(turn, raw, raw_length);
	bool is_same = turn->in && turn->out && turn->in->options.type == turn->out->options.type;
	if (!is_same && (piece->flags & DX_MESSAGE_CONTROL))
		return 0;
	if (!turn->out)
		return append(turn, piece->data, piece->length);
	struct dx_piece mine = translated(turn, piece);
	if (turn->out->ops->needs_total && mine.total == DX_LENGTH_UNKNOWN)
		return encode_whole(turn, &mine);
	return encode(turn, &mine);
}

/* ---- replies ---- */

/* Whether a route has the socket's output: replies stand between its frames, and between bytes of others they cannot. */
static bool is_routed_to(const struct dx__socket *socket)
{
	return socket->to && dx__join_of(socket->to)->route;
}

/* Whoever does not read what is queued waits for the reply, too: the stream to the socket writes it then. The last one comes
   once. */
static void flush_reply(struct dx__worker *worker, struct dx__socket *socket, bool is_last)
{
	if (dx__output_length(socket) && !is_last)
		return;
	/* An error is met again by the stream to this socket, or by its close. */
	if (dx__put_waiting(socket))
		dx__output_flush(worker, socket);
}

static void reply(struct dx__worker *worker, struct dx__socket *socket, const struct dx_piece *piece)
{
	struct dx__framing *framing = framing_of(socket);
	if (!is_routed_to(socket)) {
		dx__put_reply(socket, piece);
		return;
	}
	pthread_mutex_lock(&framing->output);
	dx__framing_keep_reply(framing, piece);
	pthread_mutex_unlock(&framing->output);
	flush_reply(worker, socket, piece->flags & DX_MESSAGE_LAST);
}

/* The last that is said to the peer, if that was not said already: what it broke, or that all is over. */
static void say_last(struct dx__worker *worker, struct dx__socket *socket, uint32_t error)
{
	struct dx__framing *framing = framing_of(socket);
	if (!framing)
		return;
	if (!is_routed_to(socket)) {
		dx__put_refusal(socket, error);
		return;
	}
	pthread_mutex_lock(&framing->output);
	dx__framing_keep_refusal(framing, error);
	pthread_mutex_unlock(&framing->output);
	flush_reply(worker, socket, true);
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
static int handle(struct turn *turn, const struct dx_piece *piece, const uint8_t *raw, size_t raw_length)
{
	if (piece->flags & DX_PIECE_REPLY)
		reply(turn->worker, turn->stream->source, piece);
	if (piece->flags & (DX_PIECE_REPLY | DX_PIECE_IGNORE))
		return 0;
	int rc = emit(turn, piece, raw, raw_length);
	if (!rc && (piece->flags & DX_PIECE_END) && !(piece->flags & DX_MESSAGE_CONTROL))
		turn->side->messages++;
	return rc;
}

/* Whether directions stop at the end of the message that they are in. */
static bool is_stopping(const struct dx__route *route) { return route->unjoin || route->finishing; }

/* Decodes and encodes; *used tells how far. 0, -ENOMEM or -EPROTO. */
static int decode(struct turn *turn, uint8_t *data, size_t length, size_t *used)
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
			return fail(turn, source_side(turn->stream), rc, in->decoded);
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

static int wrap_whole(struct turn *turn, const uint8_t *data, size_t length)
{
	struct dx_piece piece = {
		.flags = DX_PIECE_BEGIN | DX_PIECE_END, .total = length, .data = data, .length = length,
	};
	int rc = emit(turn, &piece, data, length);
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
static int wrap(struct turn *turn, const uint8_t *data, size_t length, size_t *used)
{
	bool is_text = is_websocket(turn->out) && (turn->out->options.flags & DX_WEBSOCKET_TEXT);
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
static void finish(struct turn *turn, bool is_last)
{
	turn->stream->eof = true;
	turn->side->finished = true;
	turn->side->is_last = is_last;
	if (!turn->out || !turn->out->ops->finish || turn->side->passes)
		return;
	if (!dx__join_passes_end(turn->join, turn->stream->sink))
		return;
	uint8_t *out = reserve(turn, turn->out->ops->overhead);
	/* Without memory the sink is told nothing, and meets the end of the bytes. */
	int64_t n = out ? turn->out->ops->finish(turn->out->encoder, &turn->out->options, DX_CODEC_OK, out) : 0;
	turn->filled += n > 0 ? (uint32_t)n : 0;
}

/* The source's bytes have ended. */
static int end_of_input(struct turn *turn, uint8_t *data, size_t left)
{
	int rc = 0;
	if (turn->in) {
		struct dx_piece piece;
		int told = dx__framing_end(turn->in, data, left, &piece);
		if (told < 0) {
			rc = fail(turn, source_side(turn->stream), told, turn->in->decoded);
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

static void note_check(struct dx__worker *worker, struct dx__join *join, uint64_t at)
{
	struct dx__route *route = join->route;
	if (route->check_at && route->check_at <= at)
		return;
	route->check_at = at;
	dx__limit_set_timer(worker, join);
}

/* Bytes were moved, or none were there. left: bytes that were not decoded. */
static void watch_frame(struct turn *turn, size_t left)
{
	struct dx__framing *in = turn->in;
	if (!in || !dx__framing_is_waiting(in, left) || in->options.frame_timeout == UINT32_MAX)
		return;
	if (!in->begun)
		dx__framing_check_time(in, left, turn->worker->now * 1000000);
	note_check(turn->worker, turn->join, turn->worker->now + in->options.frame_timeout);
}

/* Both directions are between two messages: the join can be undone. */
static bool is_between(const struct dx__join *join)
{
	for (int i = 0; i < 2; i++) {
		const struct dx__stream *stream = &join->stream[i];
		const struct dx__framing *in = dx__stream_is_active(stream) ? framing_of(stream->source) : NULL;
		if ((in && in->inside) || join->route->side[i].assembly.begun)
			return false;
	}
	return true;
}

static void undo(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__command *command = join->route->unjoin;
	join->route->unjoin = NULL;
	/* What has waited for the end of a frame. */
	if (is_routed_to(join->a))
		flush_reply(worker, join->a, true);
	if (is_routed_to(join->b))
		flush_reply(worker, join->b, true);
	dx__join_end(worker, join, DX_REASON_UNJOINED, DX_SIDE_NONE, 0, DX__FATE_GIVE_BACK, DX__FATE_GIVE_BACK);
	dx__join_count(join, &command->answer);
	command->answer.reason = DX_REASON_UNJOINED;
	dx__command_answer(command, 0);
}

/* Whether what is queued has to wait for more. */
static bool is_starved(const struct turn *turn)
{
	return turn->in ? atomic_load_explicit(&turn->in->starved, memory_order_relaxed) : turn->side->is_torn;
}

/* Reads and moves. n is what was queued, at data. Bytes, -EAGAIN, or an error. */
static int64_t move(struct turn *turn, uint8_t *data, size_t n, uint64_t allowed)
{
	struct dx__socket *source = turn->stream->source;
	bool is_enough = n && !is_starved(turn);
	ssize_t came = 1;
	if (!is_enough && !source->input) {
		came = dx__stream_read(source, (char *)data + n, allowed < READ ? allowed : READ);
		if (came < 0) {
			int rc = put_input_back(source, data, n);
			watch_frame(turn, n);
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
	watch_frame(turn, n - used);
	if (kept || rc == -ENOMEM)
		return -ENOMEM;
	/* An end is met by the stream's next turn, once this is delivered. */
	return n ? (int64_t)n : 1;
}

int64_t dx__route_move(struct dx__worker *worker, struct dx__stream *stream, uint64_t allowed)
{
	struct dx__socket *source = stream->source;
	struct dx__join *join = dx__join_of(stream);
	struct turn turn = {
		.worker = worker, .join = join, .route = join->route, .side = &join->route->side[stream->is_back],
		.stream = stream, .in = framing_of(source), .out = framing_of(stream->sink),
	};
	/* The other direction is in the middle of a message still. */
	if (is_stopping(turn.route) && !(turn.in && turn.in->inside))
		return -EAGAIN;
	/* Who has said Close is sent nothing any more. */
	if (is_websocket(turn.out) && turn.route->side[!stream->is_back].finished)
		return -EAGAIN;
	if (!source->readable && (!source->input || is_starved(&turn)))
		return -EAGAIN;
	if (!worker->frames)
		worker->frames = malloc(READ + LEFT_MOST + READ);
	if (!worker->frames)
		return -ENOMEM;
	if (turn.in)
		pthread_mutex_lock(&turn.in->input);
	if (turn.out)
		pthread_mutex_lock(&turn.out->output);
	size_t queued = take_input(source, worker->frames, READ + LEFT_MOST);
	int64_t n = move(&turn, worker->frames, queued, allowed);
	if (turn.chunk)
		push(&turn);
	/* The sink holds it back. */
	if (turn.in && dx__output_length(stream->sink))
		turn.in->begun = 0;
	if (turn.out)
		pthread_mutex_unlock(&turn.out->output);
	if (turn.in)
		pthread_mutex_unlock(&turn.in->input);
	if (turn.route->unjoin && !turn.route->failure && is_between(join)) {
		undo(worker, join);
		return -EAGAIN;
	}
	/* The stream of the last message ends the route. */
	if (turn.route->finishing && is_between(join))
		dx__stream_wake(worker, &join->stream[!stream->is_back]);
	return n;
}

/* ---- ends ---- */

/* What its peer broke is told to it, and everybody else is cut off. */
static void end_failed(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__route *route = join->route;
	bool is_a = route->failed == DX_SIDE_A;
	struct dx__socket *culprit = is_a ? join->a : join->b;
	if (route->failure == DX_CODEC_WS_NO_CLOSE) {
		dx__join_end_all(worker, join, DX_REASON_RESET, route->failed, -ECONNRESET, DX__FATE_RESET);
		return;
	}
	say_last(worker, culprit, route->failure);
	dx__join_end_each(worker, join, DX_REASON_PROTOCOL, route->failed, -EPROTO,
			is_a ? DX__FATE_CLOSE_ORDERLY : DX__FATE_RESET, is_a ? DX__FATE_RESET : DX__FATE_CLOSE_ORDERLY);
}

/* The end of a WebSocket is the end of both its directions. */
static void end_closed(struct dx__worker *worker, struct dx__join *join, enum dx_side side)
{
	enum dx_side first = join->first ? join->first : side;
	dx__join_end_all(worker, join, first == DX_SIDE_A ? DX_REASON_CLIENT_CLOSED : DX_REASON_BACKEND_CLOSED, first, 0,
			DX__FATE_CLOSE_ORDERLY);
}

bool dx__route_stream_ended(struct dx__worker *worker, struct dx__join *join, struct dx__stream *stream)
{
	struct dx__route *route = join->route;
	struct dx__framing *in = framing_of(stream->source);
	enum dx_side side = source_side(stream);
	if (route->failure) {
		end_failed(worker, join);
		return true;
	}
	if (!in || !in->ended)
		return false;
	/* Whatever happens to the connection of one that has said Close. */
	if (is_websocket(in) && route->side[stream->is_back].finished) {
		/* Where frames are passed on as they came, nobody has answered. */
		if ((in->options.flags & DX_WEBSOCKET_FRAMES) && is_routed_to(stream->source))
			say_last(worker, stream->source, DX_CODEC_OK);
		end_closed(worker, join, side);
		return true;
	}
	/* What follows the last chunk is not the route's. */
	if (route->side[stream->is_back].is_last && !dx__socket_error(stream->source)) {
		route->finishing = true;
		if (!is_between(join))
			return true;
		dx__join_end(worker, join, DX_REASON_FINISHED, side, 0, DX__FATE_GIVE_BACK, DX__FATE_GIVE_BACK);
		return true;
	}
	return false;
}

bool dx__route_ends_by_message(const struct dx__join *join, const struct dx__socket *sink)
{
	return join->route && is_websocket(framing_of((struct dx__socket *)sink));
}

void dx__route_half_closed(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__socket *sink = join->stream[0].ended ? join->b : join->a;
	if (!dx__route_ends_by_message(join, sink) || !dx__join_passes_end(join, sink))
		return;
	join->route->close_by = worker->now + framing_of(sink)->options.close_timeout;
	dx__limit_set_timer(worker, join);
}

/* ---- time ---- */

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
	struct dx__framing *framing = dx__stream_is_active(from) ? framing_of(from->source) : NULL;
	/* Where nothing can be sent any more, or the application sends, nobody is asked. */
	if (!framing || framing->ended || from->eof || !dx__stream_is_active(to)) {
		heartbeat->at = 0;
		return false;
	}
	if (!dx__heartbeat_beat(heartbeat, framing, from, to, worker->now)) {
		dx__join_end_all(worker, join, DX_REASON_IDLE, source_side(from), 0, DX__FATE_CLOSE_NOW);
		return true;
	}
	flush_reply(worker, from->source, false);
	return false;
}

/* Looks at the frame that a direction waits for. True when it was late, and the join has ended. */
static bool check_frame(struct dx__worker *worker, struct dx__join *join, struct dx__stream *stream)
{
	struct dx__framing *in = dx__stream_is_active(stream) ? framing_of(stream->source) : NULL;
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
		join->route->failed = (uint8_t)source_side(stream);
		end_failed(worker, join);
	} else if (begun) {
		note_check(worker, join, begun + in->options.frame_timeout);
	}
	return is_late;
}

bool dx__route_check(struct dx__worker *worker, struct dx__join *join)
{
	struct dx__route *route = join->route;
	if (!route)
		return false;
	if (route->close_by && worker->now >= route->close_by) {
		end_closed(worker, join, DX_SIDE_A);
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

/* ---- undoing ---- */

void dx__route_unjoin(struct dx__worker *worker, struct dx__join *join, struct dx__command *command)
{
	if (join->route->unjoin) {
		dx__command_answer(command, -EALREADY);
		return;
	}
	join->route->unjoin = command;
	if (is_between(join)) {
		undo(worker, join);
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
