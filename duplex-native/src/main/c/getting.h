/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting messages from a held input half, in the caller's thread.
 *
 * THEORY OF OPERATION
 *
 * What is queued is decoded first, then what one read brings. A message that lies whole in the buffer is copied once, to the
 * caller; of others the pieces are put together as they arrive. What was not decoded goes back to the input queue as it
 * came, in a buffer of its size, so a socket that waits holds no more than it has.
 */
#ifndef DX_GETTING_H
#define DX_GETTING_H

#include "framing.h"

/* As dx_get(). The caller is in no half. */
int64_t dx__get(struct dx__socket *socket, uint8_t *buffer, size_t size, struct dx_message *messages, uint32_t max);

/* As dx_get_deadline(). */
int64_t dx__get_deadline(struct dx__socket *socket);

#endif
