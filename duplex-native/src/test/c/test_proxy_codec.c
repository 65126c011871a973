/* SPDX-License-Identifier: Apache-2.0 */
/* A proxy whose sides have codecs: its connections are routes. */
#include "support_message.h"
#include "support_proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static bool is_connected(const struct dx_event *event, uint64_t connection)
{
	return event->type == DX_EVENT_CONNECTED && event->object == connection;
}

/* The host speaks with both sides before they are joined; what it has not consumed goes along. */
static void the_host_shakes_hands(void)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		dx_id engine = engine_open(workers), join;
		struct dx_address address;
		int backend = wire_listen(WIRE_TCP4, 10, &address);
		struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS | DX_PROXY_HANDSHAKE | DX_PROXY_HANDSHAKE_BACKEND);
		struct front front = front_open(engine, WIRE_TCP4, &options);
		front_add(&front, &address);
		CHECK_OK(dx_proxy_codec(front.proxy, DX_SIDE_A, codec_of(DX_CODEC_LINE, 0)));
		front_start(&front);
		int client = client_open(&front);
		peer_say(client, "hello\nfirst line\nhalf");
		struct dx_event asked = await_connection(engine, front.proxy);
		CHECK_EQ(asked.value, front.proxy);
		CHECK_EQ(join_info(asked.object).state, DX_JOIN_DECIDING);
		char hello[6];
		for (size_t at = 0; at < sizeof(hello);) {
			int64_t n = dx_recv_wait(asked.a, hello + at, sizeof(hello) - at, 30000);
			CHECK_GT(n, 0);
			at += (size_t)n;
		}
		CHECK(!memcmp(hello, "hello\n", 6));
		CHECK_EQ(dx_send_wait(asked.a, "welcome\n", 8, 30000), 8);
		peer_hears(client, "welcome\n");
		/* lent, no more */
		struct line other = line_open(engine, WIRE_TCP4, 0);
		CHECK_EQ(dx_join_wait(asked.a, other.socket, NULL, &join), -EBUSY);
		CHECK_EQ(dx_release_wait(asked.a, 0), -EBUSY);
		struct line carrier = line_open(engine, WIRE_UNIX, 0);
		CHECK_EQ(dx_pass_wait(asked.a, carrier.socket, 1000), -EBUSY);
		line_close(&carrier);
		CHECK_EQ(dx_proxy_decide(asked.object, &address, 1), -EOPNOTSUPP);
		CHECK_OK(dx_proxy_proceed(asked.object));
		struct dx_event connected = await_event(engine, is_connected, asked.object);
		CHECK_EQ(connected.object, asked.object);
		CHECK_EQ(connected.token, 0);
		CHECK_EQ(dx_send(asked.a, "x", 1), -EBUSY);
		int server = wire_accept(backend);
		CHECK_EQ(dx_send_wait(connected.b, "login\n", 6, 30000), 6);
		peer_hears(server, "login\n");
		CHECK_OK(dx_proxy_proceed(asked.object));
		peer_hears(server, "first linehalf");
		peer_say(client, " of it\n");
		peer_hears(server, " of it");
		peer_say(server, "answer");
		peer_hears(client, "answer\n");
		CHECK_EQ(dx_send(connected.b, "x", 1), -EBUSY);
		CHECK_EQ(dx_proxy_proceed(asked.object), -EALREADY);
		peer_close(client);
		peer_expect_end(server);
		peer_close(server);
		CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_CLIENT_CLOSED);
		line_close(&other);
		peer_close(backend);
		engine_close(engine);
	}
}

/* Once the host has shaken hands, a WebSocket is not reset but closed, with the reason. */
static void a_client_is_told_that_there_is_no_backend(void)
{
	dx_id engine = engine_open(1);
	struct dx_address dead;
	int hold = wire_refused(WIRE_TCP4, &dead);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS | DX_PROXY_HANDSHAKE);
	struct front front = front_open(engine, WIRE_TCP4, &options);
	CHECK_OK(dx_proxy_codec(front.proxy, DX_SIDE_A, codec_of(DX_CODEC_WEBSOCKET, 0)));
	front_add(&front, &dead);
	front_start(&front);
	int client = client_open(&front);
	struct dx_event asked = await_connection(engine, front.proxy);
	CHECK_EQ(dx_send_wait(asked.a, "welcome\n", 8, 30000), 8);
	CHECK_OK(dx_proxy_proceed(asked.object));
	peer_hears(client, "welcome\n");
	peer_expect(client, "\x88\x02\x03\xf5", 4); /* 1013 */
	peer_expect_end(client);
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_CONNECT_FAILED);
	peer_close(client);
	/* refused by the application, behind its handshake */
	client = client_open(&front);
	asked = await_connection(engine, front.proxy);
	CHECK_OK(dx_proxy_refuse(asked.object, DX_REFUSED_BY_ROUTER));
	peer_expect(client, "\x88\x02\x03\xf0", 4); /* 1008 */
	peer_expect_end(client);
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_REFUSED);
	peer_close(client);
	await_quiet(&front);
	peer_close(hold);
	engine_close(engine);
}

static void a_handshake_that_fails_ends_the_connection(void)
{
	dx_id engine = engine_open(1);
	struct dx_address address;
	int backend = wire_listen(WIRE_TCP4, 10, &address);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS | DX_PROXY_HANDSHAKE);
	options.decision_timeout = 50;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &address);
	front_start(&front);
	/* refused */
	int client = client_open(&front);
	struct dx_event asked = await_connection(engine, front.proxy);
	CHECK_OK(dx_proxy_refuse(asked.object, DX_REFUSED_BY_ROUTER));
	struct stream none = stream_new();
	CHECK_EQ(peer_recv_to_reset(client, &none), 0);
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_REFUSED);
	peer_close(client);
	/* refused, and told so: what it was told arrives, although it goes on talking */
	client = client_open(&front);
	asked = await_connection(engine, front.proxy);
	peer_say(client, "GET / HTTP/1.1\r\n\r\n");
	CHECK_EQ(dx_send_wait(asked.a, "426\r\n", 5, 30000), 5);
	CHECK_OK(dx_proxy_refuse(asked.object, DX_REFUSED_BY_HANDSHAKE));
	peer_hears(client, "426\r\n");
	peer_expect_end(client);
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_REFUSED);
	CHECK_EQ(proxy_info(&front).refused_by_handshake, 1);
	peer_close(client);
	CHECK_EQ(dx_proxy_refuse(asked.object, 4), -EINVAL);
	/* late: whoever waits in a receive is told */
	client = client_open(&front);
	asked = await_connection(engine, front.proxy);
	char byte;
	int64_t rc = dx_recv_wait(asked.a, &byte, 1, 30000);
	CHECK(rc == -ENOENT || rc == -EBUSY);
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_REFUSED);
	peer_close(client);
	/* closed by the host */
	client = client_open(&front);
	asked = await_connection(engine, front.proxy);
	CHECK_OK(dx_close_wait(asked.a, 0, 0));
	CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_CLOSED);
	peer_close(client);
	CHECK_EQ(proxy_info(&front).active, 0);
	peer_close(backend);
	engine_close(engine);
}

static void *put_until_refused(void *argument)
{
	dx_id socket = *(dx_id *)argument;
	char *payload = calloc(1, 2 * MIB);
	struct dx_message message = {.length = 2 * MIB};
	while (dx_put_wait(socket, payload, 2 * MIB, &message, 1, 30000) == 1)
		;
	free(payload);
	return NULL;
}

/* What the host has said in part is queued by it, and thrown away by the worker. For what sanitizers see. */
static void a_connection_is_refused_while_the_host_speaks(void)
{
	dx_id engine = engine_open(2);
	struct dx_address address;
	int backend = wire_listen(WIRE_TCP4, 10, &address);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS | DX_PROXY_HANDSHAKE);
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &address);
	front_start(&front);
	for (unsigned i = 0; i < scaled(30); i++) {
		int client = client_open(&front);
		struct dx_event asked = await_connection(engine, front.proxy);
		pthread_t host = thread_start(put_until_refused, &asked.a);
		char some[256 * KIB];
		long n = CHECK_SYS(read(client, some, sizeof(some)));
		CHECK_GT(n, 0);
		CHECK_OK(dx_proxy_refuse(asked.object, DX_REFUSED_BY_ROUTER));
		CHECK_EQ(await_proxy_ended(&front).reason, DX_REASON_REFUSED);
		thread_join(host);
		peer_close(client);
	}
	CHECK_EQ(proxy_info(&front).active, 0);
	peer_close(backend);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_connection_is_refused_while_the_host_speaks);
	RUN(the_host_shakes_hands);
	RUN(a_handshake_that_fails_ends_the_connection);
	RUN(a_client_is_told_that_there_is_no_backend);
	RUN(clients_and_backends_have_their_codecs);
	return test_end();
}
