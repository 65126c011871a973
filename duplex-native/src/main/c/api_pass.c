/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duplex.h: descriptors that travel over unix sockets, and managed sockets with them.
 *
 * A socket is passed on from inside its halves, which keeps joins and closes away, and let go of when the carrier has all
 * of it: until then nothing has changed. The open file is then the other process's, too, so what dx_adopt() changed is not
 * undone, and the connection is not shut down.
 */
#include "api.h"
#include "half.h"
#include "held.h"
#include "pass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- bytes with a descriptor ---- */

/* The caller is inside the half. */
static int64_t send_with(struct dx__socket *socket, const void *data, size_t length, int fd)
{
	int error = dx__socket_error(socket);
	if (error)
		return error;
	ssize_t n = dx__pass_send(socket->fd, data, length, fd);
	if (n >= 0 || n == -EAGAIN || n == -EBADF || n == -ETOOMANYREFS || n == -EINVAL)
		return n;
	if (n == -EPIPE && atomic_load(&socket->shut))
		return -EPIPE;
	dx__socket_note_error(socket, (int)n);
	return dx__socket_error(socket);
}

static int64_t try_send(struct dx__socket *socket, const void *data, size_t length, int fd)
{
	if (socket->listening)
		return -ENOTCONN;
	if (socket->family != DX_FAMILY_UNIX)
		return -EOPNOTSUPP;
	if (atomic_load(&socket->shut))
		return -EPIPE;
	int rc = dx__half_enter(socket, DX__OUT);
	if (rc)
		return rc;
	int64_t n = send_with(socket, data, length, fd);
	dx__half_leave(socket, DX__OUT);
	return n;
}

static int64_t try_recv(struct dx__socket *socket, void *data, size_t length, int *fd)
{
	if (socket->listening)
		return -ENOTCONN;
	if (socket->family != DX_FAMILY_UNIX)
		return -EOPNOTSUPP;
	int rc = dx__half_enter(socket, DX__IN);
	if (rc)
		return rc;
	int64_t n = -ENOTEMPTY;
	if (!atomic_load_explicit(&socket->input_queued, memory_order_relaxed)) {
		n = dx__pass_recv(socket->fd, data, length, fd);
		if (n < 0 && n != -EAGAIN)
			dx__socket_note_error(socket, (int)n);
		if (n <= 0 && n != -EAGAIN)
			n = dx__socket_error(socket);
	}
	dx__half_leave(socket, DX__IN);
	return n;
}

DX_API int64_t dx_send_fd(dx_id id, const void *data, size_t length, int fd)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data || !length || fd < -1)
		return -EINVAL;
	int64_t n = dx__api_socket(id, &engine, &socket);
	if (n)
		return n;
	n = try_send(socket, data, length, fd);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_recv_fd(dx_id id, void *data, size_t length, int *fd)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	if (!data || !length || !fd)
		return -EINVAL;
	int64_t n = dx__api_socket(id, &engine, &socket);
	if (n)
		return n;
	*fd = -1;
	n = try_recv(socket, data, length, fd);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

/* ---- passing a socket on ---- */

static int64_t send_all(struct dx__socket *carrier, const char *data, size_t length, int fd, uint64_t deadline)
{
	size_t sent = 0;
	int64_t n = 0;
	while (n >= 0 && sent < length) {
		n = try_send(carrier, data + sent, length - sent, sent ? -1 : fd);
		/* Who closes the socket waits for its halves, and the engine's stop for who closes. */
		if (n == -EAGAIN && dx__engine_is_stopping(carrier->engine))
			n = -ESHUTDOWN;
		if (n == -EAGAIN)
			n = dx__held_park(carrier, DX__OUT, deadline);
		if (n > 0)
			sent += (size_t)n;
	}
	return sent || n >= 0 ? (int64_t)sent : n;
}

/* Takes the unread bytes, behind a header; NULL, and *rc. */
static char *wrap(dx_id id, struct dx__socket *socket, size_t *length, int *rc)
{
	/* Nobody adds to them: they only get fewer. */
	size_t most = atomic_load_explicit(&socket->input_queued, memory_order_relaxed);
	char *message = malloc(DX__PASS_HEADER + most + 1);
	*rc = most > DX__PASS_MOST ? -EMSGSIZE : message ? 0 : -ENOMEM;
	int64_t unread = *rc ? *rc : dx_recv_queued(id, message + DX__PASS_HEADER, most);
	if (unread < 0) {
		free(message);
		*rc = (int)unread;
		return NULL;
	}
	dx__pass_header(message, (uint32_t)unread);
	*length = DX__PASS_HEADER + (size_t)unread;
	return message;
}

/* The carrier did not take it: the bytes are the socket's again. The caller is inside the input half. */
static int unwrap(struct dx__socket *socket, const char *message, size_t length)
{
	length -= DX__PASS_HEADER;
	struct dx__buffer *buffer = length ? dx__buffer_new(length) : NULL;
	if (!buffer)
		return length ? -ENOMEM : 0;
	memcpy(buffer->data, message + DX__PASS_HEADER, length);
	buffer->length = (uint32_t)length;
	pthread_mutex_lock(dx__held_lock(socket));
	socket->input = buffer;
	atomic_store_explicit(&socket->input_queued, buffer->length, memory_order_relaxed);
	pthread_mutex_unlock(dx__held_lock(socket));
	return 0;
}

/* Waits until what is queued is delivered. *output: whether the output half is entered; one that was shut need not be. */
static int enter_halves(struct dx__socket *socket, uint64_t deadline, bool *output)
{
	int rc = 0;
	*output = false;
	while (!rc && (rc = dx__half_enter(socket, DX__OUT)) == -EAGAIN)
		rc = dx__held_park(socket, DX__OUT, deadline);
	if (rc && rc != -EPIPE)
		return rc;
	*output = !rc;
	rc = dx__half_enter(socket, DX__IN);
	if (rc && *output)
		dx__half_leave(socket, DX__OUT);
	return rc;
}

/* The caller is inside the halves. Returns 0 when the other process has it all. */
static int hand_over(dx_id id, struct dx__socket *socket, struct dx__socket *carrier, uint64_t deadline)
{
	int rc;
	size_t length = 0;
	char *message = wrap(id, socket, &length, &rc);
	if (!message)
		return rc;
	int64_t sent = send_all(carrier, message, length, socket->fd, deadline);
	if (sent == (int64_t)length) {
		socket->adopted = false;
	} else {
		rc = unwrap(socket, message, length);
		if (!rc)
			rc = sent < 0 ? (int)sent : -ETIMEDOUT;
		if (sent > 0)
			dx_shutdown_wait(dx__socket_id(carrier));
	}
	free(message);
	return rc;
}

static int pass(dx_id id, struct dx__socket *socket, struct dx__socket *carrier, uint64_t deadline)
{
	bool output;
	if (socket == carrier)
		return -EINVAL;
	if (socket->listening || carrier->listening)
		return -ENOTCONN;
	if (carrier->family != DX_FAMILY_UNIX)
		return -EOPNOTSUPP;
	int rc = enter_halves(socket, deadline, &output);
	if (rc)
		return rc;
	rc = hand_over(id, socket, carrier, deadline);
	dx__half_leave(socket, DX__IN);
	if (output)
		dx__half_leave(socket, DX__OUT);
	if (rc)
		return rc;
	/* Whoever closes it first, the descriptor here is closed and the connection goes on there. */
	int fd = dx_release_wait(id, 0);
	if (fd >= 0)
		close(fd);
	return fd < 0 && fd != -ENOENT ? fd : 0;
}

DX_API int dx_pass_wait(dx_id id, dx_id carrier_id, int timeout)
{
	struct dx__engine *engine, *carriers;
	struct dx__socket *socket, *carrier;
	uint64_t deadline = dx__api_deadline(timeout);
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	rc = dx__api_socket(carrier_id, &carriers, &carrier);
	if (!rc) {
		rc = pass(id, socket, carrier, deadline);
		dx__api_leave(carriers, carrier, NULL, NULL);
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

/* ---- taking it ---- */

/* Receives all of it; what a descriptor is attached to comes first. */
static int receive_all(struct dx__socket *carrier, char *data, size_t length, int *fd, uint64_t deadline)
{
	size_t got = 0;
	while (got < length) {
		int more = -1;
		int64_t n = try_recv(carrier, data + got, length - got, &more);
		if (more != -1 && *fd == -1)
			*fd = more;
		else if (more != -1)
			close(more);
		if (n == -EAGAIN) {
			n = dx__held_park(carrier, DX__IN, deadline);
			if (n)
				return got ? -EPROTO : (int)n;
			continue;
		}
		if (n <= 0)
			return n ? (int)n : got ? -EPROTO : -ENOTCONN;
		got += (size_t)n;
	}
	return 0;
}

DX_API int dx_take_wait(dx_id engine_id, dx_id carrier_id, int timeout, dx_id *id)
{
	struct dx__engine *engine;
	struct dx__socket *carrier;
	char header[DX__PASS_HEADER], *unread = NULL;
	uint32_t length = 0;
	int fd = -1;
	if (!id)
		return -EINVAL;
	int rc = dx__api_socket(carrier_id, &engine, &carrier);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	rc = receive_all(carrier, header, sizeof(header), &fd, deadline);
	if (!rc && (fd == -1 || !dx__pass_is_header(header, &length)))
		rc = -EPROTO;
	if (!rc && length && !(unread = malloc(length)))
		rc = -ENOMEM;
	if (!rc && length)
		rc = receive_all(carrier, unread, length, &fd, deadline);
	if (!rc)
		rc = dx_adopt(engine_id, fd, unread, length, id);
	if (rc && fd != -1)
		close(fd);
	free(unread);
	dx__api_leave(engine, carrier, NULL, NULL);
	return rc;
}
