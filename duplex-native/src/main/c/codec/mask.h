/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The masking of WebSocket payload (RFC 6455, section 5.3), and keys for it.
 */
#ifndef DX_MASK_H
#define DX_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Mask or unmask some of a frame's payload: the same either way.
 *
 * @param out    equal to in, or not overlapping it; any alignment
 * @param offset of the first byte in its frame's payload
 */
void dx__mask(uint8_t *out, const uint8_t *in, size_t length, const uint8_t key[4], uint64_t offset);

/** A fresh key that nobody can predict. @return false when the kernel has no random bytes for us */
bool dx__mask_key(uint8_t key[4]);

#endif
