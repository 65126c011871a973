/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several joins of one socket: fan-out, fan-in, lossy sinks, meshes. (Laws 4, 6 and 7.)
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SINKS 8

static void *send_all(void *argument)
{
	struct flow *flow = argument;
	peer_send(flow->from, &flow->sent, flow->total);
	peer_shut(flow->from);
	return NULL;
}

static void *receive_all(void *argument)
{
	struct flow *flow = argument;
	CHECK_EQ(peer_recv_to_end(flow->to, &flow->received), flow->total);
	return NULL;
}

/* One stream to all sinks, each of which gets all of it and then the end. */
static void pour(int from, struct line *sinks, unsigned count, uint64_t bytes)
{
	struct stream stream = stream_new();
	struct flow out = { .from = from, .total = bytes, .sent = stream }, in[SINKS];
	pthread_t sender = thread_start(send_all, &out), receivers[SINKS];
	for (unsigned i = 0; i < count; i++) {
		in[i] = (struct flow){ .to = sinks[i].peer, .total = bytes, .received = stream };
		receivers[i] = thread_start(receive_all, &in[i]);
	}
	thread_join(sender);
	for (unsigned i = 0; i < count; i++)
		thread_join(receivers[i]);
}

static void every_sink_gets_everything(void)
{
	for (unsigned workers = 1; workers <= 3; workers += 2) {
		dx_id engine = engine_open(workers), joins[SINKS];
		struct line source = line_open(engine, WIRE_TCP4, 0), sinks[SINKS];
		struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
		for (unsigned i = 0; i < SINKS; i++) {
			sinks[i] = line_open(engine, i % WIRES, i % 2 ? 0 : 16 * KIB);
			CHECK_OK(dx_join_wait(source.socket, sinks[i].socket, &options, &joins[i]));
		}
		pour(source.peer, sinks, SINKS, 8 * MIB);
		for (unsigned i = 0; i < SINKS; i++) {
			struct dx_event end = await_ended(engine, joins[i]);
			CHECK_EQ(end.reason, DX_REASON_CLIENT_CLOSED);
			CHECK_EQ(end.a_to_b, 8 * MIB);
			CHECK_EQ(end.a_to_b_pending, 0);
		}
		/* the application's again */
		app_expect(source.socket, 0);
		line_close(&source);
		for (unsigned i = 0; i < SINKS; i++)
			line_close(&sinks[i]);
		engine_close(engine);
	}
}

/* A sink that stands still stops the source, until it leaves; what is in flight then is its own. */
static void the_slowest_sets_the_pace_until_it_is_undone(void)
{
	dx_id engine = engine_open(1), fast_join, slow_join;
	struct line source = line_open(engine, WIRE_TCP4, 0), fast = line_open(engine, WIRE_UNIX, 0),
			slow = line_open(engine, WIRE_TCP4, 16 * KIB);
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
	struct stream sent = stream_new(), at_fast = sent, at_slow = sent;
	CHECK_OK(dx_join_wait(source.socket, fast.socket, &options, &fast_join));
	CHECK_OK(dx_join_wait(source.socket, slow.socket, &options, &slow_join));
	uint64_t taken = 0, passed = 0, before;
	do {
		before = taken;
		taken += peer_send_until_stalled(source.peer, &sent);
		passed += peer_recv_some(fast.peer, &at_fast, UINT64_MAX);
	} while (taken != before);
	CHECK_LT(passed, taken);
	CHECK_LE(socket_info(slow.socket).output_queued, MIB);
	struct dx_event undone;
	CHECK_OK(dx_unjoin_wait(slow_join, &undone));
	uint64_t had = undone.a_to_b + undone.a_to_b_pending;
	AWAIT((passed += peer_recv_some(fast.peer, &at_fast, UINT64_MAX)) == taken);
	/* ahead of what the application sends next */
	struct stream own = stream_new(), own_at_peer = own;
	peer_recv(slow.peer, &at_slow, had);
	app_send(slow.socket, &own, 1000);
	peer_recv(slow.peer, &own_at_peer, 1000);
	AWAIT(join_info(fast_join).a_to_b == taken);
	line_close(&source);
	line_close(&fast);
	line_close(&slow);
	engine_close(engine);
}

static void a_lossy_sink_that_stalls_is_dropped(void)
{
	dx_id engine = engine_open(2), join, lossy_join;
	struct line source = line_open(engine, WIRE_TCP4, 0), sink = line_open(engine, WIRE_TCP6, 0),
			lossy = line_open(engine, WIRE_UNIX, 16 * KIB);
	struct dx_join_options plain = join_options(DX_JOIN_HALF_DUPLEX);
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX | DX_JOIN_LOSSY);
	options.max_lag = 300 * KIB;
	/* first, so that it is the one that reads for both */
	CHECK_OK(dx_join_wait(source.socket, lossy.socket, &options, &lossy_join));
	CHECK_OK(dx_join_wait(source.socket, sink.socket, &plain, &join));
	pour(source.peer, &sink, 1, 8 * MIB);
	struct dx_event end = await_ended(engine, lossy_join);
	CHECK_EQ(end.reason, DX_REASON_BEHIND);
	CHECK_LT(end.a_to_b + end.a_to_b_pending, 8 * MIB);
	CHECK_LE(end.a_to_b_pending, 300 * KIB);
	CHECK_EQ(await_ended(engine, join).a_to_b, 8 * MIB);
	line_close(&source);
	line_close(&sink);
	line_close(&lossy);
	engine_close(engine);
}

/* A sink that is reset leaves; the others go on; the last one that is left is spliced to. */
static void a_broken_sink_leaves_the_others_alone(void)
{
	dx_id engine = engine_open(1), join, broken_join;
	struct line source = line_open(engine, WIRE_TCP4, 0), sink = line_open(engine, WIRE_TCP4, 0),
			broken = line_open(engine, WIRE_TCP4, 0);
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
	CHECK_OK(dx_join_wait(source.socket, broken.socket, &options, &broken_join));
	CHECK_OK(dx_join_wait(source.socket, sink.socket, &options, &join));
	struct stream stream = stream_new(), at_sink = stream, at_broken = stream;
	peer_send(source.peer, &stream, 100000);
	peer_recv(broken.peer, &at_broken, 100000);
	peer_recv(sink.peer, &at_sink, 100000);
	peer_reset(broken.peer);
	CHECK_EQ(await_ended(engine, broken_join).reason, DX_REASON_RESET);
	struct flow flow = { .from = source.peer, .to = sink.peer, .total = 16 * MIB, .sent = stream, .received = at_sink };
	flows_run(&flow, 1);
	CHECK_EQ(join_info(join).a_to_b_path, DX_PATH_SPLICE);
	CHECK_OK(dx_close_wait(broken.socket, 0, 0));
	line_close(&source);
	line_close(&sink);
	engine_close(engine);
}

/* What it still had to deliver is lost, also of a source that has nothing more to send and is not told by a write. */
static void a_broken_sink_leaves_all_its_sources(void)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		dx_id engine = engine_open(workers), joins[2];
		struct line sources[2], sink = line_open(engine, WIRE_UNIX, 16 * KIB);
		struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
		struct stream much = stream_new(), little = stream_new(), at_peer = much;
		for (unsigned i = 0; i < 2; i++) {
			sources[i] = line_open(engine, WIRE_UNIX, 0);
			CHECK_OK(dx_join_wait(sources[i].socket, sink.socket, &options, &joins[i]));
		}
		peer_send_until_stalled(sources[0].peer, &much);
		peer_send(sources[1].peer, &little, 100);
		AWAIT(join_info(joins[1]).a_to_b_pending == 100);
		/* nothing more goes in; what is there can be read, and makes room for the write that fails */
		CHECK_SYS(shutdown(sink.peer, SHUT_RD));
		peer_recv_some(sink.peer, &at_peer, UINT64_MAX);
		for (unsigned i = 0; i < 2; i++) {
			struct dx_event end = await_ended(engine, joins[i]);
			CHECK_EQ(end.reason, DX_REASON_RESET);
			CHECK_EQ(end.side, DX_SIDE_B);
			CHECK_EQ(end.result, -EPIPE);
		}
		line_close(&sources[0]);
		line_close(&sources[1]);
		line_close(&sink);
		engine_close(engine);
	}
}

static void several_sources_share_a_sink(void)
{
	enum { SOURCES = 4, RECORD = 1000, RECORDS = 500 };
	for (unsigned workers = 1; workers <= 2; workers++) {
		dx_id engine = engine_open(workers), joins[SOURCES];
		struct line sources[SOURCES], sink = line_open(engine, WIRE_TCP4, 0);
		struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
		static uint8_t record[RECORD];
		unsigned sent[SOURCES] = { 0 }, received[SOURCES] = { 0 };
		for (unsigned i = 0; i < SOURCES; i++) {
			sources[i] = line_open(engine, WIRE_UNIX, 0);
			CHECK_OK(dx_join_wait(sources[i].socket, sink.socket, &options, &joins[i]));
		}
		/* one record of a source at a time: what one read gives stays together */
		for (unsigned round = 0; round < RECORDS; round++) {
			for (unsigned i = 0; i < SOURCES; i++) {
				memset(record, (int)(i * 16 + sent[i]++ % 16), sizeof(record));
				CHECK_EQ(CHECK_SYS(send(sources[i].peer, record, sizeof(record), 0)), RECORD);
			}
			for (unsigned i = 0; i < SOURCES; i++) {
				CHECK_EQ(CHECK_SYS(recv(sink.peer, record, sizeof(record), MSG_WAITALL)), RECORD);
				unsigned from = record[0] / 16;
				CHECK_LT(from, SOURCES);
				CHECK_EQ(record[0] % 16, received[from]++ % 16);
				for (unsigned j = 1; j < RECORD; j++)
					CHECK_EQ(record[j], record[0]);
			}
		}
		/* the last one to end ends the sink */
		for (unsigned i = 0; i < SOURCES; i++) {
			CHECK(!peer_readable(sink.peer, 0));
			peer_shut(sources[i].peer);
			CHECK_EQ(await_ended(engine, joins[i]).a_to_b, RECORD * RECORDS);
		}
		peer_expect_end(sink.peer);
		for (unsigned i = 0; i < SOURCES; i++)
			line_close(&sources[i]);
		line_close(&sink);
		engine_close(engine);
	}
}

/* Everybody with everybody, in full duplex. */
static void a_mesh_tells_everybody_everything(void)
{
	enum { MEMBERS = 5 };
	dx_id engine = engine_open(2), join;
	struct line members[MEMBERS];
	struct dx_join_options options = join_options(DX_JOIN_NO_CLOSE);
	for (unsigned i = 0; i < MEMBERS; i++) {
		members[i] = line_open(engine, i % WIRES, 0);
		for (unsigned j = 0; j < i; j++)
			CHECK_OK(dx_join_wait(members[j].socket, members[i].socket, &options, &join));
	}
	for (unsigned round = 0; round < scaled(200); round++) {
		unsigned speaker = round % MEMBERS;
		struct stream said = stream_new(), heard = said;
		peer_send(members[speaker].peer, &said, 1 + round);
		for (unsigned i = 0; i < MEMBERS; i++) {
			struct stream copy = heard;
			if (i != speaker)
				peer_recv(members[i].peer, &copy, 1 + round);
		}
	}
	CHECK_EQ(engine_info(engine).joins_active, MEMBERS * (MEMBERS - 1) / 2);
	for (unsigned i = 0; i < MEMBERS; i++)
		line_close(&members[i]);
	engine_close(engine);
}

/* Commands are answered between the turns of a fan, each of which moves a part of what there is. */
static void many_sinks_do_not_hold_the_worker_up(void)
{
	enum { MANY = 24 };
	dx_id engine = engine_open(1);
	uint8_t *ahead = calloc(1, 4 * MIB);
	bool is_seen = false;
	CHECK(ahead);
	while (!is_seen) {
		int pair[2];
		dx_id source, first, join;
		struct line sinks[MANY];
		struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX | DX_JOIN_NO_CLOSE);
		wire_pair(WIRE_TCP4, 0, pair);
		CHECK_OK(dx_adopt(engine, pair[0], ahead, 4 * MIB, &source));
		/* nothing is read until all are there */
		options.a_to_b_rate = 1;
		sinks[0] = line_open(engine, WIRE_TCP4, 0);
		CHECK_OK(dx_join_wait(source, sinks[0].socket, &options, &first));
		options.a_to_b_rate = 0;
		for (unsigned i = 1; i < MANY; i++) {
			sinks[i] = line_open(engine, WIRE_TCP4, 0);
			CHECK_OK(dx_join_wait(source, sinks[i].socket, &options, &join));
		}
		uint64_t token = token_new(), read;
		CHECK_OK(dx_join_limit(first, &options, token));
		do {
			struct dx_join_info info = join_info(first);
			read = info.a_to_b + info.a_to_b_pending;
			is_seen |= read > KIB && read < 2 * MIB;
		} while (read < 2 * MIB && socket_info(sinks[0].socket).output_queued == 0);
		await_success(engine, token);
		CHECK_OK(dx_close_wait(source, DX_CLOSE_RESET, 0));
		peer_close(pair[1]);
		for (unsigned i = 0; i < MANY; i++) {
			CHECK_OK(dx_close_wait(sinks[i].socket, DX_CLOSE_RESET, 0));
			peer_close(sinks[i].peer);
		}
	}
	free(ahead);
	engine_close(engine);
}

static void the_same_two_are_joined_once(void)
{
	dx_id engine = engine_open(1), join, second;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 0);
	struct dx_join_options options = join_options(DX_JOIN_HALF_DUPLEX);
	CHECK_OK(dx_join_wait(a.socket, b.socket, &options, &join));
	CHECK_EQ(dx_join_wait(a.socket, b.socket, NULL, &second), -EBUSY);
	/* the other way is another direction */
	CHECK_OK(dx_join_wait(b.socket, a.socket, &options, &second));
	struct flow flows[] = { flow_new(a.peer, b.peer, 10000, false), flow_new(b.peer, a.peer, 10000, false) };
	flows_run(flows, 2);
	line_close(&a);
	line_close(&b);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(every_sink_gets_everything);
	RUN(the_slowest_sets_the_pace_until_it_is_undone);
	RUN(a_lossy_sink_that_stalls_is_dropped);
	RUN(a_broken_sink_leaves_the_others_alone);
	RUN(a_broken_sink_leaves_all_its_sources);
	RUN(several_sources_share_a_sink);
	RUN(a_mesh_tells_everybody_everything);
	RUN(many_sinks_do_not_hold_the_worker_up);
	RUN(the_same_two_are_joined_once);
	return test_end();
}
