/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thousand connections that end in every way leave no descriptor and no memory behind, neither while the proxy runs
 * nor after the engine was closed. What the engine says it owns is what the process has open.
 */
#include "support_proxy.h"

static void visit(const struct front *front, unsigned way)
{
	int client = client_open(front);
	if (way % 8 == 0) { /* gone before or while it is joined */
		peer_reset(client);
		return;
	}
	CHECK_EQ(client_hello(client), 'A');
	struct flow echo = flow_new(client, client, way % 16 == 1 ? MIB : 500, way % 2);
	flows_run(&echo, 1);
	if (way % 8 == 2)
		peer_reset(client);
	else
		peer_close(client);
}

static void nothing_is_left_of_a_thousand_connections(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'A');
	struct dx_address dead;
	int hold = wire_refused(WIRE_TCP4, &dead);
	struct front front = front_of(engine, WIRE_TCP4, NULL, &server, 1);
	front_add(&front, &dead); /* connects that fail leave nothing either */
	unsigned process = count_descriptors();
	uint64_t owned = engine_info(engine).descriptors, resident = 0;
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < scaled(500); i++)
			visit(&front, i);
		await_quiet(&front);
		AWAIT(server_counts(server).connected == 0);
		AWAIT(engine_info(engine).sockets == 0); /* a reset may still wait for what was sent to arrive */
		struct dx_engine_info info = engine_info(engine);
		CHECK_EQ(info.joins_active, 0);
		CHECK_EQ(info.pipes_in_use, 0);
		AWAIT(engine_info(engine).descriptors == owned + 2 * info.pipes_pooled);
		AWAIT(count_descriptors() == process + 2 * info.pipes_pooled);
		if (round == 1)
			resident = resident_bytes();
	}
	if (!sanitized()) /* sanitizers keep freed memory for a while */
		CHECK_LE(resident_bytes(), resident + MIB);
	CHECK_OK(dx_proxy_close_wait(front.proxy));
	peer_close(hold);
	server_close(server);
	engine_close(engine); /* RUN checks that nothing is open now */
}

static void nothing_is_left_of_proxies(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_UNIX, 'A');
	unsigned process = count_descriptors();
	for (unsigned i = 0; i < scaled(200); i++) {
		struct front front = front_of(engine, (enum wire)(i % WIRES), NULL, &server, 1);
		int client = client_open(&front);
		if (i % 2)
			client_expect(&front, client, 'A');
		uint64_t token = token_new();
		CHECK_OK(dx_proxy_close(front.proxy, token));
		CHECK_LE(client_hello(client), i % 2 ? 0 : 'A');
		peer_close(client);
		await_success(engine, token);
	}
	AWAIT(server_counts(server).connected == 0);
	AWAIT(count_descriptors() == process);
	server_close(server);
	engine_close(engine);
}

int main(void)
{
	own_network();
	test_begin();
	RUN(nothing_is_left_of_a_thousand_connections);
	RUN(nothing_is_left_of_proxies);
	return test_end();
}
