/* SPDX-License-Identifier: Apache-2.0 */
/* A codec that was compiled by itself and is loaded while the program runs: examples/c/codec_netstring.c. */
#include "support_codec.h"
#include "support_message.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define NETSTRING (&(struct dx_codec_options){.size = sizeof(struct dx_codec_options), .type = DX_CODEC_PLUGIN, .plugin = "netstring"})

static void load(void)
{
	void *library = dlopen(CODEC_NETSTRING, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		FAIL("%s", dlerror());
	const struct dx_codec_ops *ops = dlsym(library, "netstring");
	CHECK(ops);
	CHECK_OK(dx_codec_register("netstring", ops));
}

static void it_is_found_by_its_name_once_it_is_loaded(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_EQ(dx_codec_set(line.socket, NETSTRING), -ENOENT);
	load();
	CHECK_OK(dx_codec_set(line.socket, NETSTRING));
	line_close(&line);
	engine_close(engine);
}

static void messages_are_got_and_put_through_it(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, NETSTRING));
	peer_say(line.peer, "5:hello,0:,11:with, comma,3:ha");
	app_gets(line.socket, "hello");
	app_gets(line.socket, "");
	app_gets(line.socket, "with, comma");
	peer_say(line.peer, "l");
	peer_say(line.peer, ",");
	app_gets(line.socket, "hal");
	app_puts(line.socket, "a:b,c");
	app_puts(line.socket, "");
	peer_hears(line.peer, "5:a:b,c,0:,");
	char buffer[64];
	struct dx_message message;
	peer_say(line.peer, "2:ok,1:xy");
	app_gets(line.socket, "ok");
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), -EPROTO);
	CHECK_EQ(failure_of(line.socket).input, DX_CODEC_PLUGIN_ERROR + 2);
	CHECK_EQ(failure_of(line.socket).type, DX_CODEC_PLUGIN);
	line_close(&line);
	engine_close(engine);
}

static void it_is_routed_to_another_codec(void)
{
	dx_id engine = engine_open(2), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 0);
	CHECK_OK(dx_codec_set(a.socket, NETSTRING));
	CHECK_OK(dx_codec_set(b.socket, codec_of(DX_CODEC_LINE, 0)));
	struct dx_join_options options = join_options(DX_JOIN_ROUTE);
	CHECK_OK(dx_join_wait(a.socket, b.socket, &options, &join));
	peer_say(a.peer, "3:one,3:t");
	peer_hears(b.peer, "one\nt");
	peer_say(a.peer, "wo,");
	peer_hears(b.peer, "wo\n");
	peer_say(b.peer, "an");
	peer_say(b.peer, "swer\n");
	peer_hears(a.peer, "6:answer,");
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

/* The tests' own checks of what a codec promises hold for it, too. */
static void it_keeps_what_codecs_promise(void)
{
	struct test_decoded decoded;
	static const struct {
		const char *stream;
		int error;
		uint64_t offset;
	} refused[] = {
		{":x,", DX_CODEC_PLUGIN_ERROR + 1, 0}, {"+1:x,", DX_CODEC_PLUGIN_ERROR + 1, 0}, {"01:x,", DX_CODEC_PLUGIN_ERROR + 1, 1},
		{"1 :x,", DX_CODEC_PLUGIN_ERROR + 1, 1}, {"1:x2:yz,", DX_CODEC_PLUGIN_ERROR + 2, 3}, {"99999999:", DX_CODEC_TOO_LONG, 7},
		{"1:x,3:ab", DX_CODEC_TRUNCATED, 8},
	};
	for (unsigned i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		test_decode_splits(NETSTRING, refused[i].stream, strlen(refused[i].stream), true, &decoded);
		CHECK_EQ(decoded.error, -refused[i].error);
		CHECK_EQ(decoded.offset, refused[i].offset);
		test_forget(&decoded);
	}
	test_round_trips(NETSTRING, NETSTRING, NULL, 0, 3000, NULL);
}

int main(void)
{
	test_begin();
	RUN(it_is_found_by_its_name_once_it_is_loaded);
	RUN(messages_are_got_and_put_through_it);
	RUN(it_is_routed_to_another_codec);
	RUN(it_keeps_what_codecs_promise);
	return test_end();
}
