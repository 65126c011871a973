/* SPDX-License-Identifier: Apache-2.0 */
/* Counters with one writer: exact, readable from any thread, and as cheap as a plain variable. */
#ifndef DX_COUNT_H
#define DX_COUNT_H

#include <stdatomic.h>
#include <stdint.h>

static inline void dx__count(_Atomic uint64_t *counter, int64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + (uint64_t)by,
			memory_order_relaxed);
}

/* For the few that several threads write. */
static inline void dx__count_shared(_Atomic uint64_t *counter, int64_t by)
{
	atomic_fetch_add_explicit(counter, (uint64_t)by, memory_order_relaxed);
}

static inline uint64_t dx__counted(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
