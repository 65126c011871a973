/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads put through one socket, others queue bytes: what each gave arrives whole, and in its thread's order. */
#include "support_message.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUTTERS 3u
#define LARGEST 60000
#define HEAD 9 /* length, thread, number */

struct putter {
	dx_id socket;
	pthread_t thread;
	uint32_t id;
	uint32_t count;
	bool queues;
	bool has_codec; /* which writes the length itself */
};

static void make_message(uint8_t *data, uint32_t length, uint32_t id, uint32_t number)
{
	uint32_t counted = length - 4;
	for (int i = 0; i < 4; i++)
		data[i] = (uint8_t)(counted >> (24 - 8 * i));
	data[4] = (uint8_t)id;
	memcpy(data + 5, &number, 4);
	for (uint32_t i = HEAD; i < length; i++)
		data[i] = (uint8_t)(id + number + i);
}

static void *run_putter(void *argument)
{
	struct putter *putter = argument;
	struct rng rng;
	rng_init(&rng, putter->id + 10);
	uint8_t *data = malloc(LARGEST);
	for (uint32_t number = 0; number < putter->count; number++) {
		uint32_t length = HEAD + (uint32_t)rng_below(&rng, rng_below(&rng, 3) ? 2000 : LARGEST - HEAD);
		make_message(data, length, putter->id, number);
		size_t skipped = putter->has_codec && !putter->queues ? 4 : 0;
		struct dx_message message = {.length = length - skipped};
		int64_t n;
		/* who queues takes the half for a moment */
		do {
			if (putter->queues)
				n = 1 + dx_queue_wait(putter->socket, data, length);
			else
				n = dx_put_wait(putter->socket, data + skipped, length - skipped, &message, 1, 60000);
		} while (n == -EBUSY + putter->queues);
		CHECK_EQ(n, 1);
	}
	free(data);
	return NULL;
}

static void read_whole(int fd, uint8_t *data, size_t length)
{
	for (size_t at = 0; at < length;) {
		long n = CHECK_SYS(read(fd, data + at, length - at));
		CHECK_GT(n, 0);
		at += (size_t)n;
	}
}

static void check_arrivals(int fd, uint32_t total)
{
	uint32_t next[PUTTERS + 1] = {0};
	uint8_t *data = malloc(LARGEST), *expected = malloc(LARGEST);
	for (uint32_t i = 0; i < total; i++) {
		read_whole(fd, data, 4);
		uint32_t length = ((uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3]) + 4;
		CHECK(length >= HEAD && length <= LARGEST);
		read_whole(fd, data + 4, length - 4);
		CHECK_LE(data[4], PUTTERS);
		make_message(expected, length, data[4], next[data[4]]++);
		CHECK(!memcmp(data, expected, length));
	}
	free(data);
	free(expected);
}

static void put_side_by_side(const struct dx_codec_options *codec, bool queues)
{
	dx_id engine = engine_open(2);
	for (unsigned round = 0; round < scaled(20); round++) {
		struct line line = line_open(engine, round % 2 ? WIRE_TCP4 : WIRE_UNIX, 16 * KIB);
		struct putter putters[PUTTERS + 1];
		uint32_t count = 60, total = 0;
		CHECK_OK(dx_codec_set(line.socket, codec));
		for (uint32_t i = 0; i < PUTTERS + queues; i++) {
			putters[i] = (struct putter){.socket = line.socket, .id = i, .count = count, .queues = i == PUTTERS, .has_codec = codec};
			putters[i].thread = thread_start(run_putter, &putters[i]);
			total += count;
		}
		check_arrivals(line.peer, total);
		for (uint32_t i = 0; i < PUTTERS + queues; i++)
			thread_join(putters[i].thread);
		line_close(&line);
	}
	engine_close(engine);
}

static void messages_without_a_codec_arrive_whole(void) { put_side_by_side(NULL, false); }

static void bytes_that_are_queued_stand_between_messages(void)
{
	struct dx_codec_options length = *codec_of(DX_CODEC_LENGTH, 0);
	length.prefix = 4;
	put_side_by_side(&length, true);
	put_side_by_side(NULL, true);
}

int main(void)
{
	test_begin();
	RUN(messages_without_a_codec_arrive_whole);
	RUN(bytes_that_are_queued_stand_between_messages);
	return test_end();
}
