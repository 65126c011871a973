/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"
#include "engine.h"
#include "held.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

_Static_assert(sizeof(struct dx_event) == 152, "struct dx_event is part of the ABI");

int dx__events_init(struct dx__news_list *list)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0};
	int rc;
	list->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (list->epoll == -1)
		return -errno;
	list->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (list->wake == -1) {
		rc = -errno;
		goto fail_epoll;
	}
	if (epoll_ctl(list->epoll, EPOLL_CTL_ADD, list->wake, &event) == -1) {
		rc = -errno;
		goto fail_wake;
	}
	pthread_mutex_init(&list->lock, NULL);
	return 0;
fail_wake:
	close(list->wake);
fail_epoll:
	close(list->epoll);
	return rc;
}

void dx__events_free(struct dx__news_list *list)
{
	pthread_mutex_destroy(&list->lock);
	close(list->wake);
	close(list->epoll);
}

/* Caller holds the lock. The counter of an eventfd cannot fill up here: it is at most 1. */
static void set_wake(struct dx__news_list *list)
{
	uint64_t one = 1;
	ssize_t n = write(list->wake, &one, sizeof(one));
	(void)n;
}

static void clear_wake(struct dx__news_list *list)
{
	uint64_t count;
	ssize_t n = read(list->wake, &count, sizeof(count));
	(void)n;
}

void dx__news_post(struct dx__engine *engine, struct dx__news *news, uint32_t bits)
{
	if (atomic_fetch_or(&news->bits, bits))
		return;
	struct dx__news_list *list = &engine->news;
	list->ops[news->kind]->hold(news);
	news->next = NULL;
	pthread_mutex_lock(&list->lock);
	if (list->last) {
		list->last->next = news;
	} else {
		list->first = news;
		set_wake(list);
	}
	list->last = news;
	pthread_mutex_unlock(&list->lock);
}

static struct dx__news *pop(struct dx__news_list *list)
{
	pthread_mutex_lock(&list->lock);
	struct dx__news *news = list->first;
	if (news) {
		list->first = news->next;
		if (!list->first) {
			list->last = NULL;
			clear_wake(list);
		}
	}
	pthread_mutex_unlock(&list->lock);
	return news;
}

static uint32_t read_news(struct dx__engine *engine, struct dx_event *events, uint32_t max)
{
	uint32_t n = 0;
	struct dx__news *news;
	while (n < max && (news = pop(&engine->news))) {
		uint32_t bits = atomic_exchange(&news->bits, 0);
		struct dx_event *event = &events[n++];
		memset(event, 0, sizeof(*event));
		event->size = sizeof(*event);
		const struct dx__news_ops *ops = engine->news.ops[news->kind];
		bits = ops->make(engine, news, bits, event);
		if (bits)
			dx__news_post(engine, news, bits);
		ops->release(engine, news);
		if (event->type == DX_EVENT_STOPPED) {
			/* The last one: all who wait learn that nothing comes any more. */
			int stopped = DX__ENGINE_STOPPED;
			atomic_compare_exchange_strong(&engine->state, &stopped, DX__ENGINE_STOPPED_AND_READ);
			dx__events_shut(engine);
		}
	}
	return n;
}

bool dx__events_drop(struct dx__engine *engine, struct dx_event *event)
{
	return read_news(engine, event, 1);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool has_news(struct dx__news_list *list)
{
	pthread_mutex_lock(&list->lock);
	bool any = list->first;
	pthread_mutex_unlock(&list->lock);
	return any;
}

int dx__events_wait(struct dx__engine *engine, struct dx_event *events, uint32_t max, int timeout)
{
	int64_t deadline = timeout > 0 ? now_ms() + timeout : 0;
	for (;;) {
		if (atomic_load(&engine->state) >= DX__ENGINE_STOPPED_AND_READ)
			return -ESHUTDOWN;
		/* News must not starve readiness, nor the other way round: each gets its share of a batch. */
		bool news = has_news(&engine->news);
		struct epoll_event ready[BATCH];
		uint32_t share = max > 1 && news ? max / 2 : max;
		int n = 0;
		if (!news || max > 1 || (atomic_fetch_add(&engine->turn, 1) & 1))
			n = epoll_wait(engine->news.epoll, ready, share < BATCH ? (int)share : BATCH, news ? 0 : timeout);
		if (n == -1)
			return -errno;
		uint32_t made = 0;
		for (int i = 0; i < n; i++) {
			if (ready[i].data.u64 && dx__held_fired(engine, ready[i].data.u64, ready[i].events, &events[made]))
				made++;
		}
		made += read_news(engine, events + made, max - made);
		if (made)
			return (int)made;
		if (!timeout)
			return 0;
		if (timeout > 0) {
			int64_t left = deadline - now_ms();
			if (left <= 0)
				return 0;
			timeout = (int)left;
		}
	}
}

void dx__events_shut(struct dx__engine *engine)
{
	/* Level-triggered and never read again: an entry that is always first keeps it readable. */
	pthread_mutex_lock(&engine->news.lock);
	set_wake(&engine->news);
	pthread_mutex_unlock(&engine->news.lock);
}
