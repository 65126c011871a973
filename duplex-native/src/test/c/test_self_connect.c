/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connect to a local port on which nobody listens can connect to itself, when the kernel happens to pick that very
 * port for it. Who retries long enough will see it: a client that gets its own bytes back, and a port that the real
 * server cannot bind any more. It counts as refused.
 */
#include "support_proxy.h"

static void nobody_is_refused_however_often_one_tries(void)
{
	dx_id engine = engine_open(1), socket = 0, listener;
	struct dx_address address;
	CHECK_OK(dx_address_parse("tcp://127.0.0.1:40000", &address));
	/* more than there are ephemeral ports of the same parity, which the kernel goes through one after the other */
	for (unsigned i = 0; i < 15000; i++)
		CHECK_EQ(dx_connect_wait(engine, &address, 1, 5000, &socket), -ECONNREFUSED);
	CHECK_EQ(engine_info(engine).sockets, 0);
	CHECK_OK(dx_listen(engine, &address, 0, &listener));
	CHECK_OK(dx_connect_wait(engine, &address, 1, 5000, &socket));
	CHECK_OK(dx_close_wait(socket, DX_CLOSE_RESET, 0));
	CHECK_OK(dx_close_wait(listener, 0, 0));
	engine_close(engine);
}

int main(void)
{
	bool alone = own_network(); /* the port is nobody else's */
	test_begin();
	if (alone)
		RUN(nobody_is_refused_however_often_one_tries);
	return test_end();
}
