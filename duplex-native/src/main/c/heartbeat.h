/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the peer of a route's codec is still there: pings, and what must have happened until the next one.
 *
 * A peer has vanished when a ping has gone out and, until the next is due, nothing has come from it, nothing was delivered to it,
 * and the kernel has got rid of nothing either. The last two make a slow peer no dead one: its answer waits behind what it has
 * still to read.
 */
#ifndef DX_HEARTBEAT_H
#define DX_HEARTBEAT_H

#include "framing.h"
#include "stream.h"

struct dx__heartbeat {
	uint64_t at;       /* when the next ping is due, milliseconds of the worker; 0: none */
	uint64_t progress; /* bytes that had come and were delivered when the last one was */
	int unsent;        /* bytes that the kernel had then, before the ping; or -1 */
	bool asked;        /* there was one */
};

/* Begins, if the codec wants it; framing may be NULL. */
void dx__heartbeat_begin(struct dx__heartbeat *heartbeat, const struct dx__framing *framing, uint64_t now);

/* It is time: whether the peer is alive. Keeps a ping in the framing, to be flushed, if it is. from and to are the streams
   from the socket and to it, both active. */
bool dx__heartbeat_beat(struct dx__heartbeat *heartbeat, struct dx__framing *framing, struct dx__stream *from,
		const struct dx__stream *to, uint64_t now);

#endif
