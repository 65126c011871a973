/* SPDX-License-Identifier: Apache-2.0 */
/* What peers do to those who get: floods, answers that nobody makes room for, messages that never end. */
#include "support_message.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WS_SERVER codec_of(DX_CODEC_WEBSOCKET, 0)

static int64_t get(dx_id socket, void *buffer, size_t size, struct dx_message *message)
{
	return dx_get(socket, buffer, size, message, 1);
}

/* A message that the peer does not read yet: what the kernel does not take is queued. */
static size_t fill_output(struct line *line, char **payload)
{
	size_t length = MIB;
	*payload = calloc(1, length);
	struct dx_message message = {.length = length, .kind = DX_WEBSOCKET_OPCODE_BINARY};
	CHECK_EQ(dx_put(line->socket, *payload, length, &message, 1), 1);
	CHECK_GT(socket_info(line->socket).output_queued, 0);
	return length;
}

static void hear_payload(struct line *line, char *payload, size_t length)
{
	peer_expect(line->peer, "\x82\x7f\0\0\0\0\0\x10\0\0", 10);
	peer_expect(line->peer, payload, length);
	free(payload);
}

static void a_pong_waits_for_room_and_is_not_forgotten(void)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		dx_id engine = engine_open(workers);
		struct line line = line_open(engine, WIRE_UNIX, 16 * KIB);
		CHECK_OK(dx_codec_set(line.socket, WS_SERVER));
		char *payload, buffer[64];
		struct dx_message message;
		size_t length = fill_output(&line, &payload);
		peer_write(line.peer, "\x89\x82\0\0\0\0hi" "\x81\x81\0\0\0\0x", 15);
		CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
		/* the application puts nothing more */
		hear_payload(&line, payload, length);
		peer_expect(line.peer, "\x8a\x02hi", 4);
		/* the kernel is full, and nothing is queued */
		char zeros[4096] = {0};
		size_t sent = 0;
		for (int64_t n; (n = dx_send(line.socket, zeros, sizeof(zeros))) != -EAGAIN; sent += (size_t)n)
			CHECK_GT(n, 0);
		peer_write(line.peer, "\x89\x82\0\0\0\0ho" "\x81\x81\0\0\0\0x", 15);
		CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
		for (; sent; sent -= sent < sizeof(zeros) ? sent : sizeof(zeros))
			peer_expect(line.peer, zeros, sent < sizeof(zeros) ? sent : sizeof(zeros));
		peer_expect(line.peer, "\x8a\x02ho", 4);
		line_close(&line);
		engine_close(engine);
	}
}

static void a_close_is_answered_although_the_socket_is_closed_at_once(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_UNIX, 16 * KIB);
	CHECK_OK(dx_codec_set(line.socket, WS_SERVER));
	char *payload, buffer[64];
	struct dx_message message;
	size_t length = fill_output(&line, &payload);
	peer_write(line.peer, "\x88\x82\0\0\0\0\x03\xe8", 8);
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
	CHECK_EQ(message.kind, DX_WEBSOCKET_CLOSE);
	CHECK_OK(dx_close(line.socket, 0, 60000, 1));
	hear_payload(&line, payload, length);
	peer_expect(line.peer, "\x88\x02\x03\xe8", 4);
	peer_expect_end(line.peer);
	peer_close(line.peer);
	await_success(engine, 1);
	engine_close(engine);
}

/* Pongs that nobody asked for: they say nothing, and there may be no end of them. */
static void a_flood_does_not_hold_who_gets(void)
{
	dx_id engine = engine_open(1);
	uint32_t length = 6 * (2 * MIB);
	uint8_t *pongs = malloc(length);
	for (uint32_t i = 0; i < length; i += 6)
		memcpy(pongs + i, "\x8a\x80\1\2\3\4", 6);
	struct line line = {.wire = WIRE_UNIX};
	int wire[2];
	wire_pair(WIRE_UNIX, 0, wire);
	line.peer = wire[1];
	CHECK_OK(dx_adopt(engine, wire[0], pongs, length, &line.socket));
	free(pongs);
	CHECK_OK(dx_codec_set(line.socket, WS_SERVER));
	char buffer[16];
	struct dx_message message;
	CHECK_EQ(get(line.socket, buffer, sizeof(buffer), &message), -EAGAIN);
	/* it came back, and says that there is more */
	uint32_t left = (uint32_t)socket_info(line.socket).input_queued;
	CHECK_GT(left, length / 2);
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
	CHECK_EQ(get(line.socket, buffer, sizeof(buffer), &message), -EAGAIN);
	CHECK_LT(socket_info(line.socket).input_queued, left);
	/* nor does it hold who waits for longer than was said */
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 0), -ETIMEDOUT);
	CHECK_GT(socket_info(line.socket).input_queued, 0);
	peer_write(line.peer, "\x81\x81\0\0\0\0x", 7);
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), 1);
	CHECK_EQ(message.length, 1);
	line_close(&line);
	engine_close(engine);
}

static void a_close_that_does_not_fit_stays(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, WS_SERVER));
	/* inside a fragmented message, which will never be whole */
	peer_write(line.peer, "\x01\x83\0\0\0\0abc" "\x88\x87\0\0\0\0\x03\xe8" "hello", 22);
	char buffer[16];
	struct dx_message message;
	AWAIT(get(line.socket, buffer, 4, &message) != -EAGAIN);
	CHECK_EQ(get(line.socket, buffer, 4, &message), -ENOSPC);
	CHECK_EQ(message.length, 7);
	CHECK_EQ(get(line.socket, buffer, sizeof(buffer), &message), 1);
	CHECK_EQ(message.kind, DX_WEBSOCKET_CLOSE);
	CHECK(!memcmp(buffer, "\x03\xe8hello", 7));
	CHECK_EQ(get(line.socket, buffer, sizeof(buffer), &message), 0);
	line_close(&line);
	engine_close(engine);
}

static void a_message_that_is_refused_holds_no_memory(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, WS_SERVER));
	char buffer[16];
	struct dx_message message;
	peer_write(line.peer, "\x01\x83\0\0\0\0abc", 9);
	AWAIT(get(line.socket, buffer, sizeof(buffer), &message) == -EAGAIN && engine_info(engine).message_memory > 0);
	peer_write(line.peer, "\x81\x83\0\0\0\0abc", 9);
	CHECK_EQ(dx_get_wait(line.socket, buffer, sizeof(buffer), &message, 1, 30000), -EPROTO);
	CHECK_EQ(engine_info(engine).message_memory, 0);
	line_close(&line);
	engine_close(engine);
}

struct getter {
	dx_id socket;
	int64_t result;
	char buffer[16];
	struct dx_message message;
};

static void *get_patiently(void *argument)
{
	struct getter *getter = argument;
	getter->result = dx_get_wait(getter->socket, getter->buffer, sizeof(getter->buffer), &getter->message, 1, 3000);
	return NULL;
}

static void another_codec_may_find_a_message_in_what_is_there(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_TCP4, 0);
	struct dx_codec_options length = *codec_of(DX_CODEC_LENGTH, 0), delimiter = *codec_of(DX_CODEC_DELIMITER, 0);
	length.prefix = 8;
	memcpy(delimiter.delimiter, ";", 1);
	delimiter.delimiter_length = 1;
	CHECK_OK(dx_codec_set(line.socket, &length));
	struct getter getter = {.socket = line.socket};
	pthread_t thread = thread_start(get_patiently, &getter);
	peer_say(line.peer, "body;");
	AWAIT(socket_info(line.socket).input_queued == 5);
	CHECK_OK(dx_codec_set(line.socket, &delimiter));
	thread_join(thread);
	CHECK_EQ(getter.result, 1);
	CHECK(!memcmp(getter.buffer, "body", 4));
	/* an event, too */
	CHECK_OK(dx_codec_set(line.socket, &length));
	peer_say(line.peer, "more;");
	AWAIT(get(line.socket, getter.buffer, sizeof(getter.buffer), &getter.message) == -EAGAIN
			&& socket_info(line.socket).input_queued == 5);
	CHECK_OK(dx_arm(line.socket, DX_READABLE));
	CHECK_OK(dx_codec_set(line.socket, &delimiter));
	CHECK_EQ(await_ready(engine, line.socket), DX_READABLE);
	app_gets(line.socket, "more");
	line_close(&line);
	engine_close(engine);
}

/* What was got of it cannot be given back, and would be missing in what the join moves. */
static void nobody_else_gets_a_socket_in_the_middle_of_a_message(void)
{
	dx_id engine = engine_open(1), join;
	struct line line = line_open(engine, WIRE_TCP4, 0), other = line_open(engine, WIRE_TCP4, 0);
	CHECK_OK(dx_codec_set(line.socket, codec_of(DX_CODEC_LINE, 0)));
	char buffer[16];
	struct dx_message message;
	peer_say(line.peer, "half");
	AWAIT(get(line.socket, buffer, sizeof(buffer), &message) == -EAGAIN && engine_info(engine).message_memory > 0);
	struct dx_join_options options = join_options(DX_JOIN_ROUTE);
	CHECK_EQ(dx_join_wait(line.socket, other.socket, NULL, &join), -EBUSY);
	CHECK_EQ(dx_join_wait(other.socket, line.socket, &options, &join), -EBUSY);
	struct line carrier = line_open(engine, WIRE_UNIX, 0);
	CHECK_EQ(dx_release_wait(line.socket, 0), -EBUSY);
	CHECK_EQ(dx_pass_wait(line.socket, carrier.socket, 1000), -EBUSY);
	line_close(&carrier);
	peer_say(line.peer, " of it\nrest");
	app_gets(line.socket, "half of it");
	CHECK_OK(dx_join_wait(line.socket, other.socket, NULL, &join));
	peer_hears(other.peer, "rest");
	line_close(&line);
	line_close(&other);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_pong_waits_for_room_and_is_not_forgotten);
	RUN(a_close_is_answered_although_the_socket_is_closed_at_once);
	RUN(a_flood_does_not_hold_who_gets);
	RUN(a_close_that_does_not_fit_stays);
	RUN(nobody_else_gets_a_socket_in_the_middle_of_a_message);
	RUN(a_message_that_is_refused_holds_no_memory);
	RUN(another_codec_may_find_a_message_in_what_is_there);
	return test_end();
}
