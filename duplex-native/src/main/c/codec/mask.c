/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload is masked by vectors that the compiler maps to what the processor has (SSE2, AVX2 and AVX-512, NEON, or plain words),
 * as byte order does not matter to them: a vector holds the key as often as it fits, in memory's order. All access goes
 * by memcpy(), which costs nothing and allows any alignment.
 *
 * Keys have to be unpredictable, so that no page can make a browser, or an application a client, write bytes of its
 * choice (RFC 6455, section 10.3). A system call a frame would cost more than small frames themselves: each thread
 * keeps some random bytes. A forked child must not go on with its parent's: the handler runs in the one thread that a
 * child begins with, which is the forking one, so that it is this thread's store that is thrown away; no other can be
 * used there.
 */
#include "mask.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

/* getrandom() is never short nor interrupted up to this. */
#define STORE 256

/* Shorter payload gains nothing by wider vectors. */
#define WIDE_FROM 256

typedef uint32_t vector4 __attribute__((vector_size(4)));
typedef uint32_t vector8 __attribute__((vector_size(8)));
typedef uint32_t vector16 __attribute__((vector_size(16)));

static _Thread_local struct {
	uint8_t bytes[STORE];
	unsigned left; /* bytes that were not used yet: the first ones */
} store;

static void throw_away(void) { store.left = 0; }

__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(NULL, NULL, throw_away); }

bool dx__mask_key(uint8_t key[4])
{
	if (store.left < 4) {
		ssize_t n;
		while ((n = getrandom(store.bytes, STORE, 0)) == -1 && errno == EINTR)
			;
		if (n != STORE)
			return false;
		store.left = STORE;
	}
	store.left -= 4;
	memcpy(key, store.bytes + store.left, 4);
	return true;
}

/* Moves a key's word, which is in memory's order, on by so many bytes. */
static uint32_t rotated(uint32_t word, unsigned bytes)
{
	unsigned shift = 8 * (bytes & 3);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word >> shift | word << (-shift & 31);
#else
	return word << shift | word >> (-shift & 31);
#endif
}

/* Masks a head and a tail of a vector's size, which may overlap: both are read before either is written. */
#define DEFINE_ENDS(name, vector) \
	static inline void name(uint8_t *out, const uint8_t *in, size_t length, uint32_t word) \
	{ \
		const size_t size = sizeof(vector), from = length - size; \
		vector head, tail; \
		memcpy(&head, in, size); \
		memcpy(&tail, in + from, size); \
		head ^= (vector){0} + word; \
		tail ^= (vector){0} + rotated(word, (unsigned)length); \
		memcpy(out, &head, size); \
		memcpy(out + from, &tail, size); \
	}

DEFINE_ENDS(mask_ends_4, vector4)
DEFINE_ENDS(mask_ends_8, vector8)
DEFINE_ENDS(mask_ends_16, vector16)

/* At most 32 bytes, without a loop. */
static inline void mask_short(uint8_t *out, const uint8_t *in, size_t length, uint32_t word)
{
	uint8_t key[4];
	if (length >= 16) {
		mask_ends_16(out, in, length, word);
	} else if (length >= 8) {
		mask_ends_8(out, in, length, word);
	} else if (length >= 4) {
		mask_ends_4(out, in, length, word);
	} else {
		memcpy(key, &word, 4);
		for (size_t i = 0; i < length; i++)
			out[i] = in[i] ^ key[i];
	}
}

/* Whole vectors, four at a time while there are so many; answers the bytes that were done, a multiple of 4. */
#define DEFINE_VECTORS(name, vector) \
	static size_t name(uint8_t *out, const uint8_t *in, size_t length, uint32_t word) \
	{ \
		const size_t size = sizeof(vector); \
		vector mask = (vector){0} + word, a, b, c, d; \
		size_t i = 0; \
		for (; length - i >= 4 * size; i += 4 * size) { \
			memcpy(&a, in + i, size); \
			memcpy(&b, in + i + size, size); \
			memcpy(&c, in + i + 2 * size, size); \
			memcpy(&d, in + i + 3 * size, size); \
			a ^= mask, b ^= mask, c ^= mask, d ^= mask; \
			memcpy(out + i, &a, size); \
			memcpy(out + i + size, &b, size); \
			memcpy(out + i + 2 * size, &c, size); \
			memcpy(out + i + 3 * size, &d, size); \
		} \
		for (; length - i >= size; i += size) { \
			memcpy(&a, in + i, size); \
			a ^= mask; \
			memcpy(out + i, &a, size); \
		} \
		return i; \
	}

DEFINE_VECTORS(mask_vectors_16, vector16)

#ifdef __x86_64__
/*
 * At least two vectors: the first and the last lie where they may, those between where the output is aligned, as a vector that
 * crosses a cache line costs two. All three are read before what they share is written.
 */
#define DEFINE_WIDE(name, vectors, vector, isa) \
	__attribute__((target(isa))) DEFINE_VECTORS(vectors, vector) \
	__attribute__((target(isa))) static void name(uint8_t *out, const uint8_t *in, size_t length, uint32_t word) \
	{ \
		const size_t size = sizeof(vector), from = length - size; \
		size_t aligned = -(uintptr_t)out & (size - 1); \
		vector head, tail; \
		memcpy(&head, in, size); \
		memcpy(&tail, in + from, size); \
		vectors(out + aligned, in + aligned, length - aligned, rotated(word, (unsigned)aligned)); \
		head ^= (vector){0} + word; \
		tail ^= (vector){0} + rotated(word, (unsigned)from); \
		memcpy(out, &head, size); \
		memcpy(out + from, &tail, size); \
	}

typedef uint32_t vector32 __attribute__((vector_size(32)));
typedef uint32_t vector64 __attribute__((vector_size(64)));

DEFINE_WIDE(mask_wide_32, mask_vectors_32, vector32, "avx2")
DEFINE_WIDE(mask_wide_64, mask_vectors_64, vector64, "avx512f")
#endif

/* Whether it is done: by the widest vectors that there are. */
static bool mask_wide(uint8_t *out, const uint8_t *in, size_t length, uint32_t word)
{
#ifdef __x86_64__
	/* VBMI stands for the processors that do not run slower for a while when they have used vectors of 64 bytes. */
	if (__builtin_cpu_supports("avx512vbmi")) {
		mask_wide_64(out, in, length, word);
		return true;
	}
	if (__builtin_cpu_supports("avx2")) {
		mask_wide_32(out, in, length, word);
		return true;
	}
#endif
	(void)out, (void)in, (void)length, (void)word;
	return false;
}

/* Apart, so that short payload does not pay for the registers that it needs. */
__attribute__((noinline)) static void mask_long(uint8_t *out, const uint8_t *in, size_t length, uint32_t word)
{
	if (length >= WIDE_FROM && mask_wide(out, in, length, word))
		return;
	size_t i = mask_vectors_16(out, in, length, word);
	mask_short(out + i, in + i, length - i, word);
}

void dx__mask(uint8_t *out, const uint8_t *in, size_t length, const uint8_t key[4], uint64_t offset)
{
	uint32_t word;
	memcpy(&word, key, 4);
	word = rotated(word, (unsigned)offset);
	if (length <= 32)
		mask_short(out, in, length, word);
	else
		mask_long(out, in, length, word);
}
