/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timer wheel against a list: no timer fires early, none fires later than the first run after its time, cancelled
 * ones never, each once, and the wheel never sleeps past one. (Inside the library.)
 */
#include "support.h"

#include <string.h>

#include "timer.h"

#define TIMERS 500

struct probe {
	struct dx__timer timer; /* first */
	uint64_t deadline;      /* 0: not set */
	bool again;             /* sets itself again when it fires */
};

static struct dx__wheel wheel;
static struct probe probes[TIMERS];
static struct rng rng;
static unsigned fired;
static bool running;

static void set(struct probe *probe)
{
	/* near, within each level, and further than the wheel spans */
	uint64_t distance = rng_next(&rng) >> (24 + rng_below(&rng, 40));
	probe->deadline = wheel.now + distance + (running || rng_below(&rng, 4) ? 1 : 0);
	if (probe->deadline == 0)
		probe->deadline = 1;
	dx__timer_set(&wheel, &probe->timer, probe->deadline);
}

static void fire(struct dx__worker *worker, struct dx__timer *timer)
{
	struct probe *probe = (struct probe *)timer;
	(void)worker;
	CHECK_NE(probe->deadline, 0);
	CHECK_LE(probe->deadline, wheel.now);
	probe->deadline = 0;
	fired++;
	if (probe->again)
		set(probe);
	if (rng_below(&rng, 3) == 0) { /* another one, which may be due in this very run */
		struct probe *other = &probes[rng_below(&rng, TIMERS)];
		dx__timer_cancel(&wheel, &other->timer);
		other->deadline = 0;
	}
}

static uint64_t earliest(void)
{
	uint64_t result = INT64_MAX;
	for (unsigned i = 0; i < TIMERS; i++) {
		if (probes[i].deadline && probes[i].deadline < result)
			result = probes[i].deadline;
	}
	return result;
}

static void agrees_with_a_list(void)
{
	for (unsigned round = 0; round < scaled(40); round++) {
		memset(&wheel, 0, sizeof(wheel));
		memset(probes, 0, sizeof(probes));
		wheel.now = round ? rng_next(&rng) >> (20 + rng_below(&rng, 40)) : 0;
		for (unsigned i = 0; i < TIMERS; i++) {
			probes[i].timer.fire = fire;
			probes[i].again = i % 3 == 0;
		}
		for (unsigned step = 0; step < 2000; step++) {
			struct probe *probe = &probes[rng_below(&rng, TIMERS)];
			if (rng_below(&rng, 4)) {
				set(probe);
			} else {
				dx__timer_cancel(&wheel, &probe->timer);
				probe->deadline = 0;
			}
			uint64_t now = wheel.now, next = earliest();
			int wait = dx__wheel_wait(&wheel, now);
			if (wait == -1)
				CHECK_EQ(next, INT64_MAX);
			else
				CHECK(next == INT64_MAX || now + (uint64_t)wait <= (next > now ? next : now + 1));
			now += rng_below(&rng, 2) || wait == -1 ? rng_next(&rng) >> (24 + rng_below(&rng, 40)) : (uint64_t)wait;
			uint64_t before = wheel.now;
			running = true;
			dx__wheel_run(&wheel, NULL, now);
			running = false;
			CHECK_EQ(wheel.now, now);
			/* one that was set for now or earlier waits for the next millisecond */
			CHECK(earliest() > now || now == before);
		}
	}
	CHECK_GT(fired, scaled(40) * 100);
}

int main(void)
{
	test_begin();
	rng_init(&rng, 1);
	RUN(agrees_with_a_list);
	return test_end();
}
