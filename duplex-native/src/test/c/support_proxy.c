/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies in front of servers, and their clients. */
#include "support_proxy.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool own_network(void)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	if (unshare(CLONE_NEWNET) == -1)
		return false;
	int fd = (int)CHECK_SYS(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	CHECK_SYS(ioctl(fd, SIOCSIFFLAGS, &loopback));
	peer_close(fd);
	return true;
}

struct dx_proxy_options proxy_options(uint32_t flags)
{
	return (struct dx_proxy_options){ .size = sizeof(struct dx_proxy_options), .flags = flags };
}

struct dx_address any_address(enum wire wire)
{
	static _Atomic unsigned names;
	struct dx_address address;
	char text[DX_ADDRESS_TEXT];
	snprintf(text, sizeof(text), "unix://@dx-proxy-%d-%u", (int)getpid(), atomic_fetch_add(&names, 1));
	CHECK_OK(dx_address_parse(
			wire == WIRE_TCP4 ? "tcp://127.0.0.1:0" : wire == WIRE_TCP6 ? "tcp://[::1]:0" : text, &address));
	return address;
}

struct front front_at(dx_id engine, const struct dx_address *listen, const struct dx_proxy_options *options)
{
	struct front front = { .engine = engine, .address = *listen };
	CHECK_OK(dx_proxy_open(engine, listen, options, &front.proxy));
	return front;
}

struct front front_open(dx_id engine, enum wire wire, const struct dx_proxy_options *options)
{
	struct dx_address address = any_address(wire);
	return front_at(engine, &address, options);
}

void front_set(const struct front *front, uint32_t backend, const struct dx_address *addresses, uint32_t count)
{
	uint64_t token = token_new();
	CHECK_OK(dx_proxy_backend(front->proxy, backend, addresses, count, token));
	await_success(front->engine, token);
}

void front_add(struct front *front, const struct dx_address *address)
{
	front_set(front, front->backends++, address, 1);
}

void front_start(struct front *front)
{
	uint16_t port = 0;
	CHECK_OK(dx_proxy_start_wait(front->proxy, &port));
	CHECK((port == 0) == (front->address.family == DX_FAMILY_UNIX));
	front->address.port = port;
}

struct front front_of(dx_id engine, enum wire wire, const struct dx_proxy_options *options, struct server **servers,
		uint32_t count)
{
	struct front front = front_open(engine, wire, options);
	for (uint32_t i = 0; i < count; i++)
		front_add(&front, server_address(servers[i]));
	front_start(&front);
	return front;
}

struct dx_proxy_info proxy_info(const struct front *front)
{
	struct dx_proxy_info info = { .size = sizeof(info) };
	CHECK_OK(dx_proxy_info(front->proxy, &info));
	return info;
}

struct dx_backend_info backend_info(const struct front *front, uint32_t backend)
{
	struct dx_backend_info info = { .size = sizeof(info) };
	CHECK_OK(dx_proxy_backend_info(front->proxy, backend, &info));
	return info;
}

/* What became of connections that the application itself has not ended. */
static uint64_t outcomes(const struct dx_proxy_info *info)
{
	return info->joined + info->connect_failed + info->refused_by_router + info->refused_by_failure
			+ info->refused_by_timeout + info->refused_exhausted + info->client_gone;
}

uint64_t ended_connections(const struct dx_proxy_info *info)
{
	uint64_t sum = 0;
	for (unsigned reason = 0; reason < sizeof(info->ended) / sizeof(info->ended[0]); reason++)
		sum += info->ended[reason];
	return sum;
}

struct dx_proxy_info await_quiet(const struct front *front)
{
	AWAIT(proxy_info(front).active == 0);
	struct dx_proxy_info info = proxy_info(front);
	CHECK_EQ(info.pending, 0);
	CHECK_EQ(outcomes(&info), info.accepted);
	CHECK_EQ(ended_connections(&info), info.accepted);
	for (uint32_t i = 0; i < info.backends; i++)
		CHECK_EQ(backend_info(front, i).active, 0);
	return info;
}

static bool is_proxy_ended(const struct dx_event *event, uint64_t proxy)
{
	return event->type == DX_EVENT_JOIN_ENDED && event->value == proxy;
}

struct dx_event await_proxy_ended(const struct front *front)
{
	test_note("await the end of a connection of proxy %llx", (unsigned long long)front->proxy);
	return await_event(front->engine, is_proxy_ended, front->proxy);
}

int client_try(const struct dx_address *address)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_un local;
	} name = { .any.sa_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + address->path_length);
	if (address->family == DX_FAMILY_IPV4) {
		name.ipv4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(address->port) };
		memcpy(&name.ipv4.sin_addr, address->ip, 4);
		length = sizeof(name.ipv4);
	} else if (address->family == DX_FAMILY_IPV6) {
		name.ipv6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
		memcpy(&name.ipv6.sin6_addr, address->ip, 16);
		length = sizeof(name.ipv6);
	} else {
		memcpy(name.local.sun_path, address->path, address->path_length);
	}
	int fd = (int)CHECK_SYS(socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (connect(fd, &name.any, length) == -1) {
		int error = -errno;
		peer_close(fd);
		return error;
	}
	return fd;
}

int client_open(const struct front *front)
{
	return wire_connect(&front->address, 0);
}

int client_hello(int fd)
{
	uint8_t byte;
	test_note("client %d awaits a name", fd);
	ssize_t got = recv(fd, &byte, 1, 0);
	return got == 1 ? byte : got == 0 ? 0 : -errno;
}

void client_expect(const struct front *front, int fd, char name)
{
	int answer = client_hello(fd);
	if (answer == name)
		return;
	struct dx_proxy_info info = proxy_info(front);
	for (uint32_t i = 0; i < info.backends; i++) {
		struct dx_backend_info backend = backend_info(front, i);
		fprintf(stderr, "backend %u: state %u, error %d, joined %llu, failed %llu\n", i, backend.state, backend.error,
				(unsigned long long)backend.joined, (unsigned long long)backend.failed);
	}
	FAIL("client %d expects '%c' and has %d; proxy: state %u, accepted %llu, active %llu, joined %llu, failed %llu, "
			"exhausted %llu, client gone %llu; engine: exhausted %llu", fd, name, answer, info.state,
			(unsigned long long)info.accepted, (unsigned long long)info.active, (unsigned long long)info.joined,
			(unsigned long long)info.connect_failed, (unsigned long long)info.refused_exhausted,
			(unsigned long long)info.client_gone, (unsigned long long)engine_info(front->engine).exhausted);
}

void client_ping(int fd, uint64_t bytes)
{
	struct stream sent = stream_new(), received = sent;
	peer_send(fd, &sent, bytes);
	peer_recv(fd, &received, bytes);
}

void client_finish(int fd)
{
	peer_shut(fd);
	peer_expect_end(fd);
	peer_close(fd);
}
