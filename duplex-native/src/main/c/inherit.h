/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining a listener: every connection that it accepts inherits the join.
 *
 * THEORY OF OPERATION
 *
 * The join of a listener moves no bytes: it is a template. Its worker accepts, and gives for each connection the command
 * that the application would give: join it to the other socket, wherever that is by now. So a template needs no place near
 * the other socket, and its connections live on when it is undone. Of several templates of one listener the first accepts,
 * and all are applied to each connection. The listener's `from` list holds them, as streams that "move" connections.
 * A command of each waits in the other socket's line for the moment when that has gone, and ends the template.
 */
#ifndef DX_INHERIT_H
#define DX_INHERIT_H

#include "joining.h"

/* Gives the command; exactly one of the two listens. As dx__joining_give(). */
int dx__inherit_give(struct dx__engine *engine, struct dx__socket *a, struct dx__socket *b,
		const struct dx_join_options *options, const struct dx__reply *reply, dx_id *id);

#endif
