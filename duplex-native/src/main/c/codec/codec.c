/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define MAX_MESSAGE (16u << 20)
#define FRAME_TIMEOUT 30000
#define CHUNK 65536
#define CHUNK_MOST (1u << 20)
#define CLOSE_TIMEOUT 5000
#define PLUGINS_MOST 64
#define STATE_MOST 4096
#define OVERHEAD_MOST 4096
#define KEEP_MOST 32768

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	char name[32];
	const struct dx_codec_ops *ops;
} plugins[PLUGINS_MOST];
static unsigned plugin_count;

/* Caller holds the lock. */
static const struct dx_codec_ops *plugin(const char *name)
{
	for (unsigned i = 0; i < plugin_count; i++) {
		if (!strcmp(plugins[i].name, name))
			return plugins[i].ops;
	}
	return NULL;
}

DX_API int dx_codec_register(const char *name, const struct dx_codec_ops *ops)
{
	size_t length = name ? strnlen(name, sizeof(plugins->name)) : 0;
	if (!length || length == sizeof(plugins->name)
			|| strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
		return -EINVAL;
	if (!ops || ops->size < sizeof(*ops) || !ops->decode || !ops->encode || ops->decoder_size > STATE_MOST
			|| ops->encoder_size > STATE_MOST || ops->overhead > OVERHEAD_MOST || !ops->keep || ops->keep > KEEP_MOST)
		return -EINVAL;
	int rc = 0;
	pthread_mutex_lock(&lock);
	const struct dx_codec_ops *known = plugin(name);
	if (known) {
		rc = known == ops ? 0 : -EEXIST;
	} else if (plugin_count == PLUGINS_MOST) {
		rc = -ENOSPC;
	} else {
		memcpy(plugins[plugin_count].name, name, length + 1);
		plugins[plugin_count++].ops = ops;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

static int find_plugin(const char *name, const struct dx_codec_ops **ops)
{
	if (strnlen(name, sizeof(plugins->name)) == sizeof(plugins->name))
		return -EINVAL;
	pthread_mutex_lock(&lock);
	*ops = plugin(name);
	pthread_mutex_unlock(&lock);
	return *ops ? 0 : -ENOENT;
}

/* Where control frames are the application's, pings are, too. */
static bool can_ping(const struct dx_codec_options *options, const struct dx_codec_ops *ops)
{
	bool frames = (options->type == DX_CODEC_WEBSOCKET && options->flags & DX_WEBSOCKET_FRAMES)
			|| (options->type == DX_CODEC_ZMTP && options->flags & DX_ZMTP_FRAMES);
	return ops->ping && !frames;
}

int dx__codec_find(const struct dx_codec_options *options, struct dx_codec_options *resolved,
		const struct dx_codec_ops **ops)
{
	static const struct dx_codec_ops *const codecs[] = {
		[DX_CODEC_LINE] = &dx__codec_line, [DX_CODEC_DELIMITER] = &dx__codec_delimiter,
		[DX_CODEC_LENGTH] = &dx__codec_length, [DX_CODEC_VARINT] = &dx__codec_varint,
		[DX_CODEC_CHUNKED] = &dx__codec_chunked, [DX_CODEC_WEBSOCKET] = &dx__codec_websocket,
		[DX_CODEC_ZMTP] = &dx__codec_zmtp,
	};
	static const uint32_t flags[] = {
		[DX_CODEC_STREAM] = 0, [DX_CODEC_LINE] = DX_LINE_LF | DX_LINE_CRLF | DX_CODEC_KEEP,
		[DX_CODEC_DELIMITER] = DX_CODEC_KEEP,
		[DX_CODEC_LENGTH] = DX_LENGTH_LITTLE | DX_LENGTH_INCLUSIVE | DX_LENGTH_KEEP, [DX_CODEC_VARINT] = 0,
		[DX_CODEC_CHUNKED] = 0,
		[DX_CODEC_WEBSOCKET] = DX_WEBSOCKET_CLIENT | DX_WEBSOCKET_FRAMES | DX_WEBSOCKET_TEXT,
		[DX_CODEC_ZMTP] = DX_ZMTP_FRAMES,
		[DX_CODEC_PLUGIN] = UINT32_MAX,
	};
	if (options->size < sizeof(*options) || options->type > DX_CODEC_PLUGIN
			|| options->flags & ~flags[options->type] || options->chunk > CHUNK_MOST)
		return -EINVAL;
	*resolved = *options;
	if (!resolved->max_message)
		resolved->max_message = MAX_MESSAGE;
	if (!resolved->frame_timeout)
		resolved->frame_timeout = FRAME_TIMEOUT;
	if (!resolved->chunk)
		resolved->chunk = CHUNK;
	if (!resolved->close_timeout)
		resolved->close_timeout = CLOSE_TIMEOUT;
	*ops = NULL;
	if (options->type == DX_CODEC_STREAM)
		return options->ping_interval ? -EINVAL : 0;
	int rc = options->type == DX_CODEC_PLUGIN ? find_plugin(options->plugin, ops) : 0;
	if (!rc && options->type != DX_CODEC_PLUGIN)
		*ops = codecs[options->type];
	if (!rc && options->ping_interval && !can_ping(options, *ops))
		return -EINVAL;
	return rc || !(*ops)->check ? rc : (*ops)->check(resolved);
}

DX_API const char *dx_codec_error_text(uint32_t error)
{
	static const char *const texts[] = {
		[DX_CODEC_OK] = "no error",
		[DX_CODEC_TOO_LONG] = "the message is longer than the codec's greatest size",
		[DX_CODEC_TRUNCATED] = "the stream ended inside a message",
		[DX_CODEC_TOO_SLOW] = "the rest of a message did not come in time",
		[DX_CODEC_NO_MEMORY] = "no memory is left for the message",
		[DX_CODEC_LENGTH_NEGATIVE] = "the length prefix makes a negative length",
		[DX_CODEC_VARINT_OVERFLOW] = "the length is a varint of over 32 bits",
		[DX_CODEC_CHUNK_SIZE] = "a chunk size that is no hexadecimal number",
		[DX_CODEC_CHUNK_LINE] = "the line of a chunk does not end in CR LF",
		[DX_CODEC_CHUNK_END] = "no CR LF behind the data of a chunk",
		[DX_CODEC_CHUNK_EXTENSION] = "chunk extensions that are malformed or too long",
		[DX_CODEC_TRAILER] = "trailers that are malformed or too long",
		[DX_CODEC_WS_RESERVED_BITS] = "reserved bits of a WebSocket frame are set",
		[DX_CODEC_WS_OPCODE] = "a reserved WebSocket opcode",
		[DX_CODEC_WS_UNMASKED] = "a WebSocket client's frame without mask",
		[DX_CODEC_WS_MASKED] = "a WebSocket server's frame with mask",
		[DX_CODEC_WS_CONTROL_FRAGMENTED] = "a fragmented WebSocket control frame",
		[DX_CODEC_WS_CONTROL_LENGTH] = "a WebSocket control frame of over 125 bytes",
		[DX_CODEC_WS_LENGTH] = "a WebSocket frame length that is not in its shortest form, or over 63 bits",
		[DX_CODEC_WS_CONTINUATION] = "a WebSocket continuation of nothing",
		[DX_CODEC_WS_INTERLEAVED] = "a new WebSocket message inside a fragmented one",
		[DX_CODEC_WS_CLOSE_CODE] = "a WebSocket close code that must not be sent",
		[DX_CODEC_WS_UTF8] = "WebSocket text that is not UTF-8",
		[DX_CODEC_WS_NO_CLOSE] = "the stream ended without a WebSocket Close frame",
		[DX_CODEC_ZMTP_FLAGS] = "reserved flags of a ZMTP frame are set",
		[DX_CODEC_ZMTP_LENGTH] = "a ZMTP frame length of over 63 bits",
		[DX_CODEC_ZMTP_COMMAND] = "a malformed ZMTP command",
		[DX_CODEC_MESSAGE] = "the codec cannot express this message",
		[DX_CODEC_CLOSED] = "the stream of messages was ended before",
		[DX_CODEC_UNAVAILABLE] = "no backend is available",
		[DX_CODEC_REFUSED] = "the connection was refused",
	};
	if (error < sizeof(texts) / sizeof(*texts) && texts[error])
		return texts[error];
	return error >= DX_CODEC_PLUGIN_ERROR ? "an error of the plugin" : "an unknown error";
}
