/* SPDX-License-Identifier: Apache-2.0 */
/* What is told about a join: its events and its row in a listing. */
#ifndef DX_JOIN_NEWS_H
#define DX_JOIN_NEWS_H

#include "join.h"

/* What is new about a join. */
#define DX__JOIN_NEWS_CONNECTION 1u
#define DX__JOIN_NEWS_ENDED 2u

extern const struct dx__news_ops dx__join_news;

/* Takes the counts down when the join ends: the sockets may have new ones before the event is read. */
void dx__join_counts_of(const struct dx__join *join, struct dx__join_counts *counts);

/* Fills counts and ids into an event about the join, which has ended. */
void dx__join_count(const struct dx__join *join, struct dx_event *event);

/* Fills a row; the worker's. */
void dx__join_describe(struct dx__worker *worker, struct dx__join *join, struct dx_join_info *info);

#endif
