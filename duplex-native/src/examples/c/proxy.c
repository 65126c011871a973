/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proxy, in C: accept, connect, join.
 *
 * gcc -o proxy proxy.c -I../../main/c -L../../../target/native -lduplex && LD_LIBRARY_PATH=../../../target/native ./proxy …
 */
#include "duplex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "proxy: %s: %s\n", what, strerror(-result));
	exit(1);
}

int main(int count, char **arguments)
{
	struct dx_address listen, target;
	struct dx_socket_info info = {.size = sizeof(info)};
	char text[DX_ADDRESS_TEXT];
	dx_id engine, listener, client, backend, join;
	if (count != 3) {
		fprintf(stderr, "usage: proxy tcp://127.0.0.1:5000 tcp://127.0.0.1:6379\n");
		return 2;
	}
	require(dx_address_parse(arguments[1], &listen), arguments[1]);
	require(dx_address_parse(arguments[2], &target), arguments[2]);
	require(dx_engine_open(NULL, &engine), "engine");
	require(dx_listen(engine, &listen, 0, &listener), arguments[1]);
	require(dx_socket_info(listener, &info), arguments[1]);
	require(dx_address_format(&info.local, text, sizeof(text)), arguments[1]);
	printf("listening on %s\n", text);
	fflush(stdout);
	for (;;) {
		require(dx_accept_wait(listener, -1, &client), "accept");
		int result = dx_connect_wait(engine, &target, 1, NULL, &backend);
		if (!result)
			result = dx_join_wait(client, backend, NULL, &join);
		if (result) {
			fprintf(stderr, "proxy: %s: %s\n", arguments[2], strerror(-result));
			dx_close(client, DX_CLOSE_RESET, 0, 0);
		}
	}
}
