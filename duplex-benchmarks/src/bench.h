/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file bench.h
 * What the load generator and the backend share: dying with a message, the clock, loopback sockets, and the counters
 * that the backend keeps in a file both have mapped, so that bulk is counted where it arrives.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdatomic.h>
#include <stdint.h>

/** Written by the backend alone. */
struct counters {
	_Atomic uint64_t sunk; /* bytes that the sink received */
};

/** Print what failed with errno's text, and exit with 1. */
void die(const char *what) __attribute__((noreturn));

/** Seconds of the monotonic clock. */
double now(void);

/** Map the counters' file, creating it when it is not there. */
struct counters *map_counters(const char *path);

/** A non-blocking listener on a free port of 127.0.0.1. @return its descriptor */
int listen_loopback(uint16_t *port);

/**
 * Begin to connect to a port of 127.0.0.1, without blocking, TCP_NODELAY.
 *
 * @return the descriptor, connected or connecting
 */
int connect_loopback(uint16_t port);

#endif
