/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file support.h
 * What every test of libduplex stands on.
 *
 * A test is one executable: main() is test_begin(), some RUN(behaviour) and `return test_end()`. A behaviour is a
 * static void function that opens its own engine and closes it again; RUN() checks that no descriptor and no thread
 * is left. Everything that fails prints where, what and the seed, and aborts. Nothing waits blindly and nothing hangs:
 * a watchdog aborts the test with a diagnosis when it has run for too long.
 *
 * Environment: DX_TEST_SEED repeats a random run, DX_TEST_SCALE (percent) scales the number of random rounds,
 * DX_TEST_TIMEOUT (seconds) is the watchdog's patience.
 */
#ifndef DX_TEST_SUPPORT_H
#define DX_TEST_SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duplex.h"

#define KIB 1024u
#define MIB (1024u * 1024u)

/* ------------------------------------------------------------------------------------------------------- checks */

/** Print what failed (with the text of an errno, where a value looks like one) and abort. */
void test_fail(const char *file, int line, const char *format, ...) __attribute__((noreturn, format(printf, 3, 4)));
void test_fail_values(const char *file, int line, const char *what, long long left, long long right)
		__attribute__((noreturn));

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			test_fail(__FILE__, __LINE__, "CHECK(%s)", #condition); \
	} while (0)

#define CHECK_COMPARE(left, operator, right) \
	do { \
		long long left_ = (long long)(left), right_ = (long long)(right); \
		if (!(left_ operator right_)) \
			test_fail_values(__FILE__, __LINE__, #left " " #operator " " #right, left_, right_); \
	} while (0)

/* Integers of any type; both values are printed. */
#define CHECK_EQ(left, right) CHECK_COMPARE(left, ==, right)
#define CHECK_NE(left, right) CHECK_COMPARE(left, !=, right)
#define CHECK_LT(left, right) CHECK_COMPARE(left, <, right)
#define CHECK_LE(left, right) CHECK_COMPARE(left, <=, right)
#define CHECK_GT(left, right) CHECK_COMPARE(left, >, right)
#define CHECK_GE(left, right) CHECK_COMPARE(left, >=, right)

/* A libduplex call that must answer 0. */
#define CHECK_OK(call) CHECK_EQ(call, 0)

/* A system call that must not answer -1; yields its result. */
#define CHECK_SYS(call) \
	({ \
		long result_ = (long)(call); \
		if (result_ == -1) \
			test_fail_values(__FILE__, __LINE__, #call, -errno, 0); \
		result_; \
	})

/* ------------------------------------------------------------------------------------------------------ running */

/** Start the watchdog, read the environment, print the seed. */
void test_begin(void);
/** @return 0 for main() */
int test_end(void);

#define RUN(behaviour) test_run(#behaviour, behaviour)
void test_run(const char *name, void (*behaviour)(void));

/** Say what is going on now; printed when a check fails or the watchdog bites. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A number of random rounds, as DX_TEST_SCALE wants it; at least 1. */
unsigned scaled(unsigned rounds);
/** True in a sanitizer build: everything is several times slower. */
bool sanitized(void);

/** Poll a condition about once a millisecond; the watchdog ends it when it never comes true. */
#define AWAIT(condition) \
	do { \
		test_note("%s:%d: AWAIT(%s)", __FILE__, __LINE__, #condition); \
		while (!(condition)) \
			poll_pause(); \
	} while (0)
void poll_pause(void);

uint64_t now_ns(void);
uint64_t now_ms(void);

/** Open descriptors, threads and resident memory of this process. */
unsigned count_descriptors(void);
unsigned count_threads(void);
uint64_t resident_bytes(void);
/** Processor time that this process has used so far, nanoseconds. */
uint64_t cpu_ns(void);

pthread_t thread_start(void *(*run)(void *), void *argument);
void thread_join(pthread_t thread);

struct rng {
	uint64_t state;
};

/** @param salt tells generators of one run apart */
void rng_init(struct rng *rng, uint64_t salt);
uint64_t rng_next(struct rng *rng);
/** @return 0 to bound - 1 */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* ------------------------------------------------------------------------------------------------------ streams */

/** A place in an endless pseudo-random stream: each byte is known by seed and offset. One a direction and an end. */
struct stream {
	uint64_t seed;
	uint64_t offset; /* bytes made or verified so far */
};

/** A stream that no other in this run is equal to; copy it to have both ends. */
struct stream stream_new(void);
/** Make the next bytes. */
void stream_fill(struct stream *stream, void *data, size_t length);
/** Check the next bytes: lost, repeated, reordered or foreign ones fail with their offset. */
void stream_verify(struct stream *stream, const void *data, size_t length);
/** FNV-1a; begin with 0. */
uint64_t checksum(uint64_t so_far, const void *data, size_t length);

/* ------------------------------------------------------------------------------------------- plain descriptors */

enum wire {
	WIRE_TCP4,
	WIRE_TCP6,
	WIRE_UNIX,
	WIRES,
};

const char *wire_name(enum wire wire);
/**
 * A connected pair, blocking, close-on-exec; over TCP with TCP_NODELAY.
 *
 * @param buffer SO_SNDBUF and SO_RCVBUF of both ends in bytes; 0: the kernel's
 */
void wire_pair(enum wire wire, int buffer, int pair[2]);
/**
 * A listening descriptor on an ephemeral port or an abstract name.
 *
 * @param address NULL, or its address for dx_connect()
 */
int wire_listen(enum wire wire, int backlog, struct dx_address *address);
/** Options for dx_connect() with this time limit in milliseconds. */
#define within(milliseconds) (&(struct dx_connect_options){.size = sizeof(struct dx_connect_options), .timeout = (milliseconds)})
/** Plain blocking accept and connect. */
int wire_accept(int listener);
int wire_connect(const struct dx_address *address, int buffer);
/** An address that refuses connections as long as the returned descriptor stays open (TCP). */
int wire_refused(enum wire wire, struct dx_address *address);
/** Where a descriptor is bound. */
struct dx_address wire_address(int fd);

/** Send the next bytes of a stream, all of them. */
void peer_send(int fd, struct stream *stream, uint64_t bytes);
/** Receive exactly so many and verify them. */
void peer_recv(int fd, struct stream *stream, uint64_t bytes);
/** Send without blocking until the kernel takes no more. @return bytes that it took */
uint64_t peer_send_some(int fd, struct stream *stream, uint64_t limit);
/** Send until nothing between here and a reader that stands still takes more. @return bytes taken */
uint64_t peer_send_until_stalled(int fd, struct stream *stream);
/** Bytes sent that the other kernel end has not taken yet (SIOCOUTQ). */
unsigned peer_unsent(int fd);
/** Receive and verify without blocking until there is nothing. @return bytes; the end of the stream is nothing too */
uint64_t peer_recv_some(int fd, struct stream *stream, uint64_t limit);
/** Receive and verify until the end of the stream. @return bytes */
uint64_t peer_recv_to_end(int fd, struct stream *stream);
/** The next thing to be received is the end of the stream. */
void peer_expect_end(int fd);
/** Receive and verify until the connection is reset. @return bytes before that */
uint64_t peer_recv_to_reset(int fd, struct stream *stream);
/** Close with a reset (TCP). */
void peer_reset(int fd);
void peer_shut(int fd);
void peer_close(int fd);
/** @return true when something can be received (or the end, or an error) within the milliseconds */
bool peer_readable(int fd, int timeout);

bool is_open(int fd);
int get_option(int fd, int level, int option);
void set_option(int fd, int level, int option, int value);

/** One direction from descriptor to descriptor, through whatever lies between. */
struct flow {
	int from;              /* written to */
	int to;                /* read from */
	uint64_t total;        /* bytes to move */
	bool end;              /* shut `from` down after the last byte, and expect the end at `to` */
	bool shut;             /* both of that have happened */
	bool ended;
	struct stream sent;
	struct stream received;
};

struct flow flow_new(int from, int to, uint64_t total, bool end);
/** Run flows side by side until all are done; every byte is verified. */
void flows_run(struct flow *flows, unsigned count);

/* ------------------------------------------------------------------------------------------------------- engine */

/** @param workers 0: the default */
dx_id engine_open(unsigned workers);
/** Close, and forget the events that were kept. */
void engine_close(dx_id engine);
struct dx_engine_info engine_info(dx_id engine);
struct dx_socket_info socket_info(dx_id socket);
/** The join must be alive. */
struct dx_join_info join_info(dx_id join);

/** A socket that the engine manages, and the other end of its connection. */
struct line {
	dx_id socket;
	int peer;
	enum wire wire;
};

struct line line_open(dx_id engine, enum wire wire, int buffer);
/** Close both; the socket may be stale already. */
void line_close(struct line *line);

/** Two joined lines: what peer a sends, peer b receives. */
struct bridge {
	dx_id engine;
	dx_id join;
	struct line a;
	struct line b;
};

struct bridge bridge_open(dx_id engine, enum wire a, enum wire b, int buffer, const struct dx_join_options *options);
/** Wide at a, narrow at b: full reads on one side, a sink that is quickly full on the other. */
struct bridge bridge_open_narrow(dx_id engine, enum wire a, enum wire b);
/** Move bulk from a to b until that direction is spliced. The buffers of a must be wide. */
void bridge_make_splice(struct bridge *bridge);
void bridge_close(struct bridge *bridge);
struct dx_join_options join_options(uint32_t flags);

/** dx_send_wait() and dx_recv_wait() of exactly so many bytes of a stream. */
void app_send(dx_id socket, struct stream *stream, uint64_t bytes);
void app_recv(dx_id socket, struct stream *stream, uint64_t bytes);
/** The next thing the application receives is this: 0 for the end, or a negative errno. */
void app_expect(dx_id socket, int64_t result);

/* ------------------------------------------------------------------------------------------------------- events */

/** A token that was not used before in this run. */
uint64_t token_new(void);

/** True for the event that is awaited; `key` is what await_event() was given. */
typedef bool event_filter(const struct dx_event *event, uint64_t key);

/**
 * Await an event. Others are kept for later calls, in their order. Any number of threads may await at the same time,
 * on any number of engines.
 */
struct dx_event await_event(dx_id engine, event_filter *filter, uint64_t key);
/** The answer to a command. */
struct dx_event await_done(dx_id engine, uint64_t token);
/** The same, and its result must be 0. */
struct dx_event await_success(dx_id engine, uint64_t token);
struct dx_event await_ended(dx_id engine, dx_id join);
/** @return what is ready: DX_READABLE, DX_WRITABLE */
uint32_t await_ready(dx_id engine, dx_id socket);
/** A connection of a decided proxy. */
struct dx_event await_connection(dx_id engine, dx_id proxy);
void await_stopped(dx_id engine);
/** Read what is there now without waiting. @return how many kept events match; filter NULL: all */
unsigned events_pending(dx_id engine, event_filter *filter, uint64_t key);

#endif
