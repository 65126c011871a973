/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file duplex-proxy.c
 * The smallest host of libduplex: native proxies from the command line.
 *
 * usage: duplex-proxy WORKERS (LISTEN BACKEND[,BACKEND…])…
 * example: duplex-proxy 1 tcp://127.0.0.1:0 tcp://10.0.0.5:6379,tcp://10.0.0.6:6379
 *
 * Prints the port of each proxy on a line, and runs until SIGTERM or SIGINT.
 */
#include "duplex.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exit with the name of the failed call, unless result is a success. */
static void check(const char *what, int64_t result)
{
	if (result < 0) {
		fprintf(stderr, "duplex-proxy: %s: %s\n", what, strerror((int)-result));
		exit(1);
	}
}

/* backends: a list with commas, which is taken apart. @return the bound port */
static uint16_t start(dx_id engine, const char *listen, char *backends)
{
	struct dx_address address;
	char *rest = NULL;
	uint32_t index = 0;
	uint16_t port;
	dx_id proxy;

	check(listen, dx_address_parse(listen, &address));
	check("dx_proxy_open", dx_proxy_open(engine, &address, NULL, &proxy));
	for (char *text = strtok_r(backends, ",", &rest); text != NULL; text = strtok_r(NULL, ",", &rest)) {
		check(text, dx_address_parse(text, &address));
		check(text, dx_proxy_backend(proxy, index++, &address, 1, 0));
	}
	check(listen, dx_proxy_start_wait(proxy, &port));
	return port;
}

int main(int argc, char **argv)
{
	struct dx_engine_options options = { .size = sizeof(options) };
	sigset_t signals;
	dx_id engine;
	int number;

	if (argc < 4 || argc % 2 != 0) {
		fprintf(stderr, "usage: duplex-proxy WORKERS (LISTEN BACKEND[,BACKEND...])...\n");
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	options.workers = (uint32_t)atoi(argv[1]);
	check("dx_engine_open", dx_engine_open(&options, &engine));
	for (int i = 2; i < argc; i += 2)
		printf("%u\n", start(engine, argv[i], argv[i + 1]));
	fflush(stdout);
	sigwait(&signals, &number);
	return dx_engine_close(engine) == 0 ? 0 : 1;
}
