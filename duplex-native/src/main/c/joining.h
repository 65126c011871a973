/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a join: the command that takes the halves and opens the streams.
 *
 * THEORY OF OPERATION
 *
 * Halves are taken, or shared, under the control lock. A half that is held is taken from the application; one that flows
 * already, or that another join is about to take, is shared with that join. socket->joining counts the joins on their way
 * to a half: while there are any it is not given back, so that the application cannot slip in between two joins.
 */
#ifndef DX_JOINING_H
#define DX_JOINING_H

#include "join.h"

struct dx__joining {
	const struct dx_join_options *options; /* or NULL */
	enum dx_side shared_side;              /* no end is passed on to this side */
	bool quiet;                            /* its end is no news */
	/* For a join that the engine makes itself: it came to nothing. Then there is no answer. NULL otherwise. */
	void (*failed)(struct dx__worker *worker, struct dx__command *command);
};

/* Gives the command to join two sockets, neither of which listens; the caller has references. 0, and the join's id; or
   -EBUSY and others, with nothing changed. */
int dx__joining_give(struct dx__engine *engine, struct dx__socket *a, struct dx__socket *b,
		const struct dx__joining *joining, const struct dx__reply *reply, dx_id *id);

/* Prepares a join of these sockets for a command that somebody else completes: references, options. a may be NULL, and is
   set later. *rc is the error when the result is NULL. Taken back by dx__joining_drop(). */
struct dx__command *dx__joining_prepare(struct dx__engine *engine, struct dx__socket *a, struct dx__socket *b,
		const struct dx__joining *joining, const struct dx__reply *reply, int *rc);
int dx__joining_drop(struct dx__command *command, int rc);

/* Takes the halves that the prepared join needs and sends it off: 0; otherwise nothing has changed. */
int dx__joining_take(struct dx__command *command);

/* Commands that were given while the join was being made: runs them here, or sends them off when worker is NULL. */
void dx__joining_run_after(struct dx__worker *worker, struct dx__join *join);

#endif
