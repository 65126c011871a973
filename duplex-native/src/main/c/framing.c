/* SPDX-License-Identifier: Apache-2.0 */
#include "framing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS 65536 /* bytes that buy a frame another frame_timeout */

static struct dx__framing *framing_new(void)
{
	struct dx__framing *framing = calloc(1, sizeof(*framing));
	if (!framing)
		return NULL;
	pthread_mutex_init(&framing->input, NULL);
	pthread_mutex_init(&framing->output, NULL);
	return framing;
}

/* The socket's framing, made if it has none. */
static struct dx__framing *obtain(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	if (framing)
		return framing;
	struct dx__framing *new = framing_new();
	if (!new || atomic_compare_exchange_strong(&socket->framing, &framing, new))
		return new;
	pthread_mutex_destroy(&new->input);
	pthread_mutex_destroy(&new->output);
	free(new);
	return framing;
}

struct dx__framing *dx__framing_lock_output(struct dx__socket *socket)
{
	struct dx__framing *framing = obtain(socket);
	if (framing)
		pthread_mutex_lock(&framing->output);
	return framing;
}

static int change(struct dx__framing *framing, const struct dx_codec_ops *ops, const struct dx_codec_options *options)
{
	void *decoder = ops ? calloc(1, ops->decoder_size ? ops->decoder_size : 1) : NULL;
	void *encoder = ops ? calloc(1, ops->encoder_size ? ops->encoder_size : 1) : NULL;
	if (ops && (!decoder || !encoder)) {
		free(decoder);
		free(encoder);
		return -ENOMEM;
	}
	free(framing->decoder);
	free(framing->encoder);
	framing->ops = ops;
	framing->options = *options;
	framing->decoder = decoder;
	framing->encoder = encoder;
	framing->inside = framing->ended = false;
	atomic_store(&framing->starved, false);
	atomic_store(&framing->input_error, DX_CODEC_OK);
	atomic_store(&framing->output_error, DX_CODEC_OK);
	framing->decoded = framing->begun = framing->mark = 0;
	framing->reply_state = DX__REPLY_NONE;
	return 0;
}

int dx__framing_set(struct dx__socket *socket, const struct dx_codec_options *options)
{
	static const struct dx_codec_options none = {.size = sizeof(none)};
	struct dx_codec_options resolved;
	const struct dx_codec_ops *ops;
	int rc = dx__codec_find(options ? options : &none, &resolved, &ops);
	if (rc)
		return rc;
	if (!ops && !atomic_load(&socket->framing))
		return 0;
	struct dx__framing *framing = obtain(socket);
	if (!framing)
		return -ENOMEM;
	pthread_mutex_lock(&framing->input);
	pthread_mutex_lock(&framing->output);
	/* Bytes that were decoded cannot be decoded anew. One of which a route has passed a part on is nobody's any more. */
	rc = framing->assembly.begun ? -EBUSY : change(framing, ops, &resolved);
	if (!rc)
		dx__assembly_clear(&framing->assembly, &socket->engine->budget);
	pthread_mutex_unlock(&framing->output);
	pthread_mutex_unlock(&framing->input);
	return rc;
}

bool dx__framing_has_part(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	if (!framing)
		return false;
	pthread_mutex_lock(&framing->input);
	bool has_part = framing->assembly.begun;
	pthread_mutex_unlock(&framing->input);
	return has_part;
}

void dx__framing_free(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_exchange(&socket->framing, NULL);
	if (!framing)
		return;
	dx__assembly_clear(&framing->assembly, &socket->engine->budget);
	free(framing->decoder);
	free(framing->encoder);
	pthread_mutex_destroy(&framing->input);
	pthread_mutex_destroy(&framing->output);
	free(framing);
}

int dx__framing_fail(struct dx__framing *framing, int error)
{
	uint32_t none = DX_CODEC_OK;
	atomic_compare_exchange_strong(&framing->input_error, &none, (uint32_t)-error);
	return error;
}

/* Keeps the books of a piece. */
static void told(struct dx__framing *framing, const struct dx_piece *piece)
{
	if (piece->flags & DX_MESSAGE_LAST)
		framing->ended = true;
	bool is_whole = (piece->flags & DX_PIECE_BEGIN) && (piece->flags & DX_PIECE_END);
	/* Those may stand between the pieces of another message. */
	if (!is_whole || !(piece->flags & (DX_PIECE_REPLY | DX_PIECE_IGNORE | DX_MESSAGE_CONTROL)))
		framing->inside = !(piece->flags & DX_PIECE_END);
	if (!framing->inside)
		framing->begun = 0;
}

int dx__framing_decode(struct dx__framing *framing, uint8_t *data, size_t length, size_t *used, struct dx_piece *piece)
{
	*piece = (struct dx_piece){0};
	size_t n = 0;
	int rc = framing->ops->decode(framing->decoder, &framing->options, data, length, &n, piece);
	/* What a plugin does wrong must not become an endless loop, or a queue without bound. */
	if (n > length || rc > DX_DECODE_PIECE || (rc == DX_DECODE_PIECE && !n)
			|| (rc == DX_DECODE_MORE && (n || length > framing->ops->keep)))
		return dx__framing_fail(framing, -DX_CODEC_PLUGIN_ERROR);
	framing->decoded += n;
	*used += n;
	if (rc < 0)
		return dx__framing_fail(framing, rc);
	if (rc == DX_DECODE_PIECE)
		told(framing, piece);
	return rc;
}

int dx__framing_end(struct dx__framing *framing, uint8_t *data, size_t left, struct dx_piece *piece)
{
	*piece = (struct dx_piece){0};
	if (!framing->ops->end)
		return left || framing->inside ? dx__framing_fail(framing, -DX_CODEC_TRUNCATED) : 0;
	int rc = framing->ops->end(framing->decoder, &framing->options, data, left, piece);
	if (rc < 0)
		return dx__framing_fail(framing, rc);
	if (rc == DX_DECODE_PIECE)
		told(framing, piece);
	framing->ended = true;
	return rc;
}

bool dx__framing_is_waiting(const struct dx__framing *framing, size_t left)
{
	return !framing->ended && (left || framing->inside);
}

int dx__framing_check_time(struct dx__framing *framing, size_t left, uint64_t now)
{
	if (!dx__framing_is_waiting(framing, left) || framing->options.frame_timeout == UINT32_MAX) {
		framing->begun = 0;
		return 0;
	}
	if (!framing->begun || framing->decoded - framing->mark >= PROGRESS) {
		framing->begun = now;
		framing->mark = framing->decoded;
		return 0;
	}
	if (now - framing->begun < framing->options.frame_timeout * 1000000ull)
		return 0;
	return dx__framing_fail(framing, -DX_CODEC_TOO_SLOW);
}

size_t dx__framing_room(const struct dx__framing *framing, const struct dx_piece *piece)
{
	return framing->ops->overhead + piece->length + piece->extra_length;
}

/* ---- replies ---- */

bool dx__framing_has_reply(const struct dx__framing *framing)
{
	return atomic_load_explicit(&framing->reply_state, memory_order_relaxed);
}

static bool has_last_reply(const struct dx__framing *framing)
{
	return framing->reply_state == DX__REPLY_REFUSAL
			|| (framing->reply_state == DX__REPLY_PIECE && (framing->reply_flags & DX_MESSAGE_LAST));
}

void dx__framing_keep_reply(struct dx__framing *framing, const struct dx_piece *piece)
{
	/* Nothing comes after a Close or a refusal, and no codec replies with more than fits. */
	if (has_last_reply(framing) || piece->length > sizeof(framing->reply))
		return;
	framing->reply_state = DX__REPLY_PIECE;
	framing->reply_kind = piece->kind;
	framing->reply_flags = piece->flags & (DX_MESSAGE_CONTROL | DX_MESSAGE_LAST);
	framing->reply_length = (uint8_t)piece->length;
	if (piece->length)
		memcpy(framing->reply, piece->data, piece->length);
}

void dx__framing_keep_refusal(struct dx__framing *framing, uint32_t error)
{
	framing->reply_state = DX__REPLY_REFUSAL;
	framing->reply_kind = error;
}

void dx__framing_keep_ping(struct dx__framing *framing)
{
	if (framing->reply_state == DX__REPLY_NONE)
		framing->reply_state = DX__REPLY_PING;
}

size_t dx__framing_reply_room(const struct dx__framing *framing)
{
	return framing->reply_state ? framing->ops->overhead + sizeof(framing->reply) : 0;
}

size_t dx__framing_encode_reply(struct dx__framing *framing, uint8_t *out)
{
	int64_t n = 0;
	if (framing->reply_state == DX__REPLY_PIECE) {
		struct dx_piece piece = {
			.flags = framing->reply_flags | DX_PIECE_BEGIN | DX_PIECE_END | DX_PIECE_REPLY,
			.kind = framing->reply_kind, .total = framing->reply_length, .data = framing->reply,
			.length = framing->reply_length,
		};
		n = framing->ops->encode(framing->encoder, &framing->options, &piece, out);
	} else if (framing->reply_state == DX__REPLY_REFUSAL && framing->ops->finish) {
		n = framing->ops->finish(framing->encoder, &framing->options, framing->reply_kind, out);
	} else if (framing->reply_state == DX__REPLY_PING) {
		n = framing->ops->ping(framing->encoder, &framing->options, out);
	}
	if (n == -DX_CODEC_MESSAGE)
		return 0;
	framing->reply_state = DX__REPLY_NONE;
	return n > 0 ? (size_t)n : 0;
}
