/* SPDX-License-Identifier: Apache-2.0 */
#include "duplex.h"

#include <errno.h>

/* Declared in duplex.h, and not written yet: each goes when its own file comes. */
#define PENDING(type, name, ...) DX_API type name(__VA_ARGS__) { return -ENOSYS; }
#pragma GCC diagnostic ignored "-Wunused-parameter"

PENDING(int, dx_adopt_listener, dx_id engine, int fd, dx_id *listener)
PENDING(int64_t, dx_send_file, dx_id socket, int file, uint64_t offset, uint64_t count)
PENDING(int64_t, dx_send_file_wait, dx_id socket, int file, uint64_t offset, uint64_t count, int timeout)
PENDING(int, dx_option_set, dx_id socket, uint32_t option, int32_t value)
PENDING(int, dx_option_get, dx_id socket, uint32_t option, int32_t *value)
PENDING(int64_t, dx_send_fd, dx_id socket, const void *data, size_t length, int fd)
PENDING(int64_t, dx_recv_fd, dx_id socket, void *data, size_t length, int *fd)
PENDING(int, dx_pass_wait, dx_id socket, dx_id carrier, int timeout)
PENDING(int, dx_take_wait, dx_id engine, dx_id carrier, int timeout, dx_id *socket)
PENDING(int, dx_proxy_start_on, dx_id proxy, int fd, uint64_t token)
PENDING(int, dx_proxy_start_on_wait, dx_id proxy, int fd, uint16_t *port)
