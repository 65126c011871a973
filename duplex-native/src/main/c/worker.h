/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread, one epoll, one message queue, one run queue, one timer wheel.
 *
 * THEORY OF OPERATION
 *
 * Everything that flows belongs to one worker and is touched by its thread alone; others ask it by message. A round
 * of the loop: messages, events, one turn for each task that waits in the run queue (with messages between turns),
 * timers, and last the deferred functions, which free things: until then an event of the same batch may still point
 * at them. Descriptors are registered once, edge-triggered.
 *
 * The worker knows nothing of sockets, joins and proxies: those bring a struct dx__poll, task, timer or message with a
 * function of theirs.
 */
#ifndef DX_WORKER_H
#define DX_WORKER_H

#include "chunk.h"
#include "list.h"
#include "pipe_pool.h"
#include "timer.h"

#include <pthread.h>

struct dx__engine;
struct epoll_event;
struct dx__worker;

/* What epoll calls back. */
struct dx__poll {
	void (*ready)(struct dx__worker *worker, struct dx__poll *poll, uint32_t events);
};

/* Something to be run by a worker, once; the link is free again when run is called. */
struct dx__message {
	struct dx__message *next;
	void (*run)(struct dx__worker *worker, struct dx__message *message);
};

/* Something that takes turns in the run queue. */
struct dx__task {
	struct dx__list link;
	void (*run)(struct dx__worker *worker, struct dx__task *task);
};

struct dx__worker {
	struct dx__engine *engine;
	unsigned number;              /* index in the engine */
	pthread_t thread;
	int epoll;
	int wake;                     /* eventfd */
	struct dx__poll wake_poll;
	struct epoll_event *events;   /* of this batch, that are still to be handed out */
	int event_count;

	pthread_mutex_t lock;         /* guards the message queue */
	struct dx__message *messages; /* first in, first out */
	struct dx__message *last_message;
	_Atomic bool has_messages;
	_Atomic bool sleeping;        /* in epoll_wait, or about to be: posting must write to wake */
	_Atomic bool exit;

	struct dx__list run_queue;
	struct dx__message *deferred; /* to be run at the end of the round */
	struct dx__wheel wheel;
	uint64_t now;                 /* milliseconds, monotonic; updated once a round */
	struct dx__pipe_pool pipes;
	struct dx__chunk *chunk;      /* spare, of DX__CHUNK_SINGLE bytes, or NULL */
	struct dx__chunk *frame;      /* spare, for messages that are encoded, or NULL */
	uint8_t *frames;              /* for bytes that are decoded, or NULL */
	struct dx__chunk *shared;     /* spare, of DX__CHUNK_SHARED bytes, or NULL */

	struct dx__list sockets;      /* placed here */
	struct dx__list joins;        /* made here */
	struct dx__message stop;      /* the engine's */
	bool stopping;                /* the engine's stop has been seen: end what still arrives */
	_Atomic uint64_t load;        /* sockets placed or on their way here */
	_Atomic uint64_t bytes;       /* delivered; one writer */
	_Atomic uint64_t bytes_spliced;
};

/* Prepares a worker and starts its thread, with all signals blocked. Returns 0 or a negative errno. */
int dx__worker_start(struct dx__worker *worker, struct dx__engine *engine, unsigned number);

/* Asks the thread to end once its queues are empty. */
void dx__worker_exit(struct dx__worker *worker);

/* Waits for the thread. */
void dx__worker_await(struct dx__worker *worker);

/* In the place of an ended thread: runs what was posted and deferred since. Returns whether there was anything. */
bool dx__worker_run_rest(struct dx__worker *worker);

/* Closes and frees what the worker owns. */
void dx__worker_free(struct dx__worker *worker);

/* From any thread: run(worker, message) will be called by the worker. */
void dx__worker_post(struct dx__worker *worker, struct dx__message *message);

/* The rest is for the worker's own thread. */

/* Registers a descriptor for all events, edge-triggered. Returns 0 or a negative errno. */
int dx__worker_watch(struct dx__worker *worker, int fd, struct dx__poll *poll);

/* Registers a listener, level-triggered, for EPOLLIN. */
int dx__worker_watch_listener(struct dx__worker *worker, int fd, struct dx__poll *poll);

/* Must be called before the descriptor is closed or leaves: a duplicate would keep the registration alive. What epoll has
   told already and was not handed out yet is forgotten: the poll may be another worker's in a moment. */
void dx__worker_unwatch(struct dx__worker *worker, int fd, struct dx__poll *poll);

/* Takes descriptors as dx__descriptors_take() does; when they are short, those of pooled pipes are given up. */
bool dx__worker_take_descriptors(struct dx__worker *worker, int count);

/* Puts a task in the run queue; harmless when it is there. */
void dx__worker_queue(struct dx__worker *worker, struct dx__task *task);

/* Calls message->run at the end of this round. */
void dx__worker_defer(struct dx__worker *worker, struct dx__message *message);

#endif
