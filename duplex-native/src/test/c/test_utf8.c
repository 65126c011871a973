/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 that comes in parts, beside a checker that knows nothing of ranges: it has encoded every character there is,
 * and looks up whether bytes are one of them, the beginning of one, or neither.
 */
#include "support.h"

#include "codec/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
	NOTHING = 0,
	BEGINNING = 1,
	CHARACTER = 2,
};

/* By one, two and three bytes; every fourth byte that a beginning of three may have is 0x80 to 0xbf. */
static uint8_t by_one[1 << 8], by_two[1 << 16], *by_three;

static size_t encode(uint32_t character, uint8_t *out)
{
	if (character < 0x80) {
		out[0] = (uint8_t)character;
		return 1;
	}
	size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	for (size_t i = length; --i; character >>= 6)
		out[i] = (uint8_t)(0x80 | (character & 0x3f));
	out[0] = (uint8_t)((0xf00u >> length) | character);
	return length;
}

static void learn(void)
{
	by_three = calloc(1 << 24, 1);
	CHECK(by_three);
	for (uint32_t character = 0; character <= 0x10ffff; character++) {
		uint8_t b[4];
		if (character >= 0xd800 && character < 0xe000)
			continue;
		size_t length = encode(character, b);
		by_one[b[0]] = length > 1 ? BEGINNING : CHARACTER;
		if (length > 1)
			by_two[b[0] << 8 | b[1]] = length > 2 ? BEGINNING : CHARACTER;
		if (length > 2)
			by_three[b[0] << 16 | b[1] << 8 | b[2]] = length > 3 ? BEGINNING : CHARACTER;
	}
}

static unsigned look_up(const uint8_t *data, size_t length)
{
	switch (length) {
	case 1:
		return by_one[data[0]];
	case 2:
		return by_two[data[0] << 8 | data[1]];
	case 3:
		return by_three[data[0] << 16 | data[1] << 8 | data[2]];
	default:
		return data[3] >= 0x80 && data[3] <= 0xbf ? CHARACTER : NOTHING;
	}
}

/* The index of the first byte that cannot stand there, or length; *complete: whether the text may end there. */
static size_t naive(const uint8_t *data, size_t length, bool *complete)
{
	size_t begin = 0;
	for (size_t i = 0; i < length; i++) {
		unsigned is = look_up(data + begin, i + 1 - begin);
		if (is == NOTHING)
			return i;
		if (is == CHARACTER)
			begin = i + 1;
	}
	*complete = begin == length;
	return length;
}

/* In parts of random length; most 0: as one. */
static size_t check_parts(struct rng *rng, size_t most, const uint8_t *data, size_t length, bool *complete)
{
	struct dx__utf8 state = {0};
	for (size_t at = 0, n; at < length; at += n) {
		n = most ? (size_t)rng_below(rng, most + 1) : length;
		n = n < length - at ? n : length - at;
		size_t right = dx__utf8_check(&state, data + at, n);
		if (right < n)
			return at + right;
	}
	*complete = dx__utf8_is_complete(&state);
	return length;
}

static void compare(struct rng *rng, const uint8_t *data, size_t length)
{
	static const size_t most[] = {0, 1, 3, 20};
	bool expected = false, complete = false;
	size_t right = naive(data, length, &expected);
	for (size_t i = 0; i < sizeof(most) / sizeof(*most); i++) {
		CHECK_EQ(check_parts(rng, most[i], data, length, &complete), right);
		CHECK(right < length || complete == expected);
	}
}

static void every_character(void)
{
	for (uint32_t character = 0; character <= 0x10ffff; character++) {
		uint8_t bytes[4];
		struct dx__utf8 state = {0};
		size_t length = encode(character, bytes);
		bool surrogate = character >= 0xd800 && character < 0xe000;
		CHECK_EQ(dx__utf8_check(&state, bytes, length), surrogate ? 1 : length);
		CHECK(surrogate || dx__utf8_is_complete(&state));
	}
}

static void every_three_bytes(void)
{
	for (uint32_t i = 0; i < 1u << 24; i++) {
		uint8_t bytes[4] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		struct dx__utf8 state = {0};
		bool complete = false;
		size_t right = naive(bytes, 3, &complete);
		if (dx__utf8_check(&state, bytes, 3) != right || (right == 3 && dx__utf8_is_complete(&state) != complete))
			FAIL("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
	}
}

/* What is just allowed, and just not: the byte that is wrong, or -1; -2: right, but not complete. */
static void boundaries(void)
{
	static const struct {
		const char *text;
		int wrong;
	} cases[] = {
		{"", -1}, {"\x7f", -1}, {"\x80", 0}, {"\xbf", 0}, {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xc2\x80", -1},
		{"\xc2\x7f", 1}, {"\xc2\xc0", 1}, {"\xdf\xbf", -1}, {"\xdf", -2}, {"\xe0\x9f\xbf", 1}, {"\xe0\xa0\x80", -1},
		{"\xe0\xa0", -2}, {"\xe1\x80\x80", -1}, {"\xe1\x7f", 1}, {"\xec\xbf\xbf", -1}, {"\xed\x9f\xbf", -1},
		{"\xed\xa0\x80", 1}, {"\xed\xbf\xbf", 1}, {"\xee\x80\x80", -1}, {"\xef\xbf\xbd", -1}, {"\xef\xbf\xbf", -1},
		{"\xef\xbf", -2}, {"\xef\xbf\xc0", 2}, {"\xf0\x8f\xbf\xbf", 1}, {"\xf0\x90\x80\x80", -1}, {"\xf0\x90\x80", -2},
		{"\xf3\xbf\xbf\xbf", -1}, {"\xf4\x8f\xbf\xbf", -1}, {"\xf4\x90\x80\x80", 1}, {"\xf5\x80\x80\x80", 0},
		{"\xf7\xbf\xbf\xbf", 0}, {"\xf8\x88\x80\x80\x80", 0}, {"\xfc\x84\x80\x80\x80\x80", 0}, {"\xfe", 0}, {"\xff", 0},
		{"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", -1}, {"\xce\xba\xed\xa0\x80" "edited", 3},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* In front of, behind and between so much ASCII that words are skipped at every place. */
		for (size_t before = 0; before < 70; before++) {
			uint8_t data[160];
			struct dx__utf8 state = {0};
			size_t length = strlen(cases[i].text), right = length;
			memset(data, 'a', sizeof(data));
			memcpy(data + before, cases[i].text, length);
			if (cases[i].wrong >= 0)
				right = (size_t)cases[i].wrong;
			CHECK_EQ(dx__utf8_check(&state, data, before + length), before + right);
			if (right < length)
				continue;
			CHECK_EQ(dx__utf8_is_complete(&state), cases[i].wrong == -1);
			size_t tail = sizeof(data) - before - length;
			CHECK_EQ(dx__utf8_check(&state, data + before + length, tail), cases[i].wrong == -1 ? tail : 0);
		}
	}
}

static void random_bytes(void)
{
	struct rng rng;
	rng_init(&rng, 1);
	uint8_t data[8];
	for (unsigned round = scaled(300000); round--; ) {
		uint64_t bits = rng_next(&rng);
		memcpy(data, &bits, sizeof(data));
		/* Most random bytes are wrong at once: these are beyond ASCII, and many follow a first byte. */
		if (bits & 1) {
			for (size_t i = 0; i < sizeof(data); i++)
				data[i] |= 0x80;
			data[0] = (uint8_t)(0xe0 | (data[0] & 0x1f));
		}
		compare(&rng, data, 1 + (size_t)rng_below(&rng, sizeof(data)));
	}
}

/* Random text, in which a byte is changed at times. */
static void random_text(void)
{
	struct rng rng;
	rng_init(&rng, 2);
	uint8_t data[300];
	for (unsigned round = scaled(20000); round--; ) {
		size_t length = 0, most = (size_t)rng_below(&rng, sizeof(data) - 4);
		unsigned bits = 7;
		while (length < most) {
			if (!rng_below(&rng, 20))
				bits = 7 + (unsigned)rng_below(&rng, 15);
			uint32_t character = (uint32_t)rng_below(&rng, 1u << bits);
			if (character <= 0x10ffff && (character < 0xd800 || character >= 0xe000))
				length += encode(character, data + length);
		}
		if (length && rng_below(&rng, 2))
			data[rng_below(&rng, length)] = (uint8_t)rng_next(&rng);
		compare(&rng, data, length);
	}
}

int main(void)
{
	test_begin();
	learn();
	RUN(every_character);
	RUN(every_three_bytes);
	RUN(boundaries);
	RUN(random_bytes);
	RUN(random_text);
	free(by_three);
	return test_end();
}
