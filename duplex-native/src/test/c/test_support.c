/* SPDX-License-Identifier: Apache-2.0 */
/* The support itself: a wrong byte is found, whatever is wrong with it, and a connected pair carries both ways. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t data[100000];

/* Run in a child with its complaint discarded, and say whether it aborted. */
static bool aborts(void (*wrong)(void))
{
	int status, null = (int)CHECK_SYS(open("/dev/null", O_WRONLY | O_CLOEXEC));
	pid_t child = (pid_t)CHECK_SYS(fork());
	if (child == 0) {
		dup2(null, STDERR_FILENO);
		wrong();
		_exit(0);
	}
	CHECK_SYS(waitpid(child, &status, 0));
	peer_close(null);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void verify(const uint8_t *bytes, size_t length, struct stream stream)
{
	stream_verify(&stream, bytes, length);
}

static void flipped(void)
{
	struct stream sent = stream_new(), received = sent;
	stream_fill(&sent, data, sizeof(data));
	data[77777] ^= 1;
	verify(data, sizeof(data), received);
}

static void lost(void)
{
	struct stream sent = stream_new(), received = sent;
	stream_fill(&sent, data, sizeof(data));
	memmove(data + 5000, data + 5001, sizeof(data) - 5001);
	verify(data, sizeof(data) - 1, received);
}

static void repeated(void)
{
	struct stream sent = stream_new(), received = sent;
	stream_fill(&sent, data, sizeof(data));
	memmove(data + 5010, data + 5000, sizeof(data) - 5010);
	verify(data, sizeof(data), received);
}

static void foreign(void)
{
	struct stream sent = stream_new();
	stream_fill(&sent, data, sizeof(data));
	verify(data, 8, stream_new());
}

static void early_end(void)
{
	int pair[2];
	struct stream sent = stream_new(), received = sent;
	wire_pair(WIRE_TCP4, 0, pair);
	peer_send(pair[0], &sent, 10);
	peer_shut(pair[0]);
	peer_recv(pair[1], &received, 11);
}

static void surplus(void)
{
	int pair[2];
	struct stream stream = stream_new();
	wire_pair(WIRE_TCP4, 0, pair);
	peer_send(pair[0], &stream, 100);
	struct flow flow = flow_new(pair[0], pair[1], 10, true);
	flows_run(&flow, 1);
}

static void fine(void)
{
	struct stream sent = stream_new(), received = sent;
	stream_fill(&sent, data, sizeof(data));
	verify(data, sizeof(data), received);
}

static void wrong_bytes_are_found(void)
{
	CHECK(aborts(flipped));
	CHECK(aborts(lost));
	CHECK(aborts(repeated));
	CHECK(aborts(foreign));
	CHECK(aborts(early_end));
	CHECK(aborts(surplus));
	CHECK(!aborts(fine));
}

static void any_split_gives_the_same_stream(void)
{
	struct rng rng;
	struct stream whole = stream_new(), parts = whole, received = whole;
	static uint8_t other[sizeof(data)];
	rng_init(&rng, 1);
	stream_fill(&whole, data, sizeof(data));
	for (size_t done = 0, part; done < sizeof(other); done += part) {
		part = 1 + rng_below(&rng, 40);
		if (part > sizeof(other) - done)
			part = sizeof(other) - done;
		stream_fill(&parts, other + done, part);
		stream_verify(&received, data + done, part);
	}
	CHECK(memcmp(data, other, sizeof(data)) == 0);
	CHECK_EQ(checksum(0, data, sizeof(data)), checksum(checksum(0, other, 5), other + 5, sizeof(data) - 5));
}

static void pairs_carry_both_ways(void)
{
	for (enum wire wire = 0; wire < WIRES; wire++) {
		int pair[2];
		wire_pair(wire, wire == WIRE_TCP6 ? 16 * KIB : 0, pair);
		struct flow flows[2] = { flow_new(pair[0], pair[1], 3 * MIB + 1, true), flow_new(pair[1], pair[0], MIB, true) };
		flows_run(flows, 2);
		peer_close(pair[0]);
		peer_expect_end(pair[1]);
		peer_close(pair[1]);
	}
}

int main(void)
{
	test_begin();
	RUN(wrong_bytes_are_found);
	RUN(any_split_gives_the_same_stream);
	RUN(pairs_carry_both_ways);
	return test_end();
}
