/* SPDX-License-Identifier: Apache-2.0 */
/* The backends of a proxy, and the choice among them. Any worker may choose; a lock orders them. */
#ifndef DX_BACKEND_H
#define DX_BACKEND_H

#include "duplex.h"

#include <pthread.h>
#include <stdatomic.h>

#define DX__BACKENDS_MAX 4096
#define DX__ADDRESSES_MAX 64

/* Bytes that joins have moved, counted by one worker each: no cache line is written by two. */
struct dx__tally {
	_Alignas(64) _Atomic uint64_t from_client;
	_Atomic uint64_t from_backend;
};

struct dx__backend {
	struct dx__tally *tallies; /* one a worker */
	struct dx_address *addresses;
	uint32_t count;       /* of addresses, guarded by the lock as they are */
	uint32_t turn;        /* the address for the next attempt */
	_Atomic int error;    /* of the last connect, negative errno */
	_Atomic uint64_t active;
	_Atomic uint64_t joined;
	_Atomic uint64_t failed;
};

struct dx__backends {
	pthread_mutex_t lock;
	struct dx__backend **all; /* never moved or freed one by one: joins count in them */
	uint32_t count;
	uint32_t turn;            /* round robin: the next one */
	unsigned workers;
};

void dx__backends_init(struct dx__backends *backends, unsigned workers);
void dx__backends_free(struct dx__backends *backends);

/* Sets the addresses of one, takes them. 0, -ERANGE, -ENOMEM (then they are the caller's still). */
int dx__backends_set(struct dx__backends *backends, uint32_t index, struct dx_address *addresses, uint32_t count);

/* The next backend that has an address, other than `except` where there is another (UINT32_MAX: none); copies the
   address for this attempt. Returns its index, or UINT32_MAX when none has one. */
uint32_t dx__backends_choose(struct dx__backends *backends, uint32_t except, struct dx_address *address);

uint32_t dx__backends_count(struct dx__backends *backends);

/* Addresses of all backends. */
uint32_t dx__backends_addresses(struct dx__backends *backends);

/* The backend at an index that was chosen or set; NULL for another. */
struct dx__backend *dx__backends_at(struct dx__backends *backends, uint32_t index);

/* Tallies for so many workers, all zero; freed with free(). NULL without memory. */
struct dx__tally *dx__tallies_new(unsigned workers);

/* Adds the tallies of all backends. */
void dx__backends_bytes(struct dx__backends *backends, uint64_t *from_client, uint64_t *from_backend);

/* Adds these tallies. */
void dx__tallies_add(struct dx__tally *tallies, unsigned workers, uint64_t *from_client, uint64_t *from_backend);

/* What dx_proxy_backend_info() tells. */
int dx__backends_info(struct dx__backends *backends, uint32_t index, struct dx_backend_info *info);

#endif
