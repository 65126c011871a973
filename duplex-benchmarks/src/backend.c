/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file backend.c
 * The server behind the proxies: one thread, one epoll, two listeners. The *sink* receives without copying
 * (MSG_TRUNC), so that it costs as little as a receiver can; the *echo* sends back what it gets.
 *
 * usage: backend COUNTERS
 * Prints the two ports, then serves until it is killed.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { SINK_LISTENER, ECHO_LISTENER, SINK, ECHO };

static char buffer[1 << 20];

static void watch(int epoll, int fd, enum kind kind)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | (uint32_t)fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1)
		die("epoll_ctl");
}

static void accept_all(int epoll, int listener, enum kind kind)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(epoll, fd, kind);
	}
}

static void sink(int fd, struct counters *counters)
{
	ssize_t length = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);

	if (length > 0)
		atomic_fetch_add_explicit(&counters->sunk, (uint64_t)length, memory_order_relaxed);
	else if (length == 0 || errno != EAGAIN)
		close(fd);
}

/* Messages are far smaller than a send buffer and each waits for its answer: a short send is a fault of the tool. */
static void echo(int fd)
{
	ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

	if (length > 0)
		length = send(fd, buffer, (size_t)length, MSG_NOSIGNAL) == length ? length : 0;
	if (length == 0 || (length == -1 && errno != EAGAIN))
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[256];
	struct counters *counters;
	struct rlimit limit;
	uint16_t sink_port, echo_port;
	int epoll;

	if (argc != 2)
		return fprintf(stderr, "usage: backend COUNTERS\n"), 2;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	counters = map_counters(argv[1]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(epoll, listen_loopback(&sink_port), SINK_LISTENER);
	watch(epoll, listen_loopback(&echo_port), ECHO_LISTENER);
	printf("%u %u\n", sink_port, echo_port);
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < count; i++) {
			int fd = (int)(uint32_t)events[i].data.u64;

			switch ((enum kind)(events[i].data.u64 >> 32)) {
			case SINK_LISTENER:
				accept_all(epoll, fd, SINK);
				break;
			case ECHO_LISTENER:
				accept_all(epoll, fd, ECHO);
				break;
			case SINK:
				sink(fd, counters);
				break;
			case ECHO:
				echo(fd);
				break;
			}
		}
	}
}
