/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file support_codec.h
 * Codecs without sockets: what a stream decodes to, however it is split, and what messages are encoded to.
 */
#ifndef DX_TEST_SUPPORT_CODEC_H
#define DX_TEST_SUPPORT_CODEC_H

#include "support.h"

/* A message as the pieces that were told of it make it, or a reply, or the error at the end. */
struct test_message {
	uint32_t flags;  /* DX_MESSAGE_…, DX_PIECE_REPLY */
	uint32_t kind;
	uint8_t *data;
	size_t length;
	uint8_t *extra;
	size_t extra_length;
};

struct test_decoded {
	struct test_message messages[64]; /* DX_PIECE_IGNORE is left out; a message that was not ended is not told */
	uint32_t count;
	int error;       /* negative enum dx_codec_error, or 0 */
	uint64_t offset; /* of the offending byte; without an error, of the first byte that was not used */
};

/** Decode a stream; parts[] are the lengths of the reads (NULL: all at once), which may end early; the rest is one read.
    at_end: the stream ends behind it. Checks every promise of struct dx_codec_ops on the way. Freed by test_forget(). */
void test_decode(const struct dx_codec_options *options, const void *stream, size_t length, const size_t *parts,
		size_t part_count, bool at_end, struct test_decoded *decoded);
void test_forget(struct test_decoded *decoded);

/** Decode it at once, at every split point, byte by byte and at random splits: all must be equal to the first, which is
    returned in *decoded. */
void test_decode_splits(const struct dx_codec_options *options, const void *stream, size_t length, bool at_end,
		struct test_decoded *decoded);

/** Vectors: a stream (hex digits, spaces are skipped; or text behind a '\'') decodes, however it is split, to exactly these
    messages: "FLAGS:KIND:PAYLOAD" each, FLAGS of "ml cr" (MORE, LAST, CONTROL, REPLY), KIND decimal or empty, PAYLOAD as the
    stream is written, "+EXTRA" behind it where there is some; the last may be "!error@offset" with a decimal
    enum dx_codec_error. at_end as above. NULL ends the list. */
void test_vector(const struct dx_codec_options *options, bool at_end, const char *stream, ...)
		__attribute__((sentinel));

/** Encode one whole message with a new encoder: bytes, or a negative enum dx_codec_error. out has room for 4096 more. */
int64_t test_encode(const struct dx_codec_options *options, uint32_t kind, uint32_t flags, const void *data, size_t length,
		uint8_t *out);

/** Round trips: random messages of these kinds (NULL: 0 only), random sizes up to most, random pieces, through one encoder and
    (peer's) decoder; random splits. fill makes a payload that the codec can express (NULL: random bytes). */
void test_round_trips(const struct dx_codec_options *encoder, const struct dx_codec_options *decoder,
		const uint32_t *kinds, size_t kind_count, size_t most, void (*fill)(uint8_t *data, size_t length));

#endif
