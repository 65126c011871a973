/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A character is known by its first byte: how many bytes follow, and which the first of these may be. That one decides
 * about everything that is forbidden (RFC 3629, section 4); the others are 0x80 to 0xbf. So a wrong byte is found when
 * it comes, not at its character's end.
 */
#include "utf8.h"

#include <string.h>

#define HIGH_BITS 0x8080808080808080u

/* Skips ASCII from here, words at a time: the index of the first byte that is not, or may not be. */
static size_t skip_ascii(const uint8_t *data, size_t i, size_t length)
{
	uint64_t words[4];
	for (; length - i >= sizeof(words); i += sizeof(words)) {
		memcpy(words, data + i, sizeof(words));
		if ((words[0] | words[1] | words[2] | words[3]) & HIGH_BITS)
			break;
	}
	for (; length - i >= 8; i += 8) {
		memcpy(words, data + i, 8);
		if (words[0] & HIGH_BITS)
			break;
	}
	return i;
}

/* The first byte of a character beyond ASCII. */
static bool begin(struct dx__utf8 *state, uint8_t byte)
{
	if (byte < 0xc2 || byte > 0xf4)
		return false;
	state->left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
	state->least = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
	state->most = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
	return true;
}

size_t dx__utf8_check(struct dx__utf8 *state, const uint8_t *data, size_t length)
{
	struct dx__utf8 now = *state;
	size_t i = 0;
	while (i < length) {
		if (now.left) {
			if (data[i] < now.least || data[i] > now.most)
				break;
			now = (struct dx__utf8){.left = (uint8_t)(now.left - 1), .least = 0x80, .most = 0xbf};
			i++;
		} else if (data[i] < 0x80) {
			i = skip_ascii(data, i, length);
			while (i < length && data[i] < 0x80)
				i++;
		} else if (begin(&now, data[i])) {
			i++;
		} else {
			break;
		}
	}
	*state = now;
	return i;
}
