/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duplex.h: descriptors that travel over unix sockets, and managed sockets with them.
 *
 * A socket is passed on by one system call, under the control lock, which keeps joins and closes away: the carrier takes
 * nothing, and nothing has changed; or it takes the first byte, and with it the descriptor. Then the rest is queued in the
 * carrier's output, and the socket is let go of. The open file is then the other process's, too, so what dx_adopt() changed
 * is not undone, and the connection is not shut down. What has come of a socket that is being taken is kept at the carrier.
 */
#include "activity.h"
#include "api.h"
#include "framing.h"
#include "half.h"
#include "held.h"
#include "pass.h"
#include "queueing.h"
#include "placement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* The header and the unread bytes; these stay where they are. NULL without memory. The caller is inside the input half. */
static struct dx__chunk *wrap(struct dx__socket *socket)
{
	/* When they change meanwhile, it is done again. */
	uint32_t unread = atomic_load_explicit(&socket->input_queued, memory_order_relaxed);
	struct dx__chunk *chunk = dx__chunk_new(DX__PASS_HEADER + unread, 1);
	if (!chunk)
		return NULL;
	pthread_mutex_lock(dx__held_lock(socket));
	if (!socket->input)
		unread = 0;
	else if (unread > socket->input->length)
		unread = socket->input->length;
	if (unread)
		memcpy(chunk->data + DX__PASS_HEADER, socket->input->data + socket->input->offset, unread);
	pthread_mutex_unlock(dx__held_lock(socket));
	chunk->size = DX__PASS_HEADER + unread;
	dx__pass_header(chunk->data, unread);
	return chunk;
}

/* Sends what the carrier takes. The unread bytes go with the first of them. Caller holds the control lock, under which the
   descriptors cannot be closed while the halves are held. Returns bytes, -EAGAIN also when there are fewer unread ones
   than were wrapped, or an error. */
static int64_t hand_over(struct dx__socket *socket, struct dx__socket *carrier, const struct dx__chunk *chunk)
{
	pthread_mutex_lock(dx__held_lock(socket));
	uint32_t unread = atomic_load_explicit(&socket->input_queued, memory_order_relaxed);
	int64_t n = -ESTALE;
	if (chunk->size == DX__PASS_HEADER + unread)
		n = send_with(carrier, chunk->data, chunk->size, socket->fd);
	if (n > 0) {
		free(socket->input);
		socket->input = NULL;
		atomic_store_explicit(&socket->input_queued, 0, memory_order_relaxed);
	}
	pthread_mutex_unlock(dx__held_lock(socket));
	return n;
}

/* Caller holds the control lock. */
static int check_pass(struct dx__socket *socket, struct dx__socket *carrier)
{
	if (dx__slab_is_dead(socket) || dx__slab_is_dead(carrier))
		return -ENOENT;
	int rc = atomic_load(&socket->lent) ? -EBUSY : dx__half_check(socket, DX__IN);
	uint32_t output = dx__half_state(socket, DX__OUT);
	if (!rc && output == DX_HALF_DRAINING)
		rc = -ENOTEMPTY;
	if (!rc && output != DX_HALF_SHUT)
		rc = dx__half_check(socket, DX__OUT);
	if (!rc)
		rc = dx__half_check(carrier, DX__OUT);
	if (!rc && atomic_load(&carrier->shut))
		rc = -EPIPE;
	if (!rc && dx__half_state(carrier, DX__OUT) == DX_HALF_DRAINING)
		rc = -EAGAIN;
	return rc;
}

/* The other process has it: the descriptor here is closed, and the connection goes on there. */
static void run_passed(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	struct dx__socket *socket = command->a;
	if (!dx__place_claim(worker, command))
		return;
	dx__close_begin(worker, socket, DX__CLOSE_NOW, 0, command);
	/* A close that was asked for meanwhile finds it closed. */
	dx__socket_run_after(socket);
}

/* One attempt, while the carrier's output is empty. `rest` is what does not fit, and left to the carrier's worker. Both commands are the caller's again when
   this fails, and rest when it is not needed: then *is_all. */
static int attempt(struct dx__command *command, struct dx__command *rest, bool *is_all)
{
	struct dx__socket *socket = command->a, *carrier = rest->a;
	pthread_mutex_lock(&command->engine->control);
	int64_t n = check_pass(socket, carrier);
	if (!n)
		n = hand_over(socket, carrier, rest->chunk);
	if (n > 0) {
		*is_all = n == rest->chunk->size;
		/* What dx_adopt() changed is not undone: the open file is the other process's. */
		socket->adopted = false;
		dx__slab_kill(socket);
		dx__half_take(socket, DX__IN, command);
		if (dx__half_state(socket, DX__OUT) == DX_HALF_HELD)
			dx__half_take(socket, DX__OUT, command);
		if (!*is_all) {
			rest->max = (uint32_t)n;
			dx__queueing_give_locked(rest);
		}
	}
	pthread_mutex_unlock(&command->engine->control);
	if (n < 0)
		return (int)n;
	dx__half_taken(command, socket, NULL);
	return 0;
}

static int pass(struct dx__engine *engine, struct dx__socket *socket, struct dx__socket *carrier,
		const struct dx__reply *reply)
{
	bool is_all = true;
	/* The unread bytes of an input that flows are its worker's. */
	int rc = dx__framing_has_part(socket) ? -EBUSY : dx__half_enter(socket, DX__IN);
	if (rc)
		return rc;
	struct dx__chunk *chunk = wrap(socket);
	dx__half_leave(socket, DX__IN);
	if (!chunk)
		return -ENOMEM;
	struct dx__command *rest = dx__queueing_new(engine, carrier, chunk, &(struct dx__reply){0}, &rc);
	if (!rest)
		return rc;
	rest->silent = true;
	struct dx__command *command = dx__command_new(engine, reply, &rc);
	if (!command) {
		dx__command_drop(rest);
		return rc;
	}
	dx__slab_hold(socket);
	command->a = socket;
	command->answer.object = dx__socket_id(socket);
	command->dispatch = dx__place_dispatch;
	command->message.run = run_passed;
	struct dx__framing *framing = dx__framing_lock_output(carrier);
	rc = framing ? attempt(command, rest, &is_all) : -ENOMEM;
	if (framing)
		pthread_mutex_unlock(&framing->output);
	if (rc)
		dx__command_drop(command);
	if (rc || is_all)
		dx__command_drop(rest);
	return rc;
}

static int give_pass(struct dx__engine *engine, struct dx__socket *socket, struct dx__socket *carrier,
		const struct dx__reply *reply)
{
	int rc;
	if (socket == carrier)
		return -EINVAL;
	if (socket->engine != carrier->engine)
		return -EXDEV;
	if (socket->listening || carrier->listening)
		return -ENOTCONN;
	if (carrier->family != DX_FAMILY_UNIX)
		return -EOPNOTSUPP;
	do
		rc = pass(engine, socket, carrier, reply);
	while (rc == -ESTALE);
	return rc;
}

/* Finds both. */
static int enter_both(dx_id id, dx_id carrier_id, struct dx__engine **engine, struct dx__socket **socket,
		struct dx__engine **carriers, struct dx__socket **carrier)
{
	int rc = dx__api_socket(id, engine, socket);
	if (rc)
		return rc;
	rc = dx__api_socket(carrier_id, carriers, carrier);
	if (rc)
		dx__api_leave(*engine, *socket, NULL, NULL);
	return rc;
}

DX_API int dx_pass(dx_id id, dx_id carrier_id, uint64_t token)
{
	struct dx__engine *engine, *carriers;
	struct dx__socket *socket, *carrier;
	int rc = enter_both(id, carrier_id, &engine, &socket, &carriers, &carrier);
	if (rc)
		return rc;
	rc = give_pass(engine, socket, carrier, &(struct dx__reply){.token = token});
	dx__api_leave(carriers, carrier, NULL, NULL);
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

DX_API int dx_pass_wait(dx_id id, dx_id carrier_id, int timeout)
{
	struct dx__engine *engine, *carriers;
	struct dx__socket *socket, *carrier;
	uint64_t deadline = dx__api_deadline(timeout);
	int rc = enter_both(id, carrier_id, &engine, &socket, &carriers, &carrier);
	if (rc)
		return rc;
	do {
		struct dx__waiter waiter;
		dx__waiter_init(&waiter);
		rc = dx__waiter_await(&waiter, give_pass(engine, socket, carrier, &(struct dx__reply){.waiter = &waiter}));
		int parked = 0;
		if (rc == -EAGAIN)
			parked = dx__held_park(carrier, DX__OUT, deadline);
		else if (rc == -ENOTEMPTY)
			parked = dx__held_park(socket, DX__OUT, deadline);
		if (parked)
			rc = parked;
	} while (rc == -EAGAIN || rc == -ENOTEMPTY);
	dx__api_leave(carriers, carrier, NULL, NULL);
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

/* ---- taking it ---- */

/* Receives what is there; when that is all, *taking is the caller's. The caller is inside the input half. */
static int receive_taking(struct dx__socket *carrier, struct dx__taking **taking)
{
	if (atomic_load_explicit(&carrier->input_queued, memory_order_relaxed))
		return -ENOTEMPTY;
	int rc = -ENOMEM;
	pthread_mutex_lock(dx__held_lock(carrier));
	if (!carrier->taking)
		carrier->taking = dx__taking_new();
	if (carrier->taking)
		rc = dx__taking_receive(carrier->taking, carrier->fd);
	if (rc != -EAGAIN && rc != -ENOMEM) {
		*taking = carrier->taking;
		carrier->taking = NULL;
	}
	pthread_mutex_unlock(dx__held_lock(carrier));
	if (rc == -ECONNRESET || rc == -ENOTCONN) {
		/* After an error the kernel says that it is the end. */
		if (rc == -ECONNRESET)
			dx__socket_note_error(carrier, rc);
		int error = dx__socket_error(carrier);
		return error ? error : rc;
	}
	return rc;
}

static int try_take(dx_id engine, struct dx__socket *carrier, dx_id *id)
{
	struct dx__taking *taking = NULL;
	if (carrier->listening)
		return -ENOTCONN;
	if (carrier->family != DX_FAMILY_UNIX)
		return -EOPNOTSUPP;
	int rc = dx__half_enter(carrier, DX__IN);
	if (rc)
		return rc;
	rc = receive_taking(carrier, &taking);
	dx__half_leave(carrier, DX__IN);
	if (!rc)
		rc = dx_adopt(engine, taking->fd, taking->data, taking->unread, id);
	if (!rc)
		taking->fd = -1;
	dx__taking_free(taking);
	return rc;
}

DX_API int dx_take(dx_id engine_id, dx_id carrier_id, dx_id *id)
{
	struct dx__engine *engine;
	struct dx__socket *carrier;
	if (!id)
		return -EINVAL;
	int rc = dx__api_socket(carrier_id, &engine, &carrier);
	if (rc)
		return rc;
	rc = try_take(engine_id, carrier, id);
	dx__api_leave(engine, carrier, NULL, NULL);
	return rc;
}

DX_API int dx_take_wait(dx_id engine_id, dx_id carrier_id, int timeout, dx_id *id)
{
	struct dx__engine *engine;
	struct dx__socket *carrier;
	if (!id)
		return -EINVAL;
	int rc = dx__api_socket(carrier_id, &engine, &carrier);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	while ((rc = try_take(engine_id, carrier, id)) == -EAGAIN) {
		rc = dx__held_park(carrier, DX__IN, deadline);
		if (rc)
			break;
	}
	dx__api_leave(engine, carrier, NULL, NULL);
	return rc;
}
