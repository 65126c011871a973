/* SPDX-License-Identifier: Apache-2.0 */
/* The plain side of a test: connected pairs, the peers' sends and receives, flows. Only loopback addresses. */
#include "support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK (64 * KIB)

union name {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	struct sockaddr_un local;
};

const char *wire_name(enum wire wire)
{
	return wire == WIRE_TCP4 ? "tcp4" : wire == WIRE_TCP6 ? "tcp6" : "unix";
}

int get_option(int fd, int level, int option)
{
	int value = 0;
	CHECK_SYS(getsockopt(fd, level, option, &value, &(socklen_t){ sizeof(value) }));
	return value;
}

void set_option(int fd, int level, int option, int value)
{
	CHECK_SYS(setsockopt(fd, level, option, &value, sizeof(value)));
}

static int wire_socket(enum wire wire, int buffer)
{
	int family = wire == WIRE_TCP4 ? AF_INET : wire == WIRE_TCP6 ? AF_INET6 : AF_UNIX;
	int fd = (int)CHECK_SYS(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (buffer) {
		set_option(fd, SOL_SOCKET, SO_SNDBUF, buffer);
		set_option(fd, SOL_SOCKET, SO_RCVBUF, buffer);
	}
	return fd;
}

/* An ephemeral port or a fresh abstract name. */
static void wire_bind(int fd, enum wire wire)
{
	static _Atomic unsigned names;
	union name name = { .any.sa_family = AF_UNSPEC };
	socklen_t length = 0;
	if (wire == WIRE_TCP4) {
		name.ipv4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		length = sizeof(name.ipv4);
	} else if (wire == WIRE_TCP6) {
		name.ipv6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
		length = sizeof(name.ipv6);
	} else {
		name.local.sun_family = AF_UNIX;
		int used = snprintf(name.local.sun_path + 1, sizeof(name.local.sun_path) - 1, "dx-test-%d-%u", (int)getpid(),
				atomic_fetch_add(&names, 1));
		length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)used);
	}
	CHECK_SYS(bind(fd, &name.any, length));
}

struct dx_address wire_address(int fd)
{
	union name name = { .any.sa_family = AF_UNSPEC };
	socklen_t length = sizeof(name);
	struct dx_address address = { .family = DX_FAMILY_NONE };
	CHECK_SYS(getsockname(fd, &name.any, &length));
	if (name.any.sa_family == AF_INET) {
		address.family = DX_FAMILY_IPV4;
		address.port = ntohs(name.ipv4.sin_port);
		memcpy(address.ip, &name.ipv4.sin_addr, 4);
	} else if (name.any.sa_family == AF_INET6) {
		address.family = DX_FAMILY_IPV6;
		address.port = ntohs(name.ipv6.sin6_port);
		memcpy(address.ip, &name.ipv6.sin6_addr, 16);
	} else {
		address.family = DX_FAMILY_UNIX;
		address.path_length = (uint16_t)(length - offsetof(struct sockaddr_un, sun_path));
		memcpy(address.path, name.local.sun_path, address.path_length);
	}
	return address;
}

int wire_listen(enum wire wire, int backlog, struct dx_address *address)
{
	int fd = wire_socket(wire, 0);
	wire_bind(fd, wire);
	CHECK_SYS(listen(fd, backlog));
	if (address)
		*address = wire_address(fd);
	return fd;
}

int wire_refused(enum wire wire, struct dx_address *address)
{
	int fd = wire_socket(wire, 0);
	wire_bind(fd, wire);
	*address = wire_address(fd);
	return fd;
}

int wire_accept(int listener)
{
	return (int)CHECK_SYS(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
}

int wire_connect(const struct dx_address *address, int buffer)
{
	union name name = { .any.sa_family = AF_UNSPEC };
	enum wire wire = WIRE_UNIX;
	socklen_t length = 0;
	if (address->family == DX_FAMILY_IPV4) {
		wire = WIRE_TCP4;
		name.ipv4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(address->port) };
		memcpy(&name.ipv4.sin_addr, address->ip, 4);
		length = sizeof(name.ipv4);
	} else if (address->family == DX_FAMILY_IPV6) {
		wire = WIRE_TCP6;
		name.ipv6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
		memcpy(&name.ipv6.sin6_addr, address->ip, 16);
		length = sizeof(name.ipv6);
	} else {
		name.local.sun_family = AF_UNIX;
		memcpy(name.local.sun_path, address->path, address->path_length);
		length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + address->path_length);
	}
	int fd = wire_socket(wire, buffer);
	CHECK_SYS(connect(fd, &name.any, length));
	if (wire != WIRE_UNIX)
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

void wire_pair(enum wire wire, int buffer, int pair[2])
{
	int listener = wire_socket(wire, buffer);
	wire_bind(listener, wire);
	CHECK_SYS(listen(listener, 1));
	struct dx_address address = wire_address(listener);
	pair[0] = wire_connect(&address, buffer);
	pair[1] = wire_accept(listener);
	if (buffer && wire == WIRE_UNIX) { /* not inherited from the listener */
		set_option(pair[1], SOL_SOCKET, SO_SNDBUF, buffer);
		set_option(pair[1], SOL_SOCKET, SO_RCVBUF, buffer);
	}
	if (wire != WIRE_UNIX)
		set_option(pair[1], IPPROTO_TCP, TCP_NODELAY, 1);
	peer_close(listener);
}

bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

void peer_close(int fd)
{
	CHECK_SYS(close(fd));
}

void peer_shut(int fd)
{
	CHECK_SYS(shutdown(fd, SHUT_WR));
}

void peer_reset(int fd)
{
	struct linger linger = { .l_onoff = 1 };
	CHECK_SYS(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	peer_close(fd);
}

static int peer_poll(int fd, short events, int timeout)
{
	struct pollfd entry = { .fd = fd, .events = events };
	return (int)CHECK_SYS(poll(&entry, 1, timeout));
}

bool peer_readable(int fd, int timeout)
{
	return peer_poll(fd, POLLIN, timeout) > 0;
}

/* One attempt to send. Returns bytes, or -1 when nothing fits now. */
static ssize_t try_send(int fd, struct stream *stream, uint64_t limit)
{
	uint8_t data[CHUNK];
	struct stream next = *stream;
	size_t length = limit < sizeof(data) ? (size_t)limit : sizeof(data);
	stream_fill(&next, data, length);
	ssize_t sent = send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == -1 && errno == EAGAIN)
		return -1;
	if (sent == -1)
		FAIL("send to peer %d at offset %llu: %s", fd, (unsigned long long)stream->offset, strerror(errno));
	stream->offset += (uint64_t)sent;
	return sent;
}

/* One attempt to receive. Returns bytes, 0 at the end, -1 when there is nothing now, -2 for a reset. */
static ssize_t try_recv(int fd, struct stream *stream, uint64_t limit)
{
	uint8_t data[CHUNK];
	ssize_t got = recv(fd, data, limit < sizeof(data) ? (size_t)limit : sizeof(data), MSG_DONTWAIT);
	if (got == -1 && errno == EAGAIN)
		return -1;
	if (got == -1 && errno == ECONNRESET)
		return -2;
	if (got == -1)
		FAIL("receive from peer %d at offset %llu: %s", fd, (unsigned long long)stream->offset, strerror(errno));
	stream_verify(stream, data, (size_t)got);
	return got;
}

void peer_send(int fd, struct stream *stream, uint64_t bytes)
{
	test_note("peer %d sends %llu", fd, (unsigned long long)bytes);
	while (bytes) {
		ssize_t sent = try_send(fd, stream, bytes);
		if (sent == -1)
			peer_poll(fd, POLLOUT, -1);
		else
			bytes -= (uint64_t)sent;
	}
}

void peer_recv(int fd, struct stream *stream, uint64_t bytes)
{
	test_note("peer %d receives %llu", fd, (unsigned long long)bytes);
	while (bytes) {
		ssize_t got = try_recv(fd, stream, bytes);
		if (got == 0 || got == -2)
			FAIL("peer %d met %s at offset %llu, %llu bytes early", fd, got ? "a reset" : "the end",
					(unsigned long long)stream->offset, (unsigned long long)bytes);
		if (got == -1)
			peer_poll(fd, POLLIN, -1);
		else
			bytes -= (uint64_t)got;
	}
}

uint64_t peer_send_some(int fd, struct stream *stream, uint64_t limit)
{
	uint64_t start = stream->offset;
	while (limit > stream->offset - start && try_send(fd, stream, limit - (stream->offset - start)) > 0)
		;
	return stream->offset - start;
}

uint64_t peer_recv_some(int fd, struct stream *stream, uint64_t limit)
{
	uint64_t start = stream->offset;
	while (limit > stream->offset - start && try_recv(fd, stream, limit - (stream->offset - start)) > 0)
		;
	return stream->offset - start;
}

uint64_t peer_send_until_stalled(int fd, struct stream *stream)
{
	uint64_t start = stream->offset;
	test_note("peer %d sends until all stands still", fd);
	for (unsigned quiet = 0; quiet < (sanitized() ? 200 : 50); quiet++) {
		if (peer_send_some(fd, stream, UINT64_MAX))
			quiet = 0;
		poll_pause();
	}
	return stream->offset - start;
}

unsigned peer_unsent(int fd)
{
	int bytes = 0;
	CHECK_SYS(ioctl(fd, SIOCOUTQ, &bytes));
	return (unsigned)bytes;
}

/* Receive until the end (0) or a reset (-2) comes; anything else fails. */
static uint64_t recv_until(int fd, struct stream *stream, ssize_t last)
{
	uint64_t start = stream->offset;
	test_note("peer %d receives until %s", fd, last ? "a reset" : "the end");
	for (;;) {
		ssize_t got = try_recv(fd, stream, UINT64_MAX);
		if (got == last)
			return stream->offset - start;
		if (got == 0 || got == -2)
			FAIL("peer %d met %s at offset %llu", fd, got ? "a reset" : "the end", (unsigned long long)stream->offset);
		if (got == -1)
			peer_poll(fd, POLLIN, -1);
	}
}

uint64_t peer_recv_to_end(int fd, struct stream *stream)
{
	return recv_until(fd, stream, 0);
}

uint64_t peer_recv_to_reset(int fd, struct stream *stream)
{
	return recv_until(fd, stream, -2);
}

void peer_expect_end(int fd)
{
	uint8_t byte;
	test_note("peer %d expects the end", fd);
	peer_poll(fd, POLLIN, -1);
	CHECK_SYS(recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK));
	CHECK_EQ(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
}

struct flow flow_new(int from, int to, uint64_t total, bool end)
{
	struct flow flow = { .from = from, .to = to, .total = total, .end = end, .sent = stream_new() };
	flow.received = flow.sent;
	return flow;
}

/* Do what can be done now, and say what to poll for. */
static bool flow_step(struct flow *flow, struct pollfd wait[2])
{
	wait[0] = (struct pollfd){ .fd = -1 };
	wait[1] = (struct pollfd){ .fd = -1 };
	if (flow->sent.offset < flow->total) {
		peer_send_some(flow->from, &flow->sent, flow->total - flow->sent.offset);
		if (flow->sent.offset < flow->total)
			wait[0] = (struct pollfd){ .fd = flow->from, .events = POLLOUT };
	}
	if (flow->sent.offset == flow->total && flow->end && !flow->shut) {
		peer_shut(flow->from);
		flow->shut = true;
	}
	while (!flow->ended) {
		bool full = flow->received.offset == flow->total;
		if (full && !flow->end) {
			flow->ended = true;
			break;
		}
		ssize_t got = try_recv(flow->to, &flow->received, full ? 1 : flow->total - flow->received.offset);
		if (got == -1) {
			wait[1] = (struct pollfd){ .fd = flow->to, .events = POLLIN };
			break;
		}
		if (got == -2 || (got == 0 && !full))
			FAIL("peer %d met %s at offset %llu of %llu", flow->to, got ? "a reset" : "the end",
					(unsigned long long)flow->received.offset, (unsigned long long)flow->total);
		if (got > 0 && full)
			FAIL("peer %d received more than the %llu bytes that were sent", flow->to, (unsigned long long)flow->total);
		flow->ended = got == 0;
	}
	return !flow->ended || flow->sent.offset < flow->total;
}

void flows_run(struct flow *flows, unsigned count)
{
	struct pollfd wait[2 * 64];
	CHECK_LE(count, 64);
	test_note("%u flows, %llu bytes in the first", count, (unsigned long long)flows[0].total);
	for (;;) {
		bool busy = false;
		for (unsigned i = 0; i < count; i++)
			busy |= flow_step(&flows[i], &wait[2 * i]);
		if (!busy)
			return;
		CHECK_SYS(poll(wait, 2 * count, -1));
	}
}
