/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: making sockets, and using held ones. */
#include "address.h"
#include "api.h"
#include "connect.h"
#include "half.h"
#include "held.h"
#include "input.h"
#include "listener.h"
#include "option.h"
#include "placement.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD_START 250 /* milliseconds, RFC 8305 section 8 */

/* ---- adopting ---- */

/* 0 for a connected stream socket of TCP or unix; sets its family and peer. */
static int check_adoptable(int fd, int *family, struct sockaddr_storage *peer, socklen_t *length)
{
	int value = 0;
	socklen_t size = sizeof(value);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) == -1)
		return -errno;
	if (value != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	size = sizeof(value);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size) == -1)
		return -errno;
	if (value == AF_UNIX)
		*family = DX_FAMILY_UNIX;
	else if (value == AF_INET || value == AF_INET6)
		*family = value == AF_INET ? DX_FAMILY_IPV4 : DX_FAMILY_IPV6;
	else
		return -EAFNOSUPPORT;
	size = sizeof(value);
	/* SCTP and others have stream sockets, too; MPTCP behaves as TCP does. */
	if (value != AF_UNIX && (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &size) == -1
			|| (value != IPPROTO_TCP && value != IPPROTO_MPTCP)))
		return -ESOCKTNOSUPPORT;
	size = sizeof(value);
	if (!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) && value)
		return -EISCONN;
	*length = sizeof(*peer);
	return getpeername(fd, (struct sockaddr *)peer, length) == -1 ? -errno : 0;
}

static int adopt(struct dx__engine *engine, int fd, const void *read_ahead, size_t length, dx_id *id)
{
	struct sockaddr_storage peer;
	socklen_t peer_length;
	int family = DX_FAMILY_NONE;
	struct dx__buffer *input = NULL;
	int rc = check_adoptable(fd, &family, &peer, &peer_length);
	if (rc)
		return rc;
	if (!dx__descriptors_take(&engine->descriptors, 1))
		return -EMFILE;
	rc = -ENOMEM;
	if (length) {
		input = dx__buffer_new(length);
		if (!input)
			goto fail;
		memcpy(input->data, read_ahead, length);
		input->length = (uint32_t)length;
	}
	struct dx__socket *socket = dx__socket_new(engine, fd, family, DX_HALF_HELD);
	if (!socket)
		goto fail;
	rc = dx__option_adopt(fd, &socket->original);
	if (rc) {
		dx__socket_drop(socket);
		goto fail;
	}
	socket->adopted = true;
	socket->input = input;
	atomic_store(&socket->input_queued, (uint32_t)length);
	dx__socket_set_peer(socket, &peer, peer_length);
	*id = dx__socket_id(socket);
	return 0;
fail:
	free(input);
	dx__descriptors_give(&engine->descriptors, 1);
	return rc;
}

DX_API int dx_adopt(dx_id engine_id, int fd, const void *read_ahead, size_t length, dx_id *socket)
{
	struct dx__engine *engine;
	if (!socket || (length && !read_ahead))
		return -EINVAL;
	if (length > DX__INPUT_MAX)
		return -EMSGSIZE;
	int rc = dx__api_engine(engine_id, &engine);
	if (rc)
		return rc;
	rc = dx__engine_is_stopping(engine) ? -ESHUTDOWN : adopt(engine, fd, read_ahead, length, socket);
	dx__engine_leave(engine);
	return rc;
}

/* ---- connecting ---- */

static void connected(struct dx__worker *worker, struct dx__socket *socket, int result)
{
	struct dx__command *command = socket->command;
	socket->command = NULL;
	if (result) {
		dx__socket_close(worker, socket);
	} else {
		dx__half_give_back(socket, DX__IN);
		dx__half_give_back(socket, DX__OUT);
		dx__socket_unplace_if_idle(worker, socket);
	}
	dx__command_answer(command, result);
}

static void run_connect(struct dx__worker *worker, struct dx__message *message)
{
	struct dx__command *command = DX__CONTAINER(message, struct dx__command, message);
	if (!dx__place_claim(worker, command))
		return;
	struct dx__socket *socket = command->a;
	struct dx__connect *connect = dx__connect_new(command->addresses, command->count);
	command->addresses = NULL;
	int rc = worker->stopping ? -ESHUTDOWN : dx__slab_is_dead(socket) ? -ECANCELED : connect ? 0 : -ENOMEM;
	if (rc) {
		if (connect)
			dx__connect_free(connect);
		dx__socket_close(worker, socket);
		dx__command_answer(command, rc);
		return;
	}
	connect->total = command->timeout;
	connect->head_start = command->attempt_delay;
	connect->source = command->source;
	connect->done = connected;
	socket->command = command;
	dx__connect_begin(worker, socket, connect);
}

static bool are_valid(const struct dx_connect_options *options)
{
	const struct dx_address *source = &options->source;
	if (options->size < sizeof(*options) || options->flags)
		return false;
	if (source->family == DX_FAMILY_NONE)
		return true;
	/* Port 0 is valid here. */
	struct dx_address any = *source;
	if (!any.port && any.family != DX_FAMILY_UNIX)
		any.port = 1;
	return dx__address_is_valid(&any);
}

/* Drops the addresses that cannot be reached from a source of this family; returns how many are left. */
static uint32_t keep_family(struct dx_address *addresses, uint32_t count, uint16_t family)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (family == DX_FAMILY_NONE || addresses[i].family == family)
			addresses[kept++] = addresses[i];
	}
	return kept;
}

static int give_connect(dx_id engine_id, const struct dx_address *addresses, uint32_t count,
		const struct dx_connect_options *options, const struct dx__reply *reply, dx_id *id)
{
	struct dx__engine *engine;
	int rc;
	static const struct dx_connect_options defaults = {.size = sizeof(defaults)};
	if (!options)
		options = &defaults;
	if (!id || !are_valid(options))
		return -EINVAL;
	struct dx_address *copy = dx__api_addresses(addresses, count, 1, &rc);
	if (!rc)
		count = keep_family(copy, count, options->source.family);
	if (!rc && !count)
		rc = -EADDRNOTAVAIL;
	if (rc) {
		free(copy);
		return rc;
	}
	rc = dx__api_engine(engine_id, &engine);
	if (rc) {
		free(copy);
		return rc;
	}
	struct dx__command *command = dx__command_new(engine, reply, &rc);
	struct dx__socket *socket = command ? dx__socket_new(engine, -1, copy->family, DX__HALF_CONNECTING) : NULL;
	if (!socket) {
		if (command)
			dx__command_drop(command);
		free(copy);
		dx__engine_leave(engine);
		return rc ? rc : -ENOMEM;
	}
	dx__slab_hold(socket);
	*id = dx__socket_id(socket);
	command->a = socket;
	command->addresses = copy;
	command->count = count;
	command->timeout = options->timeout;
	if (options->attempt_delay != DX_CONNECT_IN_TURN && count > 1)
		command->attempt_delay = options->attempt_delay ? options->attempt_delay : HEAD_START;
	command->source = options->source;
	command->answer.object = *id;
	command->message.run = run_connect;
	dx__place_dispatch(command);
	dx__engine_leave(engine);
	return 0;
}

DX_API int dx_connect(dx_id engine, const struct dx_address *addresses, uint32_t count,
		const struct dx_connect_options *options, uint64_t token, dx_id *socket)
{
	return give_connect(engine, addresses, count, options, &(struct dx__reply){.token = token}, socket);
}

DX_API int dx_connect_wait(dx_id engine, const struct dx_address *addresses, uint32_t count,
		const struct dx_connect_options *options, dx_id *socket)
{
	struct dx__waiter waiter;
	dx__waiter_init(&waiter);
	return dx__waiter_await(&waiter,
			give_connect(engine, addresses, count, options, &(struct dx__reply){.waiter = &waiter}, socket));
}

/* ---- listening ---- */

static int listen_on(struct dx__engine *engine, const struct dx_address *address, uint32_t backlog, dx_id *id)
{
	uint16_t port;
	if (!dx__descriptors_take(&engine->descriptors, 1))
		return -EMFILE;
	int rc;
	int fd = rc = dx__listener_open(address, backlog, &port);
	if (fd < 0)
		goto fail_descriptor;
	struct dx__socket *socket = dx__socket_new(engine, fd, address->family, DX_HALF_HELD);
	rc = -ENOMEM;
	if (!socket)
		goto fail_listener;
	socket->listening = true;
	if (dx__address_is_path(address)) {
		socket->path = strdup(address->path);
		if (!socket->path)
			goto fail_socket;
	}
	dx__half_set(socket, DX__OUT, DX__HALF_CLOSED);
	*id = dx__socket_id(socket);
	return 0;
fail_socket:
	dx__socket_drop(socket);
fail_listener:
	close(fd);
	if (dx__address_is_path(address))
		unlink(address->path);
fail_descriptor:
	dx__descriptors_give(&engine->descriptors, 1);
	return rc;
}

DX_API int dx_listen(dx_id engine_id, const struct dx_address *address, uint32_t backlog, dx_id *listener)
{
	struct dx__engine *engine;
	if (!listener || !address || !dx__address_is_valid(address))
		return -EINVAL;
	int rc = dx__api_engine(engine_id, &engine);
	if (rc)
		return rc;
	rc = dx__engine_is_stopping(engine) ? -ESHUTDOWN : listen_on(engine, address, backlog, listener);
	dx__engine_leave(engine);
	return rc;
}

DX_API int dx_adopt_listener(dx_id engine_id, int fd, dx_id *listener)
{
	struct dx__engine *engine;
	int family;
	uint16_t port;
	if (!listener)
		return -EINVAL;
	int rc = dx__api_engine(engine_id, &engine);
	if (rc)
		return rc;
	rc = dx__engine_is_stopping(engine) ? -ESHUTDOWN : 0;
	if (!rc && !dx__descriptors_take(&engine->descriptors, 1))
		rc = -EMFILE;
	if (rc)
		goto out;
	rc = dx__listener_adopt(fd, &family, &port);
	struct dx__socket *socket = rc ? NULL : dx__socket_new(engine, fd, family, DX_HALF_HELD);
	if (socket) {
		socket->listening = true;
		dx__half_set(socket, DX__OUT, DX__HALF_CLOSED);
		*listener = dx__socket_id(socket);
	} else {
		rc = rc ? rc : -ENOMEM;
		dx__descriptors_give(&engine->descriptors, 1);
	}
out:
	dx__engine_leave(engine);
	return rc;
}

/* The caller is inside the listener's input half. */
static int accept_from(struct dx__socket *listener, dx_id *id)
{
	struct dx__engine *engine = listener->engine;
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	if (!dx__descriptors_take(&engine->descriptors, 1))
		return -EMFILE;
	int fd, rc;
	dx__option_keep_nonblocking(listener->fd);
	do {
		length = sizeof(peer);
		fd = accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		rc = fd == -1 ? -errno : 0;
	} while (rc && dx__listener_may_go_on(rc));
	struct dx__socket *socket = rc ? NULL : dx__socket_new(engine, fd, listener->family, DX_HALF_HELD);
	if (!rc && !socket) {
		close(fd);
		rc = -ENOMEM;
	}
	if (rc) {
		dx__descriptors_give(&engine->descriptors, 1);
		dx__descriptors_exhausted(&engine->descriptors, rc);
		return rc;
	}
	dx__socket_set_peer(socket, &peer, length);
	atomic_store(&socket->linger, atomic_load(&listener->linger));
	*id = dx__socket_id(socket);
	return 0;
}

static int try_accept(struct dx__socket *listener, dx_id *id)
{
	if (!listener->listening)
		return -EOPNOTSUPP;
	if (dx__engine_is_stopping(listener->engine))
		return -ESHUTDOWN;
	int rc = dx__half_enter(listener, DX__IN);
	if (rc)
		return rc;
	rc = accept_from(listener, id);
	dx__half_leave(listener, DX__IN);
	return rc;
}

DX_API int dx_accept(dx_id listener_id, dx_id *id)
{
	struct dx__engine *engine;
	struct dx__socket *listener;
	if (!id)
		return -EINVAL;
	int rc = dx__api_socket(listener_id, &engine, &listener);
	if (rc)
		return rc;
	rc = try_accept(listener, id);
	dx__api_leave(engine, listener, NULL, NULL);
	return rc;
}

DX_API int dx_accept_wait(dx_id listener_id, int timeout, dx_id *id)
{
	struct dx__engine *engine;
	struct dx__socket *listener;
	if (!id)
		return -EINVAL;
	int rc = dx__api_socket(listener_id, &engine, &listener);
	if (rc)
		return rc;
	uint64_t deadline = dx__api_deadline(timeout);
	while ((rc = try_accept(listener, id)) == -EAGAIN) {
		rc = dx__held_park(listener, DX__IN, deadline);
		if (rc)
			break;
	}
	dx__api_leave(engine, listener, NULL, NULL);
	return rc;
}
