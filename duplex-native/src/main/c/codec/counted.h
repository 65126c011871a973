/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of messages that begin with their length: what of it was told, or written.
 */
#ifndef DX_CODEC_COUNTED_H
#define DX_CODEC_COUNTED_H

#include "../duplex.h"

#include <stdbool.h>

/* The greatest length, whatever the options say: signed numbers, too, can hold it, and a header more. */
#define DX__COUNTED_MOST ((uint64_t)INT64_MAX - 4096)

/* A message in progress. */
struct dx__counted {
	uint64_t total; /* bytes of payload */
	uint64_t left;  /* bytes of it that are still to come */
	bool inside;    /* its first piece was told or written, its last was not */
};

/* The header of a message of so many bytes was read. */
void dx__counted_begin(struct dx__counted *counted, uint64_t total);

/* Tells what is there of the payload, `before` bytes behind data; they are used with it. */
int dx__counted_tell(struct dx__counted *counted, const uint8_t *data, size_t before, size_t length, size_t *used,
		struct dx_piece *piece);

/* Takes a piece that is to be written; false when it does not belong here, or makes more or less than the total. */
bool dx__counted_put(struct dx__counted *counted, const struct dx_piece *piece);

#endif
