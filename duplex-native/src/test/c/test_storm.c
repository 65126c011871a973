/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command on the same few sockets from many threads at once, while their peers talk, end, reset and vanish:
 * joins of all kinds across workers, unjoins, closes of sockets and joins, shutdowns, releases, armed and plain calls.
 * Nothing may crash, hang or leak; every accepted command is answered exactly once, every join that was made ends
 * exactly once, and calls fail only as the header says. (Laws 1, 2, 3, 7 and 9.)
 */
#include "support.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SLOTS 10
#define THREADS 5
#define PEERS 48
#define TABLE (1u << 18)

/* A token is an index: what it was given to, and whether it was answered. */
enum fate {
	UNUSED,
	GIVEN,
	GIVEN_TO_JOIN,
	GIVEN_TO_RELEASE,
	ANSWERED,
};

struct seen {
	dx_id join;
	uint8_t made;
	uint8_t ended;
};

static dx_id engine;
static _Atomic dx_id slots[SLOTS], joins[16];
static _Atomic uint8_t *fates;
static atomic_uint tokens, given, answered;
static unsigned most_tokens, operations;
static struct seen *table; /* the event thread's */
static unsigned joins_made, joins_ended;
static atomic_bool over;
static int peers[PEERS];
static pthread_mutex_t peers_lock = PTHREAD_MUTEX_INITIALIZER;

static struct seen *find(dx_id join)
{
	for (unsigned i = (unsigned)(join * 0x9e3779b97f4a7c15u >> 40);; i++) {
		struct seen *seen = &table[i % TABLE];
		if (!seen->join)
			seen->join = join;
		if (seen->join == join)
			return seen;
	}
}

static void note(const struct dx_event *event)
{
	if (event->type == DX_EVENT_JOIN_ENDED) {
		CHECK_EQ(find(event->object)->ended++, 0);
		joins_ended++;
		return;
	}
	if (event->type != DX_EVENT_DONE)
		return;
	CHECK_LT(event->token, most_tokens);
	uint8_t fate = atomic_exchange(&fates[event->token], ANSWERED);
	CHECK(fate == GIVEN || fate == GIVEN_TO_JOIN || fate == GIVEN_TO_RELEASE);
	atomic_fetch_add(&answered, 1);
	if (fate == GIVEN_TO_JOIN && event->result == 0) {
		CHECK_EQ(find(event->object)->made++, 0);
		joins_made++;
	}
	if (fate == GIVEN_TO_RELEASE && event->result == 0)
		peer_close((int)event->value);
}

static void *read_events(void *argument)
{
	struct dx_event events[32];
	(void)argument;
	while (!atomic_load(&over)) {
		int count = dx_events_wait(engine, events, 32, 20);
		CHECK_GE(count, 0);
		for (int i = 0; i < count; i++)
			note(&events[i]);
	}
	return NULL;
}

/* Before the call, for the answer may be read before it returns. */
static uint64_t give(enum fate fate)
{
	unsigned token = atomic_fetch_add(&tokens, 1);
	CHECK_LT(token, most_tokens);
	atomic_store(&fates[token], (uint8_t)fate);
	return token;
}

static void given_to(uint64_t token, int result)
{
	if (result == 0) {
		atomic_fetch_add(&given, 1);
		return;
	}
	if (atomic_exchange(&fates[token], UNUSED) == ANSWERED)
		FAIL("a command that returned %d was answered", result);
	CHECK(result == -EBUSY || result == -ENOENT || result == -EPIPE || result == -EINVAL || result == -ECONNRESET
			|| result == -ENOTCONN || result == -EOPNOTSUPP);
}

static void keep_peer(struct rng *rng, int fd)
{
	unsigned place = (unsigned)rng_below(rng, PEERS);
	pthread_mutex_lock(&peers_lock);
	int before = peers[place];
	peers[place] = fd;
	pthread_mutex_unlock(&peers_lock);
	if (before != -1)
		peer_close(before);
}

static void fill_slot(struct rng *rng, unsigned slot)
{
	int pair[2];
	dx_id socket;
	uint64_t token = give(GIVEN);
	wire_pair((enum wire)rng_below(rng, WIRES), rng_below(rng, 2) ? 0 : 8 * KIB, pair);
	CHECK_OK(dx_adopt(engine, pair[0], "read ahead", rng_below(rng, 10), &socket));
	keep_peer(rng, pair[1]);
	dx_id before = atomic_exchange(&slots[slot], socket);
	given_to(token, before ? dx_close(before, (uint32_t)rng_below(rng, 2), 1, token) : -ENOENT);
}

static void make_join(struct rng *rng, dx_id a, dx_id b)
{
	static const uint64_t limits[] = { 0, 0, 0, 2, 20 };
	struct dx_join_options options = join_options((uint32_t)rng_below(rng, 4));
	dx_id join;
	if (rng_below(rng, 2))
		options.flags |= DX_JOIN_HALF_DUPLEX; /* makes chains, and so groups that move */
	options.idle_timeout = limits[rng_below(rng, 5)];
	options.half_close_timeout = limits[rng_below(rng, 5)];
	options.max_lifetime = limits[rng_below(rng, 5)];
	uint64_t token = give(GIVEN_TO_JOIN);
	int result = dx_join(a, b, &options, token, &join);
	given_to(token, result);
	if (result == 0)
		atomic_store(&joins[rng_below(rng, 16)], join);
}

static void bytes(struct rng *rng, dx_id socket)
{
	static const uint8_t zeros[32 * KIB];
	uint8_t data[4096];
	int64_t result;
	switch (rng_below(rng, 5)) {
	case 0: result = dx_recv(socket, data, sizeof(data)); break;
	case 1: result = dx_recv_wait(socket, data, sizeof(data), 1); break;
	case 2: result = dx_send(socket, zeros, sizeof(zeros)); break;
	case 3: result = dx_send_wait(socket, zeros, sizeof(zeros), 1); break;
	default: result = dx_arm(socket, 1 + (uint32_t)rng_below(rng, 3)); break;
	}
	CHECK(result >= 0 || result == -EAGAIN || result == -EBUSY || result == -ENOENT || result == -EPIPE
			|| result == -ECONNRESET || result == -ETIMEDOUT);
}

static void ask(struct rng *rng, dx_id socket, dx_id join)
{
	struct dx_socket_info info = { .size = sizeof(info) };
	struct dx_join_info rows[5];
	uint64_t next;
	int result = 0;
	switch (rng_below(rng, 3)) {
	case 0: result = dx_socket_info(socket, &info); break;
	case 1: result = dx_join_info_wait(join, rows); break;
	default: CHECK_GE(dx_joins_wait(engine, 0, 0, rows, 5, &next), 0); break;
	}
	CHECK(result == 0 || result == -ENOENT);
}

static void control(struct rng *rng, unsigned what, dx_id socket, dx_id join)
{
	uint64_t token = give(what == 24 ? GIVEN_TO_RELEASE : GIVEN);
	int result;
	switch (what) {
	case 21: result = dx_join_close(join, token); break;
	case 22: result = dx_close(socket, (uint32_t)rng_below(rng, 2), 3, token); break;
	case 23: result = dx_shutdown(socket, token); break;
	case 24: result = dx_release(socket, 1 + (uint32_t)rng_below(rng, 4), token); break;
	default: result = dx_unjoin(join, token); break;
	}
	given_to(token, result == -ENOTEMPTY ? -EBUSY : result);
}

static void *command(void *argument)
{
	struct rng rng;
	rng_init(&rng, 100 + (uintptr_t)argument);
	for (unsigned i = 0; i < operations; i++) {
		unsigned slot = (unsigned)rng_below(&rng, SLOTS), what = (unsigned)rng_below(&rng, 40);
		dx_id a = atomic_load(&slots[slot]), b = atomic_load(&slots[rng_below(&rng, SLOTS)]);
		dx_id join = atomic_load(&joins[rng_below(&rng, 16)]);
		if (what < 15) {
			make_join(&rng, a, b);
		} else if (what < 25) {
			control(&rng, what, a, join);
		} else if (what < 33) {
			bytes(&rng, a);
		} else if (what < 35) {
			ask(&rng, a, join);
		} else if (what < 38 || !a) {
			fill_slot(&rng, slot);
		} else {
			sched_yield();
		}
	}
	return NULL;
}

static void *run_peers(void *argument)
{
	static const uint8_t zeros[128 * KIB];
	static uint8_t data[64 * KIB];
	struct rng rng;
	(void)argument;
	rng_init(&rng, 7);
	while (!atomic_load(&over)) {
		unsigned place = (unsigned)rng_below(&rng, PEERS), what = (unsigned)rng_below(&rng, 200);
		pthread_mutex_lock(&peers_lock);
		int fd = peers[place];
		if (fd == -1)
			what = UINT32_MAX;
		else if (what < 90)
			(void)!send(fd, zeros, rng_below(&rng, 3) ? 100 : sizeof(zeros), MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (what < 190)
			(void)!recv(fd, data, sizeof(data), MSG_DONTWAIT);
		else if (what < 193)
			shutdown(fd, SHUT_WR);
		else if (what < 195)
			(void)!send(fd, zeros, 1, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_OOB);
		else
			peers[place] = -1;
		pthread_mutex_unlock(&peers_lock);
		if (what >= 195 && what < 198)
			peer_close(fd);
		else if (what >= 198 && what < 200)
			peer_reset(fd);
		if (what == UINT32_MAX)
			sched_yield();
	}
	return NULL;
}

static void storm(unsigned workers)
{
	pthread_t threads[THREADS];
	operations = scaled(25000);
	most_tokens = THREADS * operations + 2 * SLOTS;
	fates = calloc(most_tokens, sizeof(*fates));
	table = calloc(TABLE, sizeof(*table));
	CHECK(fates && table);
	joins_made = joins_ended = 0;
	atomic_store(&tokens, 0);
	atomic_store(&given, 0);
	atomic_store(&answered, 0);
	atomic_store(&over, false);
	for (unsigned i = 0; i < PEERS; i++)
		peers[i] = -1;
	for (unsigned i = 0; i < 16; i++)
		atomic_store(&joins[i], 0);
	engine = engine_open(workers);
	pthread_t reader = thread_start(read_events, NULL), talker = thread_start(run_peers, NULL);
	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = thread_start(command, (void *)(i + 10 * workers));
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	for (unsigned i = 0; i < SLOTS; i++) {
		dx_id socket = atomic_exchange(&slots[i], 0);
		uint64_t token = give(GIVEN);
		given_to(token, socket ? dx_close(socket, 0, 10, token) : -ENOENT);
	}
	AWAIT(engine_info(engine).sockets == 0);
	AWAIT(atomic_load(&answered) == atomic_load(&given));
	CHECK_EQ(engine_info(engine).joins_active, 0);
	CHECK_EQ(engine_info(engine).pipes_in_use, 0);
	atomic_store(&over, true);
	thread_join(reader);
	thread_join(talker);
	struct dx_event event;
	while (dx_events_wait(engine, &event, 1, 0) > 0)
		note(&event);
	CHECK_EQ(joins_made, joins_ended);
	CHECK_EQ(engine_info(engine).joins_total, joins_made);
	for (unsigned i = 0; i < TABLE; i++)
		CHECK_EQ(table[i].made, table[i].ended);
	printf("    %u commands, %u joins\n", atomic_load(&given), joins_made);
	for (unsigned i = 0; i < PEERS; i++) {
		if (peers[i] != -1)
			peer_close(peers[i]);
	}
	free((void *)fates);
	free(table);
	engine_close(engine);
}

static void one_worker(void)
{
	storm(1);
}

static void two_workers(void)
{
	storm(2);
}

static void four_workers(void)
{
	storm(4);
}

int main(void)
{
	test_begin();
	RUN(one_worker);
	RUN(two_workers);
	RUN(four_workers);
	return test_end();
}
