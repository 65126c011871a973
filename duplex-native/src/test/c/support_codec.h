/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file support_codec.h
 * Codecs without sockets: what a stream decodes to, however it is split, and what messages are encoded to.
 *
 * All of them check every promise of struct dx_codec_ops on the way, in buffers of exactly the right size, so that a
 * sanitizer sees what is read or written beside them.
 */
#ifndef DX_TEST_SUPPORT_CODEC_H
#define DX_TEST_SUPPORT_CODEC_H

#include "support.h"

/** Options for a call: codec_with(.type = DX_CODEC_LINE, .flags = DX_LINE_LF). */
#define codec_with(...) (&(struct dx_codec_options){.size = sizeof(struct dx_codec_options), __VA_ARGS__})

/* A message as the pieces that were told of it make it, or a reply. */
struct test_message {
	uint32_t flags;  /* DX_MESSAGE_…, DX_PIECE_REPLY */
	uint32_t kind;
	uint8_t *data;
	size_t length;
	uint8_t *extra;
	size_t extra_length;
};

struct test_decoded {
	struct test_message *messages; /* in the order of their ends; DX_PIECE_IGNORE, and one that was not ended, are left out */
	uint32_t count;
	int error;       /* negative enum dx_codec_error, or 0 */
	uint64_t offset; /* of the offending byte; without an error, of the first byte that was not used */
};

/**
 * Decode a stream as a socket would: what is left over is given again with more behind it.
 *
 * @param parts  lengths of the reads, which may end early, the rest is one read; NULL: all at once
 * @param at_end the stream ends behind it
 * @param decoded freed by test_forget()
 */
void test_decode(const struct dx_codec_options *options, const void *stream, size_t length, const size_t *parts,
		size_t part_count, bool at_end, struct test_decoded *decoded);
void test_forget(struct test_decoded *decoded);
/** Fail where two results differ. */
void test_decoded_same(const struct test_decoded *expected, const struct test_decoded *actual);

/** Decode it at once, at every split point, byte by byte and at random splits: all must be equal to the first, which is
    returned in *decoded. */
void test_decode_splits(const struct dx_codec_options *options, const void *stream, size_t length, bool at_end,
		struct test_decoded *decoded);

/** Vectors: a stream (hex digits, spaces are skipped; or text behind a '\'') decodes, however it is split, to exactly these
    messages: "FLAGS:KIND:PAYLOAD" each, FLAGS of "mlcr" (MORE, LAST, CONTROL, REPLY), KIND decimal or empty, PAYLOAD as the
    stream is written, "+EXTRA" behind it where there is some; the last may be "!error@offset" with a decimal
    enum dx_codec_error. at_end as above. NULL ends the list. */
void test_vector(const struct dx_codec_options *options, bool at_end, const char *stream, ...)
		__attribute__((sentinel));

/** Encode one whole message with a new encoder: bytes, or a negative enum dx_codec_error. out has room for 4096 more. */
int64_t test_encode(const struct dx_codec_options *options, uint32_t kind, uint32_t flags, const void *data, size_t length,
		uint8_t *out);

/* An encoder and what it has written. */
struct test_encoder {
	const struct dx_codec_ops *ops;
	struct dx_codec_options options;
	void *state;
	uint8_t *out;
	size_t length;
};

void test_encoder_open(struct test_encoder *encoder, const struct dx_codec_options *options);
/** Encode a piece behind what was written: bytes, or a negative enum dx_codec_error. */
int64_t test_encoder_put(struct test_encoder *encoder, const struct dx_piece *piece);
/** finish(), as long as it is there. */
void test_encoder_finish(struct test_encoder *encoder, uint32_t error);
void test_encoder_close(struct test_encoder *encoder);

/** Round trips: random messages of these kinds (NULL: 0 only), random sizes up to most (from 1 for CHUNKED), random pieces,
    through one encoder and (peer's) decoder; random splits. Kinds of control messages are put whole. Decoded messages with
    MORE are put together. fill makes a payload that the codec can express (NULL: random bytes). */
void test_round_trips(const struct dx_codec_options *encoder, const struct dx_codec_options *decoder,
		const uint32_t *kinds, size_t kind_count, size_t most, void (*fill)(uint8_t *data, size_t length));

#endif
