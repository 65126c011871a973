/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: receiving from and sending through held halves. */
#include "address.h"
#include "api.h"
#include "half.h"
#include "held.h"
#include "input.h"

#include <errno.h>

/* The caller is inside the input half. */
static int64_t receive(struct dx__socket *socket, void *data, size_t length)
{
	int64_t n = (int64_t)dx__input_take(socket, data, length);
	if (n || !length)
		return n;
	do
		n = recv(socket->fd, data, length, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		return n;
	if (n == -1) {
		if (errno == EAGAIN)
			return -EAGAIN;
		dx__socket_note_error(socket, -errno);
	}
	/* After an error the kernel says 0. */
	return dx__socket_error(socket);
}

static int64_t try_receive(struct dx__socket *socket, void *data, size_t length)
{
	if (socket->listening)
		return -ENOTCONN;
	int rc = dx__half_enter(socket, DX__IN);
	if (rc)
		return rc;
	int64_t n = receive(socket, data, length);
	dx__half_leave(socket, DX__IN);
	return n;
}

DX_API int64_t dx_recv(dx_id id, void *data, size_t length)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data && length)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	int64_t n = try_receive(socket, data, length);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_recv_wait(dx_id id, void *data, size_t length, int timeout)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data && length)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	int64_t n;
	while ((n = try_receive(socket, data, length)) == -EAGAIN) {
		n = dx__held_park(socket, DX__IN, deadline);
		if (n)
			break;
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_recv_queued(dx_id id, void *data, size_t length)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data && length)
		return -EINVAL;
	int64_t n = dx__api_socket(id, &engine, &socket);
	if (n)
		return n;
	n = socket->listening ? -ENOTCONN : dx__half_enter(socket, DX__IN);
	if (!n) {
		n = (int64_t)dx__input_take(socket, data, length);
		dx__half_leave(socket, DX__IN);
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int dx_unrecv(dx_id id, const void *data, size_t length)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data && length)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	rc = socket->listening ? -ENOTCONN : dx__half_enter(socket, DX__IN);
	if (!rc) {
		rc = length ? dx__input_give_back(socket, data, length) : 0;
		dx__half_leave(socket, DX__IN);
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

static int64_t try_peek(struct dx__socket *socket, size_t offset, void *data, size_t length)
{
	if (socket->listening)
		return -ENOTCONN;
	int64_t n = dx__half_enter(socket, DX__IN);
	if (n)
		return n;
	n = dx__input_peek(socket, offset, data, length);
	dx__half_leave(socket, DX__IN);
	return n;
}

DX_API int64_t dx_peek(dx_id id, size_t offset, void *data, size_t length)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data || !length)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	int64_t n = try_peek(socket, offset, data, length);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_peek_wait(dx_id id, size_t offset, void *data, size_t length, int timeout)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data || !length)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	int64_t n;
	while ((n = try_peek(socket, offset, data, length)) == -EAGAIN) {
		n = dx__held_park(socket, DX__IN, deadline);
		if (n)
			break;
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

/* The caller is inside the output half. */
static int64_t transmit(struct dx__socket *socket, const void *data, size_t length)
{
	int error = dx__socket_error(socket);
	ssize_t n;
	if (error)
		return error;
	do
		n = send(socket->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN)
		return -EAGAIN;
	/* Not an error of the connection when this side has ended it. */
	if (errno == EPIPE && atomic_load(&socket->shut))
		return -EPIPE;
	dx__socket_note_error(socket, -errno);
	return dx__socket_error(socket);
}

static int64_t try_send(struct dx__socket *socket, const void *data, size_t length)
{
	if (socket->listening)
		return -ENOTCONN;
	if (atomic_load(&socket->shut))
		return -EPIPE;
	int rc = dx__half_enter(socket, DX__OUT);
	if (rc)
		return rc;
	int64_t n = length ? transmit(socket, data, length) : 0;
	dx__half_leave(socket, DX__OUT);
	return n;
}

DX_API int64_t dx_send(dx_id id, const void *data, size_t length)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data && length)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	int64_t n = try_send(socket, data, length);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_send_wait(dx_id id, const void *data, size_t length, int timeout)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data && length)
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	size_t sent = 0;
	int64_t n;
	do {
		n = try_send(socket, (const char *)data + sent, length - sent);
		if (n == -EAGAIN)
			n = dx__held_park(socket, DX__OUT, deadline);
		if (n > 0)
			sent += (size_t)n;
	} while (n >= 0 && sent < length);
	dx__api_leave(engine, socket, NULL, NULL);
	return sent || n >= 0 ? (int64_t)sent : n;
}

DX_API int dx_arm(dx_id id, uint32_t readiness)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!readiness || (readiness & ~(DX_READABLE | DX_WRITABLE)))
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	if (dx__engine_is_stopping(engine))
		rc = -ESHUTDOWN;
	else if (socket->listening && (readiness & DX_WRITABLE))
		rc = -ENOTCONN;
	else
		rc = dx__held_arm(socket, readiness);
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

static void describe_local(struct dx__socket *socket, struct dx_address *address)
{
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	if (!getsockname(socket->fd, (struct sockaddr *)&storage, &length))
		dx__address_from_sockaddr(&storage, length, address);
}

/* The states that only the engine knows are told as the nearest public one. */
static uint32_t public_state(struct dx__socket *socket, enum dx__side_of_half side)
{
	uint32_t state = dx__half_state(socket, side);
	return state == DX__HALF_CONNECTING || state == DX__HALF_CLOSED ? DX_HALF_TAKING : state;
}

DX_API int dx_socket_info(dx_id id, struct dx_socket_info *info)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!info || info->size < sizeof(*info))
		return -EINVAL;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	struct dx_socket_info now = {
		.size = sizeof(now),
		.listening = socket->listening,
		.input = public_state(socket, DX__IN),
		.output = public_state(socket, DX__OUT),
		.input_queued = atomic_load_explicit(&socket->input_queued, memory_order_relaxed),
		.output_queued = atomic_load_explicit(&socket->output_queued, memory_order_relaxed),
		.error = dx__socket_error(socket),
		.connecting = dx__half_state(socket, DX__IN) == DX__HALF_CONNECTING,
	};
	/* The arm lock keeps the descriptor from being closed. */
	pthread_mutex_lock(dx__held_lock(socket));
	if (!socket->gone && !now.connecting) {
		describe_local(socket, &now.local);
		if (!now.listening)
			dx__socket_describe_peer(socket, &now.peer);
	}
	pthread_mutex_unlock(dx__held_lock(socket));
	*info = now;
	dx__api_leave(engine, socket, NULL, NULL);
	return 0;
}
