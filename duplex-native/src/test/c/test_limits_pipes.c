/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trap: past pipe-user-pages-soft an unprivileged process gets pipes of two slots, and F_SETPIPE_SZ says EPERM. Streams
 * then copy instead: every byte arrives, pipes_refused tells, and splicing comes back when there are pipes again.
 *
 * Root is exempt, and the quota is a user's: the test becomes a user of its own, so that it disturbs nobody.
 */
#include "support_proxy.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static int hogs[4096];
static unsigned hog_count;

/* Fill the user's quota: big pipes first, then ones of the default size, until a new one has only two slots. */
static void hog_pipes(void)
{
	for (int size = 0; size != 2 * 4096;) {
		int pipe[2];
		CHECK_LT(hog_count + 2, sizeof(hogs) / sizeof(hogs[0]));
		CHECK_SYS(pipe2(pipe, O_CLOEXEC));
		hogs[hog_count++] = pipe[0];
		hogs[hog_count++] = pipe[1];
		fcntl(pipe[0], F_SETPIPE_SZ, MIB); /* EPERM near the end */
		size = (int)CHECK_SYS(fcntl(pipe[0], F_GETPIPE_SZ));
	}
}

static void hog_release(void)
{
	while (hog_count)
		peer_close(hogs[--hog_count]);
}

static void over_quota_streams_copy(void)
{
	dx_id engine = engine_open(2);
	struct dx_address address;
	int listener = wire_listen(WIRE_TCP4, 4, &address);
	struct front front = front_open(engine, WIRE_TCP4, NULL);
	front_add(&front, &address);
	front_start(&front);
	int client = client_open(&front), backend = wire_accept(listener);
	hog_pipes();
	uint64_t total = (uint64_t)scaled(40) * MIB;
	struct flow flows[2] = {
		flow_new(client, backend, total, false), flow_new(backend, client, total, false),
	};
	flows_run(flows, 2);
	struct dx_engine_info info = engine_info(engine);
	CHECK_GT(info.pipes_refused, 0);
	CHECK_EQ(info.bytes_spliced, 0); /* two slots are worse than a copy */

	hog_release();
	struct flow more = flow_new(client, backend, UINT64_MAX, false);
	while (engine_info(engine).bytes_spliced == 0) {
		peer_send_some(client, &more.sent, 4 * MIB);
		peer_recv_some(backend, &more.received, 4 * MIB);
	}
	peer_recv(backend, &more.received, more.sent.offset - more.received.offset);
	peer_close(client);
	peer_close(backend);
	await_quiet(&front);
	peer_close(listener);
	engine_close(engine);
}

int main(void)
{
	uid_t user = 60000 + (uid_t)getpid() % 5000;
	if (geteuid() == 0 && (setresgid(user, user, user) == -1 || setresuid(user, user, user) == -1)) {
		printf("skipped: cannot become an unprivileged user\n");
		return 0;
	}
	prctl(PR_SET_DUMPABLE, 1); /* the leak checker looks into the process */
	test_begin();
	RUN(over_quota_streams_copy);
	return test_end();
}
