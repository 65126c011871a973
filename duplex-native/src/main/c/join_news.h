/* SPDX-License-Identifier: Apache-2.0 */
/* What is told about a join: its events and its row in a listing. */
#ifndef DX_JOIN_NEWS_H
#define DX_JOIN_NEWS_H

#include "join.h"

/* What is new about a join. */
#define DX__JOIN_NEWS_CONNECTION 1u
#define DX__JOIN_NEWS_ENDED 2u
#define DX__JOIN_NEWS_CONNECTED 4u

extern const struct dx__news_ops dx__join_news;

/* Fills counts and ids into an event about the join, which has ended. */
void dx__join_count(const struct dx__join *join, struct dx_event *event);

/* Fills a row; the worker's. */
void dx__join_describe(struct dx__worker *worker, struct dx__join *join, struct dx_join_info *info);

#endif
