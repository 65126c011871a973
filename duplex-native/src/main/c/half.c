/* SPDX-License-Identifier: Apache-2.0 */
#include "half.h"
#include "held.h"

#include <errno.h>
#include <sched.h>

#define STATE_SHIFT 24
#define USERS ((1u << STATE_SHIFT) - 1)

static int refusal(uint32_t state)
{
	switch (state) {
	case DX_HALF_TAKING:
	case DX_HALF_FLOWING:
		return -EBUSY;
	case DX_HALF_DRAINING:
		return -EAGAIN;
	case DX_HALF_SHUT:
		return -EPIPE;
	case DX__HALF_CONNECTING:
		return -EINPROGRESS;
	default:
		return -ENOENT;
	}
}

static bool is_entered(uint32_t state, bool sends)
{
	return state == DX_HALF_HELD || (!sends && (state == DX_HALF_DRAINING || state == DX_HALF_SHUT));
}

static int enter(struct dx__socket *socket, enum dx__side_of_half side, bool sends)
{
	uint32_t seen = atomic_load_explicit(&socket->half[side], memory_order_relaxed);
	do {
		/* A close takes halves as a join does, but it is over with the socket. */
		if (!is_entered(seen >> STATE_SHIFT, sends) || dx__slab_is_dead(socket))
			return dx__slab_is_dead(socket) ? -ENOENT : refusal(seen >> STATE_SHIFT);
	} while (!atomic_compare_exchange_weak_explicit(&socket->half[side], &seen, seen + 1, memory_order_acquire,
			memory_order_relaxed));
	return 0;
}

int dx__half_enter(struct dx__socket *socket, enum dx__side_of_half side) { return enter(socket, side, true); }

int dx__half_enter_quiet(struct dx__socket *socket, enum dx__side_of_half side) { return enter(socket, side, false); }

static void release_taker(struct dx__command *command)
{
	if (atomic_fetch_sub_explicit(&command->taking, 1, memory_order_acq_rel) == 1)
		command->dispatch(command);
}

void dx__half_leave(struct dx__socket *socket, enum dx__side_of_half side)
{
	/* In one order with dx__half_take(), which shows the command and then looks who is inside. */
	uint32_t before = atomic_fetch_sub(&socket->half[side], 1);
	struct dx__command *taker = (before & USERS) == 1 ? atomic_exchange(&socket->taker[side], NULL) : NULL;
	if (taker)
		release_taker(taker);
}

void dx__half_await_left(struct dx__socket *socket)
{
	/* They are inside one non-blocking call, or parked and woken. */
	while ((atomic_load(&socket->half[DX__IN]) | atomic_load(&socket->half[DX__OUT])) & USERS)
		sched_yield();
}

void dx__half_await_side(struct dx__socket *socket, enum dx__side_of_half side)
{
	while (atomic_load(&socket->half[side]) & USERS)
		sched_yield();
}

uint32_t dx__half_state(struct dx__socket *socket, enum dx__side_of_half side)
{
	return atomic_load_explicit(&socket->half[side], memory_order_acquire) >> STATE_SHIFT;
}

int dx__half_check(struct dx__socket *socket, enum dx__side_of_half side)
{
	uint32_t state = dx__half_state(socket, side);
	return state == DX_HALF_HELD || state == DX_HALF_DRAINING ? 0 : refusal(state);
}

/* Changes the state and keeps the count; returns the word as it was. */
static uint32_t change(struct dx__socket *socket, enum dx__side_of_half side, uint32_t state)
{
	uint32_t seen = atomic_load_explicit(&socket->half[side], memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&socket->half[side], &seen, state << STATE_SHIFT | (seen & USERS),
			memory_order_acq_rel, memory_order_relaxed))
		;
	return seen;
}

void dx__half_take(struct dx__socket *socket, enum dx__side_of_half side, struct dx__command *command)
{
	/* Barred before the command is shown: the last one to leave takes it away, and somebody who came in after him would not
	   be waited for. */
	if ((change(socket, side, DX_HALF_TAKING) & USERS) == 0)
		return;
	/* Counted before it can be left. Whoever takes the pointer out uncounts: the last one inside, or we when they have all
	   left without seeing it. */
	atomic_fetch_add_explicit(&command->taking, 1, memory_order_relaxed);
	atomic_store(&socket->taker[side], command);
	if (!(atomic_load(&socket->half[side]) & USERS) && atomic_exchange(&socket->taker[side], NULL))
		atomic_fetch_sub_explicit(&command->taking, 1, memory_order_relaxed);
}

void dx__half_taken(struct dx__command *command, struct dx__socket *socket, struct dx__socket *other)
{
	dx__held_bar(socket);
	if (other)
		dx__held_bar(other);
	release_taker(command);
}

void dx__half_set(struct dx__socket *socket, enum dx__side_of_half side, uint32_t state)
{
	change(socket, side, state);
}

void dx__half_give_back_locked(struct dx__socket *socket, enum dx__side_of_half side)
{
	if (socket->closed)
		return;
	if (socket->joining[side]) {
		/* The next join is on its way: nobody slips in between. */
		change(socket, side, DX_HALF_TAKING);
		return;
	}
	uint32_t state = DX_HALF_HELD;
	if (side == DX__OUT && atomic_load_explicit(&socket->output_queued, memory_order_relaxed))
		state = DX_HALF_DRAINING;
	else if (side == DX__OUT && atomic_load(&socket->shut))
		state = DX_HALF_SHUT;
	change(socket, side, state);
	dx__held_given_back(socket);
}

void dx__half_give_back(struct dx__socket *socket, enum dx__side_of_half side)
{
	pthread_mutex_lock(&socket->engine->control);
	dx__half_give_back_locked(socket, side);
	pthread_mutex_unlock(&socket->engine->control);
}
