/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a held socket has read ahead: bytes that come before those on the wire. They were read before it was adopted, left
 * by a join, or given back by whoever received more than was wanted.
 */
#ifndef DX_INPUT_H
#define DX_INPUT_H

#include "socket.h"

#define DX__INPUT_MAX (16u << 20) /* bytes that may be read ahead when a socket is adopted, or given back */

/* Takes from the front; 0 when there are none. The caller is inside the input half. */
size_t dx__input_take(struct dx__socket *socket, void *data, size_t length);

/* Copies bytes behind the first `offset`, and reads when there are none. The caller is inside the input half. As dx_peek(). */
int64_t dx__input_peek(struct dx__socket *socket, size_t offset, void *data, size_t length);

/* Puts bytes in front of all others and wakes who waits for some. The caller is inside the input half. -ENOMEM, -EMSGSIZE. */
int dx__input_give_back(struct dx__socket *socket, const void *data, size_t length);

#endif
