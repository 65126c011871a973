/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream to several sinks, over TCP on loopback: by the engine, or by a plain loop that reads once and sends to each.
 *
 * usage: fan duplex|plain MEBIBYTES SINKS [stalled]
 *
 * The feeder and the readers are processes of their own, so that the CPU seconds that are printed are those of the copying
 * alone. Every reader checks what it gets. With `stalled`, one more sink reads nothing: it is lossy, and must not hold the
 * others back nor memory.
 */
#include "duplex.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_SINKS 64
#define BLOCK 65536
#define PLAIN_BLOCK 131072

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(1);
}

/* A connected pair. */
static void tcp_pair(int pair[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(listener != -1 && !bind(listener, (struct sockaddr *)&address, length) && !listen(listener, 1), "listen");
	require(!getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(pair[0] != -1 && !connect(pair[0], (struct sockaddr *)&address, length), "connect");
	pair[1] = accept(listener, NULL, NULL);
	require(pair[1] != -1, "accept");
	close(listener);
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill(uint64_t *block, uint64_t *state)
{
	for (size_t i = 0; i < BLOCK / sizeof(*block); i++)
		block[i] = next(state);
}

static void feed(int fd, uint64_t bytes, int start)
{
	/* A sink gets what comes after it was joined: nothing may come before all are. */
	char ignored;
	require(read(start, &ignored, 1) == 0, "start");
	static uint64_t block[BLOCK / sizeof(uint64_t)];
	uint64_t state = 1;
	for (; bytes; bytes -= BLOCK) {
		fill(block, &state);
		for (size_t sent = 0; sent < BLOCK; ) {
			ssize_t n = send(fd, (char *)block + sent, BLOCK - sent, MSG_NOSIGNAL);
			require(n > 0, "send");
			sent += (size_t)n;
		}
	}
}

struct reader {
	pthread_t thread;
	int fd;
	uint64_t bytes;
};

static void *read_all(void *argument)
{
	struct reader *reader = argument;
	uint64_t *got = malloc(BLOCK), *expected = malloc(BLOCK), state = 1;
	for (uint64_t left = reader->bytes; left; left -= BLOCK) {
		require(recv(reader->fd, got, BLOCK, MSG_WAITALL) == BLOCK, "recv");
		fill(expected, &state);
		if (memcmp(got, expected, BLOCK)) {
			fprintf(stderr, "fan: a sink got other bytes than were sent\n");
			exit(1);
		}
	}
	require(recv(reader->fd, got, 1, 0) == 0, "the end");
	return NULL;
}

static void read_everything(int (*pairs)[2], int sinks, uint64_t bytes)
{
	static struct reader readers[MOST_SINKS];
	for (int i = 0; i < sinks; i++) {
		readers[i].fd = pairs[i][0];
		readers[i].bytes = bytes;
		require(!pthread_create(&readers[i].thread, NULL, read_all, &readers[i]), "pthread_create");
	}
	for (int i = 0; i < sinks; i++)
		pthread_join(readers[i].thread, NULL);
}

static void fan_plain(int source, int (*pairs)[2], int sinks, int start)
{
	close(start);
	static char block[PLAIN_BLOCK];
	ssize_t n;
	while ((n = recv(source, block, sizeof(block), 0)) > 0) {
		for (int i = 0; i < sinks; i++) {
			for (ssize_t sent = 0; sent < n; ) {
				ssize_t took = send(pairs[i][1], block + sent, (size_t)(n - sent), MSG_NOSIGNAL);
				require(took > 0, "send");
				sent += took;
			}
		}
	}
	for (int i = 0; i < sinks; i++)
		shutdown(pairs[i][1], SHUT_WR);
}

static void succeed(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "fan: %s: %s\n", what, strerror(-rc));
	exit(1);
}

static void fan_duplex(int source, int (*pairs)[2], int sinks, bool stalled, int start)
{
	struct dx_engine_options engine_options = {.size = sizeof(engine_options), .workers = 1};
	struct dx_join_options options = {.size = sizeof(options), .flags = DX_JOIN_HALF_DUPLEX};
	dx_id engine, from, to, join;
	int ended = 0;
	succeed(dx_engine_open(&engine_options, &engine), "open");
	succeed(dx_adopt(engine, source, NULL, 0, &from), "adopt");
	for (int i = 0; i < sinks + stalled; i++) {
		succeed(dx_adopt(engine, pairs[i][1], NULL, 0, &to), "adopt");
		options.flags = i < sinks ? DX_JOIN_HALF_DUPLEX : DX_JOIN_HALF_DUPLEX | DX_JOIN_LOSSY;
		succeed(dx_join_wait(from, to, &options, &join), "join");
	}
	close(start);
	while (ended < sinks + stalled) {
		struct dx_event event;
		succeed(dx_events_wait(engine, &event, 1, -1), "events");
		if (event.type != DX_EVENT_JOIN_ENDED)
			continue;
		ended++;
		if (event.reason == DX_REASON_BEHIND)
			printf("the stalled sink was dropped after %lu bytes\n", (unsigned long)event.a_to_b);
	}
	dx_engine_close(engine);
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

int main(int count, char **arguments)
{
	if (count < 4 || atoi(arguments[2]) < 1 || atoi(arguments[3]) < 1 || atoi(arguments[3]) >= MOST_SINKS) {
		fprintf(stderr, "usage: fan duplex|plain MEBIBYTES SINKS [stalled]\n");
		return 2;
	}
	bool plain = !strcmp(arguments[1], "plain"), stalled = count > 4;
	uint64_t bytes = (uint64_t)atoi(arguments[2]) << 20;
	int sinks = atoi(arguments[3]), source[2], pairs[MOST_SINKS][2];
	tcp_pair(source);
	for (int i = 0; i < sinks + stalled; i++)
		tcp_pair(pairs[i]);
	int start[2];
	require(!pipe(start), "pipe");
	pid_t feeder = fork();
	if (!feeder) {
		close(start[1]);
		feed(source[0], bytes, start[0]);
		_exit(0);
	}
	pid_t readers = fork();
	if (!readers) {
		close(source[0]);
		close(start[1]);
		for (int i = 0; i < sinks; i++)
			close(pairs[i][1]);
		read_everything(pairs, sinks, bytes);
		_exit(0);
	}
	close(source[0]);
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (plain)
		fan_plain(source[1], pairs, sinks, start[1]);
	else
		fan_duplex(source[1], pairs, sinks, stalled, start[1]);
	int feeder_status, reader_status;
	waitpid(feeder, &feeder_status, 0);
	waitpid(readers, &reader_status, 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("%s: %d MiB to %d sinks in %.2f s, %.2f s of CPU, %ld KiB resident at most, %s\n", arguments[1],
			(int)(bytes >> 20), sinks,
			(double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9,
			seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss,
			feeder_status || reader_status ? "FAILED" : "all bytes equal");
	return feeder_status || reader_status;
}
