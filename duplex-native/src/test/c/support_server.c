/* SPDX-License-Identifier: Apache-2.0 */
/* Servers: one thread and one epoll each, so that thousands of connections cost a test nothing to write. */
#include "support_proxy.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct served {
	struct served *next;
	struct served **link; /* what points to this one */
	int fd;
	size_t begin;         /* of what is to be echoed */
	size_t end;
	uint8_t data[16 * KIB];
};

struct server {
	pthread_t thread;
	int epoll;
	int listener;
	int wake;              /* eventfd: time to end */
	atomic_bool reset;     /* how connections are closed */
	char name;
	struct dx_address address;
	struct served *served; /* the thread's */
	_Atomic uint64_t accepted;
	_Atomic uint64_t connected;
	_Atomic uint64_t received;
	_Atomic uint64_t sent;
};

static void watch(struct server *server, int operation, int fd, uint32_t events, void *what)
{
	struct epoll_event event = { .events = events, .data.ptr = what };
	CHECK_SYS(epoll_ctl(server->epoll, operation, fd, &event));
}

static void drop(struct server *server, struct served *served)
{
	server->connected--; /* first: who has seen the end finds it counted */
	if (server->reset && server->address.family != DX_FAMILY_UNIX)
		peer_reset(served->fd);
	else
		peer_close(served->fd);
	*served->link = served->next;
	if (served->next)
		served->next->link = served->link;
	free(served);
}

static void welcome(struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		/* the peer may have gone while it waited; with no descriptor left, wait until there is one */
		CHECK(errno == EAGAIN || errno == ECONNABORTED || errno == EMFILE);
		if (errno == EMFILE)
			poll_pause();
		return;
	}
	server->accepted++;
	server->connected++;
	struct served *served = calloc(1, sizeof(*served));
	CHECK(served);
	*served = (struct served){ .next = server->served, .link = &server->served, .fd = fd };
	if (served->next)
		served->next->link = &served->next;
	server->served = served;
	served->data[0] = (uint8_t)server->name;
	served->end = 1;
	watch(server, EPOLL_CTL_ADD, fd, EPOLLOUT, served);
}

/* Receive when all was echoed, then echo. */
static void serve(struct server *server, struct served *served)
{
	if (served->begin == served->end) {
		ssize_t got = recv(served->fd, served->data, sizeof(served->data), 0);
		if (got == -1 && errno == EAGAIN)
			return;
		if (got <= 0) {
			drop(server, served);
			return;
		}
		served->begin = 0;
		served->end = (size_t)got;
		server->received += (uint64_t)got;
	}
	ssize_t sent = send(served->fd, served->data + served->begin, served->end - served->begin, MSG_NOSIGNAL);
	if (sent == -1 && errno != EAGAIN) {
		drop(server, served);
		return;
	}
	if (sent > 0) {
		served->begin += (size_t)sent;
		server->sent += (uint64_t)sent;
	}
	watch(server, EPOLL_CTL_MOD, served->fd, served->begin == served->end ? EPOLLIN : EPOLLOUT, served);
}

static void *server_run(void *argument)
{
	struct server *server = argument;
	for (bool running = true; running;) {
		struct epoll_event events[64];
		int count = epoll_wait(server->epoll, events, 64, -1);
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == &server->wake)
				running = false;
			else if (events[i].data.ptr == &server->listener)
				welcome(server);
			else
				serve(server, events[i].data.ptr);
		}
	}
	peer_close(server->listener);
	while (server->served)
		drop(server, server->served);
	return NULL;
}

struct server *server_on(int listener, char name)
{
	struct server *server = calloc(1, sizeof(*server));
	CHECK(server);
	server->name = name;
	server->listener = listener;
	server->address = wire_address(listener);
	server->epoll = (int)CHECK_SYS(epoll_create1(EPOLL_CLOEXEC));
	server->wake = (int)CHECK_SYS(eventfd(0, EFD_CLOEXEC));
	CHECK_SYS(fcntl(listener, F_SETFL, O_NONBLOCK)); /* a peer may go between readiness and accept */
	watch(server, EPOLL_CTL_ADD, listener, EPOLLIN, &server->listener);
	watch(server, EPOLL_CTL_ADD, server->wake, EPOLLIN, &server->wake);
	server->thread = thread_start(server_run, server);
	return server;
}

struct server *server_open(enum wire wire, char name)
{
	return server_on(wire_listen(wire, 4096, NULL), name);
}

const struct dx_address *server_address(const struct server *server)
{
	return &server->address;
}

struct server_counts server_counts(const struct server *server)
{
	return (struct server_counts){ server->accepted, server->connected, server->received, server->sent };
}

void server_close(struct server *server)
{
	uint64_t one = 1;
	CHECK_EQ(write(server->wake, &one, sizeof(one)), sizeof(one));
	thread_join(server->thread);
	peer_close(server->epoll);
	peer_close(server->wake);
	free(server);
}

void server_reset(struct server *server)
{
	server->reset = true;
	server_close(server);
}

struct stuck stuck_open(enum wire wire)
{
	struct stuck stuck;
	stuck.listener = wire_listen(wire, 0, &stuck.address);
	stuck.filler = wire_connect(&stuck.address, 0); /* a backlog of 0 holds one connection */
	return stuck;
}

void stuck_close(struct stuck *stuck)
{
	peer_close(stuck->filler);
	peer_close(stuck->listener);
}
