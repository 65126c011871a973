/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of messages share. */
#ifndef DX_TEST_SUPPORT_MESSAGE_H
#define DX_TEST_SUPPORT_MESSAGE_H

#include "support.h"

/** Options of a codec with its defaults. */
#define codec_of(kind, bits) \
	(&(struct dx_codec_options){.size = sizeof(struct dx_codec_options), .type = (kind), .flags = (bits)})

/** Blocking write of all these bytes. */
void peer_write(int fd, const void *data, size_t length);
/** The next bytes are these. */
void peer_expect(int fd, const void *data, size_t length);
/** The same for texts. */
void peer_say(int fd, const char *text);
void peer_hears(int fd, const char *text);

/** The next message is this text (dx_get_wait()). */
void app_gets(dx_id socket, const char *text);
void app_puts(dx_id socket, const char *text);

/** Two sockets of TCP with these codecs (NULL for a stream), and a route between them. */
struct bridge route_open(dx_id engine, const struct dx_codec_options *a, const struct dx_codec_options *b, uint32_t flags);
/** The same with lines of one's own. */
struct bridge route_of(dx_id engine, struct line a, struct line b, const struct dx_codec_options *a_codec,
		const struct dx_codec_options *b_codec, uint32_t flags);

/** What is wrong with the input, and where. */
struct dx_codec_failure failure_of(dx_id socket);

#endif
