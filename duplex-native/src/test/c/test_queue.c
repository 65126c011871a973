/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are left to the engine. */
#include "support.h"

#include <stdlib.h>

static void queue_bytes(dx_id socket, struct stream *stream, size_t length)
{
	uint8_t *bytes = malloc(length);
	stream_fill(stream, bytes, length);
	CHECK_OK(dx_queue_wait(socket, bytes, length));
	free(bytes);
}

static void they_go_behind_what_was_sent_and_ahead_of_what_comes(void)
{
	for (enum wire wire = 0; wire < WIRES; wire++) {
		dx_id engine = engine_open(2);
		struct line line = line_open(engine, wire, 0);
		struct stream sent = stream_new(), heard = sent;
		static uint8_t bytes[MIB];
		uint64_t total = 0;
		/* until the kernel takes no more */
		for (;;) {
			struct stream before = sent;
			stream_fill(&sent, bytes, sizeof(bytes));
			int64_t n = dx_send(line.socket, bytes, sizeof(bytes));
			sent = before;
			if (n < 0) {
				CHECK_EQ(n, -EAGAIN);
				break;
			}
			stream_fill(&sent, bytes, (size_t)n);
			total += (uint64_t)n;
		}
		size_t lengths[] = { 1, 100000, 3 * MIB };
		for (unsigned i = 0; i < 3; i++) {
			queue_bytes(line.socket, &sent, lengths[i]);
			total += lengths[i];
			CHECK_EQ(socket_info(line.socket).output, DX_HALF_DRAINING);
		}
		CHECK_GE(socket_info(line.socket).output_queued, 3 * MIB);
		CHECK_EQ(dx_send(line.socket, bytes, 1), -EAGAIN);
		peer_recv(line.peer, &heard, total);
		AWAIT(socket_info(line.socket).output == DX_HALF_HELD);
		app_send(line.socket, &sent, 1000);
		peer_recv(line.peer, &heard, 1000);
		CHECK_EQ(socket_info(line.socket).output_queued, 0);
		line_close(&line);
		engine_close(engine);
	}
}

/* What comes next may be a join, an end, a release or a close: the bytes come first. */
static void whatever_comes_next_comes_next(void)
{
	for (unsigned what = 0; what < 4; what++) {
		dx_id engine = engine_open(2), join = 0;
		struct line line = line_open(engine, WIRE_UNIX, 0), other = line_open(engine, WIRE_TCP4, 0);
		struct stream sent = stream_new(), heard = sent, back = stream_new(), back_heard = back;
		uint64_t token = token_new();
		queue_bytes(line.socket, &sent, 8 * MIB);
		if (what == 0) {
			peer_send(other.peer, &back, 1000);
			CHECK_OK(dx_join(other.socket, line.socket, NULL, token, &join));
		} else if (what == 1) {
			CHECK_OK(dx_shutdown(line.socket, token));
			CHECK_EQ(dx_queue_wait(line.socket, "x", 1), -EPIPE);
		} else if (what == 2) {
			CHECK_OK(dx_release(line.socket, 0, token));
		} else {
			CHECK_OK(dx_close(line.socket, 0, 20000, token));
		}
		peer_recv(line.peer, &heard, 8 * MIB);
		if (what == 0)
			peer_recv(line.peer, &back_heard, 1000);
		else if (what != 2)
			peer_expect_end(line.peer);
		if (what == 3) {
			/* in order: it waits for the peer's end */
			peer_shut(line.peer);
		}
		struct dx_event done = await_done(engine, token);
		CHECK_OK(done.result);
		if (what == 2)
			peer_close((int)done.value);
		line_close(&line);
		line_close(&other);
		engine_close(engine);
	}
}

static void mistakes_are_refused(void)
{
	dx_id engine = engine_open(1), join;
	struct line line = line_open(engine, WIRE_TCP4, 0), other = line_open(engine, WIRE_TCP4, 0);
	static uint8_t much[17 * MIB];
	CHECK_EQ(dx_queue_wait(line.socket, NULL, 1), -EINVAL);
	CHECK_EQ(dx_queue_wait(line.socket, much, 0), -EINVAL);
	CHECK_EQ(dx_queue_wait(line.socket, much, 16 * MIB + 1), -EMSGSIZE);
	CHECK_EQ(dx_queue_wait(engine, much, 1), -EBADF);
	CHECK_EQ(dx_queue_wait(0, much, 1), -ENOENT);
	CHECK_OK(dx_join_wait(line.socket, other.socket, NULL, &join));
	CHECK_EQ(dx_queue_wait(line.socket, much, 1), -EBUSY);
	CHECK_OK(dx_unjoin_wait(join, NULL));
	CHECK_OK(dx_shutdown_wait(line.socket));
	CHECK_EQ(dx_queue_wait(line.socket, much, 1), -EPIPE);
	/* the peer has gone: whoever comes next is told */
	peer_reset(other.peer);
	AWAIT(dx_queue_wait(other.socket, much, 1) == -ECONNRESET || dx_queue_wait(other.socket, much, 1) == -EPIPE);
	struct line closed = { other.socket, -1, WIRE_TCP4 };
	CHECK_OK(dx_close_wait(closed.socket, DX_CLOSE_RESET, 0));
	CHECK_EQ(dx_queue_wait(other.socket, much, 1), -ENOENT);
	line_close(&line);
	engine_close(engine);
}

static void closing_at_any_moment(void)
{
	for (unsigned round = 0; round < scaled(60); round++) {
		dx_id engine = engine_open(2), join;
		struct line line = line_open(engine, WIRE_UNIX, 0), other = line_open(engine, WIRE_UNIX, 0);
		uint64_t queued = token_new(), joined = token_new(), closed = token_new();
		static uint8_t bytes[MIB];
		CHECK_OK(dx_queue(line.socket, bytes, sizeof(bytes), queued));
		bool has_joined = round % 3 && !dx_join(line.socket, other.socket, NULL, joined, &join);
		if (round % 2)
			CHECK_OK(dx_close(line.socket, round % 4 == 1 ? DX_CLOSE_RESET : 0, 100, closed));
		if (round % 5 == 0)
			CHECK_OK(dx_engine_stop(engine));
		int result = await_done(engine, queued).result;
		CHECK(!result || result == -ENOENT || result == -ESHUTDOWN);
		if (has_joined)
			await_done(engine, joined);
		if (round % 2)
			await_done(engine, closed);
		peer_close(line.peer);
		peer_close(other.peer);
		engine_close(engine);
	}
}

int main(void)
{
	test_begin();
	RUN(they_go_behind_what_was_sent_and_ahead_of_what_comes);
	RUN(whatever_comes_next_comes_next);
	RUN(mistakes_are_refused);
	RUN(closing_at_any_moment);
	return test_end();
}
