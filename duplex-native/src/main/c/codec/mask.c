/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload is masked by vectors that the compiler maps to what the processor has (SSE2 and AVX2, NEON, or plain words),
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

/* Shorter payload gains nothing by AVX2. */
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
typedef uint32_t vector32 __attribute__((vector_size(32)));

__attribute__((target("avx2"))) DEFINE_VECTORS(mask_vectors_32, vector32)
#endif

/* Apart, so that short payload does not pay for the registers that it needs. */
__attribute__((noinline)) static void mask_long(uint8_t *out, const uint8_t *in, size_t length, uint32_t word)
{
	size_t i = 0;
#ifdef __x86_64__
	if (length >= WIDE_FROM && __builtin_cpu_supports("avx2"))
		i = mask_vectors_32(out, in, length, word);
#endif
	i += mask_vectors_16(out + i, in + i, length - i, word);
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
