/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: socket options. */
#include "api.h"
#include "half.h"
#include "held.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define LINGER_MOST (UINT32_MAX / 1000) /* seconds: a time limit in milliseconds */

struct option {
	int level;
	int name;
	int32_t least;
};

/* DX_OPTION_LINGER is the engine's own. */
static const struct option options[] = {
	[DX_OPTION_NO_DELAY] = {IPPROTO_TCP, TCP_NODELAY, 0},
	[DX_OPTION_KEEP_ALIVE] = {SOL_SOCKET, SO_KEEPALIVE, 0},
	[DX_OPTION_KEEP_ALIVE_IDLE] = {IPPROTO_TCP, TCP_KEEPIDLE, 1},
	[DX_OPTION_KEEP_ALIVE_INTERVAL] = {IPPROTO_TCP, TCP_KEEPINTVL, 1},
	[DX_OPTION_KEEP_ALIVE_COUNT] = {IPPROTO_TCP, TCP_KEEPCNT, 1},
	[DX_OPTION_USER_TIMEOUT] = {IPPROTO_TCP, TCP_USER_TIMEOUT, 0},
	[DX_OPTION_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF, 1},
	[DX_OPTION_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF, 1},
};

static bool is_switch(uint32_t option) { return option == DX_OPTION_NO_DELAY || option == DX_OPTION_KEEP_ALIVE; }

static int check(const struct dx__socket *socket, uint32_t option)
{
	if (option < DX_OPTION_NO_DELAY || option > DX_OPTION_LINGER)
		return -EINVAL;
	if (option != DX_OPTION_LINGER && options[option].level == IPPROTO_TCP && socket->family == DX_FAMILY_UNIX)
		return -EOPNOTSUPP;
	return 0;
}

/* Caller holds the arm lock: the descriptor cannot be closed. */
static int set(struct dx__socket *socket, uint32_t option, int32_t value)
{
	if (option == DX_OPTION_LINGER) {
		if (value < -1 || value > (int64_t)LINGER_MOST)
			return -EINVAL;
		atomic_store(&socket->linger, value + 1);
		return 0;
	}
	const struct option *kernel = &options[option];
	if (value < kernel->least || (is_switch(option) && value > 1))
		return -EINVAL;
	return setsockopt(socket->fd, kernel->level, kernel->name, &value, sizeof(value)) == -1 ? -errno : 0;
}

static int get(struct dx__socket *socket, uint32_t option, int32_t *value)
{
	socklen_t length = sizeof(*value);
	if (option == DX_OPTION_LINGER) {
		*value = atomic_load(&socket->linger) - 1;
		return 0;
	}
	int rc = getsockopt(socket->fd, options[option].level, options[option].name, value, &length) == -1 ? -errno : 0;
	if (!rc && is_switch(option))
		*value = *value != 0;
	return rc;
}

static int reach(dx_id id, uint32_t option, int32_t *value, int (*with)(struct dx__socket *, uint32_t, int32_t *))
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	pthread_mutex_lock(dx__held_lock(socket));
	/* The family of one that connects is still open. */
	if (dx__half_state(socket, DX__IN) == DX__HALF_CONNECTING)
		rc = -EINPROGRESS;
	else if (socket->gone)
		rc = -ENOENT;
	else
		rc = check(socket, option);
	if (!rc)
		rc = with(socket, option, value);
	pthread_mutex_unlock(dx__held_lock(socket));
	dx__api_leave(engine, socket, NULL, NULL);
	return rc;
}

static int set_to(struct dx__socket *socket, uint32_t option, int32_t *value) { return set(socket, option, *value); }

DX_API int dx_option_set(dx_id socket, uint32_t option, int32_t value)
{
	return reach(socket, option, &value, set_to);
}

DX_API int dx_option_get(dx_id socket, uint32_t option, int32_t *value)
{
	return value ? reach(socket, option, value, get) : -EINVAL;
}
