/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file gateway.c
 * The memory of idle WebSocket connections that are routed to a TCP backend.
 *
 * usage: gateway CONNECTIONS
 *
 * A child is the gateway: an engine with one worker, a proxy whose clients have the WebSocket codec, with pings. This process
 * is all clients and the backend. Each connection carries one message each way, and stays. Prints bytes of user space a
 * connection: what the gateway's proportional set size has grown by.
 */
#include "duplex.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM_UP 100

static void check(const char *what, int64_t result)
{
	if (result < 0) {
		fprintf(stderr, "gateway: %s: %s\n", what, strerror((int)-result));
		exit(1);
	}
}

static void check_call(const char *what, int result)
{
	if (result == -1) {
		perror(what);
		exit(1);
	}
}

/* The gateway's process: tells its port, and lives until it is killed. */
static void serve(int tell, uint16_t backend)
{
	struct dx_engine_options options = {.size = sizeof(options), .workers = 1};
	struct dx_codec_options codec = {.size = sizeof(codec), .type = DX_CODEC_WEBSOCKET, .ping_interval = 600000};
	struct dx_address listen, address;
	char text[64];
	dx_id engine, proxy;
	uint16_t port;

	check("dx_engine_open", dx_engine_open(&options, &engine));
	check("dx_address_parse", dx_address_parse("tcp://127.0.0.1:0", &listen));
	snprintf(text, sizeof(text), "tcp://127.0.0.1:%u", backend);
	check("dx_address_parse", dx_address_parse(text, &address));
	check("dx_proxy_open", dx_proxy_open(engine, &listen, NULL, &proxy));
	check("dx_proxy_codec", dx_proxy_codec(proxy, DX_SIDE_A, &codec));
	check("dx_proxy_backend", dx_proxy_backend(proxy, 0, &address, 1, 0));
	check("dx_proxy_start_wait", dx_proxy_start_wait(proxy, &port));
	if (write(tell, &port, sizeof(port)) != sizeof(port))
		exit(1);
	pause();
}

static uint16_t listen_any(int *listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	check_call("socket", *listener = socket(AF_INET, SOCK_STREAM, 0));
	check_call("bind", bind(*listener, (struct sockaddr *)&address, sizeof(address)));
	check_call("listen", listen(*listener, 1000));
	check_call("getsockname", getsockname(*listener, (struct sockaddr *)&address, &length));
	return ntohs(address.sin_port);
}

static void expect(int fd, const char *bytes, size_t length)
{
	char got[16];
	if (recv(fd, got, length, MSG_WAITALL) != (ssize_t)length || memcmp(got, bytes, length) != 0) {
		fprintf(stderr, "gateway: other bytes than were sent\n");
		exit(1);
	}
}

static void say(int fd, const char *bytes, size_t length)
{
	if (send(fd, bytes, length, 0) != (ssize_t)length) {
		perror("send");
		exit(1);
	}
}

static void connect_one(uint16_t port, int listener)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port),
	};
	int client, backend;
	check_call("socket", client = socket(AF_INET, SOCK_STREAM, 0));
	check_call("connect", connect(client, (struct sockaddr *)&address, sizeof(address)));
	check_call("accept", backend = accept(listener, NULL, NULL));
	say(client, "\x82\x82\0\0\0\0hi", 8);
	expect(backend, "hi", 2);
	say(backend, "ok", 2);
	expect(client, "\x82\x02ok", 4);
}

/* Bytes of user space that a process has. */
static long long proportional_set_size(pid_t pid)
{
	char path[64], line[256];
	long long kilobytes = -1;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *file = fopen(path, "r");
	while (file && kilobytes < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "Pss: %lld kB", &kilobytes);
	if (file)
		fclose(file);
	return kilobytes * 1024;
}

int main(int argc, char **argv)
{
	int connections = argc == 2 ? atoi(argv[1]) : 0, listener, told[2];
	struct rlimit limit;
	uint16_t port;
	if (connections < 1) {
		fprintf(stderr, "usage: gateway CONNECTIONS\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	uint16_t backend = listen_any(&listener);
	check_call("pipe", pipe(told));
	pid_t gateway = fork();
	check_call("fork", gateway);
	if (!gateway)
		serve(told[1], backend);
	close(told[1]);
	if (read(told[0], &port, sizeof(port)) != sizeof(port))
		return 1;
	for (int i = 0; i < WARM_UP; i++)
		connect_one(port, listener);
	long long before = proportional_set_size(gateway);
	for (int i = 0; i < connections; i++)
		connect_one(port, listener);
	long long after = proportional_set_size(gateway);
	printf("%d idle WebSocket connections: %.0f bytes each\n", connections, (double)(after - before) / connections);
	kill(gateway, SIGKILL);
	waitpid(gateway, NULL, 0);
	return (after - before) / connections <= 2048 ? 0 : 3;
}
