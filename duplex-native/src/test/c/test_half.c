/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A half is taken when nobody is inside, and not before: threads that go in and out meanwhile are the hard case. (Law 3.)
 */
#include "support.h"

#include "half.h"

#include <stdatomic.h>

#define THREADS 3

static dx_id id;
static struct dx__socket *socket_taken;
static atomic_bool over, arrived;
static atomic_uint inside;

/* In the place of a worker: nobody is inside any more, and nobody can come in. */
static void dispatch(struct dx__command *command)
{
	(void)command;
	atomic_store(&inside, atomic_load(&socket_taken->half[DX__IN]) & 0xffffff);
	atomic_store(&arrived, true);
}

static void *go_in_and_out(void *argument)
{
	char byte;
	(void)argument;
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		int64_t n = dx_recv_queued(id, &byte, 1);
		CHECK(n == 0 || n == -EBUSY);
	}
	return NULL;
}

static void it_is_taken_when_nobody_is_inside(void)
{
	dx_id engine_id = engine_open(1);
	struct line line = line_open(engine_id, WIRE_UNIX, 0);
	struct dx__engine *engine = dx__engine_enter(engine_id);
	pthread_t threads[THREADS];
	id = line.socket;
	CHECK_OK(dx__socket_enter(engine, id, &socket_taken));
	atomic_store(&over, false);
	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_start(go_in_and_out, NULL);
	for (unsigned round = 0; round < scaled(300000); round++) {
		struct dx__command command = { .engine = engine, .dispatch = dispatch };
		atomic_init(&command.taking, 1);
		atomic_store(&arrived, false);
		pthread_mutex_lock(&engine->control);
		CHECK_OK(dx__half_check(socket_taken, DX__IN));
		dx__half_take(socket_taken, DX__IN, &command);
		pthread_mutex_unlock(&engine->control);
		dx__half_taken(&command, socket_taken, NULL);
		while (!atomic_load(&arrived))
			;
		CHECK_EQ(inside, 0);
		dx__half_give_back(socket_taken, DX__IN);
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	dx__socket_leave(socket_taken);
	dx__engine_leave(engine);
	line_close(&line);
	engine_close(engine_id);
}

int main(void)
{
	test_begin();
	RUN(it_is_taken_when_nobody_is_inside);
	return test_end();
}
