/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codecs: each one file with one table of functions (struct dx_codec_ops in duplex.h).
 *
 * THEORY OF OPERATION
 *
 * A codec knows nothing of sockets, threads or memory: it is given bytes and a state, and says how many it used and which
 * piece of a message they are. What it cannot use yet (half a header, a delimiter that may have begun) it leaves over, and
 * is given again with more behind it. So no decoder keeps bytes, any split of the stream gives the same messages, and
 * between two calls the input queue is exactly what was not decoded.
 *
 * Payload is told where it lies in the input. It is never waited for: a message of gigabytes is told in pieces as it comes,
 * and what its header announces is compared with the greatest size, never allocated.
 */
#ifndef DX_CODEC_H
#define DX_CODEC_H

#include "../duplex.h"

#include <stdbool.h>

extern const struct dx_codec_ops dx__codec_line;
extern const struct dx_codec_ops dx__codec_delimiter;
extern const struct dx_codec_ops dx__codec_length;
extern const struct dx_codec_ops dx__codec_varint;
extern const struct dx_codec_ops dx__codec_chunked;
extern const struct dx_codec_ops dx__codec_websocket;
extern const struct dx_codec_ops dx__codec_zmtp;

/* The table for these options, with defaults filled into *resolved: 0, or -EINVAL, or -ENOENT for a plugin that nobody has
   registered. *ops is NULL for DX_CODEC_STREAM. */
int dx__codec_find(const struct dx_codec_options *options, struct dx_codec_options *resolved,
		const struct dx_codec_ops **ops);

/* Whether an encoder of WebSocket frames still owes payload that a header has promised: no control frame may stand there,
   encode() refuses it, and the one who has it waits until the payload is written. */
bool dx__websocket_is_inside_frame(const void *encoder);

#endif
