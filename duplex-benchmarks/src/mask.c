/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The speed of masking beside memcpy(): payload that is masked while it is copied, and unmasked where it lies.
 *
 * usage: mask [ROUNDS]
 *
 * Both take turns in short slices, so that a machine that gets busier meanwhile hits both; what is printed are medians
 * over the rounds, and the ratio is the median of the rounds' ratios. The payload begins 6 bytes behind an aligned
 * place, as it does behind a client's short header. Exit status 3: a ratio is below the goal.
 */
#include "codec/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GOAL 0.7
#define MOST_ROUNDS 1001
#define SLICE (8u << 20) /* bytes moved between two looks at the clock */
#define LARGEST (1u << 20)
#define UNALIGNED 6

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
static uint8_t *from, *to;

/* Hidden from the compiler, so that the length stays unknown and calls stay calls. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void (*volatile mask)(uint8_t *, const uint8_t *, size_t, const uint8_t *, uint64_t) = dx__mask;

static void copied(size_t length) { copy(to + UNALIGNED, from + UNALIGNED, length); }

static void masked(size_t length) { mask(to + UNALIGNED, from + UNALIGNED, length, key, 0); }

static void unmasked(size_t length) { mask(to + UNALIGNED, to + UNALIGNED, length, key, 0); }

/* Bytes a nanosecond. */
static double speed(void (*move)(size_t), size_t length)
{
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (size_t i = 0; i < SLICE / length; i++)
		move(length);
	clock_gettime(CLOCK_MONOTONIC, &after);
	return SLICE / ((double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec));
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* @return the lower ratio */
static double measure(size_t length, unsigned rounds)
{
	static double copying[MOST_ROUNDS], masking[MOST_ROUNDS], unmasking[MOST_ROUNDS], ratio[MOST_ROUNDS],
			ratio_in_place[MOST_ROUNDS];
	for (unsigned i = 0; i < rounds; i++) {
		copying[i] = speed(copied, length);
		masking[i] = speed(masked, length);
		unmasking[i] = speed(unmasked, length);
		ratio[i] = masking[i] / copying[i];
		ratio_in_place[i] = unmasking[i] / copying[i];
	}
	double lower = median(ratio, rounds), in_place = median(ratio_in_place, rounds);
	printf("%8zu B: memcpy %6.1f GB/s, masked while copied %6.1f GB/s (%.2f), in place %6.1f GB/s (%.2f)\n", length,
			median(copying, rounds), median(masking, rounds), lower, median(unmasking, rounds), in_place);
	return lower < in_place ? lower : in_place;
}

int main(int count, char **arguments)
{
	static const size_t lengths[] = {16, 1 << 10, 64 << 10, LARGEST};
	int rounds = count > 1 ? atoi(arguments[1]) : 101;
	if (rounds < 1 || rounds > MOST_ROUNDS) {
		fprintf(stderr, "usage: mask [ROUNDS]\n");
		return 2;
	}
	from = aligned_alloc(4096, LARGEST + 4096);
	to = aligned_alloc(4096, LARGEST + 4096);
	if (!from || !to) {
		perror("mask");
		return 1;
	}
	memset(from, 'x', LARGEST + 4096);
	memset(to, 'y', LARGEST + 4096);
	int status = 0;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		if (measure(lengths[i], (unsigned)rounds) < GOAL)
			status = 3;
	}
	return status;
}
