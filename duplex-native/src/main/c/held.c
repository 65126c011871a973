/* SPDX-License-Identifier: Apache-2.0 */
#include "held.h"
#include "framing.h"
#include "half.h"
#include "option.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

pthread_mutex_t *dx__held_lock(struct dx__socket *socket)
{
	return &socket->engine->arm_locks[socket->object.index % DX__ARM_LOCKS];
}

static bool is_held(struct dx__socket *socket, enum dx__side_of_half side)
{
	return dx__half_state(socket, side) == DX_HALF_HELD;
}

/* Brings the engine's epoll into line with what is armed. Caller holds the lock. Returns 0 or a negative errno. */
static int update(struct dx__socket *socket)
{
	int epoll = socket->engine->news.epoll;
	struct epoll_event event = {.data.u64 = dx__socket_id(socket)};
	if ((socket->armed & DX_READABLE) && is_held(socket, DX__IN))
		event.events |= EPOLLIN | EPOLLRDHUP | EPOLLPRI;
	if ((socket->armed & DX_WRITABLE) && is_held(socket, DX__OUT))
		event.events |= EPOLLOUT;
	if (!event.events) {
		/* Not an empty mask: EPOLLERR and EPOLLHUP would be reported all the same. */
		if (socket->in_epoll)
			epoll_ctl(epoll, EPOLL_CTL_DEL, socket->fd, NULL);
		socket->in_epoll = false;
		return 0;
	}
	event.events |= EPOLLONESHOT;
	if (epoll_ctl(epoll, socket->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket->fd, &event) == -1)
		return -errno;
	socket->in_epoll = true;
	return 0;
}

/* Whether what is queued is worth a try. */
static bool has_input(struct dx__socket *socket)
{
	struct dx__framing *framing = atomic_load(&socket->framing);
	uint32_t queued = atomic_load_explicit(&socket->input_queued, memory_order_relaxed);
	return queued && queued != atomic_load(&socket->input_seen) && !(framing && atomic_load(&framing->starved));
}

int dx__held_arm(struct dx__socket *socket, uint32_t readiness)
{
	static const int refusals[] = {
		[DX_HALF_TAKING] = -EBUSY, [DX_HALF_FLOWING] = -EBUSY, [DX__HALF_CONNECTING] = -EINPROGRESS,
		[DX__HALF_CLOSED] = -ENOENT,
	};
	int rc = 0;
	pthread_mutex_lock(dx__held_lock(socket));
	uint32_t in = dx__half_state(socket, DX__IN), out = dx__half_state(socket, DX__OUT);
	if (socket->gone)
		rc = -ENOENT;
	if (!rc && (readiness & DX_READABLE))
		rc = refusals[in];
	if (!rc && (readiness & DX_WRITABLE))
		rc = refusals[out];
	if (rc)
		goto out;
	uint32_t now = 0;
	if ((readiness & DX_READABLE) && has_input(socket))
		now |= DX_READABLE;
	if ((readiness & DX_WRITABLE) && out == DX_HALF_SHUT)
		now |= DX_WRITABLE; /* sending fails at once */
	uint8_t before = socket->armed;
	socket->armed |= readiness & ~now;
	rc = update(socket);
	if (rc)
		socket->armed = before;
	else if (now)
		dx__news_post(socket->engine, &socket->news, now);
out:
	pthread_mutex_unlock(dx__held_lock(socket));
	return rc;
}

static void make_ready(struct dx__socket *socket, uint32_t bits, struct dx_event *event)
{
	*event = (struct dx_event){
		.size = sizeof(*event), .type = DX_EVENT_READY, .object = dx__socket_id(socket), .value = bits,
	};
}

bool dx__held_fired(struct dx__engine *engine, dx_id id, uint32_t events, struct dx_event *event)
{
	struct dx__socket *socket = dx__slab_enter(&engine->sockets, id);
	if (!socket)
		return false;
	uint32_t fired = 0;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP))
		fired |= DX_READABLE;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		fired |= DX_WRITABLE;
	pthread_mutex_lock(dx__held_lock(socket));
	if (!socket->gone && (events & EPOLLERR) && !(events & EPOLLHUP))
		dx__option_drain_errors(socket->fd);
	fired &= socket->armed;
	socket->armed &= ~fired;
	/* It was one shot: what is left must be armed again. */
	if (!socket->gone && update(socket)) {
		fired |= socket->armed;
		socket->armed = 0;
	}
	pthread_mutex_unlock(dx__held_lock(socket));
	if (fired)
		make_ready(socket, fired, event);
	dx__socket_leave(socket);
	return fired;
}

static uint32_t make(struct dx__engine *engine, struct dx__news *news, uint32_t bits, struct dx_event *event)
{
	(void)engine;
	make_ready(DX__CONTAINER(news, struct dx__socket, news), bits, event);
	return 0;
}

static void hold(struct dx__news *news) { dx__slab_hold(DX__CONTAINER(news, struct dx__socket, news)); }

static void release(struct dx__engine *engine, struct dx__news *news)
{
	(void)engine;
	dx__socket_leave(DX__CONTAINER(news, struct dx__socket, news));
}

const struct dx__news_ops dx__held_news = {.make = make, .hold = hold, .release = release};

/* Caller holds the lock. */
static void wake_parked(struct dx__socket *socket)
{
	uint64_t one = 1;
	for (struct dx__parked *parked = socket->parked; parked; parked = parked->next) {
		ssize_t n = write(parked->wake, &one, sizeof(one));
		(void)n; /* a full counter has woken already */
	}
}

void dx__held_wake(struct dx__socket *socket)
{
	pthread_mutex_lock(dx__held_lock(socket));
	wake_parked(socket);
	pthread_mutex_unlock(dx__held_lock(socket));
}

void dx__held_input_came(struct dx__socket *socket)
{
	uint32_t fired = socket->armed & DX_READABLE;
	socket->armed &= ~fired;
	if (!socket->gone && fired && update(socket)) {
		fired |= socket->armed;
		socket->armed = 0;
	}
	if (fired)
		dx__news_post(socket->engine, &socket->news, fired);
	wake_parked(socket);
}

void dx__held_input_changed(struct dx__socket *socket)
{
	pthread_mutex_lock(dx__held_lock(socket));
	if (has_input(socket))
		dx__held_input_came(socket);
	pthread_mutex_unlock(dx__held_lock(socket));
}

void dx__held_bar(struct dx__socket *socket)
{
	uint32_t fired = 0;
	pthread_mutex_lock(dx__held_lock(socket));
	if (!is_held(socket, DX__IN))
		fired |= socket->armed & DX_READABLE;
	if (!is_held(socket, DX__OUT))
		fired |= socket->armed & DX_WRITABLE;
	socket->armed &= ~fired;
	if (!socket->gone && fired && update(socket)) {
		fired |= socket->armed;
		socket->armed = 0;
	}
	if (fired)
		dx__news_post(socket->engine, &socket->news, fired);
	wake_parked(socket);
	pthread_mutex_unlock(dx__held_lock(socket));
}

void dx__held_given_back(struct dx__socket *socket)
{
	uint32_t fired = 0;
	pthread_mutex_lock(dx__held_lock(socket));
	/* A worker may have left other bytes. */
	atomic_store(&socket->input_seen, 0);
	/* A shut output is ready to say so. */
	if (dx__half_state(socket, DX__OUT) == DX_HALF_SHUT)
		fired = socket->armed & DX_WRITABLE;
	socket->armed &= ~fired;
	if (!socket->gone && socket->armed && update(socket)) {
		fired |= socket->armed;
		socket->armed = 0;
	}
	if (fired)
		dx__news_post(socket->engine, &socket->news, fired);
	wake_parked(socket);
	pthread_mutex_unlock(dx__held_lock(socket));
}

void dx__held_forget(struct dx__socket *socket)
{
	pthread_mutex_lock(dx__held_lock(socket));
	if (socket->in_epoll)
		epoll_ctl(socket->engine->news.epoll, EPOLL_CTL_DEL, socket->fd, NULL);
	socket->in_epoll = false;
	socket->gone = true;
	if (socket->armed)
		dx__news_post(socket->engine, &socket->news, socket->armed);
	socket->armed = 0;
	wake_parked(socket);
	pthread_mutex_unlock(dx__held_lock(socket));
}

static int poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline)
{
	for (;;) {
		struct timespec left = {0};
		if (deadline != UINT64_MAX) {
			uint64_t now = dx__monotonic_ns();
			if (now >= deadline)
				return -ETIMEDOUT;
			left.tv_sec = (time_t)((deadline - now) / 1000000000u);
			left.tv_nsec = (long)((deadline - now) % 1000000000u);
		}
		int n = ppoll(fds, count, deadline == UINT64_MAX ? NULL : &left, NULL);
		if (n > 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return -errno;
	}
}

int dx__held_park(struct dx__socket *socket, enum dx__side_of_half side, uint64_t deadline)
{
	struct dx__parked self = {.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (self.wake == -1)
		return -errno;
	/* On the list first: whoever changes the half's state after we look at it wakes us. */
	pthread_mutex_lock(dx__held_lock(socket));
	self.next = socket->parked;
	socket->parked = &self;
	pthread_mutex_unlock(dx__held_lock(socket));

	int rc = atomic_load(&socket->engine->state) >= DX__ENGINE_CLOSING ? -ESHUTDOWN : 0;
	int entered = rc ? rc : dx__half_enter(socket, side);
	if (!entered || entered == -EAGAIN) {
		/* While the output drains there is nothing to poll for but being woken; and who is not inside the half must not
		   look at the descriptor. */
		struct pollfd fds[] = {
			{.fd = self.wake, .events = POLLIN},
			{.fd = entered ? -1 : socket->fd, .events = side == DX__IN ? POLLIN | POLLRDHUP | POLLPRI : POLLOUT},
		};
		/* Bytes that were given back before we were on the list have woken nobody. */
		bool is_there = side == DX__IN && has_input(socket);
		rc = is_there ? 0 : poll_until(fds, 2, deadline);
		if (!entered && (fds[1].revents & POLLERR) && !(fds[1].revents & POLLHUP))
			dx__option_drain_errors(socket->fd);
		if (!entered)
			dx__half_leave(socket, side);
	} else {
		rc = entered;
	}

	pthread_mutex_lock(dx__held_lock(socket));
	for (struct dx__parked **link = &socket->parked; *link; link = &(*link)->next) {
		if (*link == &self) {
			*link = self.next;
			break;
		}
	}
	pthread_mutex_unlock(dx__held_lock(socket));
	close(self.wake);
	return rc;
}
