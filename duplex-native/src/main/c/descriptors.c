/* SPDX-License-Identifier: Apache-2.0 */
#include "descriptors.h"

#include <errno.h>
#include <sys/resource.h>

void dx__descriptors_init(struct dx__descriptors *descriptors, uint32_t max, uint32_t reserved)
{
	struct rlimit limit;
	int64_t most = INT32_MAX;
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		if (limit.rlim_cur < limit.rlim_max) {
			struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
			if (!setrlimit(RLIMIT_NOFILE, &raised))
				limit = raised;
		}
		if (limit.rlim_cur < INT32_MAX)
			most = (int64_t)limit.rlim_cur;
	}
	/* A tiny limit still leaves the engine something to work with. */
	most = most > 2 * (int64_t)reserved ? most - reserved : most / 2;
	descriptors->limit = max && max < most ? max : most;
	atomic_init(&descriptors->used, 0);
	atomic_init(&descriptors->exhausted, 0);
}

bool dx__descriptors_take(struct dx__descriptors *descriptors, int count)
{
	int64_t used = atomic_fetch_add_explicit(&descriptors->used, count, memory_order_relaxed);
	if (used + count <= descriptors->limit)
		return true;
	dx__descriptors_give(descriptors, count);
	return false;
}

void dx__descriptors_give(struct dx__descriptors *descriptors, int count)
{
	atomic_fetch_sub_explicit(&descriptors->used, count, memory_order_relaxed);
}

bool dx__descriptors_is_exhaustion(int error)
{
	switch (error) {
	case -EMFILE:
	case -ENFILE:
	case -ENOBUFS:
	case -ENOMEM:
	case -ENOSPC: /* epoll watches */
		return true;
	default:
		return false;
	}
}

void dx__descriptors_exhausted(struct dx__descriptors *descriptors, int error)
{
	if (dx__descriptors_is_exhaustion(error) || error == -EADDRNOTAVAIL)
		atomic_fetch_add_explicit(&descriptors->exhausted, 1, memory_order_relaxed);
}
