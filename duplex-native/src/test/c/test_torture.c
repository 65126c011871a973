/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of random switches under load: many threads join and unjoin the same few sockets at the same time, full
 * duplex against half duplex, in both orders, over all wires, on several workers, by command and by blocking twin. At
 * the end every byte that a peer has sent is accounted for and found at its place. (Laws 1, 2, 3 and 6.)
 *
 * How bytes are accounted for: a direction of a join is a segment, noted while the join holds its halves, so that the
 * notes of a source and of a sink are in the order of their joins. The answer to the unjoin tells the segment's length.
 * A peer must have received the segments of its sink, one after the other, and each continues its source's stream
 * where the source's segment before ended.
 */
#include "support.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define MOST_SOCKETS 24
#define MOST_THREADS 6
#define HELD 5 /* joins that a thread holds at most */

struct segment {
	unsigned source;
	uint64_t from;   /* offset in the source's stream; known at the end */
	uint64_t length;
};

struct log {
	uint32_t *segments; /* indices into all segments */
	unsigned count;
};

struct end {
	struct line line;
	struct stream sent;     /* what the peer sends */
	uint8_t *received;      /* what the peer received */
	size_t received_length;
	size_t received_room;
	bool is_source;         /* its halves are in use: shared, they would not tell whose bytes went where */
	bool is_sink;
	struct log from;        /* segments that this socket was the source of */
	struct log to;          /* and the sink */
};

static struct end ends[MOST_SOCKETS];
static unsigned sockets, switches, rounds;
static dx_id engine;
static struct segment *segments;
static unsigned segment_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint switches_done, busy_answers;
static atomic_bool traffic_over;

static void log_append(struct log *log, uint32_t segment)
{
	log->segments = realloc(log->segments, (log->count + 1) * sizeof(*log->segments));
	CHECK(log->segments);
	log->segments[log->count++] = segment;
}

/* Reserves the halves of a direction, or of both; false when one is in use. */
static bool reserve(unsigned a, unsigned b, bool half)
{
	pthread_mutex_lock(&lock);
	bool free = !ends[a].is_source && !ends[b].is_sink && (half || (!ends[b].is_source && !ends[a].is_sink));
	if (free) {
		ends[a].is_source = ends[b].is_sink = true;
		if (!half)
			ends[b].is_source = ends[a].is_sink = true;
	}
	pthread_mutex_unlock(&lock);
	return free;
}

static void set_free(unsigned a, unsigned b, bool half)
{
	pthread_mutex_lock(&lock);
	ends[a].is_source = ends[b].is_sink = false;
	if (!half)
		ends[b].is_source = ends[a].is_sink = false;
	pthread_mutex_unlock(&lock);
}

/* Note a direction while its join holds the halves. */
static uint32_t segment_new(unsigned source, unsigned sink)
{
	pthread_mutex_lock(&lock);
	uint32_t index = segment_count++;
	CHECK_LT(index, 4 * rounds);
	segments[index] = (struct segment){ .source = source };
	log_append(&ends[source].from, index);
	log_append(&ends[sink].to, index);
	pthread_mutex_unlock(&lock);
	return index;
}

struct held {
	dx_id join;
	unsigned a;
	unsigned b;
	bool half;
	uint32_t there;
	uint32_t back;
};

static bool hold(struct held *held, struct rng *rng)
{
	unsigned a = (unsigned)rng_below(rng, sockets), b = (a + 1 + (unsigned)rng_below(rng, sockets - 1)) % sockets;
	bool half = rng_below(rng, 3) != 0, blocking = rng_below(rng, 2);
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE | (half ? DX_JOIN_HALF_DUPLEX : 0));
	uint64_t token = token_new();
	if (!reserve(a, b, half)) {
		atomic_fetch_add(&busy_answers, 1);
		return false;
	}
	int result = blocking ? dx_join_wait(ends[a].line.socket, ends[b].line.socket, &options, &held->join)
						  : dx_join(ends[a].line.socket, ends[b].line.socket, &options, token, &held->join);
	CHECK_EQ(result, 0);
	held->a = a;
	held->b = b;
	held->half = half;
	held->there = segment_new(a, b);
	held->back = half ? 0 : segment_new(b, a);
	if (!blocking && rng_below(rng, 2)) /* else it may be undone before it was answered */
		await_success(engine, token);
	return true;
}

static void undo(struct held *held, struct rng *rng)
{
	struct dx_event result;
	uint64_t token = token_new();
	if (rng_below(rng, 2)) {
		CHECK_OK(dx_unjoin_wait(held->join, &result));
	} else {
		CHECK_OK(dx_unjoin(held->join, token));
		result = await_success(engine, token);
	}
	segments[held->there].length = result.a_to_b + result.a_to_b_pending;
	if (held->half)
		CHECK_EQ(result.b_to_a + result.b_to_a_pending, 0);
	else
		segments[held->back].length = result.b_to_a + result.b_to_a_pending;
	set_free(held->a, held->b, held->half);
	atomic_fetch_add(&switches_done, 1);
}

static void *switch_around(void *argument)
{
	struct rng rng;
	struct held held[HELD];
	unsigned count = 0;
	rng_init(&rng, 1000 + (uintptr_t)argument);
	while (atomic_load(&switches_done) < switches) {
		if (count < HELD && rng_below(&rng, 2)) {
			count += hold(&held[count], &rng);
		} else if (count) {
			unsigned which = (unsigned)rng_below(&rng, count);
			undo(&held[which], &rng);
			held[which] = held[--count];
		}
		if (rng_below(&rng, 8) == 0)
			poll_pause();
	}
	while (count)
		undo(&held[--count], &rng);
	return NULL;
}

static bool receive(struct end *end)
{
	if (end->received_room - end->received_length < 64 * KIB) {
		end->received_room = 2 * end->received_room + MIB;
		end->received = realloc(end->received, end->received_room);
		CHECK(end->received);
	}
	ssize_t got = recv(end->line.peer, end->received + end->received_length, 64 * KIB, MSG_DONTWAIT);
	if (got == -1)
		CHECK_EQ(errno, EAGAIN);
	else
		end->received_length += (size_t)got;
	return got != 0;
}

/* All peers: send random pieces, as many as there were switches, and take what comes, now and then. */
static void *run_peers(void *argument)
{
	struct rng rng;
	uint64_t sent = 0;
	(void)argument;
	rng_init(&rng, 2000);
	while (!atomic_load(&traffic_over)) {
		struct end *end = &ends[rng_below(&rng, sockets)];
		if (sent < 32 * KIB * (uint64_t)(100 + atomic_load(&switches_done))) {
			uint64_t most = rng_below(&rng, 4) ? 2000 : 256 * KIB;
			sent += peer_send_some(end->line.peer, &end->sent, 1 + rng_below(&rng, most));
		} else {
			poll_pause();
		}
		if (rng_below(&rng, 3) == 0)
			receive(&ends[rng_below(&rng, sockets)]);
	}
	return NULL;
}

/* Undone and quiet: what was not moved is still there for the application, and then comes the end. */
static void take_rest(unsigned index, uint64_t moved)
{
	static uint8_t data[64 * KIB];
	struct stream rest = ends[index].sent;
	uint64_t total = rest.offset;
	rest.offset = moved;
	test_note("socket %u: %llu of %llu bytes moved", index, (unsigned long long)moved, (unsigned long long)total);
	peer_shut(ends[index].line.peer);
	for (int64_t got; (got = dx_recv_wait(ends[index].line.socket, data, sizeof(data), -1)) != 0;) {
		CHECK_GT(got, 0);
		stream_verify(&rest, data, (size_t)got);
	}
	CHECK_EQ(rest.offset, total);
}

static void verify_received(unsigned index)
{
	struct end *end = &ends[index];
	uint64_t token = token_new();
	CHECK_OK(dx_shutdown(end->line.socket, token));
	test_note("the rest that peer %u receives", index);
	while (receive(end))
		peer_readable(end->line.peer, 1);
	await_success(engine, token);
	uint64_t at = 0;
	for (unsigned i = 0; i < end->to.count; i++) {
		struct segment *segment = &segments[end->to.segments[i]];
		struct stream stream = { ends[segment->source].sent.seed, segment->from };
		test_note("sink %u, segment %u of %u at %llu: %llu bytes of %u at %llu", index, i, end->to.count,
				(unsigned long long)at, (unsigned long long)segment->length, segment->source,
				(unsigned long long)segment->from);
		CHECK_LE(at + segment->length, end->received_length);
		stream_verify(&stream, end->received + at, segment->length);
		at += segment->length;
	}
	CHECK_EQ(at, end->received_length);
}

static void torture(unsigned workers, unsigned threads, unsigned socket_count, int buffer)
{
	pthread_t switchers[MOST_THREADS];
	engine = engine_open(workers);
	sockets = socket_count;
	switches = scaled(3000);
	rounds = switches + MOST_THREADS * (HELD + 1);
	segments = calloc(4 * rounds, sizeof(*segments));
	segment_count = 0;
	atomic_store(&switches_done, 0);
	atomic_store(&busy_answers, 0);
	atomic_store(&traffic_over, false);
	for (unsigned i = 0; i < sockets; i++)
		ends[i] = (struct end){ .line = line_open(engine, i % WIRES, buffer), .sent = stream_new() };
	pthread_t peers = thread_start(run_peers, NULL);
	for (uintptr_t i = 0; i < threads; i++)
		switchers[i] = thread_start(switch_around, (void *)i);
	for (unsigned i = 0; i < threads; i++)
		thread_join(switchers[i]);
	atomic_store(&traffic_over, true);
	thread_join(peers);
	CHECK_EQ(engine_info(engine).joins_active, 0);

	uint64_t moved_by_all = 0, sent_by_all = 0;
	for (unsigned i = 0; i < sockets; i++) {
		uint64_t moved = 0;
		for (unsigned j = 0; j < ends[i].from.count; j++) {
			segments[ends[i].from.segments[j]].from = moved;
			moved += segments[ends[i].from.segments[j]].length;
		}
		take_rest(i, moved);
		moved_by_all += moved;
		sent_by_all += ends[i].sent.offset;
	}
	for (unsigned i = 0; i < sockets; i++)
		verify_received(i);
	printf("    %u switches, %u busy, %llu of %llu KiB joined\n", atomic_load(&switches_done),
			atomic_load(&busy_answers), (unsigned long long)moved_by_all / KIB, (unsigned long long)sent_by_all / KIB);
	CHECK_GT(moved_by_all, sent_by_all / 100);
	for (unsigned i = 0; i < sockets; i++) {
		line_close(&ends[i].line);
		free(ends[i].received);
		free(ends[i].from.segments);
		free(ends[i].to.segments);
	}
	free(segments);
	AWAIT(engine_info(engine).pipes_in_use == 0);
	engine_close(engine);
}

static void one_worker(void)
{
	torture(1, 4, 16, 0);
}

static void two_workers_and_small_buffers(void)
{
	torture(2, 4, 12, 8 * KIB);
}

/* So few sockets that nearly every join meets another one. */
static void four_workers_and_six_threads_at_eight_sockets(void)
{
	torture(4, 6, 8, 0);
}

static void three_workers_and_many_sockets(void)
{
	torture(3, 6, 24, 64 * KIB);
}

int main(void)
{
	test_begin();
	RUN(one_worker);
	RUN(two_workers_and_small_buffers);
	RUN(four_workers_and_six_threads_at_eight_sockets);
	RUN(three_workers_and_many_sockets);
	return test_end();
}
