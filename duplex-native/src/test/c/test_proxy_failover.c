/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connect that fails goes on with another backend, and the backend's counters and state say so. When none answers,
 * the client is reset, the failure is counted, and told to those who subscribed (law 7: connect failed).
 */
#include "support_proxy.h"

#include <sys/socket.h>

/* Connect, and tell what comes: a name, 0 or a negative errno. */
static int visit(const struct front *front)
{
	int client = client_open(front);
	int answer = client_hello(client);
	if (answer > 0)
		client_finish(client);
	else
		peer_close(client);
	return answer;
}

static void the_next_backend_is_tried(void)
{
	dx_id engine = engine_open(2);
	struct server *server = server_open(WIRE_TCP4, 'B');
	struct dx_address dead;
	int hold = wire_refused(WIRE_TCP4, &dead);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, &dead);
	front_add(&front, server_address(server));
	front_start(&front);
	unsigned rounds = scaled(40);
	for (unsigned i = 0; i < rounds; i++)
		CHECK_EQ(visit(&front), 'B');
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, rounds);
	CHECK_EQ(info.connect_failed, 0);
	struct dx_backend_info backend = backend_info(&front, 0);
	CHECK_GE(backend.failed, 1);
	CHECK_LE(backend.failed, rounds);
	CHECK_EQ(backend.joined, 0);
	CHECK_EQ(backend.state, DX_BACKEND_FAILING);
	CHECK_EQ(backend.error, -ECONNREFUSED);
	backend = backend_info(&front, 1);
	CHECK_EQ(backend.failed, 0);
	CHECK_EQ(backend.joined, rounds);
	CHECK_EQ(backend.state, DX_BACKEND_UP);
	CHECK_EQ(backend.error, 0);

	/* it comes to life: it is used again, and its state tells */
	CHECK_SYS(listen(hold, 128));
	struct server *risen = server_on(hold, 'A');
	AWAIT(visit(&front) == 'A');
	await_quiet(&front);
	backend = backend_info(&front, 0);
	CHECK_GE(backend.joined, 1);
	CHECK_EQ(backend.state, DX_BACKEND_UP);
	CHECK_EQ(backend.error, 0);
	server_close(risen);
	server_close(server);
	engine_close(engine);
}

static void attempts_are_limited(void)
{
	dx_id engine = engine_open(1);
	struct server *server = server_open(WIRE_TCP4, 'B');
	struct dx_address dead;
	int hold = wire_refused(WIRE_TCP4, &dead);
	struct dx_proxy_options options = proxy_options(0);
	options.connect_attempts = 1;
	struct front front = front_open(engine, WIRE_TCP4, &options);
	front_add(&front, &dead);
	front_add(&front, server_address(server));
	front_start(&front);
	unsigned served = 0;
	for (unsigned i = 0; i < 10; i++)
		served += visit(&front) == 'B';
	CHECK_EQ(served, 5);
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.joined, 5);
	CHECK_EQ(info.connect_failed, 5);
	CHECK_EQ(backend_info(&front, 0).failed, 5);
	peer_close(hold);
	server_close(server);
	engine_close(engine);
}

static void none_answers(enum wire wire)
{
	enum { DEAD = 4 };
	dx_id engine = engine_open(1);
	struct dx_proxy_options options = proxy_options(DX_PROXY_JOIN_EVENTS);
	struct front front = front_open(engine, wire, &options);
	int hold[DEAD];
	struct dx_address dead;
	for (unsigned i = 0; i < DEAD; i++) {
		hold[i] = wire_refused(WIRE_TCP4, &dead);
		front_add(&front, &dead);
	}
	front_start(&front);
	unsigned rounds = scaled(20);
	for (unsigned i = 0; i < rounds; i++) {
		int answer = visit(&front);
		CHECK(answer == -ECONNRESET || (answer == 0 && wire == WIRE_UNIX));
		struct dx_event event = await_proxy_ended(&front);
		CHECK_EQ(event.reason, DX_REASON_CONNECT_FAILED);
		CHECK_EQ(event.result, -ECONNREFUSED);
		CHECK_EQ(event.a_to_b, 0);
		CHECK_EQ(event.b_to_a, 0);
		CHECK_NE(event.object, 0);
	}
	struct dx_proxy_info info = await_quiet(&front);
	CHECK_EQ(info.connect_failed, rounds);
	CHECK_EQ(info.joined, 0);
	uint64_t failed = 0;
	for (unsigned i = 0; i < DEAD; i++) {
		failed += backend_info(&front, i).failed;
		CHECK_EQ(backend_info(&front, i).state, DX_BACKEND_FAILING);
		peer_close(hold[i]);
	}
	CHECK_EQ(failed, 3 * rounds); /* the default for connect_attempts */
	CHECK_EQ(engine_info(engine).joins_active, 0);
	engine_close(engine);
}

static void when_none_answers_the_client_is_reset(void)
{
	none_answers(WIRE_TCP4);
}

static void when_none_answers_a_unix_client_reads_the_end(void)
{
	none_answers(WIRE_UNIX);
}

static void without_subscription_failures_are_only_counted(void)
{
	dx_id engine = engine_open(1);
	struct dx_address dead;
	int hold = wire_refused(WIRE_TCP4, &dead);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, &dead);
	front_start(&front);
	CHECK_EQ(visit(&front), -ECONNRESET);
	await_quiet(&front);
	CHECK_EQ(events_pending(engine, NULL, 0), 0);
	peer_close(hold);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(the_next_backend_is_tried);
	RUN(attempts_are_limited);
	RUN(when_none_answers_the_client_is_reset);
	RUN(when_none_answers_a_unix_client_reads_the_end);
	RUN(without_subscription_failures_are_only_counted);
	return test_end();
}
