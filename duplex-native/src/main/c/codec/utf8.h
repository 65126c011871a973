/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 (RFC 3629) that comes in parts: no overlong forms, no surrogates, nothing over U+10FFFF.
 */
#ifndef DX_UTF8_H
#define DX_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between two parts; begins as zeros. */
struct dx__utf8 {
	uint8_t left;    /* bytes that the character in progress still needs */
	uint8_t least;   /* the next of them, at least; the later ones are 0x80 to 0xbf always */
	uint8_t most;
};

/** Check the next part. @return length, or the index of the first byte that cannot stand there: the state is void then */
size_t dx__utf8_check(struct dx__utf8 *state, const uint8_t *data, size_t length);

/** Whether the text may end here: not inside a character. */
static inline bool dx__utf8_is_complete(const struct dx__utf8 *state) { return !state->left; }

#endif
