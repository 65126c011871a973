/* SPDX-License-Identifier: Apache-2.0 */
/* NULL where memory is needed is refused before anything is changed; a wrong size is no surprise either. (Law 13.) */
#include "support.h"

static const struct dx_address here = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };

static void engines(void)
{
	dx_id engine = 0;
	struct dx_engine_options options = { .size = 3 };
	struct dx_engine_info info = { .size = 0 };
	struct dx_event event;
	CHECK_LT(dx_engine_open(NULL, NULL), 0);
	CHECK_EQ(dx_engine_open(&options, &engine), -EINVAL);
	options = (struct dx_engine_options){ .size = sizeof(options), .flags = 1 };
	CHECK_EQ(dx_engine_open(&options, &engine), -EINVAL);
	options = (struct dx_engine_options){ .size = sizeof(options), .workers = 65 };
	CHECK_EQ(dx_engine_open(&options, &engine), -EINVAL);
	CHECK_OK(dx_engine_open(NULL, &engine));
	CHECK_LT(dx_engine_info(engine, NULL), 0);
	CHECK_EQ(dx_engine_info(engine, &info), -EINVAL);
	CHECK_LT(dx_events_wait(engine, NULL, 1, 0), 0);
	CHECK_LT(dx_events_wait(engine, &event, 0, 0), 0);
	engine_close(engine);
	CHECK(dx_version() && dx_version()[0]);
}

static void addresses(void)
{
	struct dx_address address;
	char text[DX_ADDRESS_TEXT];
	CHECK_LT(dx_address_parse(NULL, &address), 0);
	CHECK_LT(dx_address_parse("tcp://127.0.0.1:1", NULL), 0);
	CHECK_LT(dx_address_format(NULL, text, sizeof(text)), 0);
	CHECK_LT(dx_address_format(&here, NULL, sizeof(text)), 0);
}

static void sockets(void)
{
	dx_id engine = engine_open(1), socket, listener;
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct dx_socket_info info = { .size = 8 };
	int pair[2];
	wire_pair(WIRE_UNIX, 0, pair);
	CHECK_LT(dx_adopt(engine, pair[0], NULL, 0, NULL), 0);
	CHECK_LT(dx_adopt(engine, pair[0], NULL, 1, &socket), 0);
	CHECK(is_open(pair[0]));
	CHECK_LT(dx_connect(engine, NULL, 1, NULL, 1, &socket), 0);
	CHECK_LT(dx_connect(engine, &here, 1, NULL, 1, NULL), 0);
	CHECK_LT(dx_connect_wait(engine, NULL, 1, NULL, &socket), 0);
	CHECK_LT(dx_connect_wait(engine, &here, 1, NULL, NULL), 0);
	CHECK_LT(dx_listen(engine, NULL, 0, &listener), 0);
	CHECK_LT(dx_listen(engine, &here, 0, NULL), 0);
	CHECK_OK(dx_listen(engine, &here, 0, &listener));
	struct dx_address bound = socket_info(listener).local;
	int peer = wire_connect(&bound, 0);
	CHECK_LT(dx_accept(listener, NULL), 0);
	CHECK_LT(dx_accept_wait(listener, 0, NULL), 0);
	CHECK_OK(dx_accept_wait(listener, -1, &socket)); /* it was not lost */
	CHECK_LT(dx_recv(line.socket, NULL, 1), 0);
	CHECK_LT(dx_recv_wait(line.socket, NULL, 1, 0), 0);
	CHECK_LT(dx_recv_queued(line.socket, NULL, 1), 0);
	CHECK_LT(dx_unrecv(line.socket, NULL, 1), 0);
	CHECK_OK(dx_unrecv(line.socket, NULL, 0));
	CHECK_EQ(dx_peek(line.socket, 0, NULL, 1), -EINVAL);
	CHECK_EQ(dx_peek_wait(line.socket, 0, NULL, 1, 0), -EINVAL);
	CHECK_LT(dx_send(line.socket, NULL, 1), 0);
	CHECK_LT(dx_send_wait(line.socket, NULL, 1, 0), 0);
	CHECK_LT(dx_socket_info(line.socket, NULL), 0);
	CHECK_EQ(dx_socket_info(line.socket, &info), -EINVAL);
	struct stream sent = stream_new(), received = sent;
	peer_send(line.peer, &sent, 100);
	app_recv(line.socket, &received, 100);
	peer_close(peer);
	peer_close(pair[0]);
	peer_close(pair[1]);
	line_close(&line);
	CHECK_OK(dx_close_wait(socket, 0, 0));
	CHECK_OK(dx_close_wait(listener, 0, 0));
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	engine_close(engine);
}

static void joins(void)
{
	dx_id engine = engine_open(1), join = 0;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_TCP4, 0);
	struct dx_join_info rows[1];
	uint64_t next;
	CHECK_LT(dx_join(a.socket, b.socket, NULL, 1, NULL), 0);
	CHECK_LT(dx_join_wait(a.socket, b.socket, NULL, NULL), 0);
	CHECK_EQ(socket_info(a.socket).input, DX_HALF_HELD);
	CHECK_EQ(engine_info(engine).joins_total, 0);
	CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
	CHECK_LT(dx_joins(engine, 0, 0, NULL, 1, 1), 0);
	CHECK_LT(dx_joins(engine, 0, 0, rows, 0, 1), 0);
	CHECK_LT(dx_joins(engine, 0, 0, rows, DX_JOINS_PAGE + 1, 1), 0);
	CHECK_LT(dx_joins_wait(engine, 0, 0, NULL, 1, &next), 0);
	CHECK_LT(dx_joins_wait(engine, 0, 0, rows, 0, &next), 0);
	CHECK_LT(dx_joins_wait(engine, 0, 0, rows, 1, NULL), 0);
	CHECK_LT(dx_join_info(join, NULL, 1), 0);
	CHECK_LT(dx_join_info_wait(join, NULL), 0);
	CHECK_OK(dx_unjoin_wait(join, NULL)); /* may be NULL */
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

static void proxies(void)
{
	dx_id engine = engine_open(1), proxy;
	struct dx_proxy_options options = { .size = sizeof(options) };
	struct dx_proxy_info info = { .size = 8 };
	struct dx_backend_info backend = { .size = 8 };
	CHECK_LT(dx_proxy_open(engine, NULL, &options, &proxy), 0);
	CHECK_LT(dx_proxy_open(engine, &here, &options, NULL), 0);
	options.size = 8;
	CHECK_EQ(dx_proxy_open(engine, &here, &options, &proxy), -EINVAL);
	options.size = sizeof(options);
	CHECK_OK(dx_proxy_open(engine, &here, &options, &proxy));
	CHECK_LT(dx_proxy_backend(proxy, 0, NULL, 1, 1), 0);
	CHECK_LT(dx_proxy_info(proxy, NULL), 0);
	CHECK_EQ(dx_proxy_info(proxy, &info), -EINVAL);
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_backend(proxy, 0, NULL, 0, token)); /* no address: nothing to read */
	await_success(engine, token);
	CHECK_LT(dx_proxy_backend_info(proxy, 0, NULL), 0);
	CHECK_EQ(dx_proxy_backend_info(proxy, 0, &backend), -EINVAL);
	CHECK_LT(dx_proxy_decide(proxy, NULL, 1), 0);
	CHECK_OK(dx_proxy_close_wait(proxy));
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(engines);
	RUN(addresses);
	RUN(sockets);
	RUN(joins);
	RUN(proxies);
	return test_end();
}
