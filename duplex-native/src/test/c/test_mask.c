/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masking at every alignment, length and phase, beside a loop over single bytes; and keys that are never the same.
 */
#include "support.h"

#include "codec/mask.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EDGE 64

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

static void naive(uint8_t *out, const uint8_t *in, size_t length, const uint8_t mask[4], uint64_t offset)
{
	for (size_t i = 0; i < length; i++)
		out[i] = in[i] ^ mask[(offset + i) % 4];
}

static void fill(struct rng *rng, uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)rng_next(rng);
}

/* Copying and in place; what lies around must stay. All memory is of its exact size, which a sanitizer watches. */
static void compare(struct rng *rng, size_t length, size_t from, size_t to, uint64_t offset)
{
	size_t room = to + length + EDGE;
	uint8_t *in = malloc(from + length + 1), *out = malloc(room), *expected = malloc(room);
	CHECK(in && out && expected);
	fill(rng, in, from + length);
	fill(rng, out, room);
	memcpy(expected, out, room);
	naive(expected + to, in + from, length, key, offset);
	dx__mask(out + to, in + from, length, key, offset);
	CHECK(!memcmp(out, expected, room));
	naive(expected + to, expected + to, length, key, offset + 7);
	dx__mask(out + to, out + to, length, key, offset + 7);
	CHECK(!memcmp(out, expected, room));
	free(in);
	free(out);
	free(expected);
}

static void every_length_and_phase(void)
{
	struct rng rng;
	rng_init(&rng, 1);
	for (size_t length = 0; length <= 600; length++) {
		for (unsigned phase = 0; phase < 4; phase++)
			compare(&rng, length, 0, 0, phase);
	}
}

static void every_alignment(void)
{
	static const size_t lengths[] = {1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 400};
	struct rng rng;
	rng_init(&rng, 2);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		for (size_t from = 0; from < 33; from++) {
			for (size_t to = 0; to < 33; to++)
				compare(&rng, lengths[i], from, to, from + to);
		}
	}
}

static void far_offsets(void)
{
	struct rng rng;
	rng_init(&rng, 3);
	for (unsigned i = 0; i < 64; i++) {
		compare(&rng, i * 9, 0, 0, (UINT64_C(1) << 63) - 1 - i);
		compare(&rng, i * 9, 0, 0, (UINT64_C(1) << 32) - i);
	}
}

static void any_split(void)
{
	struct rng rng;
	rng_init(&rng, 4);
	uint8_t in[4096], whole[sizeof(in)], parts[sizeof(in)];
	for (unsigned round = scaled(300); round--; ) {
		fill(&rng, in, sizeof(in));
		naive(whole, in, sizeof(in), key, 0);
		for (size_t at = 0, n; at < sizeof(in); at += n) {
			n = (size_t)rng_below(&rng, rng_below(&rng, 2) ? 40 : 2000);
			n = n < sizeof(in) - at ? n : sizeof(in) - at;
			dx__mask(parts + at, in + at, n, key, at);
		}
		CHECK(!memcmp(parts, whole, sizeof(in)));
	}
}

#define KEYS 400

static void *take_keys(void *argument)
{
	uint8_t (*keys)[4] = argument;
	for (unsigned i = 0; i < KEYS; i++)
		CHECK(dx__mask_key(keys[i]));
	return NULL;
}

/* Four random bytes are equal by chance, now and then; eight are not. */
static void check_unlike(uint8_t (*a)[4], uint8_t (*b)[4])
{
	for (unsigned i = 0; i + 1 < KEYS; i++) {
		for (unsigned j = 0; j + 1 < KEYS; j++)
			CHECK((a == b && i == j) || memcmp(a[i], b[j], 8));
	}
}

static void fresh_keys(void)
{
	static uint8_t mine[KEYS][4], others[KEYS][4];
	take_keys(mine);
	thread_join(thread_start(take_keys, others));
	check_unlike(mine, mine);
	check_unlike(mine, others);
}

static void fresh_keys_after_fork(void)
{
	static uint8_t mine[KEYS][4], others[KEYS][4];
	uint8_t first[4];
	int ends[2];
	/* Something is left in the store. */
	CHECK(dx__mask_key(first));
	CHECK_SYS(pipe(ends));
	pid_t child = (pid_t)CHECK_SYS(fork());
	if (!child) {
		take_keys(mine);
		_exit(write(ends[1], mine, sizeof(mine)) != (ssize_t)sizeof(mine));
	}
	int status;
	CHECK_EQ(CHECK_SYS(read(ends[0], others, sizeof(others))), sizeof(others));
	CHECK_SYS(waitpid(child, &status, 0));
	CHECK_EQ(status, 0);
	close(ends[0]);
	close(ends[1]);
	take_keys(mine);
	check_unlike(mine, others);
}

int main(void)
{
	test_begin();
	RUN(every_length_and_phase);
	RUN(every_alignment);
	RUN(far_offsets);
	RUN(any_split);
	RUN(fresh_keys);
	RUN(fresh_keys_after_fork);
	return test_end();
}
