/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: what ends one, what stays of its end, limits, the stream's end, and what cannot be written as a line. */
#include "support_codec.h"

#include <string.h>

#define LINE .type = DX_CODEC_LINE

static void either_ends_a_line(void)
{
	test_vector(codec_with(LINE), false, "'a\nbc\r\n\n\r\nd\re\n\r\r\nrest", "::a", "::bc", "::", "::", "::d\re", "::\r", NULL);
}

static void only_lf_ends_a_line(void)
{
	test_vector(codec_with(LINE, .flags = DX_LINE_LF), false, "'a\nbc\r\n\r\n\n", "::a", "::bc\r", "::\r", "::", NULL);
}

static void only_crlf_ends_a_line(void)
{
	test_vector(codec_with(LINE, .flags = DX_LINE_CRLF), false, "'a\nbc\r\n\r\n\n\r\n\r\r\n\r\nx\n", "::a\nbc", "::", "::\n",
			"::\r", "::", NULL);
}

int main(void)
{
	test_begin();
	RUN(either_ends_a_line);
	RUN(only_lf_ends_a_line);
	RUN(only_crlf_ends_a_line);
	return test_end();
}
