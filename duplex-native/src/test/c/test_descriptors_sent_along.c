/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unix peer that sends descriptors along with its bytes (SCM_RIGHTS): a join carries bytes only, the descriptors are
 * dropped. The kernel ends a read where they lie, so a short read does not mean that the socket is empty.
 */
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

static void send_with_descriptor(int peer, struct stream *stream, size_t length)
{
	static uint8_t data[64 * KIB];
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	struct iovec vector = { .iov_base = data, .iov_len = length };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int null = (int)CHECK_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC));
	memset(&control, 0, sizeof(control));
	*CMSG_FIRSTHDR(&message) = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &null, sizeof(null));
	stream_fill(stream, data, length);
	CHECK_EQ(CHECK_SYS(sendmsg(peer, &message, MSG_NOSIGNAL)), length);
	peer_close(null);
}

/* All of it lies in the socket when the join begins to read, and nothing more comes. */
static void bytes_behind_a_descriptor_are_not_left_behind(void)
{
	dx_id engine = engine_open(1);
	for (enum wire wire = 0; wire < WIRES; wire++) {
		struct line a = line_open(engine, WIRE_UNIX, 0), b = line_open(engine, wire, 0);
		struct stream sent = stream_new(), received = sent;
		dx_id join;
		for (unsigned i = 0; i < 5; i++) {
			peer_send(a.peer, &sent, 10);
			send_with_descriptor(a.peer, &sent, 10);
			peer_send(a.peer, &sent, 10);
		}
		unsigned descriptors = count_descriptors();
		CHECK_OK(dx_join_wait(a.socket, b.socket, NULL, &join));
		peer_recv(b.peer, &received, sent.offset);
		AWAIT(count_descriptors() <= descriptors);
		line_close(&a);
		line_close(&b);
	}
	engine_close(engine);
}

static void bulk_with_descriptors_is_complete(void)
{
	dx_id engine = engine_open(1);
	struct bridge bridge = bridge_open(engine, WIRE_UNIX, WIRE_TCP4, 0, NULL);
	bridge_make_splice(&bridge);
	unsigned descriptors = count_descriptors();
	struct stream sent = stream_new(), received = sent;
	for (unsigned i = 0; i < 300; i++) {
		send_with_descriptor(bridge.a.peer, &sent, i % 2 ? 50000 : 1);
		peer_send_some(bridge.a.peer, &sent, i % 3 * 20000);
		peer_recv_some(bridge.b.peer, &received, UINT64_MAX);
		while (sent.offset - received.offset > 100000)
			peer_recv(bridge.b.peer, &received, 1000);
	}
	peer_recv(bridge.b.peer, &received, sent.offset - received.offset);
	AWAIT(engine_info(engine).pipes_in_use == 0);
	CHECK_LE(count_descriptors(), descriptors + 2);
	bridge_close(&bridge);
	engine_close(engine);
}

static void the_application_receives_the_bytes(void)
{
	dx_id engine = engine_open(1);
	struct line line = line_open(engine, WIRE_UNIX, 0);
	struct stream sent = stream_new(), received = sent;
	unsigned descriptors = count_descriptors();
	send_with_descriptor(line.peer, &sent, 10);
	send_with_descriptor(line.peer, &sent, 10);
	app_recv(line.socket, &received, 20);
	AWAIT(count_descriptors() <= descriptors);
	line_close(&line);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(bytes_behind_a_descriptor_are_not_left_behind);
	RUN(bulk_with_descriptors_is_complete);
	RUN(the_application_receives_the_bytes);
	return test_end();
}
