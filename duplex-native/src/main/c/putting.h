/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting messages through a held output half, in the caller's thread.
 *
 * THEORY OF OPERATION
 *
 * Messages are encoded into one block and sent by one system call. When not a byte of it goes, the encoder is put back to
 * where it was and the caller waits for room. Once a byte has gone the rest must follow, whatever the caller does: it is
 * queued in the socket's output, and a worker delivers it; whatever takes the half meanwhile comes behind it.
 */
#ifndef DX_PUTTING_H
#define DX_PUTTING_H

#include "framing.h"

/* As dx_put(), once. The caller is in no half. */
int64_t dx__put(struct dx__socket *socket, const uint8_t *data, size_t size, const struct dx_message *messages,
		uint32_t count);

/* Encodes a reply and sends it, or leaves it to the worker that has the output. The caller does not hold the output lock, and is
   no worker to which the output belongs. */
void dx__put_reply(struct dx__socket *socket, const struct dx_piece *piece);

/* Tells the peer what was wrong with what it sent, if the codec has a way to (a Close frame). Likewise. */
void dx__put_refusal(struct dx__socket *socket, uint32_t error);

/* Sends a reply that has waited for the output, which is held again. */
void dx__put_late(struct dx__socket *socket);

/* The worker's: moves a reply that waits into the output, unless that is in the middle of a frame. True when there is more in the
   output than before. */
bool dx__put_waiting(struct dx__socket *socket);

#endif
