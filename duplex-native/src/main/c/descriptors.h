/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many descriptors an engine may own.
 *
 * A host that runs out of descriptors is dead (a JVM cannot open a class file), so the engine stops short of the
 * process's limit. Opening an engine raises the soft limit to the hard one.
 */
#ifndef DX_DESCRIPTORS_H
#define DX_DESCRIPTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct dx__descriptors {
	_Atomic int64_t used;
	int64_t limit;
	_Atomic uint64_t exhausted; /* times that accepting or connecting met a limit, the kernel's or this one */
};

/* max: 0, or the limit asked for; reserved: descriptors left to the host. */
void dx__descriptors_init(struct dx__descriptors *descriptors, uint32_t max, uint32_t reserved);

/* False when so many are not left; then none is taken. */
bool dx__descriptors_take(struct dx__descriptors *descriptors, int count);
void dx__descriptors_give(struct dx__descriptors *descriptors, int count);

/* True for a negative errno which means that something has run out on this side. */
bool dx__descriptors_is_exhaustion(int error);

/* Counts the error if it is one of these, or -EADDRNOTAVAIL: no free port. */
void dx__descriptors_exhausted(struct dx__descriptors *descriptors, int error);

#endif
