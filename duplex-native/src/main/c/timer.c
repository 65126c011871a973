/* SPDX-License-Identifier: Apache-2.0 */
#include "timer.h"

#include <limits.h>
#include <stddef.h>

#define DIGIT_BITS 6
#define SPAN_BITS (DX__WHEEL_LEVELS * DIGIT_BITS)
#define LONGEST ((UINT64_C(1) << SPAN_BITS) - 1)

static unsigned level_of(uint64_t now, uint64_t when)
{
	uint64_t differs = (now ^ when) | (DX__WHEEL_SLOTS - 1);
	if (differs > LONGEST)
		differs = LONGEST;
	return (unsigned)(63 - __builtin_clzll(differs)) / DIGIT_BITS;
}

static void push(struct dx__timer **head, struct dx__timer *timer)
{
	timer->next = *head;
	timer->link = head;
	if (timer->next)
		timer->next->link = &timer->next;
	*head = timer;
}

static void insert(struct dx__wheel *wheel, struct dx__timer *timer)
{
	uint64_t when = timer->deadline;
	if (when <= wheel->now)
		when = wheel->now + 1;
	/* Further away than the wheel spans: it comes round, is found to be early and goes round again. */
	if (when - wheel->now > LONGEST >> 1)
		when = wheel->now + (LONGEST >> 1);
	unsigned level = level_of(wheel->now, when);
	unsigned slot = (unsigned)(when >> (level * DIGIT_BITS)) & (DX__WHEEL_SLOTS - 1);
	push(&wheel->slots[level][slot], timer);
	wheel->used[level] |= UINT64_C(1) << slot;
}

void dx__timer_set(struct dx__wheel *wheel, struct dx__timer *timer, uint64_t deadline)
{
	dx__timer_cancel(wheel, timer);
	timer->deadline = deadline;
	insert(wheel, timer);
}

void dx__timer_cancel(struct dx__wheel *wheel, struct dx__timer *timer)
{
	struct dx__timer **link = timer->link;
	if (!link)
		return;
	*link = timer->next;
	if (timer->next)
		timer->next->link = link;
	timer->link = NULL;
	/* The last one of a slot? (It may lie on the list that dx__wheel_run() is working through.) */
	struct dx__timer **first = &wheel->slots[0][0];
	if (!timer->next && link >= first && link < first + DX__WHEEL_LEVELS * DX__WHEEL_SLOTS) {
		size_t index = (size_t)(link - first);
		wheel->used[index / DX__WHEEL_SLOTS] &= ~(UINT64_C(1) << index % DX__WHEEL_SLOTS);
	}
	timer->next = NULL;
}

/* The earliest slot in use: its level, slot and the time at which it begins. False when the wheel is empty. */
static bool earliest(const struct dx__wheel *wheel, unsigned *level, unsigned *slot, uint64_t *begins)
{
	for (unsigned i = 0; i < DX__WHEEL_LEVELS; i++) {
		uint64_t used = wheel->used[i];
		if (!used)
			continue;
		unsigned shift = i * DIGIT_BITS;
		unsigned current = (unsigned)(wheel->now >> shift) & (DX__WHEEL_SLOTS - 1);
		uint64_t rotated = current ? used >> current | used << (DX__WHEEL_SLOTS - current) : used;
		unsigned ahead = (unsigned)__builtin_ctzll(rotated);
		*level = i;
		*slot = (current + ahead) & (DX__WHEEL_SLOTS - 1);
		uint64_t round = UINT64_C(1) << (shift + DIGIT_BITS);
		*begins = (wheel->now & ~(round - 1)) + ((uint64_t)*slot << shift);
		if (*slot < current || *begins < (wheel->now & ~((UINT64_C(1) << shift) - 1)))
			*begins += round;
		return true;
	}
	return false;
}

int dx__wheel_wait(const struct dx__wheel *wheel, uint64_t now)
{
	unsigned level, slot;
	uint64_t begins;
	if (!earliest(wheel, &level, &slot, &begins))
		return -1;
	if (begins <= now)
		return 0;
	return begins - now > INT_MAX ? INT_MAX : (int)(begins - now);
}

void dx__wheel_run(struct dx__wheel *wheel, struct dx__worker *worker, uint64_t now)
{
	unsigned level, slot;
	uint64_t begins;
	while (earliest(wheel, &level, &slot, &begins) && begins <= now) {
		if (begins > wheel->now)
			wheel->now = begins;
		struct dx__timer *due = wheel->slots[level][slot];
		wheel->slots[level][slot] = NULL;
		wheel->used[level] &= ~(UINT64_C(1) << slot);
		due->link = &due;
		while (due) {
			struct dx__timer *timer = due;
			dx__timer_cancel(wheel, timer);
			if (timer->deadline <= wheel->now)
				timer->fire(worker, timer);
			else
				insert(wheel, timer);
		}
	}
	if (now > wheel->now)
		wheel->now = now;
}
