/* SPDX-License-Identifier: Apache-2.0 */
/* A proxy whose sides have codecs: its connections are routes. */
#include "support_message.h"
#include "support_proxy.h"

#include <string.h>

static void clients_and_backends_have_their_codecs(void)
{
	dx_id engine = engine_open(2);
	struct dx_address address;
	int backend = wire_listen(WIRE_TCP4, 10, &address);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	struct front front = front_open(engine, WIRE_TCP4, &options);
	CHECK_EQ(dx_proxy_codec(front.proxy, DX_SIDE_NONE, codec_of(DX_CODEC_LINE, 0)), -EINVAL);
	CHECK_EQ(dx_proxy_codec(front.proxy, DX_SIDE_A, NULL), -EINVAL);
	CHECK_EQ(dx_proxy_codec(front.proxy, DX_SIDE_A, codec_of(DX_CODEC_PLUGIN, 0)), -ENOENT);
	CHECK_OK(dx_proxy_codec(front.proxy, DX_SIDE_A, codec_of(DX_CODEC_WEBSOCKET, 0)));
	CHECK_OK(dx_proxy_codec(front.proxy, DX_SIDE_B, codec_of(DX_CODEC_LINE, DX_LINE_CRLF)));
	CHECK_EQ(dx_proxy_codec(front.proxy, DX_SIDE_B, codec_of(DX_CODEC_LINE, 0)), -EALREADY);
	CHECK_OK(dx_proxy_backend(front.proxy, 0, &address, 1, 5));
	CHECK_OK(await_done(engine, 5).result);
	front_start(&front);
	int client = client_open(&front);
	peer_write(client, "\x81\x82\0\0\0\0hi", 8);
	int server = wire_accept(backend);
	peer_hears(server, "hi\r\n");
	peer_say(server, "yes\r\n");
	peer_expect(client, "\x82\x03yes", 5);
	peer_write(client, "\x88\x80\0\0\0\0", 6);
	peer_expect_end(server);
	struct dx_event ended = await_proxy_ended(&front);
	CHECK_EQ(ended.reason, DX_REASON_CLIENT_CLOSED);
	CHECK_EQ(ended.a_to_b_messages, 1);
	CHECK_EQ(ended.b_to_a_messages, 1);
	peer_close(client);
	peer_close(server);
	peer_close(backend);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(clients_and_backends_have_their_codecs);
	return test_end();
}
