/* SPDX-License-Identifier: Apache-2.0 */
/*
 * News for the application.
 *
 * THEORY OF OPERATION
 *
 * Events are not queued. An object with news is linked once in its engine's list, with bits that say what is new, and
 * the record is made when it is read: nothing can overflow and nothing is dropped. dx_events_wait() sleeps in the
 * engine's own epoll, which watches an eventfd (the list is not empty) and the held sockets that were armed.
 */
#ifndef DX_EVENTS_H
#define DX_EVENTS_H

#include "duplex.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct dx__engine;
struct dx__news;

struct dx__news_ops {
	/* Fills in a record for one of the bits; returns the bits that are left for further records. */
	uint32_t (*make)(struct dx__engine *engine, struct dx__news *news, uint32_t bits, struct dx_event *event);
	/* A reference to the object around the news, from its linking to its reading. */
	void (*hold)(struct dx__news *news);
	void (*release)(struct dx__engine *engine, struct dx__news *news);
};

/* Whose news it is: the index of its functions, a number because there are hundreds of thousands of these. */
enum dx__news_kind {
	DX__NEWS_STOPPED,
	DX__NEWS_COMMAND,
	DX__NEWS_SOCKET,
	DX__NEWS_JOIN,
	DX__NEWS_KINDS,
};

/* Lies inside an object. */
struct dx__news {
	struct dx__news *next;
	_Atomic uint32_t bits; /* what is new; 0 while not linked */
	uint32_t kind;         /* enum dx__news_kind */
};

struct dx__news_list {
	pthread_mutex_t lock;
	struct dx__news *first;
	struct dx__news *last;
	int epoll;
	int wake; /* eventfd: readable while the list is not empty */
	const struct dx__news_ops *ops[DX__NEWS_KINDS];
};

/* Returns 0 or a negative errno. */
int dx__events_init(struct dx__news_list *list);
void dx__events_free(struct dx__news_list *list);

/* From any thread: there is news. The caller has a reference to the object. */
void dx__news_post(struct dx__engine *engine, struct dx__news *news, uint32_t bits);

/* Wakes all who wait for events, for good. */
void dx__events_shut(struct dx__engine *engine);

/* Reads a piece of news away, without waiting; false when there is none. */
bool dx__events_drop(struct dx__engine *engine, struct dx_event *event);

/* What dx_events_wait() does; the caller is inside the engine. */
int dx__events_wait(struct dx__engine *engine, struct dx_event *events, uint32_t max, int timeout);

#endif
