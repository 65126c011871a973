/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: codecs of sockets, and messages through held halves. */
#include "api.h"
#include "getting.h"
#include "half.h"
#include "held.h"
#include "putting.h"

#include <errno.h>

/* Both halves are the application's while it is inside them. */
static int set_codec(struct dx__socket *socket, const struct dx_codec_options *options)
{
	if (socket->listening)
		return -ENOTCONN;
	int rc = dx__half_enter(socket, DX__IN);
	if (rc)
		return rc;
	/* An output that was ended, or is being delivered, needs no encoder that could be in use. */
	rc = dx__half_enter_quiet(socket, DX__OUT);
	if (!rc) {
		rc = dx__framing_set(socket, options);
		dx__half_leave(socket, DX__OUT);
	}
	if (!rc)
		dx__held_input_changed(socket);
	dx__half_leave(socket, DX__IN);
	return rc;
}

DX_API int dx_codec_set(dx_id id, const struct dx_codec_options *options)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	rc = set_codec(socket, options);
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

DX_API int64_t dx_get(dx_id id, void *buffer, size_t size, struct dx_message *messages, uint32_t max)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if ((!buffer && size) || !messages || !max)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	int64_t n = dx__get(socket, buffer, size, messages, max);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

/* When to look again: at the caller's deadline, or when the message that has begun to arrive will be too late. */
static uint64_t earlier(uint64_t deadline, int64_t milliseconds)
{
	if (milliseconds < 0)
		return deadline;
	uint64_t late = dx__monotonic_ns() + (uint64_t)milliseconds * 1000000u;
	return late < deadline ? late : deadline;
}

DX_API int64_t dx_get_wait(dx_id id, void *buffer, size_t size, struct dx_message *messages, uint32_t max, int timeout)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if ((!buffer && size) || !messages || !max)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	int64_t n;
	while ((n = dx__get(socket, buffer, size, messages, max)) == -EAGAIN) {
		uint64_t until = earlier(deadline, dx__get_deadline(socket));
		n = -ETIMEDOUT;
		/* There may be more that says nothing, for ever. */
		if (dx__monotonic_ns() >= deadline)
			break;
		n = dx__held_park(socket, DX__IN, until);
		if (n && !(n == -ETIMEDOUT && until != deadline))
			break;
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_get_deadline(dx_id id)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	int64_t left = dx__get_deadline(socket);
	dx__api_leave(engine, socket, NULL, NULL);
	return left;
}

DX_API int64_t dx_put(dx_id id, const void *data, size_t size, const struct dx_message *messages, uint32_t count)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if ((!data && size) || !messages || !count)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	int64_t n = dx__put(socket, data, size, messages, count);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_put_wait(dx_id id, const void *data, size_t size, const struct dx_message *messages, uint32_t count,
		int timeout)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if ((!data && size) || !messages || !count)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	uint32_t put = 0;
	int64_t n;
	do {
		n = dx__put(socket, data, size, messages + put, count - put);
		if (n == -EAGAIN)
			n = dx__held_park(socket, DX__OUT, deadline);
		if (n > 0)
			put += (uint32_t)n;
	} while (n >= 0 && put < count);
	dx__api_leave(engine, socket, NULL, NULL);
	return put || n >= 0 ? (int64_t)put : n;
}

DX_API int dx_codec_failure(dx_id id, struct dx_codec_failure *failure)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!failure || failure->size < sizeof(*failure))
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	*failure = (struct dx_codec_failure){.size = sizeof(*failure)};
	struct dx__framing *framing = atomic_load(&socket->framing);
	if (framing) {
		pthread_mutex_lock(&framing->input);
		failure->type = framing->options.type;
		failure->input = atomic_load(&framing->input_error);
		failure->output = atomic_load(&framing->output_error);
		failure->input_offset = framing->decoded;
		pthread_mutex_unlock(&framing->input);
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return 0;
}
