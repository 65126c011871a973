/* SPDX-License-Identifier: Apache-2.0 */
#include "backend.h"
#include "count.h"

#include <errno.h>
#include <stdlib.h>

struct dx__tally *dx__tallies_new(unsigned workers)
{
	struct dx__tally *tallies = aligned_alloc(_Alignof(struct dx__tally), workers * sizeof(*tallies));
	for (unsigned i = 0; tallies && i < workers; i++) {
		atomic_init(&tallies[i].from_client, 0);
		atomic_init(&tallies[i].from_backend, 0);
	}
	return tallies;
}

void dx__tallies_add(struct dx__tally *tallies, unsigned workers, uint64_t *from_client, uint64_t *from_backend)
{
	for (unsigned i = 0; i < workers; i++) {
		*from_client += dx__counted(&tallies[i].from_client);
		*from_backend += dx__counted(&tallies[i].from_backend);
	}
}

void dx__backends_init(struct dx__backends *backends, unsigned workers)
{
	*backends = (struct dx__backends){.workers = workers};
	pthread_mutex_init(&backends->lock, NULL);
}

void dx__backends_free(struct dx__backends *backends)
{
	for (uint32_t i = 0; i < backends->count; i++) {
		free(backends->all[i]->addresses);
		free(backends->all[i]->tallies);
		free(backends->all[i]);
	}
	free(backends->all);
	pthread_mutex_destroy(&backends->lock);
}

/* Caller holds the lock. */
static int append(struct dx__backends *backends)
{
	struct dx__backend **all = realloc(backends->all, (backends->count + 1) * sizeof(struct dx__backend *));
	if (!all)
		return -ENOMEM;
	backends->all = all;
	struct dx__backend *backend = calloc(1, sizeof(*backend));
	if (backend)
		backend->tallies = dx__tallies_new(backends->workers);
	if (!backend || !backend->tallies) {
		free(backend);
		return -ENOMEM;
	}
	all[backends->count++] = backend;
	return 0;
}

int dx__backends_set(struct dx__backends *backends, uint32_t index, struct dx_address *addresses, uint32_t count)
{
	int rc = 0;
	pthread_mutex_lock(&backends->lock);
	if (index > backends->count || index >= DX__BACKENDS_MAX)
		rc = -ERANGE;
	else if (index == backends->count)
		rc = append(backends);
	if (!rc) {
		struct dx__backend *backend = backends->all[index];
		free(backend->addresses);
		backend->addresses = addresses;
		backend->count = count;
		backend->turn = 0;
	}
	pthread_mutex_unlock(&backends->lock);
	return rc;
}

uint32_t dx__backends_choose(struct dx__backends *backends, uint32_t except, struct dx_address *address)
{
	uint32_t chosen = UINT32_MAX;
	pthread_mutex_lock(&backends->lock);
	for (uint32_t i = 0; i < backends->count; i++) {
		uint32_t candidate = (backends->turn + i) % backends->count;
		if (!backends->all[candidate]->count || (candidate == except && chosen != UINT32_MAX))
			continue;
		if (chosen == UINT32_MAX || chosen == except)
			chosen = candidate;
		if (chosen != except)
			break;
	}
	if (chosen != UINT32_MAX) {
		struct dx__backend *backend = backends->all[chosen];
		*address = backend->addresses[backend->turn++ % backend->count];
		backends->turn = chosen + 1;
	}
	pthread_mutex_unlock(&backends->lock);
	return chosen;
}

uint32_t dx__backends_count(struct dx__backends *backends)
{
	pthread_mutex_lock(&backends->lock);
	uint32_t count = backends->count;
	pthread_mutex_unlock(&backends->lock);
	return count;
}

uint32_t dx__backends_addresses(struct dx__backends *backends)
{
	uint32_t count = 0;
	pthread_mutex_lock(&backends->lock);
	for (uint32_t i = 0; i < backends->count; i++)
		count += backends->all[i]->count;
	pthread_mutex_unlock(&backends->lock);
	return count;
}

struct dx__backend *dx__backends_at(struct dx__backends *backends, uint32_t index)
{
	pthread_mutex_lock(&backends->lock);
	struct dx__backend *backend = index < backends->count ? backends->all[index] : NULL;
	pthread_mutex_unlock(&backends->lock);
	return backend;
}

void dx__backends_bytes(struct dx__backends *backends, uint64_t *from_client, uint64_t *from_backend)
{
	pthread_mutex_lock(&backends->lock);
	for (uint32_t i = 0; i < backends->count; i++)
		dx__tallies_add(backends->all[i]->tallies, backends->workers, from_client, from_backend);
	pthread_mutex_unlock(&backends->lock);
}

int dx__backends_info(struct dx__backends *backends, uint32_t index, struct dx_backend_info *info)
{
	struct dx__backend *backend = dx__backends_at(backends, index);
	if (!backend)
		return -ERANGE;
	pthread_mutex_lock(&backends->lock);
	info->addresses = backend->count;
	pthread_mutex_unlock(&backends->lock);
	info->error = atomic_load_explicit(&backend->error, memory_order_relaxed);
	info->state = DX_BACKEND_UP;
	if (!info->addresses)
		info->state = DX_BACKEND_UNRESOLVED;
	else if (info->error)
		info->state = DX_BACKEND_FAILING;
	info->active = dx__counted(&backend->active);
	info->joined = dx__counted(&backend->joined);
	info->failed = dx__counted(&backend->failed);
	dx__tallies_add(backend->tallies, backends->workers, &info->bytes_from_client, &info->bytes_from_backend);
	return 0;
}
