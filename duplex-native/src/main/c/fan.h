/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fan-out: one source, several sinks.
 *
 * THEORY OF OPERATION
 *
 * The first of the streams that share a source reads for all of them, into one chunk, when every one may take it: the
 * slowest sets the pace. Each sink is sent what it takes at once; what it does not take waits in its output as a segment
 * of the chunk, which all of them share. So a sink holds at most one chunk, and bytes are copied out of the kernel once.
 *
 * A lossy stream is never waited for: its segments pile up until they hold more memory than it may, then it has missed
 * bytes and its join ends. Mirrors (of a tee) are lossy, and nothing is read for the sake of mirrors alone.
 */
#ifndef DX_FAN_H
#define DX_FAN_H

#include "stream.h"

/* Whether the source's bytes go by this way: several streams read it, or one that is lossy. */
static inline bool dx__fan_is_one(const struct dx__socket *source)
{
	return source->from && (source->from->next_from || source->from->lossy);
}

/* Whether a lossy stream's join has read as many bytes as it may: the others go on while they are delivered. */
bool dx__fan_has_had_all(struct dx__stream *stream);

/* The turn of a stream that may read. */
void dx__fan_turn(struct dx__worker *worker, struct dx__stream *stream);

#endif
