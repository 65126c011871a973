/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hierarchical timer wheel: setting and cancelling are O(1) and need no memory, so they cannot fail.
 *
 * THEORY OF OPERATION
 *
 * Six levels of 64 slots; a slot of level n spans 64^n milliseconds. A timer lies on the level of the highest 6-bit
 * digit in which its deadline differs from the wheel's time. When the wheel's time reaches a slot of a higher level,
 * its timers are spread over the levels below. One bitmap a level says which slots are in use, which gives the next
 * deadline without a search. (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987.)
 */
#ifndef DX_TIMER_H
#define DX_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#define DX__WHEEL_LEVELS 6
#define DX__WHEEL_SLOTS 64

struct dx__worker;

struct dx__timer {
	struct dx__timer *next;
	struct dx__timer **link; /* what points at this timer; NULL while it is not set */
	uint64_t deadline;       /* milliseconds of the wheel's clock */
	void (*fire)(struct dx__worker *worker, struct dx__timer *timer);
};

struct dx__wheel {
	uint64_t now; /* milliseconds */
	uint64_t used[DX__WHEEL_LEVELS];
	struct dx__timer *slots[DX__WHEEL_LEVELS][DX__WHEEL_SLOTS];
};

/* Sets or moves a timer. A deadline that has passed fires in the next run. */
void dx__timer_set(struct dx__wheel *wheel, struct dx__timer *timer, uint64_t deadline);

/* Cancels a timer; harmless when it is not set. */
void dx__timer_cancel(struct dx__wheel *wheel, struct dx__timer *timer);

static inline bool dx__timer_is_set(const struct dx__timer *timer) { return timer->link; }

/* Milliseconds until a timer may be due, -1 when none is set. */
int dx__wheel_wait(const struct dx__wheel *wheel, uint64_t now);

/* Fires what is due. A timer is no longer set when its function is called. */
void dx__wheel_run(struct dx__wheel *wheel, struct dx__worker *worker, uint64_t now);

#endif
