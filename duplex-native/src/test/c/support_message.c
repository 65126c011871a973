/* SPDX-License-Identifier: Apache-2.0 */
#include "support_message.h"

#include <string.h>
#include <unistd.h>

void peer_write(int fd, const void *data, size_t length)
{
	for (size_t at = 0; at < length;)
		at += (size_t)CHECK_SYS(write(fd, (const char *)data + at, length - at));
}

void peer_expect(int fd, const void *data, size_t length)
{
	uint8_t bytes[4096];
	for (size_t at = 0; at < length;) {
		size_t most = length - at < sizeof(bytes) ? length - at : sizeof(bytes);
		long n = CHECK_SYS(read(fd, bytes, most));
		CHECK_GT(n, 0);
		for (long i = 0; i < n; i++) {
			if (bytes[i] != ((const uint8_t *)data)[at + (size_t)i])
				FAIL("byte %zu of %zu is 0x%02x, not 0x%02x", at + (size_t)i, length, bytes[i],
						((const uint8_t *)data)[at + (size_t)i]);
		}
		at += (size_t)n;
	}
}

void peer_say(int fd, const char *text) { peer_write(fd, text, strlen(text)); }
void peer_hears(int fd, const char *text) { peer_expect(fd, text, strlen(text)); }

void app_gets(dx_id socket, const char *text)
{
	char buffer[65536];
	struct dx_message message;
	CHECK_EQ(dx_get_wait(socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
	if (message.length != strlen(text) || memcmp(buffer, text, message.length))
		FAIL("got '%.*s', not '%s'", (int)message.length, buffer, text);
}

void app_puts(dx_id socket, const char *text)
{
	struct dx_message message = {.length = strlen(text)};
	CHECK_EQ(dx_put_wait(socket, text, strlen(text), &message, 1, 30000), 1);
}

struct bridge route_of(dx_id engine, struct line a, struct line b, const struct dx_codec_options *a_codec,
		const struct dx_codec_options *b_codec, uint32_t flags)
{
	struct bridge bridge = {.engine = engine, .a = a, .b = b};
	CHECK_OK(dx_codec_set(a.socket, a_codec));
	CHECK_OK(dx_codec_set(b.socket, b_codec));
	struct dx_join_options options = join_options(DX_JOIN_ROUTE | flags);
	CHECK_OK(dx_join_wait(a.socket, b.socket, &options, &bridge.join));
	return bridge;
}

struct bridge route_open(dx_id engine, const struct dx_codec_options *a, const struct dx_codec_options *b, uint32_t flags)
{
	return route_of(engine, line_open(engine, WIRE_TCP4, 0), line_open(engine, WIRE_TCP4, 0), a, b, flags);
}

struct dx_codec_failure failure_of(dx_id socket)
{
	struct dx_codec_failure failure = {.size = sizeof(failure)};
	CHECK_OK(dx_codec_failure(socket, &failure));
	return failure;
}
