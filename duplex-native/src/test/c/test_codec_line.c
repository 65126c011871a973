/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: what ends one, what stays of its end, limits, the stream's end, and what cannot be written as a line. */
#include "support_codec.h"

#include <string.h>

#define LINE .type = DX_CODEC_LINE
#define LF .flags = DX_LINE_LF
#define CRLF .flags = DX_LINE_CRLF

static void either_ends_a_line(void)
{
	test_vector(codec_with(LINE), false, "'a\nbc\r\n\n\r\nd\re\n\r\r\nrest", "::a", "::bc", "::", "::", "::d\re", "::\r", NULL);
}

static void only_lf_ends_a_line(void)
{
	test_vector(codec_with(LINE, LF), false, "'a\nbc\r\n\r\n\n", "::a", "::bc\r", "::\r", "::", NULL);
}

static void only_crlf_ends_a_line(void)
{
	test_vector(codec_with(LINE, CRLF), false, "'a\nbc\r\n\r\n\n\r\n\r\r\n\r\nx\n", "::a\nbc", "::", "::\n", "::\r", "::", NULL);
}

static void the_end_stays_if_that_is_wanted(void)
{
	test_vector(codec_with(LINE, .flags = DX_CODEC_KEEP), false, "'a\nbc\r\n\n", "::a\n", "::bc\r\n", "::\n", NULL);
	test_vector(codec_with(LINE, .flags = DX_CODEC_KEEP | DX_LINE_LF), false, "'a\nbc\r\n", "::a\n", "::bc\r\n", NULL);
	test_vector(codec_with(LINE, .flags = DX_CODEC_KEEP | DX_LINE_CRLF), false, "'a\nbc\r\n", "::a\nbc\r\n", NULL);
}

static void the_end_of_the_stream_ends_a_line(void)
{
	test_vector(codec_with(LINE), true, "'", NULL);
	test_vector(codec_with(LINE), true, "'a\n", "::a", NULL);
	test_vector(codec_with(LINE), true, "'a\nbc", "::a", "::bc", NULL);
	test_vector(codec_with(LINE), true, "'a\r", "::a\r", NULL);
	test_vector(codec_with(LINE), true, "'\r", "::\r", NULL);
	test_vector(codec_with(LINE, LF), true, "'\r", "::\r", NULL);
	test_vector(codec_with(LINE, CRLF), true, "'a\n", "::a\n", NULL);
	test_vector(codec_with(LINE, CRLF), true, "'a\n\r", "::a\n\r", NULL);
	test_vector(codec_with(LINE, .flags = DX_CODEC_KEEP), true, "'a\nbc\r", "::a\n", "::bc\r", NULL);
}

static void any_byte_is_part_of_a_line(void)
{
	test_vector(codec_with(LINE), true, "00 ff 0a 0d 00 0a 0b 0d0a 80", "::00ff", "::0d00", "::0b", "::80", NULL);
}

static void too_long_lines_are_refused_where_they_are(void)
{
	test_vector(codec_with(LINE, .max_message = 3), true, "'abc\nabc\r\nabc", "::abc", "::abc", "::abc", NULL);
	test_vector(codec_with(LINE, .max_message = 3), false, "'abc\nabcd", "::abc", "!1@7", NULL);
	test_vector(codec_with(LINE, .max_message = 3), false, "'a\nabcdefgh\n", "::a", "!1@5", NULL);
	test_vector(codec_with(LINE, .max_message = 3), false, "'abc\rd", "!1@3", NULL);
	test_vector(codec_with(LINE, .max_message = 3), true, "'abc\r", "!1@3", NULL);
	test_vector(codec_with(LINE, LF, .max_message = 3), false, "'abc\r\n", "!1@3", NULL);
	test_vector(codec_with(LINE, CRLF, .max_message = 3), false, "'ab\n\r\nabc\n\r\n", "::ab\n", "!1@8", NULL);
	/* what stays of the end counts */
	test_vector(codec_with(LINE, .flags = DX_CODEC_KEEP, .max_message = 3), false, "'ab\na\r\nabc\n", "::ab\n", "::a\r\n", "!1@9",
			NULL);
	test_vector(codec_with(LINE, .flags = DX_CODEC_KEEP, .max_message = 3), false, "'ab\r\n", "!1@3", NULL);
}

static void writes(const struct dx_codec_options *options, const char *line, const char *expected)
{
	uint8_t out[8192];
	int64_t n = test_encode(options, 0, 0, line, strlen(line), out);
	if (!expected) {
		CHECK_EQ(n, -DX_CODEC_MESSAGE);
		return;
	}
	CHECK_EQ(n, strlen(expected));
	CHECK(!memcmp(out, expected, (size_t)n));
}

static void lines_are_ended_as_wanted(void)
{
	writes(codec_with(LINE), "", "\n");
	writes(codec_with(LINE), "abc", "abc\n");
	writes(codec_with(LINE), "a\rbc", "a\rbc\n");
	writes(codec_with(LINE), "abc\r", "abc\r\r\n");
	writes(codec_with(LINE, LF), "abc\r", "abc\r\n");
	writes(codec_with(LINE, CRLF), "abc", "abc\r\n");
	writes(codec_with(LINE, CRLF), "a\nbc\n\r", "a\nbc\n\r\r\n");
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP), "abc\n", "abc\n");
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP), "abc\r\n", "abc\r\n");
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP | DX_LINE_LF), "\r\n", "\r\n");
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP | DX_LINE_CRLF), "a\n\r\n", "a\n\r\n");
}

static void what_is_not_one_line_is_not_written(void)
{
	writes(codec_with(LINE), "\n", NULL);
	writes(codec_with(LINE), "a\nb", NULL);
	writes(codec_with(LINE, LF), "a\r\nb", NULL);
	writes(codec_with(LINE, CRLF), "a\nb\r\nc", NULL);
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP), "", NULL);
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP), "abc", NULL);
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP), "a\nb\n", NULL);
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP | DX_LINE_CRLF), "a\n", NULL);
	writes(codec_with(LINE, .flags = DX_CODEC_KEEP | DX_LINE_CRLF), "a\r\n\r\n", NULL);
}

static int64_t put(struct test_encoder *encoder, uint32_t flags, const char *text)
{
	return test_encoder_put(encoder, &(struct dx_piece){.flags = flags, .total = DX_LENGTH_UNKNOWN,
			.data = (const uint8_t *)text, .length = strlen(text)});
}

static void the_end_is_found_across_pieces(void)
{
	struct test_encoder encoder;
	test_encoder_open(&encoder, codec_with(LINE, CRLF));
	CHECK_EQ(put(&encoder, DX_PIECE_BEGIN, "a\r"), 2);
	CHECK_EQ(put(&encoder, 0, ""), 0);
	CHECK_EQ(put(&encoder, 0, "\nb"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put(&encoder, DX_PIECE_END, "b"), 3);
	CHECK_EQ(put(&encoder, DX_PIECE_BEGIN | DX_PIECE_END, "\n"), 3); /* the CR LF before it is another line's */
	CHECK_EQ(encoder.length, 8);
	CHECK(!memcmp(encoder.out, "a\rb\r\n\n\r\n", 8));
	test_encoder_close(&encoder);

	test_encoder_open(&encoder, codec_with(LINE));
	CHECK_EQ(put(&encoder, DX_PIECE_BEGIN, "a\r"), 2);
	CHECK_EQ(put(&encoder, DX_PIECE_END, ""), 2);
	CHECK_EQ(put(&encoder, DX_PIECE_BEGIN, ""), 0);
	CHECK_EQ(put(&encoder, DX_PIECE_END, ""), 1); /* nor is the last line's CR this one's */
	CHECK(!memcmp(encoder.out, "a\r\r\n\n", 5));
	test_encoder_close(&encoder);

	test_encoder_open(&encoder, codec_with(LINE, .flags = DX_LINE_CRLF | DX_CODEC_KEEP));
	CHECK_EQ(put(&encoder, DX_PIECE_BEGIN, "a\r"), 2);
	CHECK_EQ(put(&encoder, DX_PIECE_END, ""), -DX_CODEC_MESSAGE);
	CHECK_EQ(put(&encoder, 0, "\n"), 1);
	CHECK_EQ(put(&encoder, DX_PIECE_END, "b"), -DX_CODEC_MESSAGE);
	CHECK_EQ(put(&encoder, DX_PIECE_END, ""), 0);
	CHECK_EQ(put(&encoder, DX_PIECE_BEGIN | DX_PIECE_END, "b\r\n"), 3);
	test_encoder_close(&encoder);
}

static void without_lf(uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		data[i] = data[i] == '\n' ? 0 : data[i] < 64 ? '\r' : data[i];
}

static void without_crlf(uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		data[i] = data[i] < 64 ? '\r' : data[i] < 128 ? '\n' : data[i];
		if (i && data[i] == '\n' && data[i - 1] == '\r')
			data[i] = '\r';
	}
}

static void lines_come_back_as_they_went(void)
{
	test_round_trips(codec_with(LINE), codec_with(LINE), NULL, 0, 20000, without_lf);
	test_round_trips(codec_with(LINE, LF), codec_with(LINE, LF), NULL, 0, 20000, without_lf);
	test_round_trips(codec_with(LINE, CRLF), codec_with(LINE, CRLF), NULL, 0, 20000, without_crlf);
	test_round_trips(codec_with(LINE, CRLF), codec_with(LINE), NULL, 0, 20000, without_lf);
}

int main(void)
{
	test_begin();
	RUN(either_ends_a_line);
	RUN(only_lf_ends_a_line);
	RUN(only_crlf_ends_a_line);
	RUN(the_end_stays_if_that_is_wanted);
	RUN(the_end_of_the_stream_ends_a_line);
	RUN(any_byte_is_part_of_a_line);
	RUN(too_long_lines_are_refused_where_they_are);
	RUN(lines_are_ended_as_wanted);
	RUN(what_is_not_one_line_is_not_written);
	RUN(the_end_is_found_across_pieces);
	RUN(lines_come_back_as_they_went);
	return test_end();
}
