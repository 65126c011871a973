/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fans, tees, listeners' joins, limits, routes and passing, all at once on the same sockets from many threads, while
 * their peers talk, end, reset and vanish: every accepted command is answered once, every join that was made ends once,
 * calls fail only as the header says, and when all is closed nothing is left. Then the same with manners: sources that
 * are switched between sets of sinks, where every byte is looked for and found. (Laws 1 to 9.)
 */
#include "support.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SLOTS 12
#define JOINS 32
#define LISTENERS 2
#define STRAYS 8
#define THREADS 4
#define PEERS 48
#define TABLE (1u << 17)

/* A token is an index: what it was given to, and whether it was answered. */
enum fate {
	UNUSED,
	GIVEN,
	GIVEN_TO_JOIN,
	GIVEN_TO_RELEASE,
	GIVEN_TO_UNJOIN,
	ANSWERED,
};

struct seen {
	dx_id join;
	uint8_t made;
	uint8_t ended;
};

struct ids {
	dx_id *ids;
	unsigned count;
};

static dx_id engine, carriers[2];
static _Atomic dx_id slots[SLOTS], joins[JOINS], listeners[LISTENERS];
static _Atomic dx_id strays[STRAYS]; /* sockets that the engine has accepted, as its listings tell */
static struct ids known;             /* all of these: the application's once they are undone */
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
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

static void know(dx_id socket)
{
	pthread_mutex_lock(&known_lock);
	known.ids = realloc(known.ids, (known.count + 1) * sizeof(*known.ids));
	CHECK(known.ids);
	known.ids[known.count++] = socket;
	pthread_mutex_unlock(&known_lock);
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
	CHECK(fate != UNUSED && fate != ANSWERED);
	atomic_fetch_add(&answered, 1);
	if (event->result)
		return;
	if (fate == GIVEN_TO_JOIN) {
		CHECK_EQ(find(event->object)->made++, 0);
		joins_made++;
	} else if (fate == GIVEN_TO_RELEASE) {
		peer_close((int)event->value);
	} else if (fate == GIVEN_TO_UNJOIN) {
		know(event->a);
		know(event->b);
	}
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

static bool is_expected(int64_t result)
{
	return result >= 0 || result == -EBUSY || result == -ENOENT || result == -EPIPE || result == -EINVAL
			|| result == -ECONNRESET || result == -ENOTCONN || result == -EOPNOTSUPP || result == -EAGAIN
			|| result == -ENOTEMPTY || result == -EPROTO || result == -ETIMEDOUT || result == -ENOSPC;
}

static void given_to(uint64_t token, int result)
{
	if (result == 0) {
		atomic_fetch_add(&given, 1);
		return;
	}
	if (atomic_exchange(&fates[token], UNUSED) == ANSWERED)
		FAIL("a command that returned %d was answered", result);
	if (!is_expected(result))
		FAIL("a command returned %d", result);
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

static void set_slot(struct rng *rng, dx_id socket)
{
	dx_id before = atomic_exchange(&slots[rng_below(rng, SLOTS)], socket);
	uint64_t token = give(GIVEN);
	given_to(token, before ? dx_close(before, (uint32_t)rng_below(rng, 2), 1, token) : -ENOENT);
}

static void fill_slot(struct rng *rng)
{
	static const struct dx_codec_options line = { .size = sizeof(line), .type = DX_CODEC_LINE, .max_message = 5000 };
	int pair[2];
	dx_id socket;
	wire_pair((enum wire)rng_below(rng, WIRES), rng_below(rng, 2) ? 0 : 8 * KIB, pair);
	CHECK_OK(dx_adopt(engine, pair[0], "read\nahead", rng_below(rng, 10), &socket));
	if (rng_below(rng, 2))
		CHECK_OK(dx_codec_set(socket, &line));
	keep_peer(rng, pair[1]);
	set_slot(rng, socket);
}

static struct dx_join_options random_options(struct rng *rng)
{
	static const uint64_t times[] = { 0, 0, 0, 0, 2, 20 }, rates[] = { 0, 0, 1, 100, 100000, 1ull << 40 },
			numbers[] = { 0, 0, 0, 1, 1000, 1000000 }, lags[] = { 0, 1, 5000, 1ull << 30 };
	struct dx_join_options options = join_options((uint32_t)rng_below(rng, 8));
	if (rng_below(rng, 3))
		options.flags |= DX_JOIN_HALF_DUPLEX; /* makes fans and chains, and so groups that move */
	if (rng_below(rng, 6) == 0)
		options.flags = (options.flags | DX_JOIN_ROUTE) & ~DX_JOIN_LOSSY;
	options.idle_timeout = times[rng_below(rng, 6)];
	options.half_close_timeout = times[rng_below(rng, 6)];
	options.max_lifetime = times[rng_below(rng, 6)];
	options.a_to_b_rate = rates[rng_below(rng, 6)];
	options.b_to_a_rate = rates[rng_below(rng, 6)];
	options.max_bytes = numbers[rng_below(rng, 6)];
	options.max_lag = lags[rng_below(rng, 4)];
	return options;
}

static void keep_join(struct rng *rng, dx_id join)
{
	atomic_store(&joins[rng_below(rng, JOINS)], join);
}

static void make_join(struct rng *rng, dx_id a, dx_id b, bool is_template)
{
	struct dx_join_options options = random_options(rng);
	dx_id join;
	if (is_template && rng_below(rng, 8))
		options.flags &= ~DX_JOIN_ROUTE;
	uint64_t token = give(GIVEN_TO_JOIN);
	int result = dx_join(a, b, &options, token, &join);
	given_to(token, result);
	if (result == 0)
		keep_join(rng, join);
}

static void make_tee(struct rng *rng, dx_id join, dx_id mirror)
{
	dx_id tee;
	uint64_t token = give(GIVEN_TO_JOIN);
	int result = dx_tee(join, mirror, 1 + (uint32_t)rng_below(rng, 2), rng_below(rng, 2) ? 0 : 20000, token, &tee);
	given_to(token, result);
	if (result == 0)
		keep_join(rng, tee);
}

static void set_limits(struct rng *rng, dx_id join)
{
	struct dx_join_options options = random_options(rng);
	uint64_t token = give(GIVEN);
	given_to(token, dx_join_limit(join, &options, token));
}

static void undo(struct rng *rng, dx_id join)
{
	struct dx_event result;
	if (rng_below(rng, 4)) {
		uint64_t token = give(GIVEN_TO_UNJOIN);
		given_to(token, dx_unjoin(join, token));
		return;
	}
	int rc = dx_unjoin_wait(join, &result);
	if (rc != 0 && rc != -ENOENT && rc != -EALREADY)
		FAIL("undoing a join returned %d", rc);
	if (rc == 0) {
		know(result.a);
		know(result.b);
	}
}

static void control(struct rng *rng, dx_id socket, dx_id join)
{
	static const uint8_t zeros[5000];
	unsigned what = (unsigned)rng_below(rng, 6);
	uint64_t token = give(what == 2 ? GIVEN_TO_RELEASE : GIVEN);
	int result;
	switch (what) {
	case 0: result = dx_close(socket, (uint32_t)rng_below(rng, 2), 3, token); break;
	case 1: result = dx_shutdown(socket, token); break;
	case 2: result = dx_release(socket, 1 + (uint32_t)rng_below(rng, 4), token); break;
	case 3: result = dx_join_close(join, token); break;
	case 4: result = dx_pass(socket, carriers[0], token); break;
	default: result = dx_queue(socket, zeros, 1 + rng_below(rng, sizeof(zeros)), token); break;
	}
	given_to(token, result);
}

static void bytes(struct rng *rng, dx_id socket)
{
	static const uint8_t zeros[32 * KIB];
	uint8_t data[4096] = { 0 };
	struct dx_message messages[4] = { { .length = 100 } };
	int64_t result;
	switch (rng_below(rng, 9)) {
	case 0: result = dx_recv(socket, data, sizeof(data)); break;
	case 1: result = dx_recv_wait(socket, data, sizeof(data), 1); break;
	case 2: result = dx_send(socket, zeros, sizeof(zeros)); break;
	case 3: result = dx_send_wait(socket, zeros, sizeof(zeros), 1); break;
	case 4: result = dx_unrecv(socket, zeros, 1 + rng_below(rng, 3000)); break;
	case 5: result = dx_put(socket, data, sizeof(data), messages, 1); break;
	case 6: result = dx_get(socket, data, sizeof(data), messages, 4); break;
	case 7: result = dx_option_set(socket, DX_OPTION_LINGER, (int32_t)rng_below(rng, 3) - 1); break;
	default: result = dx_arm(socket, 1 + (uint32_t)rng_below(rng, 3)); break;
	}
	if (!is_expected(result))
		FAIL("a call returned %lld", (long long)result);
}

/* Sockets and joins that were made by listeners are known from listings alone. */
static void ask(struct rng *rng, dx_id socket, dx_id join)
{
	struct dx_socket_info info = { .size = sizeof(info) };
	struct dx_join_info rows[20];
	uint64_t next = 0;
	int result = dx_socket_info(socket, &info);
	CHECK(result == 0 || result == -ENOENT);
	result = dx_join_info_wait(join, rows);
	CHECK(result == 0 || result == -ENOENT);
	do {
		result = dx_joins_wait(engine, 0, next, rows, 20, &next);
		CHECK_GE(result, 0);
		if (result == 0)
			continue;
		struct dx_join_info *row = &rows[rng_below(rng, (uint64_t)result)];
		dx_id stray = rng_below(rng, 2) ? row->a : row->b;
		know(stray);
		atomic_store(&strays[rng_below(rng, STRAYS)], stray);
		if (rng_below(rng, 4) == 0)
			keep_join(rng, row->id);
	} while (next && rng_below(rng, 2));
}

static void take(struct rng *rng)
{
	dx_id socket;
	int result = dx_take(engine, carriers[1], &socket);
	if (result == 0)
		set_slot(rng, socket);
	else
		CHECK(result == -EAGAIN || result == -ENOTCONN);
}

static void listen_in(struct rng *rng)
{
	struct dx_address any = { .family = DX_FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
	dx_id listener;
	CHECK_OK(dx_listen(engine, &any, 0, &listener));
	dx_id before = atomic_exchange(&listeners[rng_below(rng, LISTENERS)], listener);
	uint64_t token = give(GIVEN);
	given_to(token, before ? dx_close(before, 0, 0, token) : -ENOENT);
}

/* A client of a listener's: whoever has joined it gets the connection, or nobody does. */
static void call(struct rng *rng, dx_id listener)
{
	struct dx_socket_info info = { .size = sizeof(info) };
	if (dx_socket_info(listener, &info) || info.local.family != DX_FAMILY_IPV4)
		return;
	struct sockaddr_storage storage = { 0 };
	uint16_t family = AF_INET, port = (uint16_t)(info.local.port << 8 | info.local.port >> 8);
	memcpy(&storage, &family, 2);
	memcpy((char *)&storage + 2, &port, 2);
	memcpy((char *)&storage + 4, info.local.ip, 4);
	int fd = (int)CHECK_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (connect(fd, (struct sockaddr *)&storage, 16) == -1) {
		CHECK(errno == ECONNREFUSED || errno == ECONNRESET);
		peer_close(fd);
	} else {
		keep_peer(rng, fd);
	}
}

static dx_id pick(struct rng *rng)
{
	return rng_below(rng, 8) ? atomic_load(&slots[rng_below(rng, SLOTS)]) : atomic_load(&strays[rng_below(rng, STRAYS)]);
}

static void *command(void *argument)
{
	struct rng rng;
	rng_init(&rng, 100 + (uintptr_t)argument);
	for (unsigned i = 0; i < operations; i++) {
		unsigned what = (unsigned)rng_below(&rng, 100);
		dx_id a = pick(&rng), b = pick(&rng), join = atomic_load(&joins[rng_below(&rng, JOINS)]);
		dx_id listener = atomic_load(&listeners[rng_below(&rng, LISTENERS)]);
		if (what < 30)
			make_join(&rng, a, b, false);
		else if (what < 34)
			make_join(&rng, what % 2 ? a : listener, what % 2 ? listener : a, true);
		else if (what < 42)
			make_tee(&rng, join, a);
		else if (what < 50)
			undo(&rng, join);
		else if (what < 56)
			set_limits(&rng, join);
		else if (what < 64)
			control(&rng, a, join);
		else if (what < 80)
			bytes(&rng, a);
		else if (what < 84)
			ask(&rng, a, join);
		else if (what < 90)
			fill_slot(&rng);
		else if (what < 92)
			take(&rng);
		else if (what < 93)
			listen_in(&rng);
		else if (what < 97)
			call(&rng, listener);
		else
			sched_yield();
	}
	return NULL;
}

static void speak(struct rng *rng, int fd)
{
	static uint8_t zeros[128 * KIB], lines[2000];
	if (!lines[0]) {
		for (unsigned i = 0; i < sizeof(lines); i++)
			lines[i] = i % 37 ? 'x' : '\n';
	}
	bool is_text = rng_below(rng, 4);
	(void)!send(fd, is_text ? lines : zeros, is_text ? 1 + rng_below(rng, sizeof(lines)) : rng_below(rng, sizeof(zeros)),
			MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void *run_peers(void *argument)
{
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
			speak(&rng, fd);
		else if (what < 190)
			(void)!recv(fd, data, sizeof(data), MSG_DONTWAIT);
		else if (what < 193)
			shutdown(fd, SHUT_WR);
		else if (what < 195)
			(void)!send(fd, data, 1, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_OOB);
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

static void close_soon(dx_id socket)
{
	uint64_t token = give(GIVEN);
	given_to(token, socket ? dx_close(socket, 0, 10, token) : -ENOENT);
}

/* The application's sockets, and those that it can have become owner of. */
static void close_all(void)
{
	dx_id socket;
	for (unsigned i = 0; i < LISTENERS; i++)
		close_soon(atomic_exchange(&listeners[i], 0));
	for (unsigned i = 0; i < SLOTS; i++)
		close_soon(atomic_exchange(&slots[i], 0));
	pthread_mutex_lock(&known_lock);
	for (unsigned i = 0; i < known.count; i++)
		dx_close_wait(known.ids[i], DX_CLOSE_RESET, 0);
	pthread_mutex_unlock(&known_lock);
	/* what is on its way from one carrier to the other */
	for (;;) {
		int result = dx_take(engine, carriers[1], &socket);
		if (result == 0)
			CHECK_OK(dx_close_wait(socket, DX_CLOSE_RESET, 0));
		else if (result == -EAGAIN && !socket_info(carriers[0]).output_queued)
			break;
	}
	for (unsigned i = 0; i < 2; i++)
		CHECK_OK(dx_close_wait(carriers[i], 0, 0));
}

static void begin_storm(unsigned workers)
{
	int pair[2];
	operations = scaled(12000);
	most_tokens = 2 * THREADS * operations + 2 * SLOTS + LISTENERS;
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
	for (unsigned i = 0; i < JOINS; i++)
		atomic_store(&joins[i], 0);
	for (unsigned i = 0; i < STRAYS; i++)
		atomic_store(&strays[i], 0);
	engine = engine_open(workers);
	wire_pair(WIRE_UNIX, 0, pair);
	for (unsigned i = 0; i < 2; i++)
		CHECK_OK(dx_adopt(engine, pair[i], NULL, 0, &carriers[i]));
}

static void end_storm(void)
{
	struct dx_event event;
	while (dx_events_wait(engine, &event, 1, 0) > 0)
		note(&event);
	CHECK_EQ(joins_made, joins_ended);
	for (unsigned i = 0; i < TABLE; i++)
		CHECK_EQ(table[i].made, table[i].ended);
	printf("    %u commands, %u joins, %u of them given, %u sockets known\n", atomic_load(&given),
			(unsigned)engine_info(engine).joins_total, joins_made, known.count);
	for (unsigned i = 0; i < PEERS; i++) {
		if (peers[i] != -1)
			peer_close(peers[i]);
	}
	free((void *)fates);
	free(table);
	free(known.ids);
	known = (struct ids){ 0 };
	engine_close(engine);
}

static void storm(unsigned workers)
{
	pthread_t threads[THREADS];
	begin_storm(workers);
	pthread_t reader = thread_start(read_events, NULL), talker = thread_start(run_peers, NULL);
	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = thread_start(command, (void *)(i + 10 * workers));
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	AWAIT(atomic_load(&answered) == atomic_load(&given));
	close_all();
	AWAIT(engine_info(engine).sockets == 0);
	AWAIT(atomic_load(&answered) == atomic_load(&given));
	atomic_store(&over, true);
	thread_join(reader);
	thread_join(talker);
	struct dx_engine_info info = engine_info(engine);
	CHECK_EQ(info.joins_active, 0);
	CHECK_EQ(info.pipes_in_use, 0);
	CHECK_EQ(info.message_memory, 0);
	CHECK_EQ(info.descriptors, 2 * info.pipes_pooled);
	end_storm();
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

/* ---------------------------------------------------------------------------------------------------- exactness */

/*
 * A source's bytes tell their place: 64-bit words, the source's number in the lowest byte, their index in the others. So
 * what a sink received of a join can be found in the source's stream wherever the join began: one piece, without a hole.
 * And the pieces of all sinks together cover what left the source: nothing was read for nobody.
 */

#define SOURCES 4
#define SINKS 8
#define SWITCHERS 3
#define HELD 4      /* joins that a switcher holds at most */
#define SHORTEST 16 /* bytes of a piece whose place can be told from it alone */

struct piece {
	unsigned source;
	uint64_t length;
	uint64_t at; /* in the source's stream, once it is known */
};

struct source {
	struct line line;
	uint64_t sent;
};

struct sink {
	struct line line;
	bool is_used;
	uint8_t *received;
	size_t length;
	size_t room;
	struct piece *pieces; /* in the order of their joins */
	unsigned count;
};

struct held {
	dx_id join;
	unsigned source;
	unsigned sink;
	unsigned piece;
	bool is_tee;
	uint64_t max_bytes;
};

static struct source sources[SOURCES];
static struct sink sinks[SINKS];
static unsigned switches;
static atomic_uint switches_done;
static pthread_mutex_t sinks_lock = PTHREAD_MUTEX_INITIALIZER;

static uint8_t byte_of(unsigned source, uint64_t at)
{
	return (uint8_t)((at / 8 << 8 | source) >> at % 8 * 8);
}

static bool is_at(unsigned source, uint64_t at, const uint8_t *data, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++) {
		if (data[i] != byte_of(source, at + i))
			return false;
	}
	return true;
}

/* Where the piece lies in its source's stream. */
static uint64_t locate(unsigned source, const uint8_t *data, uint64_t length)
{
	for (unsigned skip = 0; skip < 8; skip++) {
		uint64_t word;
		memcpy(&word, data + skip, 8);
		uint64_t at = (word >> 8) * 8 - skip;
		if ((word & 0xff) == source && (word >> 8) * 8 >= skip && at + length <= sources[source].sent
				&& is_at(source, at, data, length))
			return at;
	}
	FAIL("a piece of %llu bytes is nowhere in source %u", (unsigned long long)length, source);
}

static struct sink *reserve_sink(struct rng *rng)
{
	struct sink *sink = &sinks[rng_below(rng, SINKS)];
	pthread_mutex_lock(&sinks_lock);
	bool free = !sink->is_used;
	sink->is_used = true;
	pthread_mutex_unlock(&sinks_lock);
	return free ? sink : NULL;
}

static void set_sink_free(struct sink *sink)
{
	pthread_mutex_lock(&sinks_lock);
	sink->is_used = false;
	pthread_mutex_unlock(&sinks_lock);
}

/* A join of a random source, or a tee of one that is held, to a sink that has no other. */
static bool connect_sink(struct held *held, unsigned count, struct rng *rng)
{
	static const uint64_t rates[] = { 0, 0, 0, 10 * MIB, 100 * MIB }, numbers[] = { 0, 0, 0, 16, 333, 300000 };
	struct sink *sink = reserve_sink(rng);
	struct held *new = &held[count], *mirrored = count ? &held[rng_below(rng, count)] : NULL;
	if (!sink)
		return false;
	*new = (struct held){ .sink = (unsigned)(sink - sinks), .piece = sink->count };
	new->is_tee = mirrored && !mirrored->is_tee && rng_below(rng, 3) == 0;
	new->source = new->is_tee ? mirrored->source : (unsigned)rng_below(rng, SOURCES);
	int result;
	if (new->is_tee) {
		result = dx_tee_wait(mirrored->join, sink->line.socket, DX_SIDE_A, UINT64_MAX, &new->join);
		/* what it mirrors may have had its bytes */
		CHECK(result == 0 || result == -ENOENT || result == -EOPNOTSUPP);
	} else {
		struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE);
		options.a_to_b_rate = rates[rng_below(rng, 5)];
		options.max_bytes = new->max_bytes = numbers[rng_below(rng, 6)];
		if (rng_below(rng, 4) == 0) {
			options.flags |= DX_JOIN_LOSSY;
			options.max_lag = UINT64_MAX;
		}
		result = dx_join_wait(sources[new->source].line.socket, sink->line.socket, &options, &new->join);
		CHECK_EQ(result, 0);
	}
	if (result) {
		set_sink_free(sink);
		return false;
	}
	sink->pieces = realloc(sink->pieces, (sink->count + 1) * sizeof(*sink->pieces));
	CHECK(sink->pieces);
	sink->pieces[sink->count++] = (struct piece){ .source = new->source };
	return true;
}

static void disconnect_sink(struct held *held)
{
	struct sink *sink = &sinks[held->sink];
	int result = dx_unjoin_wait(held->join, NULL);
	CHECK(result == 0 || result == -ENOENT);
	struct dx_event end = await_ended(engine, held->join);
	if (end.reason == DX_REASON_BYTES && !held->is_tee) {
		CHECK_EQ(end.a_to_b, held->max_bytes);
		CHECK_EQ(end.a_to_b_pending, 0);
	} else if (end.reason != DX_REASON_BYTES) {
		CHECK_EQ(end.reason, DX_REASON_UNJOINED);
	}
	CHECK(held->is_tee || !held->max_bytes || end.a_to_b + end.a_to_b_pending <= held->max_bytes);
	sink->pieces[held->piece].length = end.a_to_b + end.a_to_b_pending;
	set_sink_free(sink);
	atomic_fetch_add(&switches_done, 1);
}

static void *switch_sinks(void *argument)
{
	struct rng rng;
	struct held held[HELD];
	unsigned count = 0;
	rng_init(&rng, 3000 + (uintptr_t)argument);
	while (atomic_load(&switches_done) < switches) {
		if (count < HELD && rng_below(&rng, 2)) {
			count += connect_sink(held, count, &rng);
		} else if (count && rng_below(&rng, 4) == 0) {
			struct dx_join_options options = join_options(0);
			struct held *limited = &held[rng_below(&rng, count)];
			options.a_to_b_rate = rng_below(&rng, 2) ? 0 : MIB;
			options.max_bytes = limited->max_bytes;
			int result = dx_join_limit_wait(limited->join, &options);
			CHECK(result == 0 || result == -ENOENT);
		} else if (count) {
			unsigned which = (unsigned)rng_below(&rng, count);
			disconnect_sink(&held[which]);
			held[which] = held[--count];
		}
		if (rng_below(&rng, 8) == 0)
			poll_pause();
	}
	while (count)
		disconnect_sink(&held[--count]);
	return NULL;
}

/* Takes what is there; false at the end. */
static bool receive(struct sink *sink)
{
	if (sink->room - sink->length < 64 * KIB) {
		sink->room = 2 * sink->room + MIB;
		sink->received = realloc(sink->received, sink->room);
		CHECK(sink->received);
	}
	ssize_t got = recv(sink->line.peer, sink->received + sink->length, 64 * KIB, MSG_DONTWAIT);
	if (got == -1)
		CHECK_EQ(errno, EAGAIN);
	else
		sink->length += (size_t)got;
	return got != 0;
}

static void send_some(struct source *source, uint64_t most)
{
	static uint8_t data[256 * KIB];
	for (uint64_t i = 0; i < most; i++)
		data[i] = byte_of((unsigned)(source - sources), source->sent + i);
	ssize_t sent = send(source->line.peer, data, most, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == -1)
		CHECK_EQ(errno, EAGAIN);
	else
		source->sent += (uint64_t)sent;
}

static void *run_ends(void *argument)
{
	struct rng rng;
	uint64_t calls = 0;
	(void)argument;
	rng_init(&rng, 4000);
	while (!atomic_load(&over)) {
		if (calls < 20 * (100 + (uint64_t)atomic_load(&switches_done))) {
			calls++;
			send_some(&sources[rng_below(&rng, SOURCES)], SHORTEST + rng_below(&rng, rng_below(&rng, 4) ? 2000 : 200 * KIB));
		} else {
			poll_pause();
		}
		receive(&sinks[rng_below(&rng, SINKS)]);
	}
	return NULL;
}

/* Finds every piece of a sink in its source. */
static void verify_sink(struct sink *sink)
{
	uint64_t token = token_new(), at = 0, last[SOURCES] = { 0 };
	CHECK_OK(dx_shutdown(sink->line.socket, token));
	test_note("the rest of sink %u", (unsigned)(sink - sinks));
	while (receive(sink))
		peer_readable(sink->line.peer, 1);
	await_success(engine, token);
	for (unsigned i = 0; i < sink->count; i++) {
		struct piece *piece = &sink->pieces[i];
		test_note("sink %u, piece %u: %llu bytes of %u at %llu", (unsigned)(sink - sinks), i,
				(unsigned long long)piece->length, piece->source, (unsigned long long)at);
		CHECK_LE(at + piece->length, sink->length);
		piece->at = UINT64_MAX;
		if (piece->length >= SHORTEST) {
			piece->at = locate(piece->source, sink->received + at, piece->length);
			/* none of them twice */
			CHECK_GE(piece->at, last[piece->source]);
			last[piece->source] = piece->at + piece->length;
		}
		at += piece->length;
	}
	CHECK_EQ(at, sink->length);
}

/* How far long pieces reach that cover this place of a source. */
static uint64_t reach_of_long(unsigned source, uint64_t place)
{
	uint64_t to = place;
	for (unsigned i = 0; i < SINKS; i++) {
		for (unsigned j = 0; j < sinks[i].count; j++) {
			struct piece *piece = &sinks[i].pieces[j];
			if (piece->source == source && piece->length >= SHORTEST && piece->at <= place && piece->at + piece->length > to)
				to = piece->at + piece->length;
		}
	}
	return to;
}

/* A short one may be the one that is here if it says the same; each is used once. */
static uint64_t reach_of_short(unsigned source, uint64_t place)
{
	for (unsigned i = 0; i < SINKS; i++) {
		const uint8_t *data = sinks[i].received;
		for (unsigned j = 0; j < sinks[i].count; data += sinks[i].pieces[j++].length) {
			struct piece *piece = &sinks[i].pieces[j];
			if (piece->source != source || !piece->length || piece->length >= SHORTEST || piece->at != UINT64_MAX
					|| !is_at(source, place, data, piece->length))
				continue;
			piece->at = place;
			return place + piece->length;
		}
	}
	FAIL("nobody has got byte %llu of source %u", (unsigned long long)place, source);
}

/* What the sinks have not got is still there for the application, and they have got all before. */
static void verify_source(struct source *source)
{
	static uint8_t data[32 * MIB];
	unsigned number = (unsigned)(source - sources);
	uint64_t rest = 0, covered = 0;
	peer_shut(source->line.peer);
	for (int64_t got; (got = dx_recv_wait(source->line.socket, data + rest, sizeof(data) - rest, -1)) != 0;) {
		CHECK_GT(got, 0);
		rest += (uint64_t)got;
	}
	uint64_t went = source->sent - rest;
	test_note("source %u: %llu of %llu bytes went", number, (unsigned long long)went, (unsigned long long)source->sent);
	CHECK(is_at(number, went, data, rest));
	while (covered < went) {
		uint64_t to = reach_of_long(number, covered);
		covered = to > covered ? to : reach_of_short(number, covered);
	}
	CHECK_EQ(covered, went);
}

static void switching(unsigned workers, int buffer)
{
	pthread_t threads[SWITCHERS];
	uint64_t moved = 0;
	unsigned pieces = 0;
	engine = engine_open(workers);
	switches = scaled(1500);
	atomic_store(&switches_done, 0);
	atomic_store(&over, false);
	for (unsigned i = 0; i < SOURCES; i++)
		sources[i] = (struct source){ .line = line_open(engine, i % WIRES, buffer) };
	for (unsigned i = 0; i < SINKS; i++)
		sinks[i] = (struct sink){ .line = line_open(engine, i % WIRES, i % 2 ? buffer : 0) };
	pthread_t ends = thread_start(run_ends, NULL);
	for (uintptr_t i = 0; i < SWITCHERS; i++)
		threads[i] = thread_start(switch_sinks, (void *)i);
	for (unsigned i = 0; i < SWITCHERS; i++)
		thread_join(threads[i]);
	atomic_store(&over, true);
	thread_join(ends);
	CHECK_EQ(engine_info(engine).joins_active, 0);
	for (unsigned i = 0; i < SINKS; i++)
		verify_sink(&sinks[i]);
	for (unsigned i = 0; i < SOURCES; i++)
		verify_source(&sources[i]);
	for (unsigned i = 0; i < SINKS; i++) {
		moved += sinks[i].length;
		pieces += sinks[i].count;
		line_close(&sinks[i].line);
		free(sinks[i].received);
		free(sinks[i].pieces);
	}
	for (unsigned i = 0; i < SOURCES; i++)
		line_close(&sources[i].line);
	printf("    %u switches, %u pieces, %llu KiB\n", atomic_load(&switches_done), pieces, (unsigned long long)moved / KIB);
	CHECK_GT(moved, 0);
	AWAIT(engine_info(engine).pipes_in_use == 0);
	engine_close(engine);
}

static void sources_are_switched_between_sets_of_sinks(void)
{
	for (unsigned workers = 1; workers <= 3; workers++)
		switching(workers, workers == 2 ? 8 * KIB : 0);
}

int main(void)
{
	test_begin();
	RUN(one_worker);
	RUN(two_workers);
	RUN(four_workers);
	RUN(sources_are_switched_between_sets_of_sinks);
	return test_end();
}
