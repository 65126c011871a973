/* SPDX-License-Identifier: Apache-2.0 */
/* Listening descriptors. */
#ifndef DX_LISTENER_H
#define DX_LISTENER_H

#include "duplex.h"

#include <stdbool.h>

#define DX__BACKLOG 4096

/* Binds and listens, non-blocking. *port is the bound TCP port, 0 for unix. Returns the descriptor or a negative errno.
   Without SO_REUSEPORT: a second listener on the port fails. */
int dx__listener_open(const struct dx_address *address, uint32_t backlog, uint16_t *port);

/* Prepares a descriptor that listens already: non-blocking, close-on-exec. *family is its enum dx_family, *port the bound
   TCP port. Returns 0, or a negative errno with nothing changed. */
int dx__listener_adopt(int fd, int *family, uint16_t *port);

/* True for an error of accept4 that is about one connection, which is gone: the next one may do. */
bool dx__listener_may_go_on(int error);

#endif
