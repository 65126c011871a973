/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include "join.h"
#include "proxy.h"
#include "socket.h"

#include <errno.h>
#include <stdlib.h>

static void destroy(struct dx__command *command)
{
	struct dx__engine *engine = command->engine;
	if (command->a)
		dx__slab_leave(&engine->sockets, command->a);
	if (command->b)
		dx__slab_leave(&engine->sockets, command->b);
	if (command->join)
		dx__slab_leave(&engine->joins, command->join);
	if (command->mirrored)
		dx__slab_leave(&engine->joins, command->mirrored);
	if (command->proxy)
		dx__slab_leave(&engine->proxies, command->proxy);
	command->a = command->b = NULL;
	command->join = command->mirrored = NULL;
	command->proxy = NULL;
	free(command->addresses);
	free(command->limits);
	free(command->chunk);
	command->chunk = NULL;
	command->addresses = NULL;
	command->limits = NULL;
}

static uint32_t make(struct dx__engine *engine, struct dx__news *news, uint32_t bits, struct dx_event *event)
{
	(void)engine, (void)bits;
	*event = DX__CONTAINER(news, struct dx__command, news)->answer;
	return 0;
}

static void hold(struct dx__news *news) { (void)news; }

static void release(struct dx__engine *engine, struct dx__news *news)
{
	(void)engine;
	free(DX__CONTAINER(news, struct dx__command, news));
}

const struct dx__news_ops dx__command_news = {.make = make, .hold = hold, .release = release};

struct dx__command *dx__command_new(struct dx__engine *engine, const struct dx__reply *reply, int *rc)
{
	struct dx__command *command = calloc(1, sizeof(*command));
	*rc = -ENOMEM;
	if (!command)
		return NULL;
	*rc = -ESHUTDOWN;
	if (!dx__work_begin(engine)) {
		free(command);
		return NULL;
	}
	*rc = 0;
	command->engine = engine;
	command->waiter = reply->waiter;
	command->news.kind = DX__NEWS_COMMAND;
	command->answer.size = sizeof(command->answer);
	command->answer.type = DX_EVENT_DONE;
	command->answer.token = reply->token;
	atomic_init(&command->taking, 1);
	return command;
}

void dx__command_answer(struct dx__command *command, int result)
{
	struct dx__engine *engine = command->engine;
	struct dx__waiter *waiter = command->waiter;
	command->answer.result = result;
	destroy(command);
	if (command->silent) {
		free(command);
	} else if (waiter) {
		pthread_mutex_lock(&waiter->lock);
		waiter->answer = command->answer;
		waiter->done = true;
		pthread_cond_signal(&waiter->answered);
		pthread_mutex_unlock(&waiter->lock);
		free(command);
	} else {
		dx__news_post(engine, &command->news, 1);
	}
	dx__work_end(engine);
}

void dx__command_drop(struct dx__command *command)
{
	struct dx__engine *engine = command->engine;
	destroy(command);
	free(command);
	dx__work_end(engine);
}

void dx__waiter_init(struct dx__waiter *waiter)
{
	*waiter = (struct dx__waiter){0};
	pthread_mutex_init(&waiter->lock, NULL);
	pthread_cond_init(&waiter->answered, NULL);
}

int dx__waiter_await(struct dx__waiter *waiter, int rc)
{
	if (!rc) {
		pthread_mutex_lock(&waiter->lock);
		while (!waiter->done)
			pthread_cond_wait(&waiter->answered, &waiter->lock);
		pthread_mutex_unlock(&waiter->lock);
		rc = waiter->answer.result;
	}
	pthread_cond_destroy(&waiter->answered);
	pthread_mutex_destroy(&waiter->lock);
	return rc;
}
