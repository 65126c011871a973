/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file with-listeners.c
 * Runs a program that inherits listeners on free ports of 127.0.0.1 as descriptors 3, 4, …: HAProxy cannot pick a port
 * itself, and a port that is looked up first and bound later may be gone by then.
 *
 * usage: with-listeners COUNT PROGRAM [ARGUMENT…]
 * Prints the ports on one line, and becomes the program.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	uint16_t port;

	if (argc < 3)
		return fprintf(stderr, "usage: with-listeners COUNT PROGRAM [ARGUMENT...]\n"), 2;
	for (int i = 0; i < atoi(argv[1]); i++) {
		int fd = listen_loopback(&port);

		if (dup2(fd, 100 + i) == -1)
			die("dup2");
		close(fd);
		printf("%u ", port);
	}
	/* In a second step: 3 may have been in use. dup2 drops close-on-exec. */
	for (int i = 0; i < atoi(argv[1]); i++) {
		if (dup2(100 + i, 3 + i) == -1)
			die("dup2");
		close(100 + i);
	}
	printf("\n");
	fflush(stdout);
	execvp(argv[2], argv + 2);
	die(argv[2]);
}
