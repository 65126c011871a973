/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An id that is stale, foreign, made up or of the wrong kind gets an error on every function, from any thread, while
 * objects come and go: never a crash, never somebody else's object. (Law 2.)
 */
#include "support.h"

#include <stdatomic.h>
#include <string.h>

/* What a function wants an id of. */
enum kind {
	ENGINE,
	SOCKET,
	JOIN,
	PROXY,
	CONNECTION,
	KINDS,
};

static struct dx_address somewhere = { .family = DX_FAMILY_IPV4, .port = 9, .ip = { 127, 0, 0, 1 } };

/* Every function that takes an id, with arguments that are fine otherwise. */
static int64_t call(unsigned function, dx_id id, enum kind *kind)
{
	uint8_t data[16] = { 0 };
	dx_id out;
	uint16_t port;
	uint64_t next;
	struct dx_event event;
	static struct dx_join_info rows[8]; /* borrowed by commands that should never begin */
	struct dx_engine_info engine_info = { .size = sizeof(engine_info) };
	struct dx_socket_info socket_info = { .size = sizeof(socket_info) };
	struct dx_proxy_options proxy_options = { .size = sizeof(proxy_options) };
	struct dx_proxy_info proxy_info = { .size = sizeof(proxy_info) };
	struct dx_backend_info backend_info = { .size = sizeof(backend_info) };
	switch (function) {
	case 0: *kind = ENGINE; return dx_engine_stop(id);
	case 1: *kind = ENGINE; return dx_engine_close(id);
	case 2: *kind = ENGINE; return dx_engine_info(id, &engine_info);
	case 3: *kind = ENGINE; return dx_events_wait(id, &event, 1, 0);
	case 4: *kind = ENGINE; return dx_adopt(id, 0, NULL, 0, &out);
	case 5: *kind = ENGINE; return dx_connect(id, &somewhere, 1, within(100), 1, &out);
	case 6: *kind = ENGINE; return dx_connect_wait(id, &somewhere, 1, within(100), &out);
	case 7: *kind = ENGINE; return dx_listen(id, &somewhere, 0, &out);
	case 8: *kind = SOCKET; return dx_accept(id, &out);
	case 9: *kind = SOCKET; return dx_accept_wait(id, 0, &out);
	case 10: *kind = SOCKET; return dx_recv(id, data, sizeof(data));
	case 11: *kind = SOCKET; return dx_recv_wait(id, data, sizeof(data), 0);
	case 12: *kind = SOCKET; return dx_recv_queued(id, data, sizeof(data));
	case 13: *kind = SOCKET; return dx_send(id, data, sizeof(data));
	case 14: *kind = SOCKET; return dx_send_wait(id, data, sizeof(data), 0);
	case 15: *kind = SOCKET; return dx_arm(id, DX_READABLE);
	case 16: *kind = SOCKET; return dx_shutdown(id, 1);
	case 17: *kind = SOCKET; return dx_shutdown_wait(id);
	case 18: *kind = SOCKET; return dx_close(id, 0, 10, 1);
	case 19: *kind = SOCKET; return dx_close_wait(id, 0, 10);
	case 20: *kind = SOCKET; return dx_release(id, 10, 1);
	case 21: *kind = SOCKET; return dx_release_wait(id, 10);
	case 22: *kind = SOCKET; return dx_socket_info(id, &socket_info);
	case 23: *kind = SOCKET; return dx_join(id, id ^ 1, NULL, 1, &out);
	case 24: *kind = SOCKET; return dx_join_wait(id, id ^ 1, NULL, &out);
	case 25: *kind = JOIN; return dx_unjoin(id, 1);
	case 26: *kind = JOIN; return dx_unjoin_wait(id, NULL);
	case 27: *kind = JOIN; return dx_join_close(id, 1);
	case 28: *kind = JOIN; return dx_join_close_wait(id);
	case 29: *kind = ENGINE; return dx_joins(id, 0, 0, rows, 8, 1);
	case 30: *kind = ENGINE; return dx_joins_wait(id, 0, 0, rows, 8, &next);
	case 31: *kind = JOIN; return dx_join_info(id, rows, 1);
	case 32: *kind = JOIN; return dx_join_info_wait(id, rows);
	case 33: *kind = ENGINE; return dx_proxy_open(id, &somewhere, &proxy_options, &out);
	case 34: *kind = PROXY; return dx_proxy_backend(id, 0, &somewhere, 1, 1);
	case 35: *kind = PROXY; return dx_proxy_start(id, 1);
	case 36: *kind = PROXY; return dx_proxy_start_wait(id, &port);
	case 37: *kind = PROXY; return dx_proxy_stop(id, 1);
	case 38: *kind = PROXY; return dx_proxy_stop_wait(id);
	case 39: *kind = PROXY; return dx_proxy_drain(id, 0, 1);
	case 40: *kind = PROXY; return dx_proxy_drain_wait(id, 0);
	case 41: *kind = PROXY; return dx_proxy_close(id, 1);
	case 42: *kind = PROXY; return dx_proxy_close_wait(id);
	case 43: *kind = CONNECTION; return dx_proxy_decide(id, &somewhere, 1);
	case 44: *kind = CONNECTION; return dx_proxy_refuse(id, DX_REFUSED_BY_ROUTER);
	case 45: *kind = PROXY; return dx_proxy_info(id, &proxy_info);
	case 46: *kind = PROXY; return dx_proxy_backend_info(id, 0, &backend_info);
	case 47: *kind = SOCKET; return dx_unrecv(id, data, sizeof(data));
	case 48: *kind = SOCKET; return dx_peek(id, 0, data, sizeof(data));
	case 49: *kind = SOCKET; return dx_peek_wait(id, 0, data, sizeof(data), 0);
	default: return 1;
	}
}

static void refused(unsigned function, dx_id id)
{
	enum kind kind;
	int64_t result = call(function, id, &kind);
	if (result != -ENOENT && result != -EBADF && result != -EXDEV)
		FAIL("function %u with id %llx returned %lld", function, (unsigned long long)id, (long long)result);
}

static void refused_by_all(dx_id id)
{
	enum kind kind;
	for (unsigned function = 0; function < 50; function++)
		refused(function, id);
	CHECK_EQ(call(50, id, &kind), 1);
}

static void made_up_ids_are_refused(void)
{
	struct rng rng;
	rng_init(&rng, 1);
	dx_id engine = engine_open(1);
	refused_by_all(0);
	refused_by_all(UINT64_MAX);
	refused_by_all((uint64_t)INT64_MAX);
	refused_by_all((uint64_t)INT64_MIN);
	for (uint64_t i = 1; i < 100; i++) {
		if (i != engine)
			refused_by_all(i);
	}
	for (unsigned i = 0; i < scaled(2000); i++) {
		uint64_t id = rng_next(&rng) >> rng_below(&rng, 64);
		if (id != engine)
			refused_by_all(id);
	}
	CHECK_EQ(engine_info(engine).sockets, 0);
	engine_close(engine);
}

/* Every single bit of a real id matters: a changed one is another object or none, and never read as this one. */
static void nearly_right_ids_are_refused(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	dx_id real[] = { engine, bridge.join, bridge.a.socket, bridge.b.socket };
	for (unsigned i = 0; i < 4; i++) {
		CHECK_GT((int64_t)real[i], 0);
		for (unsigned bits = 0; bits < 64 * 64; bits++) {
			dx_id id = real[i] ^ (1ull << bits % 64) ^ (1ull << bits / 64);
			bool known = id == real[i];
			for (unsigned j = 0; j < 4; j++)
				known |= id == real[j] || (id ^ 1) == real[j]; /* dx_join() is called with both */
			if (!known)
				refused_by_all(id);
		}
	}
	struct flow flow = flow_new(bridge.a.peer, bridge.b.peer, 10000, true); /* nobody was harmed */
	flows_run(&flow, 1);
	bridge_close(&bridge);
	engine_close(engine);
}

static void stale_ids_stay_stale(void)
{
	enum { LIVES = 200 };
	dx_id engine = engine_open(1), first = engine_open(1), sockets[LIVES], joins[LIVES];
	struct line partner = line_open(engine, WIRE_UNIX, 0);
	for (unsigned i = 0; i < LIVES; i++) { /* each takes the place of the one before */
		struct line line = line_open(engine, WIRE_UNIX, 0);
		sockets[i] = line.socket;
		CHECK_OK(dx_join_wait(line.socket, partner.socket, NULL, &joins[i]));
		CHECK_OK(dx_unjoin_wait(joins[i], NULL));
		line_close(&line);
	}
	struct bridge alive = bridge_open(engine, WIRE_UNIX, WIRE_UNIX, 0, NULL);
	for (unsigned i = 0; i < LIVES; i++) {
		CHECK(sockets[i] != alive.a.socket && sockets[i] != alive.b.socket && joins[i] != alive.join);
		for (unsigned j = 0; j < i; j++)
			CHECK(sockets[i] != sockets[j] && joins[i] != joins[j]);
		refused_by_all(sockets[i]);
		refused_by_all(joins[i]);
	}
	engine_close(first);
	refused_by_all(first);
	dx_id second = engine_open(1);
	CHECK(second != first);
	refused_by_all(first);
	engine_close(second);
	struct flow flow = flow_new(alive.a.peer, alive.b.peer, 10000, true);
	flows_run(&flow, 1);
	bridge_close(&alive);
	line_close(&partner);
	engine_close(engine);
}

static void ids_of_another_kind_are_told_apart(void)
{
	dx_id engine = engine_open(1), proxy;
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct dx_proxy_options options = { .size = sizeof(options) };
	struct dx_address anywhere = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	CHECK_OK(dx_proxy_open(engine, &anywhere, &options, &proxy));
	dx_id ids[] = { engine, bridge.a.socket, bridge.join, proxy };
	for (unsigned function = 0; function < 50; function++) {
		for (enum kind kind = ENGINE; kind <= PROXY; kind++) {
			enum kind wanted;
			call(function, 0, &wanted);
			if (kind == wanted)
				continue;
			/* a decided connection is numbered as a join, and a plain join is none that awaits a decision */
			int64_t result = call(function, ids[kind], &wanted);
			if (wanted == CONNECTION && kind == JOIN)
				CHECK(result == -EOPNOTSUPP);
			else if (result != -EBADF)
				FAIL("function %u wants kind %u, got %u, returned %lld", function, wanted, kind, (long long)result);
		}
	}
	/* in the second place, too */
	dx_id out;
	struct line line = line_open(engine, WIRE_UNIX, 0);
	CHECK_EQ(dx_join_wait(line.socket, bridge.join, NULL, &out), -EBADF);
	CHECK_EQ(dx_join_wait(line.socket, engine, NULL, &out), -EBADF);
	CHECK_EQ(dx_join_wait(line.socket, line.socket ^ (1ull << 20), NULL, &out), -ENOENT);
	struct dx_join_info rows[1];
	CHECK_EQ(dx_joins_wait(engine, line.socket, 0, rows, 1, &out), -EBADF);
	line_close(&line);
	CHECK_OK(dx_proxy_close_wait(proxy));
	bridge_close(&bridge);
	engine_close(engine);
}

static void ids_of_another_engine_are_told_apart(void)
{
	dx_id engine = engine_open(1), other = engine_open(1), proxy, out;
	struct line here = line_open(engine, WIRE_TCP4, 0), there = line_open(other, WIRE_TCP4, 0);
	struct dx_proxy_options options = { .size = sizeof(options) };
	struct dx_join_info rows[1];
	struct dx_address anywhere = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	CHECK_OK(dx_proxy_open(other, &anywhere, &options, &proxy));
	CHECK_EQ(dx_join_wait(here.socket, there.socket, NULL, &out), -EXDEV);
	CHECK_EQ(dx_join_wait(there.socket, here.socket, NULL, &out), -EXDEV);
	CHECK_EQ(dx_joins_wait(engine, proxy, 0, rows, 1, &out), -EXDEV);
	CHECK_OK(dx_proxy_close_wait(proxy));
	line_close(&here);
	line_close(&there);
	engine_close(engine);
	engine_close(other);
}

static void an_id_tells_its_engine(void)
{
	dx_id engine = engine_open(1), other = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	struct line line = line_open(other, WIRE_TCP4, 0);
	CHECK_EQ(dx_engine_of(0), 0);
	CHECK_EQ(dx_engine_of(engine), engine);
	CHECK_EQ(dx_engine_of(bridge.join), engine);
	CHECK_EQ(dx_engine_of(bridge.a.socket), engine);
	CHECK_EQ(dx_engine_of(line.socket), other);
	bridge_close(&bridge);
	CHECK_EQ(dx_engine_of(bridge.join), engine); /* by the id alone */
	line_close(&line);
	engine_close(engine);
	engine_close(other);
}

static atomic_bool over;
static dx_id churned;
static _Atomic dx_id seen[64]; /* ids that lived a moment ago, or still do */

static void *churn(void *argument)
{
	unsigned place = (unsigned)(uintptr_t)argument;
	for (unsigned i = 0; !atomic_load(&over); i++) {
		struct bridge bridge = bridge_open(churned, WIRE_UNIX, WIRE_UNIX, 0, NULL);
		bridge_close(&bridge);
		atomic_store(&seen[(place + 8 * i) % 64], bridge.a.socket); /* certainly stale */
		atomic_store(&seen[(place + 4 + 8 * i) % 64], bridge.join);
	}
	return NULL;
}

static void *probe(void *argument)
{
	struct rng rng;
	rng_init(&rng, (uintptr_t)argument);
	while (!atomic_load(&over)) {
		dx_id id = atomic_load(&seen[rng_below(&rng, 64)]);
		refused((unsigned)rng_below(&rng, 47), rng_below(&rng, 3) ? id : rng_next(&rng));
	}
	return NULL;
}

static void many_threads_with_stale_ids_hit_nobody(void)
{
	pthread_t threads[8];
	churned = engine_open(2);
	memset(seen, 0, sizeof(seen));
	atomic_store(&over, false);
	for (uintptr_t i = 0; i < 8; i++)
		threads[i] = thread_start(i < 4 ? churn : probe, (void *)i);
	struct bridge bridge = bridge_open(churned, WIRE_TCP4, WIRE_TCP4, 0, NULL);
	for (unsigned i = 0; i < scaled(40); i++) {
		struct flow flows[2] = {
			flow_new(bridge.a.peer, bridge.b.peer, MIB, false),
			flow_new(bridge.b.peer, bridge.a.peer, MIB, false),
		};
		flows_run(flows, 2);
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i < 8; i++)
		thread_join(threads[i]);
	CHECK_EQ(join_info(bridge.join).a_to_b, scaled(40) * (uint64_t)MIB);
	bridge_close(&bridge);
	engine_close(churned);
}

int main(void)
{
	test_begin();
	RUN(made_up_ids_are_refused);
	RUN(nearly_right_ids_are_refused);
	RUN(stale_ids_stay_stale);
	RUN(ids_of_another_kind_are_told_apart);
	RUN(ids_of_another_engine_are_told_apart);
	RUN(an_id_tells_its_engine);
	RUN(many_threads_with_stale_ids_hit_nobody);
	return test_end();
}
