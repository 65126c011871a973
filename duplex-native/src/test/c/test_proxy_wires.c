/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxies over IPv4, IPv6 and unix sockets, any mix: every byte arrives both ways, half-closed connections go on
 * working, and both addresses are told.
 */
#include "support_proxy.h"

#include <string.h>
#include <unistd.h>

struct pair {
	int client;
	int backend;
};

static struct pair connect_through(const struct front *front, int listener)
{
	struct pair pair = { .client = client_open(front) };
	pair.backend = wire_accept(listener);
	return pair;
}

static struct dx_join_info only_join(const struct front *front)
{
	struct dx_join_info row[2] = { { .size = 0 } };
	uint64_t next = 0;
	AWAIT(proxy_info(front).joined == proxy_info(front).accepted);
	CHECK_EQ(dx_joins_wait(front->engine, front->proxy, 0, row, 2, &next), 1);
	return row[0];
}

static void mix(enum wire outer, enum wire inner)
{
	test_note("%s to %s", wire_name(outer), wire_name(inner));
	dx_id engine = engine_open(2);
	struct dx_address address;
	int listener = wire_listen(inner, 16, &address);
	struct front front = front_open(engine, outer, NULL);
	front_add(&front, &address);
	front_start(&front);

	struct pair pair = connect_through(&front, listener);
	struct dx_join_info row = only_join(&front);
	CHECK_EQ(row.proxy, front.proxy);
	CHECK_EQ(row.backend, 0);
	CHECK_EQ(row.b_peer.family, address.family);
	CHECK_EQ(row.b_peer.port, address.port);
	CHECK_EQ(memcmp(row.b_peer.ip, address.ip, sizeof(address.ip)), 0);
	CHECK_EQ(row.a_peer.family, front.address.family);
	if (outer != WIRE_UNIX)
		CHECK_EQ(row.a_peer.port, wire_address(pair.client).port);

	uint64_t total = (uint64_t)scaled(4) * MIB + 1;
	struct flow both[2] = {
		flow_new(pair.client, pair.backend, total, true),
		flow_new(pair.backend, pair.client, total, true),
	};
	flows_run(both, 2);
	peer_close(pair.client);
	peer_close(pair.backend);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.bytes_from_client, total);
	CHECK_EQ(info.bytes_from_backend, total);

	/* request and end, then a reply: the client's end must not end the reply */
	pair = connect_through(&front, listener);
	struct flow request = flow_new(pair.client, pair.backend, 300000, true);
	flows_run(&request, 1);
	AWAIT(only_join(&front).state == DX_JOIN_HALF_CLOSED);
	struct flow reply = flow_new(pair.backend, pair.client, 3000000, true);
	flows_run(&reply, 1);
	peer_close(pair.client);
	peer_close(pair.backend);
	await_quiet(&front);
	peer_close(listener);
	engine_close(engine);
}

static void every_mix_carries_all_bytes_and_ends(void)
{
	for (enum wire outer = 0; outer < WIRES; outer++)
		for (enum wire inner = 0; inner < WIRES; inner++)
			mix(outer, inner);
}

static void a_request_before_the_backend_answers_is_delivered(void)
{
	/* accepted by the kernel alone: the client may send and end before the backend knows of it */
	dx_id engine = engine_open(2);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 64, &address);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, &address);
	front_start(&front);
	for (unsigned i = 0; i < scaled(200); i++) {
		int client = client_open(&front);
		struct stream sent = stream_new(), received = sent;
		peer_send(client, &sent, 100);
		peer_shut(client);
		int backend = wire_accept(listener);
		CHECK_EQ(peer_recv_to_end(backend, &received), 100);
		struct stream reply = stream_new(), heard = reply;
		peer_send(backend, &reply, 5000);
		peer_close(backend);
		CHECK_EQ(peer_recv_to_end(client, &heard), 5000);
		peer_close(client);
	}
	CHECK_EQ(await_quiet(&front).client_gone, 0);
	peer_close(listener);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(every_mix_carries_all_bytes_and_ends);
	RUN(a_request_before_the_backend_answers_is_delivered);
	return test_end();
}
