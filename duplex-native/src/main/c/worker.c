/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Returns whether there was any. */
static bool run_messages(struct dx__worker *worker)
{
	if (!atomic_load_explicit(&worker->has_messages, memory_order_acquire))
		return false;
	pthread_mutex_lock(&worker->lock);
	struct dx__message *message = worker->messages;
	worker->messages = worker->last_message = NULL;
	atomic_store_explicit(&worker->has_messages, false, memory_order_relaxed);
	pthread_mutex_unlock(&worker->lock);
	while (message) {
		struct dx__message *next = message->next;
		message->run(worker, message);
		message = next;
	}
	return true;
}

static bool run_deferred(struct dx__worker *worker)
{
	struct dx__message *message = worker->deferred;
	if (!message)
		return false;
	worker->deferred = NULL;
	while (message) {
		struct dx__message *next = message->next;
		message->run(worker, message);
		message = next;
	}
	return true;
}

/* One turn for each task that waits now; what they queue again waits for the next round. */
static void run_tasks(struct dx__worker *worker)
{
	struct dx__list batch;
	dx__list_init(&batch);
	dx__list_move(&worker->run_queue, &batch);
	while (!dx__list_is_empty(&batch)) {
		struct dx__task *task = DX__CONTAINER(batch.next, struct dx__task, link);
		dx__list_remove(&task->link);
		task->run(worker, task);
		run_messages(worker);
	}
}

static void wait_for_events(struct dx__worker *worker)
{
	struct epoll_event events[EVENTS];
	int timeout = 0;
	if (dx__list_is_empty(&worker->run_queue))
		timeout = dx__wheel_wait(&worker->wheel, worker->now);
	if (timeout) {
		atomic_store(&worker->sleeping, true);
		if (atomic_load(&worker->has_messages) || atomic_load(&worker->exit))
			timeout = 0;
	}
	int n = epoll_wait(worker->epoll, events, EVENTS, timeout);
	atomic_store_explicit(&worker->sleeping, false, memory_order_relaxed);
	if (n == -1 && errno != EINTR) {
		/* Somebody closed a descriptor that is not theirs; nothing that flows here can go on. */
		perror("duplex: worker: epoll_wait");
		abort();
	}
	worker->now = now_ms();
	for (int i = 0; i < n; i++) {
		struct dx__poll *poll = events[i].data.ptr;
		worker->events = events + i + 1;
		worker->event_count = n - i - 1;
		if (poll)
			poll->ready(worker, poll, events[i].events);
	}
	worker->event_count = 0;
}

static void *work(void *argument)
{
	struct dx__worker *worker = argument;
	for (;;) {
		bool busy = run_messages(worker);
		busy |= run_deferred(worker);
		if (atomic_load(&worker->exit) && !busy)
			return NULL;
		wait_for_events(worker);
		run_messages(worker);
		run_tasks(worker);
		dx__wheel_run(&worker->wheel, worker, worker->now);
		run_deferred(worker);
	}
}

static void woken(struct dx__worker *worker, struct dx__poll *poll, uint32_t events)
{
	/* Edge-triggered: the count need not be read, each write is an edge. */
	(void)worker, (void)poll, (void)events;
}

int dx__worker_start(struct dx__worker *worker, struct dx__engine *engine, unsigned number)
{
	int rc;
	worker->engine = engine;
	worker->number = number;
	worker->wake_poll.ready = woken;
	worker->now = now_ms();
	worker->wheel.now = worker->now;
	dx__list_init(&worker->run_queue);
	dx__list_init(&worker->sockets);
	dx__list_init(&worker->joins);
	worker->wake = -1;
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll == -1)
		return -errno;
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->wake == -1) {
		rc = -errno;
		goto fail;
	}
	rc = dx__worker_watch(worker, worker->wake, &worker->wake_poll);
	if (rc)
		goto fail;
	pthread_mutex_init(&worker->lock, NULL);
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = -pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc) {
		char name[16];
		snprintf(name, sizeof(name), "duplex-%u", number);
		pthread_setname_np(worker->thread, name);
		return 0;
	}
	pthread_mutex_destroy(&worker->lock);
fail:
	if (worker->wake != -1)
		close(worker->wake);
	close(worker->epoll);
	return rc;
}

static void wake(struct dx__worker *worker)
{
	uint64_t one = 1;
	/* EAGAIN, at 2^64-2 unread wake-ups, would be as good. */
	if (write(worker->wake, &one, sizeof(one)) == -1 && errno != EAGAIN) {
		perror("duplex: worker: eventfd");
		abort();
	}
}

void dx__worker_exit(struct dx__worker *worker)
{
	atomic_store(&worker->exit, true);
	wake(worker);
}

void dx__worker_await(struct dx__worker *worker) { pthread_join(worker->thread, NULL); }

bool dx__worker_run_rest(struct dx__worker *worker)
{
	bool any = run_messages(worker);
	return run_deferred(worker) || any;
}

void dx__worker_free(struct dx__worker *worker)
{
	dx__pipe_pool_free(&worker->pipes);
	free(worker->chunk);
	free(worker->shared);
	free(worker->frame);
	free(worker->frames);
	pthread_mutex_destroy(&worker->lock);
	close(worker->wake);
	close(worker->epoll);
}

void dx__worker_post(struct dx__worker *worker, struct dx__message *message)
{
	message->next = NULL;
	pthread_mutex_lock(&worker->lock);
	if (worker->last_message)
		worker->last_message->next = message;
	else
		worker->messages = message;
	worker->last_message = message;
	atomic_store(&worker->has_messages, true);
	/* Batched: while the worker is busy, or was woken already, a message costs no system call. Inside the lock, so
	   that a worker which ends on this message cannot have closed the eventfd. */
	if (atomic_load(&worker->sleeping) && atomic_exchange(&worker->sleeping, false))
		wake(worker);
	pthread_mutex_unlock(&worker->lock);
}

static int watch(struct dx__worker *worker, int fd, struct dx__poll *poll, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = poll};
	return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == -1 ? -errno : 0;
}

int dx__worker_watch(struct dx__worker *worker, int fd, struct dx__poll *poll)
{
	return watch(worker, fd, poll, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET);
}

int dx__worker_watch_listener(struct dx__worker *worker, int fd, struct dx__poll *poll)
{
	return watch(worker, fd, poll, EPOLLIN);
}

void dx__worker_unwatch(struct dx__worker *worker, int fd, struct dx__poll *poll)
{
	for (int i = 0; i < worker->event_count; i++) {
		if (worker->events[i].data.ptr == poll)
			worker->events[i].data.ptr = NULL;
	}
	epoll_ctl(worker->epoll, EPOLL_CTL_DEL, fd, NULL);
}

bool dx__worker_take_descriptors(struct dx__worker *worker, int count)
{
	if (dx__descriptors_take(worker->pipes.descriptors, count))
		return true;
	dx__pipe_pool_free(&worker->pipes);
	return dx__descriptors_take(worker->pipes.descriptors, count);
}

void dx__worker_queue(struct dx__worker *worker, struct dx__task *task)
{
	if (!dx__list_holds(&task->link))
		dx__list_append(&worker->run_queue, &task->link);
}

void dx__worker_defer(struct dx__worker *worker, struct dx__message *message)
{
	message->next = worker->deferred;
	worker->deferred = message;
}
