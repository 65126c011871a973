/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"
#include "address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dx__api_engine(dx_id id, struct dx__engine **engine)
{
	if (dx__id_kind(id) != DX__KIND_ENGINE)
		return id ? -EBADF : -ENOENT;
	if (id != dx_engine_of(id))
		return -ENOENT;
	*engine = dx__engine_enter(id);
	return *engine ? 0 : -ENOENT;
}

/* Ids of no kind at all were made up. */
static bool is_made_up(dx_id id)
{
	return dx__id_kind(id) < DX__KIND_ENGINE || dx__id_kind(id) > DX__KIND_PROXY;
}

static int enter_engine(dx_id id, struct dx__engine **engine)
{
	if (is_made_up(id))
		return -ENOENT;
	*engine = dx__engine_enter(id);
	return *engine ? 0 : -ENOENT;
}

static int entered(struct dx__engine *engine, int rc)
{
	if (rc)
		dx__engine_leave(engine);
	return rc;
}

int dx__api_socket(dx_id id, struct dx__engine **engine, struct dx__socket **socket)
{
	int rc = enter_engine(id, engine);
	return rc ? rc : entered(*engine, dx__socket_enter(*engine, id, socket));
}

int dx__api_join(dx_id id, struct dx__engine **engine, struct dx__join **join)
{
	int rc = enter_engine(id, engine);
	return rc ? rc : entered(*engine, dx__join_enter(*engine, id, join));
}

int dx__api_proxy(dx_id id, struct dx__engine **engine, struct dx__proxy **proxy)
{
	int rc = enter_engine(id, engine);
	return rc ? rc : entered(*engine, dx__proxy_enter(*engine, id, proxy));
}

void dx__api_leave(struct dx__engine *engine, struct dx__socket *socket, struct dx__join *join,
		struct dx__proxy *proxy)
{
	if (socket)
		dx__socket_leave(socket);
	if (join)
		dx__join_leave(join);
	if (proxy)
		dx__proxy_leave(proxy);
	dx__engine_leave(engine);
}

struct dx_address *dx__api_addresses(const struct dx_address *addresses, uint32_t count, uint32_t least, int *rc)
{
	*rc = -EINVAL;
	if (count < least || count > DX__ADDRESSES_MAX || (count && !addresses))
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		if (!dx__address_is_valid(&addresses[i]))
			return NULL;
	}
	*rc = 0;
	if (!count)
		return NULL;
	struct dx_address *copy = malloc(count * sizeof(*copy));
	if (!copy)
		*rc = -ENOMEM;
	else
		memcpy(copy, addresses, count * sizeof(*copy));
	return copy;
}

uint64_t dx__api_deadline(int timeout)
{
	return timeout < 0 ? UINT64_MAX : dx__monotonic_ns() + (uint64_t)timeout * 1000000;
}
