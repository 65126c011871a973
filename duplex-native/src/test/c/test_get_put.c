/* SPDX-License-Identifier: Apache-2.0 */
/* Messages through held halves. */
#include "support_message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void lines_are_got_and_put(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	peer_say(line.peer, "one\ntwo\r\n\nfo");
	app_gets(line.socket, "one");
	app_gets(line.socket, "two");
	app_gets(line.socket, "");
	struct dx_message message;
	char buffer[16];
	CHECK_EQ(dx_get(line.socket, buffer, sizeof(buffer), &message, 1), -EAGAIN);
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 10), -ETIMEDOUT);
	peer_say(line.peer, "ur\n");
	app_gets(line.socket, "four");
	app_puts(line.socket, "five");
	app_puts(line.socket, "");
	peer_hears(line.peer, "five\n\n");
	/* the end of the stream ends a line, too */
	peer_say(line.peer, "six");
	peer_shut(line.peer);
	app_gets(line.socket, "six");
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 0);
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 0);
	line_close(&line);
	engine_close(engine);
}

static void a_batch_is_got_and_put_at_once(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_UNIX, 0);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	struct dx_message messages[10];
	for (unsigned i = 0; i < 10; i++)
		messages[i] = (struct dx_message){.offset = i, .length = i};
	CHECK_EQ(dx_put(line.socket, "abcdefghijklmnopqrst", 20, messages, 10), 10);
	peer_hears(line.peer, "\nb\ncd\ndef\nefgh\nfghij\nghijkl\nhijklmn\nijklmnop\njklmnopqr\n");
	peer_say(line.peer, "a\nbb\nccc\ndddd\n");
	char buffer[64];
	struct dx_message got[3];
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), got, 3, 30000), 3);
	CHECK(!memcmp(buffer, "abbccc", 6));
	CHECK_EQ(got[2].offset, 3);
	CHECK_EQ(got[2].length, 3);
	/* one that does not fit stays */
	CHECK_EQ(dx_get(line.socket, buffer, 3, got, 3), -ENOSPC);
	CHECK_EQ(got[0].length, 4);
	app_gets(line.socket, "dddd");
	line_close(&line);
	engine_close(engine);
}

static void codecs_change_between_two_messages(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	peer_say(line.peer, "head\nbody;tail");
	app_gets(line.socket, "head");
	struct dx_codec_options delimiter = *codec_of(DX_CODEC_DELIMITER, 0);
	delimiter.delimiter[0] = ';';
	delimiter.delimiter_length = 1;
	CHECK_OK(dx_codec_set(line.socket, &delimiter));
	app_gets(line.socket, "body");
	CHECK_OK(dx_codec_set(line.socket, NULL));
	char rest[8];
	CHECK_EQ(dx_recv_wait(line.socket, rest, sizeof(rest), 30000), 4);
	CHECK(!memcmp(rest, "tail", 4));
	/* in the middle of one: not now */
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	peer_say(line.peer, "begun");
	char buffer[64];
	struct dx_message message;
	AWAIT(dx_get(line.socket, buffer, sizeof(buffer), &message, 1) == -EAGAIN && dx_get_deadline(line.socket) >= 0);
	CHECK_EQ(dx_codec_set(line.socket, NULL), -EBUSY);
	peer_say(line.peer, " and ended\n");
	app_gets(line.socket, "begun and ended");
	CHECK_OK(dx_codec_set(line.socket, NULL));
	line_close(&line);
	engine_close(engine);
}

static void what_the_peer_breaks_is_named_and_told(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_WEBSOCKET, 0)));
	peer_write(line.peer, "\x82\x81\1\2\3\4\5", 7);                 /* masked, one byte */
	peer_write(line.peer, "\x82\x01" "5", 3);                        /* not masked */
	char buffer[64];
	struct dx_message message;
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
	CHECK_EQ(buffer[0], 5 ^ 1);
	CHECK_EQ(message.kind, DX_WEBSOCKET_OPCODE_BINARY);
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), -EPROTO);
	CHECK_EQ(dx_get(line.socket, buffer, sizeof(buffer), &message, 1), -EPROTO);
	CHECK_EQ(failure_of(line.socket).input, DX_CODEC_WS_UNMASKED);
	CHECK_GE(failure_of(line.socket).input_offset, 7);
	peer_expect(line.peer, "\x88\x02\x03\xea", 4);                   /* Close 1002 */
	message = (struct dx_message){.length = 1};
	CHECK_EQ(dx_put(line.socket, "x", 1, &message, 1), -EPIPE);
	line_close(&line);
	engine_close(engine);
}

static void pings_are_answered_and_a_close_too(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_WEBSOCKET, 0)));
	/* a text in two fragments, a ping between them; then a close with 1000 */
	static const char stream[] = "\x01\x82\0\0\0\0He" "\x89\x82\0\0\0\0hi" "\x80\x83\0\0\0\0llo" "\x88\x82\0\0\0\0\x03\xe8";
	peer_write(line.peer, stream, sizeof(stream) - 1);
	char buffer[64];
	struct dx_message message;
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
	CHECK_EQ(message.length, 5);
	CHECK_EQ(message.kind, DX_WEBSOCKET_OPCODE_TEXT);
	CHECK(!memcmp(buffer, "Hello", 5));
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
	CHECK_EQ(message.kind, DX_WEBSOCKET_CLOSE);
	CHECK_EQ(message.flags & DX_MESSAGE_LAST, DX_MESSAGE_LAST);
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 0);
	peer_expect(line.peer, "\x8a\x02hi" "\x88\x02\x03\xe8", 8);
	line_close(&line);
	engine_close(engine);
}

static void what_does_not_fit_is_queued_and_nothing_overtakes_it(void)
{
	dx_id engine = engine_open(2);
	struct rng rng;
	rng_init(&rng, 1);
	for (unsigned round = 0; round < scaled(20); round++) {
		struct line line = line_open(engine, round % 2 ? WIRE_TCP4 : WIRE_UNIX, 16 * KIB);
		CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
		size_t length = 100000 + rng_below(&rng, 200000);
		char *big = malloc(length + 1);
		memset(big, 'x', length);
		big[length] = '\n';
		struct dx_message message = {.length = length};
		CHECK_EQ(dx_put(line.socket, big, length, &message, 1), 1);
		struct dx_message small = {.length = 5};
		CHECK_EQ(dx_put(line.socket, "small", 5, &small, 1), -EAGAIN);
		dx_id other_join = 0;
		struct line other = line_open(engine, WIRE_TCP4, 0);
		bool joins = round % 3 == 0, closes = round % 3 == 1;
		if (joins)
			CHECK_OK(dx_join_wait(line.socket, other.socket, NULL, &other_join));
		else if (closes)
			CHECK_OK(dx_close(line.socket, 0, 60000, 7));
		if (joins)
			peer_say(other.peer, "from the other");
		peer_expect(line.peer, big, length + 1);
		if (joins)
			peer_hears(line.peer, "from the other");
		else if (closes)
			peer_expect_end(line.peer);
		else
			app_puts(line.socket, "small"), peer_hears(line.peer, "small\n");
		free(big);
		line_close(&line);
		line_close(&other);
	}
	engine_close(engine);
}

static void a_frame_that_does_not_come_is_cut_off(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct dx_codec_options options = *codec_of(DX_CODEC_LINE, 0);
	options.frame_timeout = 20;
	CHECK_OK(dx_codec_set(line.socket, &options));
	peer_say(line.peer, "half");
	char buffer[64];
	struct dx_message message;
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), -EPROTO);
	CHECK_EQ(failure_of(line.socket).input, DX_CODEC_TOO_SLOW);
	line_close(&line);
	engine_close(engine);
}

static void the_budget_bounds_what_is_put_together(void)
{
	dx_id engine;
	CHECK_OK(dx_engine_open(&(struct dx_engine_options){.size = sizeof(struct dx_engine_options), .message_budget = 100000},
			&engine));
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	struct stream stream = stream_new();
	char *big = malloc(300000), *buffer = malloc(300000);
	memset(big, 'y', 300000);
	peer_write(line.peer, big, 90000);
	struct dx_message message;
	AWAIT(dx_get(line.socket, buffer, 300000, &message, 1) == -EAGAIN && engine_info(engine).message_memory >= 90000);
	CHECK_LE(engine_info(engine).message_memory, 100000);
	peer_write(line.peer, big, 50000);
	CHECK_EQ(dx_get_wait(line.socket, buffer, 300000, &message, 1, 30000), -EPROTO);
	CHECK_EQ(failure_of(line.socket).input, DX_CODEC_NO_MEMORY);
	line_close(&line);
	AWAIT(engine_info(engine).message_memory == 0);
	(void)stream;
	free(big);
	free(buffer);
	engine_close(engine);
}

static void bad_arguments_are_refused(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct dx_message message = {0};
	char byte;
	CHECK_EQ(dx_codec_set(line.socket, &(struct dx_codec_options){.size = 4}), -EINVAL);
	CHECK_EQ(dx_codec_set(line.socket, codec_of(99, 0)), -EINVAL);
	CHECK_EQ(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 64)), -EINVAL);
	CHECK_EQ(dx_codec_set(line.socket, codec_of(DX_CODEC_PLUGIN, 0)), -ENOENT);
	CHECK_EQ(dx_codec_set(12345, NULL), -ENOENT);
	CHECK_EQ(dx_get(line.socket, NULL, 1, &message, 1), -EINVAL);
	CHECK_EQ(dx_get(line.socket, &byte, 1, NULL, 1), -EINVAL);
	CHECK_EQ(dx_get(line.socket, &byte, 1, &message, 0), -EINVAL);
	CHECK_EQ(dx_put(line.socket, NULL, 1, &message, 1), -EINVAL);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	message.length = 2;
	CHECK_EQ(dx_put(line.socket, "a", 1, &message, 1), -EINVAL);
	message = (struct dx_message){.offset = UINT64_MAX, .length = 2};
	CHECK_EQ(dx_put(line.socket, "a", 1, &message, 1), -EINVAL);
	message = (struct dx_message){.length = 3};
	CHECK_EQ(dx_put(line.socket, "a\nb", 3, &message, 1), -EPROTO);
	CHECK_EQ(failure_of(line.socket).output, DX_CODEC_MESSAGE);
	CHECK_EQ(dx_codec_failure(line.socket, NULL), -EINVAL);
	line_close(&line);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(lines_are_got_and_put);
	RUN(a_batch_is_got_and_put_at_once);

	RUN(what_the_peer_breaks_is_named_and_told);
	RUN(pings_are_answered_and_a_close_too);
	RUN(what_does_not_fit_is_queued_and_nothing_overtakes_it);
	RUN(a_frame_that_does_not_come_is_cut_off);
	RUN(the_budget_bounds_what_is_put_together);
	RUN(bad_arguments_are_refused);
	RUN(codecs_change_between_two_messages);
	return test_end();
}
