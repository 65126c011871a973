/* SPDX-License-Identifier: Apache-2.0 */
/* A codec that is changed while others use the socket, for what sanitizers see. */
#include "support_message.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct changer {
	dx_id socket;
	_Atomic bool over;
	_Atomic unsigned changes;
};

static void *change(void *argument)
{
	struct changer *changer = argument;
	while (!changer->over) {
		int rc = dx_codec_set(changer->socket, codec_of(DX_CODEC_LINE, changer->changes % 2 ? DX_LINE_CRLF : DX_LINE_LF));
		CHECK(rc == 0 || rc == -EBUSY);
		changer->changes += !rc;
	}
	return NULL;
}

static void *read_all(void *argument)
{
	char buffer[16384];
	while (read(*(int *)argument, buffer, sizeof(buffer)) > 0)
		;
	return NULL;
}

/* The route takes an output that is being delivered; the input stays the application's, and the codec is changed through it. */
static void a_route_takes_an_output_while_its_codec_is_changed(void)
{
	dx_id engine = engine_open(2), join;
	struct line a = line_open(engine, WIRE_TCP4, 0), b = line_open(engine, WIRE_UNIX, 4 * KIB);
	struct changer changer = {.socket = b.socket};
	char *payload = malloc(60000);
	memset(payload, 'x', 60000);
	pthread_t reader = thread_start(read_all, &b.peer), thread = thread_start(change, &changer);
	struct dx_join_options options = join_options(DX_JOIN_ROUTE | DX_JOIN_HALF_DUPLEX);
	for (unsigned i = 0; i < scaled(1500); i++) {
		struct dx_message message = {.length = 60000};
		CHECK_EQ(dx_put_wait(b.socket, payload, 60000, &message, 1, 30000), 1);
		CHECK_OK(dx_join_wait(a.socket, b.socket, &options, &join));
		peer_say(a.peer, "routed");
		struct dx_event undone;
		CHECK_OK(dx_unjoin_wait(join, &undone));
		/* as long as it was a route, nobody has changed anything */
		CHECK_EQ(undone.failure, 0);
	}
	changer.over = true;
	thread_join(thread);
	CHECK_GT(changer.changes, 0);
	CHECK_OK(dx_close_wait(b.socket, 0, 0));
	thread_join(reader);
	peer_close(b.peer);
	line_close(&a);
	free(payload);
	engine_close(engine);
}

int main(void)
{
	test_begin();
	RUN(a_route_takes_an_output_while_its_codec_is_changed);
	return test_end();
}
