/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file load.c
 * The client side of every measurement: one thread, one epoll.
 *
 * usage: load bulk|pingpong|rate|reset|idle PORT CONNECTIONS SECONDS COUNTERS PID
 *
 *   bulk      every connection sends as fast as it can; what counts is what the sink has received
 *   pingpong  every connection sends 64 bytes, waits for their echo, sends again
 *   rate      every slot connects, plays one ping-pong, closes, and connects again
 *   reset     the same, but closes by a reset (SO_LINGER 0)
 *   idle      opens the connections, one ping-pong each, and reads the process's memory before and after
 *
 * PORT is of 127.0.0.1; PID is the proxy's, 0 for none. A measurement begins after a warm-up of a quarter of SECONDS.
 * Prints three numbers: units a second (bytes, round trips or connections), CPU seconds of PID during that time, units.
 * For idle: bytes a connection of proportional set size, 0, connections.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE 64
#define BULK (256 << 10)

enum mode { MODE_BULK, MODE_PINGPONG, MODE_RATE, MODE_RESET, MODE_IDLE };

/* A reading of everything that is measured. */
struct sample {
	double time;    /* seconds */
	double cpu;     /* seconds of the proxy */
	uint64_t units;
};

struct slot {
	int fd;
	size_t received; /* bytes of the present echo */
};

static const char *mode_names[] = { "bulk", "pingpong", "rate", "reset", "idle" };
static char buffer[BULK];
static enum mode mode;
static uint16_t port;
static struct counters *counters;
static clockid_t proxy_clock;
static pid_t proxy;
static int epoll;
static struct slot *slots;
static uint64_t done; /* round trips, or connections */

static struct sample read_sample(void)
{
	struct timespec cpu = { 0 };

	if (proxy && clock_gettime(proxy_clock, &cpu) == -1)
		die("the proxy's CPU clock");
	return (struct sample) {
		.time = now(),
		.cpu = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9,
		.units = mode == MODE_BULK ? atomic_load_explicit(&counters->sunk, memory_order_relaxed) : done,
	};
}

static void watch(uint32_t index, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = index };

	if (epoll_ctl(epoll, operation, slots[index].fd, &event) == -1)
		die("epoll_ctl");
}

static void send_message(uint32_t index)
{
	if (send(slots[index].fd, buffer, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
		die("send");
}

/* Connect a slot. On loopback that is mostly done when connect() returns, and the first message can go at once. */
static void open_slot(uint32_t index)
{
	slots[index].fd = connect_loopback(port);
	slots[index].received = 0;
	if (mode != MODE_BULK && send(slots[index].fd, buffer, MESSAGE, MSG_NOSIGNAL) == MESSAGE)
		watch(index, EPOLL_CTL_ADD, EPOLLIN);
	else
		watch(index, EPOLL_CTL_ADD, EPOLLOUT);
}

static void close_slot(uint32_t index)
{
	if (mode == MODE_RESET) {
		struct linger linger = { .l_onoff = 1 };

		setsockopt(slots[index].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	}
	close(slots[index].fd);
}

/* Connected, or room for more bulk. */
static void on_writable(uint32_t index)
{
	if (mode == MODE_BULK) {
		if (send(slots[index].fd, buffer, BULK, MSG_NOSIGNAL) == -1 && errno != EAGAIN)
			die("send");
		return;
	}
	send_message(index);
	watch(index, EPOLL_CTL_MOD, EPOLLIN);
}

static void on_readable(uint32_t index)
{
	ssize_t length = recv(slots[index].fd, buffer, MESSAGE, 0);

	if (length == -1 && errno == EAGAIN)
		return;
	if (length <= 0)
		die(length == 0 ? "connection ended" : "recv");
	slots[index].received += (size_t)length;
	if (slots[index].received < MESSAGE)
		return;
	slots[index].received = 0;
	done++;
	if (mode == MODE_PINGPONG) {
		send_message(index);
	} else if (mode != MODE_IDLE) {
		close_slot(index);
		open_slot(index);
	}
}

static void turn(void)
{
	struct epoll_event events[256];
	int count = epoll_wait(epoll, events, 256, 100);

	for (int i = 0; i < count; i++) {
		uint32_t index = events[i].data.u32;

		if (events[i].events & EPOLLOUT)
			on_writable(index);
		else
			on_readable(index);
	}
}

/* @return bytes of the proxy's proportional set size */
static double memory(void)
{
	char path[64], line[256];
	double kilobytes = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)proxy);
	file = fopen(path, "re");
	if (file == NULL)
		die(path);
	while (fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Pss: %lf", &kilobytes);
	fclose(file);
	return kilobytes * 1024;
}

/* Open some connections at a time, so that no backlog overflows, and wait until each has had its echo. */
static void measure_idle(uint32_t connections)
{
	double before = proxy ? memory() : 0;

	for (uint32_t opened = 0; opened < connections;) {
		for (uint32_t i = 0; i < 100 && opened < connections; i++)
			open_slot(opened++);
		while (done < opened)
			turn();
	}
	printf("%.0f 0 %u\n", ((proxy ? memory() : 0) - before) / connections, connections);
}

static void measure(uint32_t connections, double seconds)
{
	double begin = now() + seconds / 4;
	struct sample first, last;

	for (uint32_t i = 0; i < connections; i++)
		open_slot(i);
	while (now() < begin)
		turn();
	first = read_sample();
	while (now() < first.time + seconds)
		turn();
	last = read_sample();
	printf("%.1f %.4f %.0f\n", (double)(last.units - first.units) / (last.time - first.time), last.cpu - first.cpu,
			(double)(last.units - first.units));
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	uint32_t connections;

	for (mode = MODE_BULK; argc == 7 && mode <= MODE_IDLE && strcmp(argv[1], mode_names[mode]) != 0;)
		mode++;
	if (argc != 7 || mode > MODE_IDLE)
		return fprintf(stderr, "usage: load MODE PORT CONNECTIONS SECONDS COUNTERS PID\n"), 2;
	port = (uint16_t)atoi(argv[2]);
	connections = (uint32_t)atoi(argv[3]);
	counters = map_counters(argv[5]);
	proxy = (pid_t)atoi(argv[6]);
	if (proxy && (errno = clock_getcpuclockid(proxy, &proxy_clock)) != 0)
		die("the proxy's CPU clock");
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	slots = calloc(connections, sizeof(*slots));
	if (slots == NULL || epoll == -1)
		die("load");
	if (mode == MODE_IDLE)
		measure_idle(connections);
	else
		measure(connections, atof(argv[4]));
	for (uint32_t i = 0; i < connections; i++)
		close_slot(i);
	return 0;
}
