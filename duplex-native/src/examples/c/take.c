/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes connections over from another process, in C, and joins each with a backend. The other process listens on a unix
 * socket and passes them on: DuplexSocket.passTo(), or dx_pass_wait().
 *
 * gcc -o take take.c -I../../main/c -L../../../target/native -lduplex && LD_LIBRARY_PATH=../../../target/native ./take …
 */
#include "duplex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "take: %s: %s\n", what, strerror(-result));
	exit(1);
}

int main(int count, char **arguments)
{
	struct dx_address process, target;
	dx_id engine, carrier, client, backend, join;
	if (count != 3) {
		fprintf(stderr, "usage: take unix:///run/carrier tcp://127.0.0.1:6379\n");
		return 2;
	}
	require(dx_address_parse(arguments[1], &process), arguments[1]);
	require(dx_address_parse(arguments[2], &target), arguments[2]);
	require(dx_engine_open(NULL, &engine), "engine");
	require(dx_connect_wait(engine, &process, 1, NULL, &carrier), arguments[1]);
	for (;;) {
		int result = dx_take_wait(engine, carrier, -1, &client);
		if (result == -ENOTCONN) {
			printf("the other process has gone\n");
			return 0;
		}
		require(result, "take");
		result = dx_connect_wait(engine, &target, 1, NULL, &backend);
		if (!result)
			result = dx_join_wait(client, backend, NULL, &join);
		if (result) {
			fprintf(stderr, "take: %s: %s\n", arguments[2], strerror(-result));
			dx_close(client, DX_CLOSE_RESET, 0, 0);
		}
	}
}
