/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a join may do: how long, how much, how fast.
 *
 * Time limits cost nothing a byte: moving bytes only notes the time, and the join's timer looks at that when it fires. A
 * rate is a bucket of tokens for each direction: reading takes tokens, time brings them back, a few milliseconds' worth
 * at most, so that the bytes are spread evenly. A direction without tokens waits for the join's timer.
 */
#ifndef DX_LIMIT_H
#define DX_LIMIT_H

#include "stream.h"

struct dx__meter {
	uint64_t rate;   /* bytes a second, 0: no limit */
	uint64_t tokens; /* thousandths of a byte that may be read now */
	uint64_t at;     /* when they were counted, milliseconds */
	uint64_t resume; /* when the direction that waits goes on, 0: it does not wait */
};

/* Times in milliseconds; 0: off. */
struct dx__limits {
	uint64_t idle;
	uint64_t half_close; /* idle, once one direction has ended; 0: as idle */
	uint64_t life;
	uint64_t bytes;      /* of both directions together */
	uint64_t lag;        /* bytes of memory that may wait for a lossy sink */
	struct dx__meter meter[2];
};

/* Whether options ask for any. */
bool dx__limits_are_wanted(const struct dx_join_options *options);

/* NULL, and *rc is -ENOMEM, without memory. */
struct dx__limits *dx__limits_new(const struct dx_join_options *options, int *rc);

/* These come in the place of others, or of none (NULL). */
void dx__limits_follow(struct dx__limits *limits, const struct dx__limits *others);

/* How many bytes the stream may read now. 0: its turn comes by timer, or never: dx__join_is_used_up() tells. */
uint64_t dx__limit_allows(struct dx__worker *worker, struct dx__stream *stream);

/* Whether the stream waits for its rate. */
bool dx__limit_holds_back(struct dx__stream *stream);

/* Whether the join has read as many bytes as it may. */
bool dx__limit_is_reached(const struct dx__join *join);

/* So many were read. */
void dx__limit_used(struct dx__worker *worker, struct dx__stream *stream, uint64_t bytes);

/* Memory that may wait for a lossy stream's sink. */
uint64_t dx__limit_lag(struct dx__stream *stream);

/* Sets the join's timer for what comes next. */
void dx__limit_set_timer(struct dx__worker *worker, struct dx__join *join);

/* The limits were changed: begins with them. */
void dx__limit_begin(struct dx__worker *worker, struct dx__join *join);

#endif
