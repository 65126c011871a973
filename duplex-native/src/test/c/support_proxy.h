/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file support_proxy.h
 * What the tests of proxies stand on, beside support.h: servers that say their name, proxies in front of them, clients.
 */
#ifndef DX_TEST_SUPPORT_PROXY_H
#define DX_TEST_SUPPORT_PROXY_H

#include "support.h"

/**
 * Give this process a loopback of its own where that is allowed; for main(), before test_begin(). Thousands of short
 * connections then neither fill the machine's connection tracking (packets are dropped silently when it is full), nor
 * meet ports in TIME_WAIT of other tests.
 *
 * @return false where it is not allowed, and nothing has changed
 */
bool own_network(void);

/* ------------------------------------------------------------------------------------------------------ servers */

/**
 * A backend with a thread of its own. To each connection it says its name (one byte), then it echoes what it receives,
 * and closes after the peer's end.
 */
struct server;

struct server *server_open(enum wire wire, char name);
/** The same on a listening descriptor, which it takes. */
struct server *server_on(int listener, char name);
const struct dx_address *server_address(const struct server *server);

/** Totals since it was opened; `connected` is now. */
struct server_counts {
	uint64_t accepted;
	uint64_t connected;
	uint64_t received; /* bytes */
	uint64_t sent;     /* bytes, names included */
};
struct server_counts server_counts(const struct server *server);

/**
 * Close its listener and all connections as the kernel does when a process dies: the end for the peer, or a reset where
 * something was unread.
 */
void server_close(struct server *server);
/** The same, but every TCP connection is reset. */
void server_reset(struct server *server);

/** A listener whose backlog is full and that nobody accepts from: connects to it do not come to an end. */
struct stuck {
	struct dx_address address;
	int listener;
	int filler; /* the connection that fills the backlog */
};

struct stuck stuck_open(enum wire wire);
void stuck_close(struct stuck *stuck);

/* ------------------------------------------------------------------------------------------------------ proxies */

/** A proxy, and where it listens once it was started. */
struct front {
	dx_id engine;
	dx_id proxy;
	struct dx_address address;
	uint32_t backends;
};

struct dx_proxy_options proxy_options(uint32_t flags);
/** A free port of loopback, or an abstract name. */
struct dx_address any_address(enum wire wire);

/** @param options NULL for the defaults */
struct front front_open(dx_id engine, enum wire wire, const struct dx_proxy_options *options);
struct front front_at(dx_id engine, const struct dx_address *listen, const struct dx_proxy_options *options);
/** Set the addresses of a backend. */
void front_set(const struct front *front, uint32_t backend, const struct dx_address *addresses, uint32_t count);
/** Add a backend with one address. */
void front_add(struct front *front, const struct dx_address *address);
/** Listen; must succeed. */
void front_start(struct front *front);
/** Open, add the servers as backends, start. */
struct front front_of(dx_id engine, enum wire wire, const struct dx_proxy_options *options, struct server **servers,
		uint32_t count);

struct dx_proxy_info proxy_info(const struct front *front);
struct dx_backend_info backend_info(const struct front *front, uint32_t backend);
/** Connections of a proxy that have ended, for all reasons. */
uint64_t ended_connections(const struct dx_proxy_info *info);
/** Wait until no connection is left, and check that every one that was accepted is counted exactly once. */
struct dx_proxy_info await_quiet(const struct front *front);
/** The next end of a connection of a proxy with DX_PROXY_JOIN_EVENTS. */
struct dx_event await_proxy_ended(const struct front *front);

/* ------------------------------------------------------------------------------------------------------ clients */

/** @return a connected blocking descriptor, or the negative errno of connect() */
int client_try(const struct dx_address *address);
/** Connect through a proxy; must succeed. */
int client_open(const struct front *front);
/** Wait for what comes first. @return a byte (a server's name), 0 at the end of the stream, or a negative errno */
int client_hello(int fd);
/** The same, and it must be this name; otherwise says what the proxy knows. */
void client_expect(const struct front *front, int fd, char name);
/** One ping-pong of so many bytes with an echo. */
void client_ping(int fd, uint64_t bytes);
/** Close, and wait until the peer has ended too. */
void client_finish(int fd);

#endif
