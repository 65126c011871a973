/* SPDX-License-Identifier: Apache-2.0 */
/* ZMTP frames: RFC 23 and RFC 37, behind the handshake. */
#include "support_codec.h"

#include <string.h>

static const struct dx_codec_options zmtp = {.size = sizeof(zmtp), .type = DX_CODEC_ZMTP};
static const struct dx_codec_options frames = {.size = sizeof(frames), .type = DX_CODEC_ZMTP, .flags = DX_ZMTP_FRAMES};

static void decodes(const struct dx_codec_options *options, const char *stream, size_t length, struct test_decoded *decoded)
{
	test_decode_splits(options, stream, length, true, decoded);
}

static void refused(const char *stream, size_t length, int error, uint64_t offset)
{
	struct test_decoded decoded;
	decodes(&zmtp, stream, length, &decoded);
	CHECK_EQ(decoded.error, -error);
	CHECK_EQ(decoded.offset, offset);
	test_forget(&decoded);
}

static void frames_are_messages(void)
{
	struct test_decoded decoded;
	decodes(&zmtp, "\1\5Hello" "\0\5World" "\0\0" "\2\0\0\0\0\0\0\0\3abc", 28, &decoded);
	CHECK_EQ(decoded.error, 0);
	CHECK_EQ(decoded.count, 4);
	CHECK_EQ(decoded.messages[0].flags, DX_MESSAGE_MORE);
	CHECK(!memcmp(decoded.messages[0].data, "Hello", 5));
	CHECK_EQ(decoded.messages[1].flags, 0);
	CHECK_EQ(decoded.messages[2].length, 0);
	CHECK_EQ(decoded.messages[3].length, 3);
	test_forget(&decoded);
}

static void pings_are_answered_and_other_commands_told(void)
{
	static const char stream[] = "\4\x0a\4PING\0\1ctx" "\4\7\4PONGxy" "\4\x0b\x09SUBSCRIBEa";
	struct test_decoded decoded;
	decodes(&zmtp, stream, sizeof(stream) - 1, &decoded);
	CHECK_EQ(decoded.error, 0);
	CHECK_EQ(decoded.count, 2);
	CHECK_EQ(decoded.messages[0].flags, DX_PIECE_REPLY | DX_MESSAGE_CONTROL);
	CHECK_EQ(decoded.messages[0].length, 8);
	CHECK(!memcmp(decoded.messages[0].data, "\4PONGctx", 8));
	CHECK_EQ(decoded.messages[1].kind, DX_ZMTP_COMMAND);
	CHECK_EQ(decoded.messages[1].length, 11);
	test_forget(&decoded);
	decodes(&frames, stream, sizeof(stream) - 1, &decoded);
	CHECK_EQ(decoded.count, 3);
	CHECK_EQ(decoded.messages[0].flags, DX_MESSAGE_CONTROL);
	test_forget(&decoded);
}

static void what_no_peer_sends_is_refused(void)
{
	refused("\0\1a\x08", 4, DX_CODEC_ZMTP_FLAGS, 3);
	refused("\5\2\1a", 4, DX_CODEC_ZMTP_FLAGS, 0);
	refused("\2\x80", 2, DX_CODEC_ZMTP_LENGTH, 1);
	refused("\4\0", 2, DX_CODEC_ZMTP_COMMAND, 2);
	refused("\4\2\0a", 4, DX_CODEC_ZMTP_COMMAND, 2);
	refused("\4\2\2a", 4, DX_CODEC_ZMTP_COMMAND, 2);
	refused("\2\0\0\0\1\0\0\0\0", 9, DX_CODEC_TOO_LONG, 1);
	refused("\0\5ab", 4, DX_CODEC_TRUNCATED, 4);
}

static void messages_come_back_as_they_went(void)
{
	test_round_trips(&zmtp, &zmtp, NULL, 0, 100, NULL);
	test_round_trips(&frames, &frames, NULL, 0, 70000, NULL);
}

static void what_cannot_be_said_is_not_put(void)
{
	uint8_t out[8192];
	CHECK_EQ(test_encode(&zmtp, DX_ZMTP_COMMAND, DX_MESSAGE_CONTROL, "\4PONG", 5, out), 7);
	CHECK(!memcmp(out, "\4\5\4PONG", 7));
	CHECK_EQ(test_encode(&zmtp, DX_ZMTP_COMMAND, DX_MESSAGE_CONTROL, "", 0, out), -DX_CODEC_MESSAGE);
	CHECK_EQ(test_encode(&zmtp, DX_ZMTP_COMMAND, DX_MESSAGE_CONTROL, "\7PONG", 5, out), -DX_CODEC_MESSAGE);
	CHECK_EQ(test_encode(&zmtp, 99, 0, "x", 1, out), -DX_CODEC_MESSAGE);
	CHECK_EQ(test_encode(&zmtp, 0, DX_MESSAGE_MORE, "x", 1, out), 3);
	CHECK(!memcmp(out, "\1\1x", 3));
}

int main(void)
{
	test_begin();
	RUN(frames_are_messages);
	RUN(pings_are_answered_and_other_commands_told);
	RUN(what_no_peer_sends_is_refused);
	RUN(messages_come_back_as_they_went);
	RUN(what_cannot_be_said_is_not_put);
	return test_end();
}
