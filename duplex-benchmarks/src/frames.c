/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket frames of a client, decoded: in memory, and on the way from a client to a backend.
 *
 *   frames memory SIZE SECONDS            the decoder alone, on a buffer of frames that is copied for each pass
 *   frames proxy                          a proxy with one worker; prints its port, reads the backend's port from its input
 *   frames load SIZE SECONDS              client and backend; prints the backend port, reads "PORT PID" of the proxy
 */
#include "codec/codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1u << 20) /* bytes of frames, at least one */

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Whole masked binary frames; *frames and the length are told. */
static uint8_t *make_frames(size_t size, size_t *length, size_t *frames)
{
	size_t head = size < 126 ? 6 : size < 65536 ? 8 : 14;
	*frames = BUFFER / (head + size) ? BUFFER / (head + size) : 1;
	*length = *frames * (head + size);
	uint8_t *buffer = malloc(*length), *at = buffer;
	if (!buffer)
		die("malloc");
	for (size_t i = 0; i < *frames; i++) {
		*at++ = 0x82;
		*at++ = (uint8_t)(0x80 | (size < 126 ? size : size < 65536 ? 126 : 127));
		if (size >= 126 && size < 65536) {
			*at++ = (uint8_t)(size >> 8);
			*at++ = (uint8_t)size;
		} else if (size >= 65536) {
			for (int shift = 56; shift >= 0; shift -= 8)
				*at++ = (uint8_t)((uint64_t)size >> shift);
		}
		for (int k = 0; k < 4; k++)
			*at++ = (uint8_t)(17 * k + i);
		memset(at, (int)i, size);
		at += size;
	}
	return buffer;
}

static void memory(size_t size, double duration)
{
	size_t length, frames;
	uint8_t *input = make_frames(size, &length, &frames), *work = malloc(length);
	struct dx_codec_options wanted = {.size = sizeof(wanted), .type = DX_CODEC_WEBSOCKET}, options;
	const struct dx_codec_ops *ops;
	if (!work || dx__codec_find(&wanted, &options, &ops))
		die("codec");
	void *decoder = calloc(1, ops->decoder_size);
	double begin = seconds(CLOCK_MONOTONIC), now;
	uint64_t messages = 0;
	do {
		memcpy(work, input, length);
		for (size_t at = 0; at < length;) {
			struct dx_piece piece = {0};
			size_t used = 0;
			if (ops->decode(decoder, &options, work + at, length - at, &used, &piece) != DX_DECODE_PIECE)
				abort();
			at += used;
			messages += (piece.flags & DX_PIECE_END) != 0;
		}
		now = seconds(CLOCK_MONOTONIC);
	} while (now - begin < duration);
	printf("%.0f\n", (double)messages / (now - begin));
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &length) == -1)
		die("getsockname");
	return ntohs(address.sin_port);
}

static void proxy(void)
{
	dx_id engine, proxy;
	struct dx_address address;
	unsigned backend;
	uint16_t port;
	struct dx_engine_options options = {.size = sizeof(options), .workers = 1};
	struct dx_proxy_options proxy_options = {.size = sizeof(proxy_options)};
	struct dx_codec_options codec = {.size = sizeof(codec), .type = DX_CODEC_WEBSOCKET};
	dx_address_parse("tcp://127.0.0.1:0", &address);
	if (dx_engine_open(&options, &engine) || dx_proxy_open(engine, &address, &proxy_options, &proxy)
			|| dx_proxy_codec(proxy, DX_SIDE_A, &codec) || scanf("%u", &backend) != 1)
		die("proxy");
	address.port = (uint16_t)backend;
	if (dx_proxy_backend(proxy, 0, &address, 1, 1) || dx_proxy_start_wait(proxy, &port))
		die("start");
	printf("%u\n", port);
	fflush(stdout);
	pause();
}

static _Atomic uint64_t received;

static void *receive(void *argument)
{
	int listener = *(int *)argument, fd = accept(listener, NULL, NULL);
	char *buffer = malloc(BUFFER);
	ssize_t n;
	while ((n = recv(fd, buffer, BUFFER, MSG_TRUNC)) > 0)
		atomic_fetch_add(&received, (uint64_t)n);
	return NULL;
}

static void *flood(void *argument)
{
	size_t length, frames;
	uint8_t *buffer = make_frames(((size_t *)argument)[0], &length, &frames);
	int fd = (int)((size_t *)argument)[1];
	for (size_t at = 0;; at %= length) {
		ssize_t n = send(fd, buffer + at, length - at, MSG_NOSIGNAL);
		if (n <= 0)
			return NULL;
		at += (size_t)n;
	}
}

/* The backend's port is told first; then the proxy's is read. */
static void load(size_t size, double duration)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pid;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned port;
	if (listener == -1 || bind(listener, (struct sockaddr *)&address, sizeof(address)) == -1 || listen(listener, 1) == -1)
		die("listen");
	printf("%u\n", port_of(listener));
	fflush(stdout);
	if (scanf("%u %d", &port, &pid) != 2)
		die("the proxy's port");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_port = htons((uint16_t)port);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		die("connect");
	pthread_t threads[2];
	size_t arguments[] = {size, (size_t)fd};
	pthread_create(&threads[0], NULL, receive, &listener);
	pthread_create(&threads[1], NULL, flood, arguments);
	clockid_t cpu;
	if (clock_getcpuclockid(pid, &cpu))
		die("clock_getcpuclockid");
	/* A JVM warms up meanwhile. */
	double warm = seconds(CLOCK_MONOTONIC) + duration;
	while (seconds(CLOCK_MONOTONIC) < warm)
		usleep(1000);
	uint64_t before = atomic_load(&received);
	double begin = seconds(CLOCK_MONOTONIC), cpu_before = seconds(cpu);
	while (seconds(CLOCK_MONOTONIC) - begin < duration)
		usleep(1000);
	double messages = (double)(atomic_load(&received) - before) / (double)size;
	double elapsed = seconds(CLOCK_MONOTONIC) - begin, used = seconds(cpu) - cpu_before;
	printf("%.0f %.0f\n", messages / elapsed, messages / used);
	exit(0);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "memory"))
		memory((size_t)atol(argv[2]), atof(argv[3]));
	else if (argc == 2 && !strcmp(argv[1], "proxy"))
		proxy();
	else if (argc == 4 && !strcmp(argv[1], "load"))
		load((size_t)atol(argv[2]), atof(argv[3]));
	else
		return 2;
	return 0;
}
